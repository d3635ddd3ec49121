/* SPDX-License-Identifier: MIT */
/* stretches.c - see stretches.h. Invariant: what is in v does not overlap. */
#include <stdlib.h>

#include "model/stretches.h"

static uint64_t length(const struct stretch *s)
{
	return s->end - s->begin;
}

static struct stretch *shortest(struct stretches *s)
{
	struct stretch *least = &s->v[0];

	for (size_t i = 1; i < s->nr; i++) {
		if (length(&s->v[i]) < length(least))
			least = &s->v[i];
	}
	return least;
}

/* The last one grows no more. */
static void keep_last(struct stretches *s)
{
	struct stretch *least;

	if (!s->last.end)
		return;
	if (s->nr < STRETCHES_MAX) {
		s->v[s->nr++] = s->last;
		return;
	}
	s->left_out++;
	least = shortest(s);
	if (length(&s->last) > length(least))
		*least = s->last;
}

void stretches_add(struct stretches *s, const struct stretch *add)
{
	if (s->last.end && s->last.begin == add->end && s->last.key == add->key &&
	    s->last.tid == add->tid && s->last.depth == add->depth) {
		s->last.begin = add->begin;
		return;
	}
	keep_last(s);
	s->last = *add;
}

static int by_begin(const void *pa, const void *pb)
{
	const struct stretch *a = pa, *b = pb;

	return (a->begin > b->begin) - (a->begin < b->begin);
}

void stretches_finish(struct stretches *s)
{
	keep_last(s);
	s->last.end = 0;
	qsort(s->v, s->nr, sizeof(s->v[0]), by_begin);
}
