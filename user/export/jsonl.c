/* SPDX-License-Identifier: MIT */
/*
 * jsonl.c - every event as one JSON object on a line of its own, "ctrace.events.v1"
 *
 *	{"type": "capture", …}                            first
 *	{"type": "task"|"region"|"async"|"log"|"state"|"lost", …}
 *	{"type": "end", …}                                last: without it, the file is cut
 *
 * Invariant: a line is an object, whatever the names hold. Times are integers: start_ns since the
 * trace began, duration_ns. Keys mean what they mean in ctrace-bpf.json(5), and are only added;
 * docs/ctrace-bpf.jsonl.schema.json has each of them.
 */
#include <stdio.h>

#include "base/json.h"
#include "ctrace/wire.h"
#include "export/events.h"
#include "export/json_parts.h"

static void line_begin(struct json *j, struct events_ctx *c, const char *type)
{
	json_init(j, c->out);
	json_object(j, NULL, JSON_INLINE);
	json_string(j, "type", type);
}

static int line_end(struct json *j, struct events_ctx *c, struct err *err)
{
	json_close(j);
	fputc('\n', c->out);
	return ferror(c->out) ? events_flush(c, err) : 0;
}

static void put_times(struct json *j, const struct events_ctx *c, uint64_t begin, uint64_t end)
{
	json_u64(j, "start_ns", events_since(c, begin));
	json_u64(j, "duration_ns", end - begin);
}

static void put_thread(struct json *j, const struct span_thread *th)
{
	json_u64(j, "pid", th->pid);
	json_u64(j, "tid", th->tid);
	json_string(j, "comm", th->comm);
}

static void put_flags(struct json *j, uint32_t flags)
{
	json_bool(j, "begun_before_trace", flags & SPAN_BEGUN_BEFORE);
	json_bool(j, "unfinished", flags & SPAN_UNFINISHED);
	json_bool(j, "tainted", flags & SPAN_TAINTED);
}

static void put_spent(struct json *j, const struct breakdown *spent)
{
	const struct overlays *over = &spent->over;

	json_object(j, "states_ns", JSON_INLINE);
	for (int i = 0; i < STATE_NR; i++)
		if (spent->ns[i])
			json_u64(j, state_names[i], spent->ns[i]);
	json_close(j);
	json_count(j, "syscall_ns", over->syscall_ns, !(over->absent & OVER_NO_SYSCALLS));
	json_count(j, "syscalls", over->syscalls, !(over->absent & OVER_NO_SYSCALLS));
	json_count(j, "faults", over->faults, !(over->absent & OVER_NO_FAULTS));
	json_count(j, "irq_ns", over->irq_ns, !(over->absent & OVER_NO_IRQS));
	json_count(j, "softirq_ns", over->softirq_ns, !(over->absent & OVER_NO_IRQS));
	json_u64(j, "gc_ns", over->gc_ns);
}

static int jsonl_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	c->info = info;
	line_begin(&j, c, "capture");
	json_string(&j, "schema", "ctrace.events.v1");
	json_string(&j, "host", info->host);
	json_string(&j, "kernel", info->kernel);
	json_string(&j, "command", info->command);
	json_string(&j, "version", info->version);
	json_u64(&j, "start_unix_ns", info->start_unix_ns);
	json_u64(&j, "duration_ns", info->stop_ts - info->start_ts);
	if (info->parts_nr)
		json_captures(&j, info, JSON_INLINE);
	return line_end(&j, c, err);
}

static void put_wait(struct json *j, const struct span_wait *w)
{
	json_string(j, "resource", w->resource);
	json_string(j, "syscall", w->syscall);
	json_object(j, "waker", JSON_INLINE);
	json_string(j, "comm", w->waker.comm);
	json_u64(j, "pid", w->waker.pid);
	json_u64(j, "tid", w->waker.tid);
	json_string(j, "ctx", events_waker_ctx(w->waker.ctx));
	json_string(j, "softirq", w->waker.softirq);
	json_string(j, "region", w->waker.region);
	json_string(j, "task", w->waker.task);
	json_close(j);
	json_wait_parties(j, w);
	json_u64(j, "prev_tid", w->prev_tid);
	json_string(j, "prev_comm", w->prev_comm);
	json_culprits(j, w->culprits, w->culprits_nr, w->culprits_others_ns, w->cpu_idle_ns);
	json_bool(j, "begun_before_trace", w->clipped);
	json_bool(j, "unfinished", w->open);
}

