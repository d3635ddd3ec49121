/* SPDX-License-Identifier: MIT */
/*
 * diff.h - two traces compared, name by name: what takes longer, or waits for more, than before
 *
 *	if (diff_make(&d, a, b))
 *		… no memory
 *	for (i = 0; i < d.rows_nr; i++)             what changed most comes first
 *		…
 *	diff_release(&d);
 *
 * Tasks are paired by name; regions by name and site, or by name alone if there is one site of it
 * in each trace: lines move between builds. Pure; the summaries outlive the diff.
 */
#ifndef CTRACE_DIFF_H
#define CTRACE_DIFF_H

#include "model/span.h"

/* One name in one trace. */
struct diff_side {
	bool there; /* else all the rest is 0 */
	uint64_t count, complete;
	struct percentiles duration_ns;
	uint64_t wall_ns;
	/* Of each one, on average: its wall time, its states, the time that nobody worked for
	 * it. */
	uint64_t each_ns, each_states_ns[STATE_NR], each_idle_ns;
};

struct diff_row {
	bool region; /* else it is a task */
	const char *name, *site;
	struct diff_side a, b;
	/*
	 * How much it weighs: by how much the average changed, times how many there are in a second
	 * of a trace (on average of both); of a name that is in one alone, the average itself.
	 */
	uint64_t weight_ns;
	/* The averages differ by less than three times what their spread lets expect. */
	bool noise;
};

struct diff {
	const struct summary *a, *b;
	struct diff_row *rows; /* those that are not noise first, then by weight */
	size_t rows_nr;
};

/* Returns 0 or -ENOMEM. */
int diff_make(struct diff *d, const struct summary *a, const struct summary *b);
void diff_release(struct diff *d);

#endif
