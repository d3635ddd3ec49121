/* SPDX-License-Identifier: MIT */
/*
 * chrome.c - a trace in the JSON that chrome://tracing, Perfetto, speedscope and others read
 *
 * The format knows processes and threads only. A thread's states go into a process of their own,
 * whose number is STATES_PID more; tasks and async regions are asynchronous events.
 *
 * Invariant: times, in us since the trace began, have three decimals: none is rounded. States
 * follow each other without a gap, so each has its begin and its end as events: of a begin and a
 * duration, viewers that count in floating point make an end that is not quite the begin of the
 * next, and nest the two.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "ctrace/wire.h"
#include "export/events.h"
#include "export/json_parts.h"

enum { STATES_PID = 1000000000 }; /* Linux numbers processes below 2^22 */

static void event_begin(struct events_ctx *c, struct json *j, const char *phase,
			const char *category, const char *name)
{
	char text[2] = {phase[0]};

	fputs(c->count++ ? ",\n" : "\n", c->out);
	json_init(j, c->out);
	json_object(j, NULL, JSON_INLINE);
	json_string(j, "ph", text);
	json_string(j, "cat", category);
	json_string(j, "name", name);
}

static int event_end(struct events_ctx *c, struct json *j, struct err *err)
{
	json_close(j);
	return ferror(c->out) ? events_flush(c, err) : 0;
}

static void put_place(struct json *j, uint32_t pid, uint32_t tid)
{
	json_u64(j, "pid", pid);
	json_u64(j, "tid", tid);
}

static void put_ts(const struct events_ctx *c, struct json *j, uint64_t ts)
{
	json_us(j, "ts", events_since(c, ts));
}

static void put_text(struct json *j, const char *key, const char *s)
{
	if (s[0])
		json_string(j, key, s);
}

static void put_flags(struct json *j, uint32_t flags)
{
	static const char *const names[] = {"begun_before_trace", "unfinished", "failed",
					    "tainted"};

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & 1u << i)
			json_bool(j, names[i], true);
}

/* What was not counted is not there: 0 would say that there was none. */
static void put_spent(struct json *j, const struct breakdown *spent)
{
	const struct overlays *over = &spent->over;

	json_object(j, "states_ns", JSON_INLINE);
	for (int i = 0; i < STATE_NR; i++)
		if (spent->ns[i])
			json_u64(j, state_names[i], spent->ns[i]);
	json_close(j);
	if (!(over->absent & OVER_NO_SYSCALLS)) {
		json_u64(j, "syscalls", over->syscalls);
		json_u64(j, "syscall_ns", over->syscall_ns);
	}
	if (!(over->absent & OVER_NO_FAULTS))
		json_u64(j, "faults", over->faults);
	if (!(over->absent & OVER_NO_IRQS)) {
		json_u64(j, "irq_ns", over->irq_ns);
		json_u64(j, "softirq_ns", over->softirq_ns);
	}
	if (over->gc_ns)
		json_u64(j, "gc_ns", over->gc_ns);
}

static int chrome_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	struct events_ctx *c = ctx;

	c->info = info;
	c->count = 0;
	fputs("{\"displayTimeUnit\": \"ns\", \"traceEvents\": [", c->out);
	return 0;
}

static int put_name(struct events_ctx *c, const char *what, uint32_t pid, uint32_t tid,
		    const char *name, struct err *err)
{
	struct json j;

	event_begin(c, &j, "M", "", what);
	put_place(&j, pid, tid);
	json_u64(&j, "ts", 0); /* without, what sorts events by time compares with no number */
	json_object(&j, "args", JSON_INLINE);
	json_string(&j, "name", name);
	json_close(&j);
	return event_end(c, &j, err);
}

