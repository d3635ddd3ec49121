/* SPDX-License-Identifier: MIT */
/* loss.c - see loss.h. Invariant: v[i].to < v[i + 1].from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/loss.h"

/* The first window that ends at or after ts. */
static size_t first_ending_after(const struct loss *l, uint64_t ts)
{
	size_t lo = 0, hi = l->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->v[mid].to < ts)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int make_room(struct loss *l)
{
	struct loss_window *v;
	size_t cap = l->cap ? l->cap * 2 : 16;

	if (l->nr < l->cap)
		return 0;
	v = realloc(l->v, cap * sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->cap = cap;
	return 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

int loss_add(struct loss *l, uint64_t from, uint64_t to)
{
	size_t i, last;

	if (from > to)
		from = to;
	i = first_ending_after(l, from);
	for (last = i; last < l->nr && l->v[last].from <= to; last++) {
		from = least(from, l->v[last].from);
		to = most(to, l->v[last].to);
	}
	if (last == i && l->nr >= LOSS_WINDOWS) {
		if (i == l->nr)
			i--;
		from = least(from, l->v[i].from);
		to = most(to, l->v[i].to);
		last = i + 1;
	}
	if (last == i && make_room(l))
		return -ENOMEM;
	/* Windows i … last - 1 are inside the new one, which takes their place. */
	memmove(&l->v[i + 1], &l->v[last], (l->nr - last) * sizeof(*l->v));
	l->nr = l->nr - (last - i) + 1;
	l->v[i] = (struct loss_window){from, to};
	return 0;
}

const struct loss_window *loss_in(const struct loss *l, uint64_t begin, uint64_t end)
{
	size_t i;

	if (!l->nr)
		return NULL;
	i = first_ending_after(l, begin);
	return i < l->nr && l->v[i].from <= end ? &l->v[i] : NULL;
}

void loss_release(struct loss *l)
{
	free(l->v);
	*l = (struct loss){0};
}
