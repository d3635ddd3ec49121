/* SPDX-License-Identifier: MIT */
/*
 * explain.h - totals, percentiles and the slowest of each name; the summary
 *
 * N.B. at most EXPLAIN_ROWS names of tasks and as many of regions are told apart; what comes
 * beyond is one row, "(other names)".
 */
#ifndef CTRACE_EXPLAIN_H
#define CTRACE_EXPLAIN_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/intern.h"
#include "ctrace/wire.h"
#include "model/critical.h"
#include "model/hist.h"
#include "model/span.h"

enum { EXPLAIN_ROWS = 4096, UNLISTED_MAX = 16 };

struct model;
struct task;
struct thread;

struct task_row {
	const struct name *name;
	uint64_t count, complete, failed, tainted, wall_ns, idle_ns;
	struct hist hist;
	struct breakdown spent;
	struct path_totals path;
	struct task **slowest; /* the kept ones, slowest first */
	uint32_t slowest_nr;
};

struct region_row {
	const struct name *name, *site;
	bool async;
	uint64_t count, complete, tainted, wall_ns, self_ns;
	struct hist hist;
	struct breakdown spent;
};

struct thread_row {
	struct summary_thread row; /* comm is set when the array has its final place */
	char comm[WIRE_COMM_SZ];
};

/* Names that were asked not to be listed: some, for a reader who looks for one that is not there. */
struct unlisted {
	const struct name *v[UNLISTED_MAX];
	size_t nr;
};

struct explain {
	struct hash tasks, regions;		    /* rows */
	const struct name *only_task, *only_region; /* NULL: all */
	struct unlisted unlisted_tasks, unlisted_regions;
	uint64_t unlisted_max_ns; /* of the tasks that were too short */
	struct thread_row *threads;
	size_t threads_nr, threads_cap, exited_nr;
	uint64_t threads_left_out;
	struct breakdown all;
	struct arena arena; /* rows, and what the summary points to */
	struct summary summary;
};

/* A finished task. True if it is kept: then it belongs to the explanation, else to the caller. */
bool explain_task(struct model *m, struct task *task);
void explain_region(struct model *m, const struct span_region *span, const struct name *name,
		    const struct name *site);
void explain_async(struct model *m, const struct span_async *span, const struct name *name,
		   const struct name *site);
/* A thread whose account is closed. */
void explain_thread(struct model *m, const struct thread *th, bool exited);
void explain_release(struct model *m);

#endif
