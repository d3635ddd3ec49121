/* SPDX-License-Identifier: MIT */
/*
 * delta.c - see delta.h
 *
 * Invariant: both sides make the same guess, from records that both have: a context is known by its
 * last record among the plain ones, which lies inside of what was already decoded.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ctrace/wire.h"
#include "store/delta.h"
#include "store/delta_ran.h"

#define CONTEXT_SZ 8u /* len, kind, flags, tid: all of a record before ts */
#define LANE	   4u
#define LANES_MAX  ((WIRE_REC_MAX - CONTEXT_SZ) / LANE)
#define MASK_WORDS ((LANES_MAX + 63) / 64)

#define SHORT_NR  126u /* numbers below it take one byte */
#define NEW	  127u
#define SAME_MASK 128u

#define BUCKETS 2048
#define TRIES	4 /* buckets that a context may be in */
#define NOBODY	UINT16_MAX

_Static_assert(offsetof(struct wire_hdr, ts) == CONTEXT_SZ, "context");
_Static_assert(DELTA_CONTEXTS == SHORT_NR + 256, "numbers of contexts");

struct mask {
	uint64_t word[MASK_WORDS];
};

struct context {
	const unsigned char *last; /* its last record; NULL: none yet */
	struct mask mask;	   /* the lanes that differed in that */
};

struct contexts {
	struct context v[DELTA_CONTEXTS];
	const unsigned char *before; /* the record before, whatever its context; NULL: none */
	unsigned int given;
	bool old; /* FORMAT_DELTA_OLD */
	struct delta_ran ran;
};

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

static size_t lanes_of(size_t len)
{
	return (len - CONTEXT_SZ) / LANE;
}

/* How many lanes differ: few. Without the machine's instruction, __builtin_popcount is a call. */
static unsigned int count_lanes(const struct mask *m)
{
	unsigned int nr = 0;

	for (size_t w = 0; w < MASK_WORDS; w++)
		for (uint64_t left = m->word[w]; left; left &= left - 1)
			nr++;
	return nr;
}

/* --- the guess -------------------------------------------------------------------------------- */

/* All of a record but its context and its instants: those need its ts. */
static void guess(unsigned char *to, size_t len, const unsigned char *like,
		  const unsigned char *before)
{
	if (like)
		memcpy(to + CONTEXT_SZ, like + CONTEXT_SZ, len - CONTEXT_SZ);
	else
		memset(to + CONTEXT_SZ, 0, len - CONTEXT_SZ);
	if (before)
		memcpy(to + CONTEXT_SZ, before + CONTEXT_SZ, sizeof(uint64_t));
	else
		memset(to + CONTEXT_SZ, 0, sizeof(uint64_t));
}

/* Where a record of this kind has times that are not much before its own, up to the first 0. */
static const uint16_t instants[WIRE_KINDS_MAX][3] = {
	[WIRE_OFFCPU] = {offsetof(struct wire_offcpu, off_ts),
			 offsetof(struct wire_offcpu, wake_ts)},
	[WIRE_SYSCALL] = {offsetof(struct wire_syscall, enter_ts)},
};

static const uint16_t *instants_of(unsigned int row, bool old)
{
	static const uint16_t ran[] = {offsetof(struct wire_ran, from_ts), 0};

	return old && row == WIRE_RAN ? ran : instants[row];
}

static bool was_zero(const unsigned char *like, size_t at)
{
	static const unsigned char zero[sizeof(uint64_t)];

	return like && !memcmp(like + at, zero, sizeof(zero));
}

/*
 * Since when the thread was ready: the RAN before tells what its CPU did from then on. NULL: there
 * is none.
 */
