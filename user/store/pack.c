/* SPDX-License-Identifier: MIT */
/* pack.c - see pack.h. Invariant: each way is taken only if the payload is smaller for it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/delta.h"
#include "store/pack.h"

int pack_init(struct pack *p, int level, size_t room, size_t max)
{
	memset(p, 0, sizeof(*p));
	p->room = room;
	if (level >= 0 && !(p->delta = malloc(room + max)))
		return -ENOMEM;
	if (level > 0 && !(p->deflated = malloc(room + max)))
		return -ENOMEM;
	if (level > 0 && deflateInit(&p->z, level) != Z_OK)
		return -ENOMEM;
	p->level = level;
	return 0;
}

void pack_release(struct pack *p)
{
	if (p->level > 0)
		deflateEnd(&p->z);
	free(p->delta);
	free(p->deflated);
	memset(p, 0, sizeof(*p));
}

/* Returns the deflated size, or 0 if that would not be less than n. */
static size_t deflate_bytes(struct pack *p, unsigned char *from, uint32_t n)
{
	if (deflateReset(&p->z) != Z_OK)
		return 0;
	p->z.next_in = from;
	p->z.avail_in = n;
	p->z.next_out = p->deflated + p->room;
	p->z.avail_out = n - 1;
	return deflate(&p->z, Z_FINISH) == Z_STREAM_END ? p->z.total_out : 0;
}

/* Of records as they came. */
static void size_plain(const unsigned char *p, size_t n, uint32_t by_kind[WIRE_KINDS_MAX])
{
	struct wire_hdr h;

	for (const unsigned char *end = p + n; p < end; p += h.len) {
		memcpy(&h, p, sizeof(h));
		by_kind[h.kind < WIRE_KINDS_MAX ? h.kind : 0] += h.len;
	}
}

unsigned char *pack_records(struct pack *p, unsigned char *from, struct format_chunk *c)
{
	uint32_t by_kind[WIRE_KINDS_MAX] = {0};
	size_t n = 0;

	if (p->level >= 0)
		n = delta_encode(p->delta + p->room, from + p->room, c->stored_sz, by_kind);
	if (!n) {
		memset(by_kind, 0, sizeof(by_kind));
		size_plain(from + p->room, c->stored_sz, by_kind);
	}
	for (int i = 0; i < WIRE_KINDS_MAX; i++)
		p->stored[i] += by_kind[i];
	if (n) {
		c->flags |= FORMAT_DELTA;
		c->stored_sz = (uint32_t)n;
		from = p->delta;
	}
	n = p->level > 0 ? deflate_bytes(p, from + p->room, c->stored_sz) : 0;
	if (n) {
		c->flags |= FORMAT_DEFLATE;
		c->stored_sz = (uint32_t)n;
		from = p->deflated;
	}
	return from;
}