static int chrome_thread(void *ctx, const struct span_thread *th, struct err *err)
{
	char states[64];
	int rc = put_name(ctx, "thread_name", th->pid, th->tid, th->comm, err);

	if (!rc)
		rc = put_name(ctx, "thread_name", STATES_PID + th->pid, th->tid, th->comm, err);
	if (rc || th->pid != th->tid)
		return rc;
	snprintf(states, sizeof(states), "%s: states", th->comm);
	rc = put_name(ctx, "process_name", th->pid, th->tid, th->comm, err);
	return rc ? rc : put_name(ctx, "process_name", STATES_PID + th->pid, th->tid, states, err);
}

static void put_wait(struct json *j, const struct span_wait *w)
{
	bool by_task = w->waker.ctx == WIRE_WAKER_TASK || w->waker.ctx == WIRE_WAKER_UNKNOWN;

	put_text(j, "resource", w->resource);
	put_text(j, "syscall", w->syscall);
	if (w->waker.ctx != WIRE_WAKER_NONE)
		json_string(j, "waker_ctx", events_waker_ctx(w->waker.ctx));
	if (by_task) {
		put_text(j, "waker", w->waker.comm);
		json_u64(j, "waker_tid", w->waker.tid);
		put_text(j, "waker_region", w->waker.region);
		put_text(j, "waker_task", w->waker.task);
	}
	put_text(j, "waker_softirq", w->waker.softirq);
	if (w->peer.pid) {
		put_text(j, "peer", w->peer.comm);
		json_u64(j, "peer_pid", w->peer.pid);
	}
	if (w->holder.tid) {
		put_text(j, "holder_hint", w->holder.comm);
		json_u64(j, "holder_tid_hint", w->holder.tid);
		put_text(j, "holder_region_hint", w->holder.region);
	}
	put_text(j, "kernel_function", w->kernel);
	put_text(j, "cpu_ran_before", w->prev_comm);
	if (w->culprits_nr) {
		put_text(j, "cpu_ran", w->culprits[0].comm);
		json_u64(j, "cpu_ran_ns", w->culprits[0].ns);
	}
	if (w->culprits_nr || w->culprits_others_ns || w->cpu_idle_ns)
		json_culprits(j, w->culprits, w->culprits_nr, w->culprits_others_ns,
			      w->cpu_idle_ns);
}

static int chrome_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	event_begin(c, &j, "B", "state", state_names[i->state]);
	put_place(&j, STATES_PID + i->thread->pid, i->thread->tid);
	put_ts(c, &j, i->begin);
	if (i->wait) {
		json_object(&j, "args", JSON_INLINE);
		put_wait(&j, i->wait);
		json_close(&j);
	}
	json_close(&j);
	event_begin(c, &j, "E", "state", state_names[i->state]);
	put_place(&j, STATES_PID + i->thread->pid, i->thread->tid);
	put_ts(c, &j, i->end);
	return event_end(c, &j, err);
}

/* An asynchronous event: its begin, which args may follow, and its end. */
static uint64_t async_begin(struct events_ctx *c, struct json *j, const char *category,
			    const char *name, uint32_t pid, uint32_t tid, uint64_t ts)
{
	uint64_t id = c->count + 1;

	event_begin(c, j, "b", category, name);
	json_u64(j, "id", id);
	put_place(j, pid, tid);
	put_ts(c, j, ts);
	json_object(j, "args", JSON_INLINE);
	return id;
}

static int async_end(struct events_ctx *c, const char *category, const char *name, uint64_t id,
		     uint32_t pid, uint32_t tid, uint64_t ts, struct err *err)
{
	struct json j;

	event_begin(c, &j, "e", category, name);
	json_u64(&j, "id", id);
	put_place(&j, pid, tid);
	put_ts(c, &j, ts);
	return event_end(c, &j, err);
}

