/* SPDX-License-Identifier: MIT */
/*
 * lines.h - which steps of a story are worth a line
 *
 *	nr = lines_gather(task, lines);
 *	lines_choose(task, lines, nr, 16);
 *	mark = lines_costliest(task, lines, nr);
 */
#ifndef CTRACE_LINES_H
#define CTRACE_LINES_H

#include "model/span.h"

/*
 * A line of the story: one step, or waits of one thread for the same thing that follow each other
 * without anything in between that is known.
 */
struct line {
	const struct story_step *step; /* the first one */
	uint64_t ns, ready;	       /* together; of that, woken and waiting for a CPU */
	uint64_t longest;	       /* of one, until it was woken */
	size_t nr;
	bool shown;
};

/* Fills lines, with room for every step of the task; returns how many there are. */
size_t lines_gather(const struct span_task *task, struct line *lines);
/* Shows the `most` lines that weigh most. */
void lines_choose(const struct span_task *task, struct line *lines, size_t nr, size_t most);
/* Of those that are shown the one that cost the task most, or NULL. */
const struct line *lines_costliest(const struct span_task *task, const struct line *lines,
				   size_t nr);

#endif
