/* SPDX-License-Identifier: MIT */
/*
 * otlp_traces.c - see otlp_traces.h
 *
 * Invariant: a task that is in `open` has held spans only while its trace is not decided; what an
 * ended one had held is held by its parent, which it refers to, or has been given on.
 *
 * Held spans are a sequence of struct held, each followed by its bytes.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "export/otlp_traces.h"

enum { CHAIN_MAX = 64 }; /* tasks that are followed to an ancestor */

struct held {
	uint32_t pid, n;
	bool remote;
};

struct open_task {
	uint64_t nr, parent_nr, parent_id;
	bool decided, linked;
	bool remote; /* its traceparent was in time */
	struct otlp_trace trace, late;
	uint8_t remote_id[8]; /* of the traceparent */
	struct pb held;
};

/* Of a task that has ended: its trace, or the task that holds its spans. */
struct ended_task {
	bool decided;
	struct otlp_trace trace;
	uint64_t holder;
};

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory while exporting the trace");
}

/* --- spans that are given on --------------------------------------------------------------- */

int otlp_traces_give(struct otlp_traces *t, const struct otlp_trace *trace,
		     const struct otlp_span *s, struct err *err)
{
	uint32_t flags = trace->flags | FLAG_KNOWS_REMOTE | (s->remote ? FLAG_PARENT_REMOTE : 0u);

	if (!(trace->flags & TRACE_SAMPLED)) {
		t->unsampled++;
		return 0;
	}
	otlp_begin(t->code);
	otlp_id(t->code, SPAN_TRACE_ID, trace->id, sizeof(trace->id));
	otlp_fixed32(t->code, SPAN_FLAGS, flags);
	if (otlp_end(t->code))
		return no_memory(err);
	t->span.n = 0;
	otlp_join(t->code, &t->span, t->code->bytes, t->code->n, s->bytes, s->n);
	if (t->span.failed)
		return no_memory(err);
	return t->give(t->to, s->pid, t->span.bytes, t->span.n, err);
}

static int flush(struct otlp_traces *t, struct open_task *task, struct err *err)
{
	struct held h;
	int rc = 0;

	if (task->held.failed)
		return no_memory(err);
	for (size_t at = 0; at < task->held.n && !rc; at += sizeof(h) + h.n) {
		struct otlp_span s;

		memcpy(&h, task->held.bytes + at, sizeof(h));
		s = (struct otlp_span){h.pid, h.remote, task->held.bytes + at + sizeof(h), h.n};
		rc = otlp_traces_give(t, &task->trace, &s, err);
	}
	t->held -= task->held.n;
	pb_release(&task->held);
	return rc;
}

/* --- which trace it is --------------------------------------------------------------------- */

static void decide(struct open_task *task, const struct otlp_trace *trace)
{
	task->decided = true;
	task->trace = *trace;
}

/* Where what ended as number nr is held or decided now: exactly one of *holder and *ended is set,
 * or none: it is not known any more. */
static void follow(const struct otlp_traces *t, uint64_t nr, struct open_task **holder,
		   const struct ended_task **ended)
{
	const struct ended_task *e;

	*holder = NULL;
	*ended = NULL;
	for (int i = 0; i < CHAIN_MAX && nr; i++) {
		*holder = hash_get(&t->open, nr);
		if (*holder)
			return;
		e = recent_get(&t->ended, nr);
		if (!e || e->decided) {
			*ended = e;
			return;
		}
		nr = e->holder;
	}
}

/* The trace of a task whose ancestors say nothing. */
static struct otlp_trace own_trace(const struct otlp_traces *t, const struct open_task *task)
{
	if (task->parent_nr)
		return otlp_trace_of_span(t->ids, task->parent_nr);
	if (task->parent_id)
		return otlp_trace_of_task_id(t->ids, task->parent_id);
	return otlp_trace_of_span(t->ids, task->nr);
}

/* Decides it now, and what it depends on; tells the trace. */
static void decide_early(struct otlp_traces *t, struct open_task *task)
{
	struct open_task *chain[CHAIN_MAX], *up = task;
	const struct ended_task *ended = NULL;
	struct otlp_trace trace;
	int nr = 0;

	while (up && !up->decided && nr < CHAIN_MAX) {
		chain[nr++] = up;
		follow(t, up->parent_nr, &up, &ended);
	}
	if (!nr)
		return;
	trace = up && up->decided ? up->trace : ended ? ended->trace : own_trace(t, chain[nr - 1]);
	while (nr--)
		decide(chain[nr], &trace);
}

static int decide_all(struct otlp_traces *t, struct err *err)
{
	struct open_task *task;
	size_t at = 0;
	int rc = 0;

	while ((task = hash_next(&t->open, &at)))
		decide_early(t, task);
	at = 0;
	while (!rc && (task = hash_next(&t->open, &at)))
		rc = flush(t, task, err);
	return rc;
}

