/* SPDX-License-Identifier: MIT */
/*
 * otlp_traces.h - which trace each span is part of
 *
 *	struct otlp_traces t = {.ids = &ids, .code = &code, .give = give, .to = x};
 *
 *	otlp_traces_open(&t, task, &err);                a task is open, or its traceparent is known
 *	otlp_traces_add(&t, task_nr, &span, &err);       a span of it, complete
 *	otlp_traces_close(&t, task, &err);               after its own span
 *	otlp_traces_release(&t);
 *
 * A task is part of the trace that its traceparent says, or of its parent's, or of one of its own.
 * A program may tell the traceparent late: when it has read a request's head, in a region that has
 * ended by then. So the spans of a task are held until that is decided: at the latest when it has
 * ended, and its parent's trace is.
 *
 * Memory: of open tasks, of HELD_MAX bytes of spans, of the ENDED_MAX tasks that ended last. If
 * more had to be held, what is open is decided early; a traceparent that comes after that is a
 * link.
 *
 * A trace that the application does not sample is not given on; its spans are counted.
 */
#ifndef CTRACE_OTLP_TRACES_H
#define CTRACE_OTLP_TRACES_H

#include "base/hash.h"
#include "base/pool.h"
#include "base/recent.h"
#include "export/otlp_code.h"
#include "export/otlp_ids.h"

enum { HELD_MAX = 16 << 20, TRACES_ENDED_MAX = 65536 };

/* A message but for its trace and flags. */
struct otlp_span {
	uint32_t pid;
	bool remote; /* its parent is a span of the application's */
	const void *bytes;
	size_t n;
};

struct otlp_traces {
	const struct otlp_ids *ids; /* these four are set before use */
	struct otlp_code *code;	    /* not the one that holds the spans that are added */
	int (*give)(void *to, uint32_t pid, const void *span, size_t n, struct err *err);
	void *to;
	size_t held_max; /* 0: HELD_MAX */

	struct hash open; /* tasks by number */
	struct pool pool;
	struct recent ended;
	struct pb span; /* one, put together */
	size_t held;
	uint64_t unsampled, late; /* spans not given on; tasks whose traceparent came too late */
};

int otlp_traces_open(struct otlp_traces *t, const struct span_task *task, struct err *err);
/* Whether the task's parent is the application's span that its traceparent names; *id: that one. */
bool otlp_traces_remote_parent(const struct otlp_traces *t, const struct span_task *task,
			       uint8_t id[8]);
/* Whether its traceparent came too late; then the span that it names. */
bool otlp_traces_link(const struct otlp_traces *t, const struct span_task *task,
		      struct otlp_trace *trace, uint8_t id[8]);
/* task_nr: of the task that the span is part of, itself if it is one. */
int otlp_traces_add(struct otlp_traces *t, uint64_t task_nr, const struct otlp_span *s,
		    struct err *err);
/* A span that is of no task. */
int otlp_traces_give(struct otlp_traces *t, const struct otlp_trace *trace,
		     const struct otlp_span *s, struct err *err);
int otlp_traces_close(struct otlp_traces *t, const struct span_task *task, struct err *err);
void otlp_traces_release(struct otlp_traces *t);

#endif