static const unsigned char *ready_ts(const unsigned char *rec, const unsigned char *before)
{
	struct wire_hdr h, b;

	if (!before)
		return NULL;
	memcpy(&h, rec, sizeof(h));
	memcpy(&b, before, sizeof(b));
	if (h.kind != WIRE_OFFCPU || b.kind != WIRE_RAN || b.len < sizeof(struct wire_ran) ||
	    b.tid != h.tid || b.ts != h.ts)
		return NULL;
	return before + offsetof(struct wire_ran, from_ts);
}

/* rec: its context and its ts are there. */
static void guess_instants(unsigned char *to, size_t len, const unsigned char *rec,
			   const unsigned char *like, const struct contexts *c)
{
	const unsigned char *ready = c->old ? NULL : ready_ts(rec, c->before);
	uint16_t last = 0;

	for (const uint16_t *at = instants_of(kind_row(context_at(rec)), c->old);
	     *at && *at + sizeof(uint64_t) <= len; at++) {
		if (was_zero(like, *at))
			continue;
		memcpy(to + *at, rec + CONTEXT_SZ, sizeof(uint64_t));
		last = *at;
	}
	if (ready && last)
		memcpy(to + last, ready, sizeof(uint64_t));
}

/* --- coding ----------------------------------------------------------------------------------- */

/* Lanes of rec that are not as guessed. */
static struct mask compare(const unsigned char *rec, const unsigned char *guessed, size_t len)
{
	struct mask m = {{0}};

	/* Two lanes at a time: most are equal. */
	for (size_t at = CONTEXT_SZ, i = 0; at < len; at += 2 * LANE, i += 2) {
		const uint64_t x = context_at(rec + at) ^ context_at(guessed + at);

		if ((uint32_t)x)
			m.word[i / 64] |= 1ull << i % 64;
		if (x >> 32)
			m.word[i / 64] |= 2ull << i % 64;
	}
	return m;
}

/* Room is there for the sizes, and for a lane more than there are. */
static unsigned char *put_lanes(unsigned char *at, const unsigned char *rec,
				const unsigned char *guessed, const struct mask *mask)
{
	unsigned char *sizes = at;
	unsigned int nr = count_lanes(mask);

	memset(sizes, 0, (nr + 3) / 4);
	at += (nr + 3) / 4;
	nr = 0;
	for (int w = 0; w < (int)MASK_WORDS; w++)
		for (uint64_t left = mask->word[w]; left; left &= left - 1, nr++) {
			const size_t lane = (size_t)w * 64 + (size_t)__builtin_ctzll(left);
			const size_t off = CONTEXT_SZ + lane * LANE;
			uint32_t d = lane_at(rec + off) - lane_at(guessed + off);
			unsigned int more;

			d = d << 1 ^ -(d >> 31);
			more = (31u - (unsigned int)__builtin_clz(d)) / 8; /* d is not 0 */
			sizes[nr / 4] |= (unsigned char)(more << nr % 4 * 2);
			memcpy(at, &d, sizeof(d));
			at += more + 1;
		}
	return at;
}

static unsigned int give_number(struct contexts *c)
{
	return c->given++ % DELTA_CONTEXTS;
}

/* The most that a record of len bytes can take, and a lane more. */
static size_t room_for(size_t len)
{
	return 2 + CONTEXT_SZ + lanes_of(len) / 8 + 1 + lanes_of(len) / 4 + 1 + len + LANE;
}

struct buckets {
	uint16_t nr[BUCKETS]; /* of contexts; NOBODY */
};

/* The bucket that has the number of this context, or where that may be put. */
static uint16_t *find_bucket(struct buckets *b, const struct contexts *c, uint64_t context)
{
	const size_t first = context * 0x9e3779b97f4a7c15u >> 53;
	uint16_t *nr = NULL;

	for (size_t i = 0; i < TRIES; i++) {
		nr = &b->nr[(first + i) % BUCKETS];
		if (*nr == NOBODY || context_at(c->v[*nr].last) == context)
			return nr;
	}
	/* They are all taken, perhaps by contexts that were forgotten. The one that is put out gets
	 * a new number when it comes again: that costs bytes, no more. */
	return &b->nr[first];
}

