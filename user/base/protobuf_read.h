/* SPDX-License-Identifier: MIT */
/*
 * protobuf_read.h - the fields of a protobuf message in memory, one after the other
 *
 *	struct pb_reader r = {bytes, bytes + n};
 *	struct pb_field f;
 *
 *	while ((rc = pb_next(&r, &f)) > 0)
 *		if (f.nr == 1 && f.bytes.p)
 *			…                            f.bytes is a message, a text or bytes: read it
 *
 * Input is hostile: nothing is read beyond the end. Pure.
 */
#ifndef CTRACE_PROTOBUF_READ_H
#define CTRACE_PROTOBUF_READ_H

#include <stdbool.h>
#include <stdint.h>

struct pb_reader {
	const uint8_t *p, *end;
};

struct pb_field {
	uint64_t nr, number;	/* number: of a varint, else 0 */
	struct pb_reader bytes; /* of a field with a length; p is NULL for others */
};

/* Returns 1, 0 at the end, or -1: it is no message, or is cut. */
int pb_next(struct pb_reader *r, struct pb_field *f);
/* False at the end, or if it is longer than 64 bits; r is anywhere then. */
bool pb_varint(struct pb_reader *r, uint64_t *v);

#endif
