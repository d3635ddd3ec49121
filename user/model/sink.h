/* SPDX-License-Identifier: MIT */
/*
 * sink.h - where the model's findings go
 *
 * An exporter is one file that ends in a filled struct sink_ops, its members in the order of
 * life. Any but begin and end may be NULL. Events come when they are complete, so their begins are
 * not in order; a thread's intervals are. Each returns 0, or -errno with *err filled, which ends
 * the run.
 */
#ifndef CTRACE_SINK_H
#define CTRACE_SINK_H

#include "model/span.h"

struct err;

struct sink_ops {
	const char *name; /* of the format: "json" */
	bool stacks;	  /* the summary's are wanted even if none were recorded */
	bool steps;	  /* every task has its steps, not only those that are kept */
	int (*begin)(void *ctx, const struct capture_info *, struct err *);
	int (*thread)(void *ctx, const struct span_thread *, struct err *); /* seen, or renamed */
	int (*thread_end)(void *ctx, const struct span_thread *, struct err *); /* its last event */
	int (*interval)(void *ctx, const struct span_interval *, struct err *);
	int (*region)(void *ctx, const struct span_region *, struct err *);
	int (*async)(void *ctx, const struct span_async *, struct err *);
	int (*log)(void *ctx, const struct span_log *, struct err *);
	/* Begun, or its traceparent was told; end, idle_ns, threads and spent say nothing yet. */
	int (*task_open)(void *ctx, const struct span_task *, struct err *);
	int (*task)(void *ctx, const struct span_task *, struct err *);
	int (*lost)(void *ctx, uint64_t from_ts, uint64_t to_ts, uint64_t count, struct err *);
	int (*end)(void *ctx, const struct summary *, struct err *);
};

struct sink {
	const struct sink_ops *ops;
	void *ctx;
};

#endif