static int chrome_region(void *ctx, const struct span_region *r, struct err *err)
{
	struct events_ctx *c = ctx;
	const struct span_thread *th = r->thread;
	bool fits = nesting_fits(&c->nesting, r);
	uint64_t id = 0;
	struct json j;
	int rc;

	if (fits) {
		event_begin(c, &j, "X", "region", r->name);
		put_place(&j, th->pid, th->tid);
		put_ts(c, &j, r->begin);
		json_us(&j, "dur", r->end - r->begin);
		json_object(&j, "args", JSON_INLINE);
	} else {
		id = async_begin(c, &j, "region", r->name, th->pid, th->tid, r->begin);
	}
	put_text(&j, "site", r->site);
	if (r->task_id)
		json_u64(&j, "task", r->task_id);
	json_u64(&j, "self_ns", r->self_ns);
	put_spent(&j, r->spent);
	put_flags(&j, r->flags);
	json_close(&j);
	rc = event_end(c, &j, err);
	if (rc || fits)
		return rc;
	return async_end(c, "region", r->name, id, th->pid, th->tid, r->end, err);
}

static int chrome_async(void *ctx, const struct span_async *a, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;
	uint64_t id = async_begin(c, &j, "async", a->name, a->pid, a->begin_tid, a->begin);
	int rc;

	put_text(&j, "site", a->site);
	if (a->task_id)
		json_u64(&j, "task", a->task_id);
	put_flags(&j, a->flags);
	json_close(&j);
	rc = event_end(c, &j, err);
	return rc ? rc : async_end(c, "async", a->name, id, a->pid, a->begin_tid, a->end, err);
}

static int chrome_log(void *ctx, const struct span_log *l, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	event_begin(c, &j, "i", "log", l->category[0] ? l->category : "log");
	json_string(&j, "s", "t");
	put_place(&j, l->thread->pid, l->thread->tid);
	put_ts(c, &j, l->ts);
	json_object(&j, "args", JSON_INLINE);
	json_string(&j, "message", l->message);
	if (l->task_id)
		json_u64(&j, "task", l->task_id);
	json_close(&j);
	return event_end(c, &j, err);
}

static int chrome_task(void *ctx, const struct span_task *t, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;
	uint64_t id = async_begin(c, &j, "task", t->name, t->pid, t->tid, t->begin);
	int rc;

	json_u64(&j, "task", t->id);
	if (t->parent_id)
		json_u64(&j, "parent", t->parent_id);
	put_text(&j, "parent_name", t->parent_name);
	put_text(&j, "traceparent", t->traceparent);
	put_text(&j, "message", t->fail_message);
	json_u64(&j, "idle_ns", t->idle_ns);
	json_u64(&j, "threads", t->threads);
	put_spent(&j, t->spent);
	put_flags(&j, t->flags);
	json_close(&j);
	rc = event_end(c, &j, err);
	return rc ? rc : async_end(c, "task", t->name, id, t->pid, t->tid, t->end, err);
}

static int chrome_lost(void *ctx, uint64_t from, uint64_t to, uint64_t count, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;
	uint64_t id = async_begin(c, &j, "lost", "records lost", 0, 0, from);
	int rc;

	json_u64(&j, "records", count);
	json_close(&j);
	rc = event_end(c, &j, err);
	return rc ? rc : async_end(c, "lost", "records lost", id, 0, 0, to, err);
}

static int chrome_end(void *ctx, const struct summary *s, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	fputs("\n], \"otherData\": ", c->out);
	json_init(&j, c->out);
	json_object(&j, NULL, JSON_INLINE);
	json_string(&j, "host", s->capture->host);
	json_string(&j, "kernel", s->capture->kernel);
	json_string(&j, "command", s->capture->command);
	json_string(&j, "version", s->capture->version);
	json_u64(&j, "start_unix_ns", s->capture->start_unix_ns);
	json_u64(&j, "lost", s->capture->lost_total);
	json_close(&j);
	fputs("}\n", c->out);
	return events_flush(c, err);
}

const struct sink_ops chrome_sink = {
	.name = "chrome",
	.begin = chrome_begin,
	.thread = chrome_thread,
	.interval = chrome_interval,
	.region = chrome_region,
	.async = chrome_async,
	.log = chrome_log,
	.task = chrome_task,
	.lost = chrome_lost,
	.end = chrome_end,
};