static int jsonl_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	line_begin(&j, c, "state");
	json_string(&j, "state", state_names[i->state]);
	put_thread(&j, i->thread);
	put_times(&j, c, i->begin, i->end);
	if (i->wait)
		put_wait(&j, i->wait);
	return line_end(&j, c, err);
}

static int jsonl_region(void *ctx, const struct span_region *r, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	line_begin(&j, c, "region");
	json_string(&j, "name", r->name);
	json_string(&j, "site", r->site);
	put_thread(&j, r->thread);
	json_u64(&j, "task_id", r->task_id);
	json_u64(&j, "depth", r->depth);
	put_times(&j, c, r->begin, r->end);
	json_u64(&j, "self_ns", r->self_ns);
	put_spent(&j, r->spent);
	put_flags(&j, r->flags);
	return line_end(&j, c, err);
}

static int jsonl_async(void *ctx, const struct span_async *a, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	line_begin(&j, c, "async");
	json_string(&j, "name", a->name);
	json_string(&j, "site", a->site);
	json_u64(&j, "id", a->id);
	json_u64(&j, "task_id", a->task_id);
	json_u64(&j, "pid", a->pid);
	json_u64(&j, "begin_tid", a->begin_tid);
	json_u64(&j, "end_tid", a->end_tid);
	put_times(&j, c, a->begin, a->end);
	put_flags(&j, a->flags);
	return line_end(&j, c, err);
}

static int jsonl_log(void *ctx, const struct span_log *l, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	line_begin(&j, c, "log");
	json_string(&j, "category", l->category);
	json_string(&j, "message", l->message);
	put_thread(&j, l->thread);
	json_u64(&j, "task_id", l->task_id);
	json_u64(&j, "start_ns", events_since(c, l->ts));
	return line_end(&j, c, err);
}

static int jsonl_task(void *ctx, const struct span_task *t, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	line_begin(&j, c, "task");
	json_string(&j, "name", t->name);
	json_u64(&j, "id", t->id);
	json_u64(&j, "parent_id", t->parent_id);
	json_string(&j, "parent_name", t->parent_name);
	json_string(&j, "traceparent", t->traceparent);
	json_u64(&j, "pid", t->pid);
	json_u64(&j, "tid", t->tid);
	json_u64(&j, "threads", t->threads);
	put_times(&j, c, t->begin, t->end);
	json_u64(&j, "idle_ns", t->idle_ns);
	put_spent(&j, t->spent);
	json_bool(&j, "failed", t->flags & SPAN_FAILED);
	json_string(&j, "fail_message", t->fail_message);
	put_flags(&j, t->flags);
	return line_end(&j, c, err);
}

static int jsonl_lost(void *ctx, uint64_t from, uint64_t to, uint64_t count, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	line_begin(&j, c, "lost");
	put_times(&j, c, from, to);
	json_u64(&j, "records", count);
	return line_end(&j, c, err);
}

static int jsonl_end(void *ctx, const struct summary *s, struct err *err)
{
	struct events_ctx *c = ctx;
	struct json j;

	line_begin(&j, c, "end");
	json_string(&j, "reason", s->capture->end_reason);
	json_bool(&j, "cut", s->capture->cut);
	json_u64(&j, "events", s->capture->window ? s->events : s->capture->events);
	json_u64(&j, "lost", s->capture->lost_total);
	json_u64(&j, "unknown_kinds", s->unknown_kinds);
	json_u64(&j, "bad_records", s->bad_records);
	return line_end(&j, c, err) ?: events_flush(c, err);
}

const struct sink_ops jsonl_sink = {
	.name = "jsonl",
	.begin = jsonl_begin,
	.interval = jsonl_interval,
	.region = jsonl_region,
	.async = jsonl_async,
	.log = jsonl_log,
	.task = jsonl_task,
	.lost = jsonl_lost,
	.end = jsonl_end,
};
