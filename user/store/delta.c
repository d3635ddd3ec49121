/* SPDX-License-Identifier: MIT */
/*
 * delta.c - see delta.h
 *
 * Invariant: both sides know a context by the offset of its last record among the plain records,
 * so what a lane is compared with is there on both sides, and inside what was already decoded.
 */
#include <stdint.h>
#include <string.h>

#include "ctrace/wire.h"
#include "store/delta.h"

#define CONTEXT_SZ 8u /* len, kind, flags, tid: all of a record before ts */
#define LANE	   4u
#define BUCKETS	   2048

_Static_assert(offsetof(struct wire_hdr, ts) == CONTEXT_SZ, "context");

static const unsigned char none[WIRE_REC_MAX]; /* what a new context's lanes are compared with */
static const unsigned int lane_bytes[] = {0, 1, 2, 4};
static const uint32_t lane_masks[] = {0, 0xff, 0xffff, 0xffffffff};

static uint32_t lane_at(const unsigned char *p)
{
	uint32_t lane;

	memcpy(&lane, p, sizeof(lane));
	return lane;
}

static uint64_t context_at(const unsigned char *p)
{
	uint64_t context;

	memcpy(&context, p, sizeof(context));
	return context;
}

static unsigned int kind_row(uint64_t context)
{
	const unsigned int kind = context >> 16 & 0xff;

	return kind < WIRE_KINDS_MAX ? kind : 0;
}

static size_t controls_for(size_t len)
{
	return ((len - CONTEXT_SZ) / LANE + 3) / 4;
}

static unsigned char *put_lanes(unsigned char *to, const unsigned char *rec, size_t len,
				const unsigned char *before, const unsigned char *like)
{
	unsigned char *controls = to;

	to += controls_for(len);
	memset(controls, 0, controls_for(len));
	for (size_t i = CONTEXT_SZ, k = 0; i < len; i += LANE, k++) {
		const unsigned char *from = i < sizeof(struct wire_hdr) ? before : like;
		uint32_t d = lane_at(rec + i) - lane_at(from + i);
		unsigned int code;

		d = d << 1 ^ -(d >> 31);
		code = (d != 0) + (d > 0xff) + (d > 0xffff);
		controls[k / 4] |= (unsigned char)(code << k % 4 * 2);
		memcpy(to, &d, sizeof(d));
		to += lane_bytes[code];
	}
	return to;
}

size_t delta_encode(void *to, const void *records, size_t n, uint32_t by_kind[WIRE_KINDS_MAX])
{
	const unsigned char *const end = (unsigned char *)to + n, *before = none;
	const unsigned char *last[DELTA_NEW] = {0}; /* record of each context */
	unsigned char bucket[BUCKETS] = {0}, *at = to;
	unsigned int given = 0;
	size_t len;

	for (const unsigned char *rec = records, *stop = rec + n; rec < stop; rec += len) {
		const uint64_t context = context_at(rec);
		/* Two contexts in one bucket take turns being new: that costs bytes, no more. */
		unsigned char *nr = &bucket[context * 0x9e3779b97f4a7c15u >> 53];
		const unsigned char *like = last[*nr], *begin = at;

		len = (uint16_t)context;
		if ((size_t)(end - at) < 1 + len + controls_for(len) + LANE)
			return 0;
		if (!like || context_at(like) != context) {
			*nr = (unsigned char)(given++ % DELTA_NEW);
			*at++ = DELTA_NEW;
			memcpy(at, rec, CONTEXT_SZ);
			at += CONTEXT_SZ;
			like = none;
		} else {
			*at++ = *nr;
		}
		last[*nr] = rec;
		at = put_lanes(at, rec, len, before, like);
		by_kind[kind_row(context)] += (uint32_t)(at - begin);
		before = rec;
	}
	return (size_t)(at - (unsigned char *)to);
}

/* Returns the end of the lanes, or NULL if they are not all there. */
static const unsigned char *get_lanes(const unsigned char *at, const unsigned char *end,
				      unsigned char *rec, size_t len, const unsigned char *before,
				      const unsigned char *like)
{
	const unsigned char *controls = at;

	if ((size_t)(end - at) < controls_for(len))
		return NULL;
	at += controls_for(len);
	for (size_t i = CONTEXT_SZ, k = 0; i < len; i += LANE, k++) {
		const unsigned char *from = i < sizeof(struct wire_hdr) ? before : like;
		const unsigned int code = controls[k / 4] >> k % 4 * 2 & 3;
		uint32_t d = 0;

		if ((size_t)(end - at) >= LANE)
			d = lane_at(at) & lane_masks[code];
		else if ((size_t)(end - at) >= lane_bytes[code])
			memcpy(&d, at, lane_bytes[code]);
		else
			return NULL;
		at += lane_bytes[code];
		d = (d >> 1 ^ -(d & 1)) + lane_at(from + i);
		memcpy(rec + i, &d, sizeof(d));
	}
	return at;
}

bool delta_decode(void *to, size_t n, const void *from, size_t from_n)
{
	const unsigned char *at = from, *const end = at + from_n, *before = none;
	const unsigned char *last[DELTA_NEW] = {0};
	unsigned int given = 0;
	size_t len;

	for (unsigned char *rec = to, *stop = rec + n; rec < stop; rec += len) {
		unsigned int nr = at < end ? *at++ : DELTA_NEW;
		const unsigned char *like = nr == DELTA_NEW ? none : last[nr];

		if (nr == DELTA_NEW) {
			nr = given++ % DELTA_NEW;
			if ((size_t)(end - at) < CONTEXT_SZ)
				return false;
		}
		if (!like || (size_t)(stop - rec) < sizeof(struct wire_hdr))
			return false;
		memcpy(rec, like == none ? at : like, CONTEXT_SZ);
		at += like == none ? CONTEXT_SZ : 0;
		len = (uint16_t)context_at(rec);
		if (len < sizeof(struct wire_hdr) || len > WIRE_REC_MAX || len % WIRE_ALIGN ||
		    len > (size_t)(stop - rec))
			return false;
		at = get_lanes(at, end, rec, len, before, like);
		if (!at)
			return false;
		last[nr] = before = rec;
	}
	return at == end;
}