static unsigned char *put_record(unsigned char *at, const unsigned char *rec, struct contexts *c,
				 uint16_t *nr_at)
{
	const uint64_t context = context_at(rec);
	const size_t len = (uint16_t)context, mask_sz = (lanes_of(len) + 7) / 8;
	struct context *of = *nr_at == NOBODY ? NULL : &c->v[*nr_at];
	unsigned char guessed[WIRE_REC_MAX], *head = at++;
	struct mask mask;

	if (!of || context_at(of->last) != context) {
		*nr_at = (uint16_t)give_number(c);
		of = &c->v[*nr_at];
		of->last = NULL;
		*head = NEW;
		memcpy(at, rec, CONTEXT_SZ);
		at += CONTEXT_SZ;
	} else if (*nr_at < SHORT_NR) {
		*head = (unsigned char)*nr_at;
	} else {
		*head = SHORT_NR;
		*at++ = (unsigned char)(*nr_at - SHORT_NR);
	}
	guess(guessed, len, of->last, c->before);
	guess_instants(guessed, len, rec, of->last, c);
	if (kind_row(context) == WIRE_RAN) {
		delta_ran_guess(&c->ran, rec, len, guessed);
		delta_ran_learn(&c->ran, rec, len);
	}
	mask = compare(rec, guessed, len);
	if (of->last && !memcmp(&mask, &of->mask, sizeof(mask))) {
		*head |= SAME_MASK;
	} else {
		memcpy(at, &mask, mask_sz);
		at += mask_sz;
	}
	of->last = c->before = rec;
	of->mask = mask;
	return put_lanes(at, rec, guessed, &mask);
}

size_t delta_encode(void *to, const void *records, size_t n, uint32_t by_kind[WIRE_KINDS_MAX])
{
	const unsigned char *const end = (unsigned char *)to + n;
	unsigned char *at = to, *begin;
	struct buckets buckets;
	struct contexts c;
	size_t len;

	memset(&buckets, 0xff, sizeof(buckets)); /* NOBODY */
	memset(&c.ran, 0, sizeof(c.ran));
	c.given = 0;
	c.before = NULL;
	c.old = false;
	for (const unsigned char *rec = records, *stop = rec + n; rec < stop; rec += len) {
		const uint64_t context = context_at(rec);

		len = (uint16_t)context;
		if ((size_t)(end - at) < room_for(len))
			return 0;
		begin = at;
		at = put_record(at, rec, &c, find_bucket(&buckets, &c, context));
		by_kind[kind_row(context)] += (uint32_t)(at - begin);
	}
	return (size_t)(at - (unsigned char *)to);
}

/* --- decoding --------------------------------------------------------------------------------- */

struct input {
	const unsigned char *at, *end;
};

/* The next n bytes, or NULL if they are not all there. */
static const unsigned char *get(struct input *in, size_t n)
{
	const unsigned char *p = in->at;

	if ((size_t)(in->end - in->at) < n)
		return NULL;
	in->at += n;
	return p;
}

/* Of a lane that differs. */
static bool get_difference(struct input *in, unsigned char *lane, unsigned int size)
{
	static const uint32_t masks[] = {0, 0xff, 0xffff, 0xffffff, 0xffffffff};
	const size_t left = (size_t)(in->end - in->at);
	uint32_t d = 0;

	if (left < size)
		return false;
	if (left >= LANE) /* a copy of a known size is no call */
		d = lane_at(in->at) & masks[size];
	else
		memcpy(&d, in->at, size);
	in->at += size;
	d = (d >> 1 ^ -(d & 1)) + lane_at(lane);
	memcpy(lane, &d, sizeof(d));
	return true;
}

/* rec is guessed but for its instants, which are when its ts is known: its ts is the first
 * lanes. */
