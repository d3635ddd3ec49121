/* SPDX-License-Identifier: MIT */
/* protobuf_read.c - see protobuf_read.h. Invariant: p <= end, before and after each call. */
#include <stddef.h>

#include "base/protobuf_read.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

bool pb_varint(struct pb_reader *r, uint64_t *v)
{
	*v = 0;
	for (unsigned int shift = 0; shift < 64 && r->p < r->end; shift += 7) {
		uint8_t c = *r->p++;

		*v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return true;
	}
	return false;
}

static bool skip(struct pb_reader *r, uint64_t n)
{
	if (n > (uint64_t)(r->end - r->p))
		return false;
	r->p += n;
	return true;
}

int pb_next(struct pb_reader *r, struct pb_field *f)
{
	uint64_t tag, n;

	*f = (struct pb_field){0};
	if (r->p == r->end)
		return 0;
	if (!pb_varint(r, &tag) || !(tag >> 3))
		return -1;
	f->nr = tag >> 3;
	switch (tag & 7) {
	case VARINT:
		return pb_varint(r, &f->number) ? 1 : -1;
	case FIXED64:
		return skip(r, 8) ? 1 : -1;
	case FIXED32:
		return skip(r, 4) ? 1 : -1;
	case BYTES:
		f->bytes.p = pb_varint(r, &n) ? r->p : NULL;
		if (!f->bytes.p || !skip(r, n))
			return -1;
		f->bytes.end = r->p;
		return 1;
	default:
		return -1;
	}
}
