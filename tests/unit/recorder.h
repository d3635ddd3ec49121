/* SPDX-License-Identifier: MIT */
/*
 * recorder.h - a sink that writes down what it is told, one line an event
 *
 *	struct recorder rec = { .what = "rt" };        regions and tasks
 *	struct sink sink = { &recorder_ops, &rec };
 *
 *	n thread     "11 alice"
 *	i interval   "11 lock 2100-2400"
 *	r region     "11 parse 2000-3000 self 800 depth 0 task 1 flags 0"
 *	t task       "GET / 2000-3000 id 1 parent 0 () threads 1 idle 0 flags 0: running 650 lock 300"
 *	s step       of the task above: "  wait 2100-2450 11 futex 0x7f00"
 *	a async      "queue 2000-3000 id 5 task 1 flags 0"
 *	l log        "11 2500 task 1 order: id=42"
 *	x lost       "2000-3000 7"
 */
#ifndef CTRACE_RECORDER_H
#define CTRACE_RECORDER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/sink.h"

#define U(x) ((unsigned long long)(x))

struct recorder {
	const char *what;
	char text[65536];
	size_t n;
};

static inline bool recorder_wants(const struct recorder *r, char kind)
{
	return strchr(r->what, kind);
}

__attribute__((format(printf, 2, 3))) static inline void recorder_say(struct recorder *r,
								      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(r->text + r->n, sizeof(r->text) - r->n, fmt, ap);
	va_end(ap);
	if (n > 0 && r->n + (size_t)n < sizeof(r->text))
		r->n += (size_t)n;
}

static inline void recorder_spent(struct recorder *r, const struct breakdown *b)
{
	recorder_say(r, ":");
	for (int i = 0; i < STATE_NR; i++) {
		if (b->ns[i])
			recorder_say(r, " %s %llu", state_names[i], U(b->ns[i]));
	}
	recorder_say(r, "\n");
}

static inline int recorder_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	return 0;
}

static inline int recorder_thread(void *ctx, const struct span_thread *t, struct err *err)
{
	if (recorder_wants(ctx, 'n'))
		recorder_say(ctx, "%u %s\n", t->tid, t->comm);
	return 0;
}

static inline int recorder_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	if (recorder_wants(ctx, 'i'))
		recorder_say(ctx, "%u %s %llu-%llu\n", i->thread->tid, state_names[i->state],
			     U(i->begin), U(i->end));
	return 0;
}

static inline int recorder_region(void *ctx, const struct span_region *g, struct err *err)
{
	if (!recorder_wants(ctx, 'r'))
		return 0;
	recorder_say(ctx, "%u %s %llu-%llu self %llu depth %u task %llu flags %u", g->thread->tid,
		     g->name, U(g->begin), U(g->end), U(g->self_ns), g->depth, U(g->task_id),
		     g->flags);
	recorder_spent(ctx, g->spent);
	return 0;
}

static inline void recorder_step(struct recorder *r, const struct story_step *s)
{
	static const char *const kinds[] = {"region", "wait", "log", "child", "enter"};

	recorder_say(r, "  %s %llu-%llu %u", kinds[s->kind], U(s->begin), U(s->end), s->tid);
	if (*s->name)
		recorder_say(r, " %s", s->name);
	if (*s->detail)
		recorder_say(r, " %s", s->detail);
	if (s->wait)
		recorder_say(r, " %s by %s", s->wait->resource, s->wait->waker.comm);
	if (s->wait && *s->wait->waker.region)
		recorder_say(r, " in %s", s->wait->waker.region);
	recorder_say(r, "\n");
}

static inline int recorder_task(void *ctx, const struct span_task *t, struct err *err)
{
	if (!recorder_wants(ctx, 't'))
		return 0;
	recorder_say(ctx, "%s %llu-%llu id %llu parent %llu (%s) threads %u idle %llu flags %u",
		     t->name, U(t->begin), U(t->end), U(t->id), U(t->parent_id), t->parent_name,
		     t->threads, U(t->idle_ns), t->flags);
	recorder_spent(ctx, t->spent);
	for (size_t i = 0; i < t->steps_nr && recorder_wants(ctx, 's'); i++)
		recorder_step(ctx, &t->steps[i]);
	return 0;
}

static inline int recorder_async(void *ctx, const struct span_async *a, struct err *err)
{
	if (recorder_wants(ctx, 'a'))
		recorder_say(ctx, "%s %llu-%llu id %llu task %llu flags %u\n", a->name, U(a->begin),
			     U(a->end), U(a->id), U(a->task_id), a->flags);
	return 0;
}

static inline int recorder_log(void *ctx, const struct span_log *l, struct err *err)
{
	if (recorder_wants(ctx, 'l'))
		recorder_say(ctx, "%u %llu task %llu %s: %s\n", l->thread->tid, U(l->ts),
			     U(l->task_id), l->category, l->message);
	return 0;
}

static inline int recorder_lost(void *ctx, uint64_t from, uint64_t to, uint64_t n, struct err *err)
{
	if (recorder_wants(ctx, 'x'))
		recorder_say(ctx, "%llu-%llu %llu\n", U(from), U(to), U(n));
	return 0;
}

static inline int recorder_end(void *ctx, const struct summary *s, struct err *err)
{
	return 0;
}

static const struct sink_ops recorder_ops = {
	.name = "recorder",
	.begin = recorder_begin,
	.thread = recorder_thread,
	.interval = recorder_interval,
	.region = recorder_region,
	.async = recorder_async,
	.log = recorder_log,
	.task = recorder_task,
	.lost = recorder_lost,
	.end = recorder_end,
};

#endif
