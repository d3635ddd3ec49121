/* SPDX-License-Identifier: MIT */
/*
 * nesting.h - which regions a viewer can draw inside of each other
 *
 * A viewer takes the slices of a thread for a stack. Regions that cross, and one that was begun
 * before the trace around others, are none; they have to be put elsewhere. A zeroed struct knows
 * of no region yet.
 *
 * Memory: the NESTING_THREADS threads that were seen last.
 */
#ifndef CTRACE_NESTING_H
#define CTRACE_NESTING_H

#include <stdbool.h>

#include "base/recent.h"
#include "model/span.h"

enum { NESTING_THREADS = 16384, NESTING_DEEP = 32 };

struct nesting {
	struct recent threads;
};

/*
 * Of each region, in the order of the sink: whether it is apart from, or around, each of the same
 * thread for which true was returned. Without memory it is false.
 * N.B. Of regions more than NESTING_DEEP deep, only the innermost are found to fit.
 */
bool nesting_fits(struct nesting *n, const struct span_region *r);
void nesting_release(struct nesting *n);

#endif
