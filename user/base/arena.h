/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory that is all freed at once
 *
 * A zeroed struct is an empty arena. Not thread-safe.
 */
#ifndef CTRACE_ARENA_H
#define CTRACE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *last;
};

/* nr objects of sz bytes, zeroed, aligned to 16; NULL without memory. nr may be 0. */
void *arena_get(struct arena *a, size_t nr, size_t sz);
void arena_release(struct arena *a);

#endif
