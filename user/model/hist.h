/* SPDX-License-Identifier: MIT */
/*
 * hist.h - a log-linear histogram of durations
 *
 * Each power of two is divided into 128 buckets, so a value that is read back is off by less than
 * 0.8 % (percentiles by half of that), from 1 ns to 584 years, whatever was counted. Buckets of a
 * power of two are allocated when it is first met: 1 KiB each. A zeroed struct is empty. Not
 * thread-safe.
 */
#ifndef CTRACE_HIST_H
#define CTRACE_HIST_H

#include "model/span.h"

struct arena;

enum { HIST_SUB_BITS = 7, HIST_OCTAVES = 64 - HIST_SUB_BITS + 1 };

struct hist {
	uint64_t *octaves[HIST_OCTAVES]; /* 128 counts each; [0]: values below 128, one by one */
	uint64_t nr, min, max, sum;
};

/* Returns 0 or -ENOMEM, and then the value was not counted. */
int hist_add(struct hist *h, uint64_t v);
/* The value that p of 1000 values do not exceed; 0 of an empty histogram. */
uint64_t hist_permille(const struct hist *h, unsigned int p);
struct percentiles hist_percentiles(const struct hist *h);
/*
 * The non-empty buckets of a coarser histogram, 8 to a power of two. *out points into the arena.
 * Returns how many, or -ENOMEM.
 */
long hist_buckets(const struct hist *h, struct arena *arena, const struct hist_bucket **out);
void hist_release(struct hist *h);

#endif
