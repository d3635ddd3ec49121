/* SPDX-License-Identifier: MIT */
/*
 * tsc.h - the processor's time-stamp counter, and what CLOCK_MONOTONIC said meanwhile
 *
 *	struct tsc t;
 *
 *	tsc_init(&t);                   whether the kernel trusts it
 *	tsc_read(&t, ns)                before counts of no later than that are asked for
 *	tsc_ns(&t, count, &ns)
 *
 * Marks may be stamped with the bare counter, which is half the price of asking for the time (see
 * struct ctrace_batch_ of ctrace.h). The collector reads both clocks together, over and over. Between
 * two readings the counter goes as straight as the kernel's own clock does, which is made of it; where
 * it did not, by how much is known at the second one, and said. Not thread-safe.
 */
#ifndef CTRACE_TSC_H
#define CTRACE_TSC_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TSC_PAIRS = 256,      /* readings that are kept … */
	TSC_APART = 20000000, /* … if they are so many ns apart */
	TSC_BITS = 44,	      /* of a count in a batch */
};

struct tsc_pair {
	uint64_t count, ns;
};

/* What holds between two readings, before the first or after the last. Marks come in the order of
 * time, so that the next count is nearly always on the line of the one before. */
struct tsc_line {
	uint64_t from, until;	 /* counts; from == until: no line */
	struct tsc_pair through; /* a point of it */
	uint64_t rate;		 /* ns a count, times 2^RATE_BITS */
};

struct tsc {
	struct tsc_pair pair[TSC_PAIRS]; /* a ring */
	uint64_t nr;			 /* how many there were; the last may still be replaced */
	uint64_t line;			 /* the first of those that are on one line with the last */
	uint64_t best;			 /* counts that a reading took, at the least */
	uint32_t refused;		 /* readings in a row that took far longer */
	struct tsc_line lately;		 /* where the last count was that was asked for */
	uint64_t err_ns;		 /* see tsc_ns */
	uint64_t steps;			 /* times at which the two clocks did not go together */
	bool trusted;			 /* the kernel itself could keep its time by it */
	char why[96];			 /* … or why it does not */
};

void tsc_init(struct tsc *);
/*
 * For who wants it all the same: goes to each CPU that this thread may run on, and compares. Returns
 * whether they have one counter, and fills why. Takes milliseconds.
 */
bool tsc_compare(struct tsc *);
/* Reads both clocks, if the last reading was before ns. */
void tsc_read(struct tsc *, uint64_t ns);
/*
 * CLOCK_MONOTONIC at a count, of which the low TSC_BITS are known: within err_ns, but for what lies
 * around a step. False: nothing is known yet.
 */
bool tsc_ns(struct tsc *, uint64_t count, uint64_t *ns);
/* When all was read: a kernel that has given up the counter meanwhile makes it a step. */
void tsc_finish(struct tsc *);

/* What a reading leads to (for tests): took counts. Returns whether another is needed at once. */
bool tsc_take(struct tsc *, struct tsc_pair, uint64_t took);

#endif
