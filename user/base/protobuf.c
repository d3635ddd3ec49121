/* SPDX-License-Identifier: MIT */
/*
 * protobuf.c - see protobuf.h. Invariant: every length is in the fewest bytes, so the same calls
 * give the same bytes as any other encoder that writes fields in this order.
 */
#include <stdlib.h>
#include <string.h>

#include "base/protobuf.h"
#include "base/utf8.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5, VARINT_MAX = 10, FIRST_ROOM = 4096 };

static __attribute__((noinline)) bool grow(struct pb *pb, size_t n)
{
	size_t cap = pb->cap ? pb->cap : FIRST_ROOM;
	uint8_t *v;

	if (pb->failed)
		return false;
	while (cap - pb->n < n)
		cap *= 2;
	v = realloc(pb->bytes, cap);
	if (!v) {
		pb->failed = true;
		return false;
	}
	pb->bytes = v;
	pb->cap = cap;
	return true;
}

static inline bool room(struct pb *pb, size_t n)
{
	return (pb->cap - pb->n >= n && !pb->failed) || grow(pb, n);
}

/* There is room for VARINT_MAX bytes. Each function has its own copy: it is what encoding is. */
static inline void varint(struct pb *pb, uint64_t v)
{
	uint8_t *p = pb->bytes + pb->n;

	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	pb->n = (size_t)(p - pb->bytes);
}

static inline void tag(struct pb *pb, uint32_t field, uint32_t type)
{
	varint(pb, (uint64_t)field << 3 | type);
}

void pb_u64(struct pb *pb, uint32_t field, uint64_t v)
{
	if (!room(pb, 2 * VARINT_MAX))
		return;
	tag(pb, field, VARINT);
	varint(pb, v);
}

void pb_pair(struct pb *pb, uint32_t field, uint32_t first, uint64_t a, uint32_t second, uint64_t b)
{
	size_t at;

	if (!room(pb, 6 * VARINT_MAX))
		return;
	tag(pb, field, BYTES);
	at = ++pb->n;
	tag(pb, first, VARINT);
	varint(pb, a);
	tag(pb, second, VARINT);
	varint(pb, b);
	pb->bytes[at - 1] = (uint8_t)(pb->n - at); /* 30 at most */
}

void pb_fixed64(struct pb *pb, uint32_t field, uint64_t v)
{
	if (!room(pb, VARINT_MAX + sizeof(v)))
		return;
	tag(pb, field, FIXED64);
	for (size_t i = 0; i < sizeof(v); i++)
		pb->bytes[pb->n++] = (uint8_t)(v >> 8 * i);
}

void pb_fixed32(struct pb *pb, uint32_t field, uint32_t v)
{
	if (!room(pb, VARINT_MAX + sizeof(v)))
		return;
	tag(pb, field, FIXED32);
	for (size_t i = 0; i < sizeof(v); i++)
		pb->bytes[pb->n++] = (uint8_t)(v >> 8 * i);
}

void pb_append(struct pb *pb, const void *bytes, size_t n)
{
	if (!n || !room(pb, n))
		return;
	memcpy(pb->bytes + pb->n, bytes, n);
	pb->n += n;
}

void pb_bytes(struct pb *pb, uint32_t field, const void *bytes, size_t n)
{
	if (!room(pb, 2 * VARINT_MAX))
		return;
	tag(pb, field, BYTES);
	varint(pb, n);
	pb_append(pb, bytes, n);
}

void pb_double(struct pb *pb, uint32_t field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	pb_fixed64(pb, field, bits);
}

void pb_packed(struct pb *pb, uint64_t v)
{
	if (room(pb, VARINT_MAX))
		varint(pb, v);
}

size_t pb_open(struct pb *pb, uint32_t field)
{
	if (!room(pb, VARINT_MAX + 1))
		return 0;
	tag(pb, field, BYTES);
	return ++pb->n; /* nearly every message is shorter than 128 bytes */
}

void pb_close(struct pb *pb, size_t at)
{
	size_t len = pb->n - at, more = 0;

	if (!room(pb, VARINT_MAX))
		return;
	for (size_t l = len >> 7; l; l >>= 7)
		more++;
	if (more)
		memmove(pb->bytes + at + more, pb->bytes + at, len);
	pb->n = at - 1;
	varint(pb, len);
	pb->n += len;
}

static void character(struct pb *pb, const char *s, size_t n)
{
	memcpy(pb->bytes + pb->n, s, n);
	pb->n += n;
}

void pb_string(struct pb *pb, uint32_t field, const char *s)
{
	size_t at = pb_open(pb, field);

	/* Each byte becomes three at most. */
	if (!room(pb, strlen(s) * strlen(UTF8_REPLACEMENT)))
		return;
	while (*s) {
		uint32_t cp;
		int n;

		while (*s && !(*s & 0x80)) /* ASCII */
			pb->bytes[pb->n++] = (uint8_t)*s++;
		if (!*s)
			break;
		n = utf8_decode(s, &cp);
		if (n)
			character(pb, s, (size_t)n);
		else
			character(pb, UTF8_REPLACEMENT, strlen(UTF8_REPLACEMENT));
		s += n ? n : 1;
	}
	pb_close(pb, at);
}

void pb_release(struct pb *pb)
{
	free(pb->bytes);
	*pb = (struct pb){0};
}
