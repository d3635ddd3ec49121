/* SPDX-License-Identifier: MIT */
/*
 * nesting.c - see nesting.h. Invariant: regions come in the order of their ends, so one that has
 * ended before this one began is apart from it, and one that has begun after it is inside.
 */
#include "export/nesting.h"

/* By depth at their ends, of which there is one less when a region around has ended before. */
struct stack {
	uint32_t deepest;
	uint64_t last_end[NESTING_DEEP];
	uint64_t first_begin[NESTING_DEEP]; /* since one further out has ended; 0: none */
};

/*
 * What ended no deeper must have ended before it began; what ended deeper since then must have
 * begun in it. One that began at the same time has been written already, and would be taken for
 * the one around it.
 */
static bool fits(struct stack *s, uint32_t d, uint64_t begin)
{
	bool good = true;

	for (uint32_t i = 0; i <= d; i++)
		good &= s->last_end[i] <= begin;
	for (uint32_t i = d + 1; i <= s->deepest; i++) {
		good &= !s->first_begin[i] || s->first_begin[i] > begin;
		s->first_begin[i] = 0;
	}
	return good;
}

bool nesting_fits(struct nesting *n, const struct span_region *r)
{
	uint32_t d = r->depth < NESTING_DEEP ? r->depth : NESTING_DEEP - 1;
	uint64_t key = (uint64_t)(uintptr_t)r->thread->key;
	struct stack *s = recent_get(&n->threads, key);
	bool good;

	if (!s) {
		n->threads.size = sizeof(*s);
		n->threads.max = NESTING_THREADS;
		s = recent_put(&n->threads, key);
	}
	if (!s)
		return false;
	good = fits(s, d, r->begin);
	if (!s->first_begin[d] || r->begin < s->first_begin[d])
		s->first_begin[d] = r->begin;
	s->last_end[d] = r->end;
	if (d > s->deepest)
		s->deepest = d;
	return good;
}

void nesting_release(struct nesting *n)
{
	recent_release(&n->threads);
}
