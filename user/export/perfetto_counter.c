/* SPDX-License-Identifier: MIT */
/* perfetto_counter.c - see perfetto_counter.h */
#include "export/perfetto_counter.h"

#define STEP_NS 1000000ull

void counter_init(struct perfetto_counter *c, uint64_t start, uint64_t stop)
{
	uint64_t ns = stop - start, steps = ns / (STEP_NS * BUCKETS_MAX) + 1;

	c->start = start;
	c->width = steps * STEP_NS;
	c->nr = (size_t)(ns / c->width) + 1;
}

void counter_add(struct perfetto_counter *c, uint64_t begin, uint64_t end)
{
	while (begin < end) {
		size_t i = (size_t)((begin - c->start) / c->width);
		uint64_t until = c->start + (i + 1) * c->width;

		if (i >= c->nr)
			return;
		if (until > end)
			until = end;
		c->ns[i] += until - begin;
		begin = until;
	}
}