/* --- tasks --------------------------------------------------------------------------------- */

int otlp_traces_open(struct otlp_traces *t, const struct span_task *task, struct err *err)
{
	struct open_task *o = hash_get(&t->open, task->nr);
	struct otlp_trace trace;

	t->pool.size = sizeof(*o);
	if (!o) {
		o = pool_get(&t->pool);
		if (!o || hash_put(&t->open, task->nr, o)) {
			pool_put(&t->pool, o);
			return no_memory(err);
		}
		o->nr = task->nr;
		o->parent_nr = task->parent_nr;
		o->parent_id = task->parent_id;
	}
	if (!task->traceparent[0])
		return 0;
	if (o->decided) {
		if (!o->remote && !o->linked) {
			o->linked = true;
			otlp_traceparent(task->traceparent, &o->late, o->remote_id);
			t->late++;
		}
		return 0;
	}
	otlp_traceparent(task->traceparent, &trace, o->remote_id);
	decide(o, &trace);
	o->remote = true;
	return flush(t, o, err);
}

bool otlp_traces_remote_parent(const struct otlp_traces *t, const struct span_task *task,
			       uint8_t id[8])
{
	const struct open_task *o = hash_get(&t->open, task->nr);

	if (!o || !o->remote)
		return false;
	memcpy(id, o->remote_id, sizeof(o->remote_id));
	return true;
}

bool otlp_traces_link(const struct otlp_traces *t, const struct span_task *task,
		      struct otlp_trace *trace, uint8_t id[8])
{
	const struct open_task *o = hash_get(&t->open, task->nr);

	if (!o || !o->linked)
		return false;
	*trace = o->late;
	memcpy(id, o->remote_id, sizeof(o->remote_id));
	return true;
}

static int hold(struct otlp_traces *t, struct open_task *o, const struct otlp_span *s,
		struct err *err)
{
	struct held h = {.pid = s->pid, .n = (uint32_t)s->n, .remote = s->remote};

	pb_append(&o->held, &h, sizeof(h));
	pb_append(&o->held, s->bytes, s->n);
	if (o->held.failed)
		return no_memory(err);
	t->held += sizeof(h) + s->n;
	return t->held > (t->held_max ? t->held_max : HELD_MAX) ? decide_all(t, err) : 0;
}

int otlp_traces_add(struct otlp_traces *t, uint64_t task_nr, const struct otlp_span *s,
		    struct err *err)
{
	const struct ended_task *ended;
	struct otlp_trace trace;
	struct open_task *o;

	follow(t, task_nr, &o, &ended);
	if (o && !o->decided)
		return hold(t, o, s, err);
	trace = o ? o->trace : ended ? ended->trace : otlp_trace_of_span(t->ids, task_nr);
	return otlp_traces_give(t, &trace, s, err);
}

/* Decides what has ended, unless its parent is open and not decided: that one is returned. */
static struct open_task *settle(struct otlp_traces *t, struct open_task *o)
{
	const struct ended_task *ended;
	struct open_task *parent;
	struct otlp_trace trace;

	follow(t, o->parent_nr, &parent, &ended);
	if (parent && !parent->decided)
		return parent;
	trace = parent ? parent->trace : ended ? ended->trace : own_trace(t, o);
	decide(o, &trace);
	return NULL;
}

/* Its spans are held by its parent from now on. */
static int hand_over(struct open_task *o, struct open_task *parent, struct err *err)
{
	bool failed = o->held.failed;

	pb_append(&parent->held, o->held.bytes, o->held.n);
	pb_release(&o->held);
	return failed || parent->held.failed ? no_memory(err) : 0;
}

int otlp_traces_close(struct otlp_traces *t, const struct span_task *task, struct err *err)
{
	struct open_task *o = hash_get(&t->open, task->nr), *parent;
	struct ended_task *e;
	int rc;

	if (!o)
		return 0;
	hash_del(&t->open, o->nr); /* so that a task that is its own ancestor is no riddle */
	parent = o->decided ? NULL : settle(t, o);
	rc = parent ? hand_over(o, parent, err) : flush(t, o, err);
	t->ended.size = sizeof(*e);
	t->ended.max = TRACES_ENDED_MAX;
	e = recent_put(&t->ended, o->nr);
	if (e)
		*e = (struct ended_task){o->decided, o->trace, o->parent_nr};
	pb_release(&o->held);
	pool_put(&t->pool, o);
	return rc ? rc : e ? 0 : no_memory(err);
}

void otlp_traces_release(struct otlp_traces *t)
{
	struct open_task *o;
	size_t at = 0;

	while ((o = hash_next(&t->open, &at)))
		pb_release(&o->held);
	hash_release(&t->open);
	pool_release(&t->pool);
	recent_release(&t->ended);
	pb_release(&t->span);
}
