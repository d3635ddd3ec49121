/* SPDX-License-Identifier: MIT */
/*
 * perfetto_counter.h - how many threads waited for a CPU, over the trace
 *
 * Invariant: the values, each times the width of its bucket, add up to the time that was spent
 * waiting. It is a mean over buckets of whole milliseconds, BUCKETS_MAX at most.
 */
#ifndef CTRACE_PERFETTO_COUNTER_H
#define CTRACE_PERFETTO_COUNTER_H

#include <stddef.h>
#include <stdint.h>

enum { BUCKETS_MAX = 16384 };

struct perfetto_counter {
	uint64_t start, width;
	size_t nr; /* buckets that the trace has */
	uint64_t ns[BUCKETS_MAX];
};

void counter_init(struct perfetto_counter *c, uint64_t start, uint64_t stop);
/* One thread waited then, inside of the trace. */
void counter_add(struct perfetto_counter *c, uint64_t begin, uint64_t end);

#endif
