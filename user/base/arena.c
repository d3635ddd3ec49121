/* SPDX-License-Identifier: MIT */
/* arena.c - see arena.h. Invariant: only the last block has room that is given out. */
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { BLOCK_BYTES = 65536 };

struct arena_block {
	struct arena_block *before;
	size_t used, cap;
	alignas(16) char bytes[];
};

void *arena_get(struct arena *a, size_t nr, size_t sz)
{
	struct arena_block *b = a->last;
	size_t need;
	void *p;

	if (sz && nr > (SIZE_MAX - BLOCK_BYTES) / sz)
		return NULL;
	need = (nr * sz + 15) & ~(size_t)15;
	if (!b || b->cap - b->used < need) {
		size_t cap = need > BLOCK_BYTES ? need : BLOCK_BYTES;

		b = malloc(sizeof(*b) + cap);
		if (!b)
			return NULL;
		*b = (struct arena_block){.before = a->last, .cap = cap};
		a->last = b;
	}
	p = b->bytes + b->used;
	b->used += need;
	return memset(p, 0, need);
}

void arena_release(struct arena *a)
{
	while (a->last) {
		struct arena_block *b = a->last;

		a->last = b->before;
		free(b);
	}
}
