/* SPDX-License-Identifier: MIT */
/*
 * tsc.h - the processor's time-stamp counter, and what CLOCK_MONOTONIC said meanwhile
 *
 *	struct tsc t;
 *
 *	tsc_init(&t);                   trusted or not: t.why says it
 *	tsc_read(&t)                    now and then: at least once in TSC_DUE_NS
 *	tsc_ns(&t, count)
 *
 * Marks may be stamped with the bare counter, which is half the price of asking for the time (see
 * struct ctrace_batch_ of ctrace.h). The collector reads both clocks together, over and over, and
 * between two readings the counter goes as straight as the kernel's own clock does, which is made
 *of it. Not thread-safe.
 */
#ifndef CTRACE_TSC_H
#define CTRACE_TSC_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TSC_PAIRS = 64,
	TSC_DUE_NS = 20000000,
	TSC_BITS = 44, /* of a count in a batch */
};

struct tsc_pair {
	uint64_t count, ns;
};

struct tsc {
	struct tsc_pair pair[TSC_PAIRS]; /* the last ones, a ring */
	uint64_t nr;			 /* how many there were */
	uint64_t due;			 /* the count at which the next one is */
	uint64_t best;			 /* counts that reading both clocks took, at the least */
	uint64_t err_ns; /* … and half of what it took at most, of those that are kept */
	uint64_t steps;	 /* times at which the two did not go together: see tsc_add */
	bool trusted;	 /* one count for all CPUs, which never stops */
	char why[96];	 /* not trusted: why; else by what it is */
};

/* Takes milliseconds. What is not trusted can still be read. */
void tsc_init(struct tsc *);
/* Reads both clocks if that is due. Cheap if not. */
void tsc_read(struct tsc *);
/* The same, at once. */
void tsc_read_now(struct tsc *);
/*
 * CLOCK_MONOTONIC at a count, of which the low TSC_BITS are known; 0 if nothing was read yet.
 * Within err_ns between two readings; before the first that is kept and after the last, the line
 * through both is drawn on.
 */
uint64_t tsc_ns(const struct tsc *, uint64_t count);
/* Adds a reading. (For tests; tsc_read does it.) */
void tsc_add(struct tsc *, uint64_t count, uint64_t ns);

#endif
