/* SPDX-License-Identifier: MIT */
/*
 * pack.h - codes the records of a chunk in the ways that make them smaller
 *
 *	pack_init(&p, level, room, max);
 *	payload = pack_records(&p, bytes, &chunk);     chunk says how many, and then how coded
 *	pack_release(&p);
 *
 * The reverse is chunks_payload().
 */
#ifndef CTRACE_PACK_H
#define CTRACE_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "ctrace/format.h"
#include "ctrace/wire.h"

struct pack {
	int level;
	size_t room;
	unsigned char *delta, *deflated; /* room, then as many bytes as a chunk has */
	z_stream z;
	uint64_t stored[WIRE_KINDS_MAX]; /* bytes of each kind so far, before they were deflated */
};

/*
 * level: as writer_opts.compress. room: bytes in front of every payload that are left alone, for
 * the chunk's header. max: bytes of records at most. Returns 0 or -ENOMEM; pack_release is safe
 * after either, and on a zeroed struct.
 */
int pack_init(struct pack *p, int level, size_t room, size_t max);
/*
 * Codes c->stored_sz bytes of whole records that stand at from + room. Returns what to use instead
 * of from (or from itself), valid until the next call; c->flags and c->stored_sz then are its.
 */
unsigned char *pack_records(struct pack *p, unsigned char *from, struct format_chunk *c);
void pack_release(struct pack *p);

#endif
