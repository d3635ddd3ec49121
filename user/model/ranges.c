/* SPDX-License-Identifier: MIT */
/* ranges.c - see ranges.h. Invariant: v is sorted by begin, and no two ranges overlap. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/ranges.h"

/* How many ranges begin at or before addr. */
static size_t before(const struct ranges *r, uint64_t addr)
{
	size_t lo = 0, hi = r->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->v[mid].begin <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct range *ranges_find(const struct ranges *r, uint64_t addr)
{
	size_t i = before(r, addr);

	return i && addr < r->v[i - 1].end ? &r->v[i - 1] : NULL;
}

int ranges_add(struct ranges *r, const struct range *range)
{
	size_t at, to;

	if (range->begin >= range->end)
		return 0;
	/* Those that it overlaps: [at, to) */
	at = before(r, range->begin);
	if (at && r->v[at - 1].end > range->begin)
		at--;
	for (to = at; to < r->nr && r->v[to].begin < range->end; to++)
		;
	if (at == to) {
		if (r->nr >= RANGES_MAX)
			return 0;
		if (r->nr == r->cap) {
			size_t cap = r->cap ? r->cap * 2 : 16;
			struct range *v = realloc(r->v, cap * sizeof(*v));

			if (!v)
				return -ENOMEM;
			r->v = v;
			r->cap = cap;
		}
		to = at;
		memmove(&r->v[at + 1], &r->v[at], (r->nr - at) * sizeof(*r->v));
		r->nr++;
	} else {
		memmove(&r->v[at + 1], &r->v[to], (r->nr - to) * sizeof(*r->v));
		r->nr -= to - at - 1;
	}
	r->v[at] = *range;
	return 0;
}

void ranges_release(struct ranges *r)
{
	free(r->v);
	*r = (struct ranges){0};
}
