/* SPDX-License-Identifier: MIT */
/*
 * critical.h - what the critical paths of tasks hung on: summed up by name, and of the slowest
 *
 * N.B. of a name at most PATH_ROWS causes are told apart, and PATH_ROWS_ALL of all names; of a slow
 * task the largest TOLD_ROWS are kept. What is beyond is known by its state only. Of a wait's chain
 * the largest CHAIN_LINKS links are kept; of a slow task's path the longest STRETCHES_MAX stretches
 * (stretches.h), and of all of them together STRETCHES_ALL.
 */
#ifndef CTRACE_CRITICAL_H
#define CTRACE_CRITICAL_H

#include <stddef.h>
#include <stdint.h>

#include "model/span.h"

enum {
	PATH_ROWS = 256,
	TOLD_ROWS = 32,
	PATH_ROWS_ALL = 1 << 15,
	CHAIN_LINKS = 32,
	STRETCHES_ALL = 1 << 18
};

struct arena;
struct model;
struct task;

/* A cause. Its key tells it from others; `about` is filled in when it is first met. */
struct path_row {
	uint64_t key, ns, count;
	uint32_t pid, comm_idx;		/* of the first; MIXED: several */
	const struct path_about *about; /* NULL: the row is free */
};

/* Half of the rows are free, so that a search is short. */
struct path_totals {
	uint64_t ns[STATE_NR];
	struct path_row *rows;
	uint32_t cap, nr;
};

/* Of what m->path_pool holds. */
size_t critical_about_size(void);
/* Adds the critical path of a finished task. */
void critical_add(struct model *m, struct path_totals *to, const struct task *task);
/* A finished task is kept: its own path, and the chains of its story's waits. */
void critical_tell(struct model *m, struct task *task);
/* What critical_tell has told; all 0 before. Valid as long as the task. */
struct span_path critical_told(const struct task *task);
void critical_forget(struct model *m, struct task *task);
/* Views into the arena. Fails through model_no_memory. */
struct span_path critical_summary(struct model *m, const struct path_totals *t,
				  struct arena *arena);
void critical_release(struct model *m, struct path_totals *t);

#endif
