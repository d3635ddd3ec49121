/* SPDX-License-Identifier: MIT */
/*
 * clues.h - what the steps of a task tell about its time
 *
 * Pure functions of one task, without words. N.B. Only the longest steps of a task are kept, so
 * what is not found may still have been.
 */
#ifndef CTRACE_CLUES_H
#define CTRACE_CLUES_H

#include "model/span.h"

/* What a step cost the task: a wait or a child all its time, a region what it ran itself. */
uint64_t clues_cost(const struct span_task *t, const struct story_step *step);
/* All ways to lack a CPU are of one kind: RUNNABLE. STATE_NR stands for any. */
bool clues_is_kind(enum state state, enum state kind);
/*
 * What of a wait was of a kind: a wait for the disk is one until it is woken, then one for a CPU.
 */
uint64_t clues_part(const struct span_wait *w, enum state kind);
/* The costliest step of a kind, or NULL; state: of waits, what part of them is weighed. */
const struct story_step *clues_largest(const struct span_task *t, enum story_kind kind,
				       enum state state);
/* The innermost region around a step, or NULL. */
const struct story_step *clues_region(const struct span_task *t, const struct story_step *step);
/*
 * The waits for a CPU as one that took as long as all of them: by, room entries, gets who had the
 * CPU, most first, and is what sum->culprits points to.
 */
void clues_cpu(const struct span_task *t, struct span_wait *sum, struct span_culprit *by,
	       size_t room);
/*
 * Of the waits for a CPU, one that ended when the worst other thread left it, or NULL; *ns: how
 * long all of those took.
 */
const struct span_wait *clues_suspect(const struct span_task *t, uint64_t *ns);
/*
 * Over a network or a pipe, an interrupt or whoever else ends a wait tells little, but a child that
 * another process worked on meanwhile is the answer that was waited for. NULL if there is none.
 */
const struct story_step *clues_child_meanwhile(const struct span_task *t,
					       const struct story_step *wait);
/* For how long, before a thread took the task up, nobody worked for it, nor a child; 0 not
 * known. */
uint64_t clues_lay(const struct span_task *t, const struct story_step *step);
/* When a thread took the task up after the longest gap, *gap: it may have lain in a queue. NULL. */
const struct story_step *clues_taken_up(const struct span_task *t, uint64_t *gap);

#endif