static bool get_lanes(struct input *in, unsigned char *rec, size_t len, const struct mask *mask,
		      const unsigned char *like, const struct contexts *c)
{
	const unsigned char *sizes;
	unsigned int nr = 0;
	bool instants_are = false;

	sizes = get(in, (count_lanes(mask) + 3) / 4);
	for (int w = 0; w < (int)MASK_WORDS && sizes; w++)
		for (uint64_t left = mask->word[w]; left; left &= left - 1, nr++) {
			const size_t lane = (size_t)w * 64 + (size_t)__builtin_ctzll(left);

			if (lane >= lanes_of(len))
				return false;
			if (lane > 1 && !instants_are) {
				guess_instants(rec, len, rec, like, c);
				instants_are = true;
			}
			if (!get_difference(in, rec + CONTEXT_SZ + lane * LANE,
					    (sizes[nr / 4] >> nr % 4 * 2 & 3) + 1u))
				return false;
		}
	if (!instants_are)
		guess_instants(rec, len, rec, like, c);
	return sizes;
}

/* Finds the context that comes next and writes it to rec. *of stays NULL if it is none. */
static void get_context(struct input *in, struct contexts *c, unsigned int head, unsigned char *rec,
			struct context **of)
{
	const unsigned char *p = NULL;
	unsigned int nr = head & ~SAME_MASK;

	if (nr == NEW) {
		*of = &c->v[give_number(c)];
		(*of)->last = NULL;
		p = head & SAME_MASK ? NULL : get(in, CONTEXT_SZ);
	} else {
		const unsigned char *more = nr == SHORT_NR ? get(in, 1) : NULL;

		if (nr < SHORT_NR || more) {
			*of = &c->v[nr + (more ? *more : 0)];
			p = (*of)->last;
		}
	}
	if (p)
		memcpy(rec, p, CONTEXT_SZ);
	else
		*of = NULL;
}

/* A record into room bytes, more than a header's. Returns its length, or 0 if it is none. */
static size_t get_record(struct input *in, struct contexts *c, unsigned char *rec, size_t room)
{
	const unsigned char *head = get(in, 1), *bits;
	struct context *of = NULL;
	size_t len, mask_sz;
	bool is_ran;

	if (head)
		get_context(in, c, *head, rec, &of);
	if (!of)
		return 0;
	len = (uint16_t)context_at(rec);
	if (len < sizeof(struct wire_hdr) || len > WIRE_REC_MAX || len % WIRE_ALIGN || len > room)
		return 0;
	if (!(*head & SAME_MASK)) {
		mask_sz = (lanes_of(len) + 7) / 8;
		bits = get(in, mask_sz);
		if (!bits)
			return 0;
		memset(&of->mask, 0, sizeof(of->mask));
		memcpy(&of->mask, bits, mask_sz);
	}
	guess(rec, len, of->last, c->before);
	is_ran = kind_row(context_at(rec)) == WIRE_RAN && !c->old;
	if (is_ran)
		delta_ran_clear(rec, len);
	if (!get_lanes(in, rec, len, &of->mask, of->last, c))
		return 0;
	if (is_ran) {
		delta_ran_finish(&c->ran, rec, len);
		delta_ran_learn(&c->ran, rec, len);
	}
	of->last = c->before = rec;
	return len;
}

static bool decode(void *to, size_t n, const void *from, size_t from_n, bool old)
{
	struct input in = {from, (const unsigned char *)from + from_n};
	struct contexts c = {.old = old};
	unsigned char *rec = to;

	for (size_t left = n, len; left; left -= len, rec += len) {
		len = left < sizeof(struct wire_hdr) ? 0 : get_record(&in, &c, rec, left);
		if (!len)
			return false;
	}
	return in.at == in.end;
}

bool delta_decode(void *to, size_t n, const void *from, size_t from_n)
{
	return decode(to, n, from, from_n, false);
}

bool delta_decode_old(void *to, size_t n, const void *from, size_t from_n)
{
	return decode(to, n, from, from_n, true);
}
