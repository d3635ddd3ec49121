/* SPDX-License-Identifier: MIT */
/*
 * perfetto_sched.c - see perfetto_sched.h
 *
 * A wait tells two switches: one away from the CPU that the thread left, one to the CPU that it
 * came to. If it came there right after another thread of ours, that is one switch, of which the
 * half that says why the other left is told later, when that one is back: until then its
 * successor is kept with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctrace/wire.h"
#include "export/perfetto_sched.h"
#include "export/perfetto_schema.h"

enum { NO_CPU = -1, RUNS = 4, LANES = 64, ELSEWHERE_MAX = BUNDLE_CPUS - LANES - 1 };

/* A stretch of running, for finding out on which CPU a waker was. */
struct run {
	uint64_t begin, end;
	int cpu;
};

struct sched_task {
	uint64_t key;
	uint32_t tid;
	char comm[COMM_SZ];
	bool running;
	int cpu;	  /* where it runs; NO_CPU: not known yet */
	uint64_t since;	  /* it runs; before its first event, it was seen */
	bool fresh;	  /* no event of it yet */
	uint64_t left_by; /* another was on its CPU then; 0: nobody is known to have been */
	bool followed;	  /* … having come right after it, by this switch: */
	struct bundle_event next;
	uint64_t wait_begin, wait_end; /* the last one that was told */
	struct run runs[RUNS];
	uint32_t runs_at;
};

void sched_init(struct sched *s, struct perfetto_out *out)
{
	*s = (struct sched){.out = out, .threads = {.size = sizeof(struct sched_task)}};
	bundle_init(&s->bundles, out);
	s->elsewhere = out->info->cpus < ELSEWHERE_MAX ? out->info->cpus : ELSEWHERE_MAX;
}

void sched_release(struct sched *s)
{
	bundle_release(&s->bundles);
	hash_release(&s->by_key);
	hash_release(&s->by_tid);
	pool_release(&s->threads);
}

static struct bundle_event event_of(const struct sched_task *t, uint64_t ts, uint32_t flags)
{
	struct bundle_event e = {.ts = ts, .flags = flags};

	if (t) {
		e.tid = t->tid;
		memcpy(e.comm, t->comm, sizeof(e.comm));
	} else {
		memcpy(e.comm, "swapper", sizeof("swapper"));
	}
	return e;
}

/* next NULL: the idle thread, or one that is not traced. */
static void put_switch(struct sched *s, int cpu, uint64_t ts, uint32_t prev_state,
		       const struct sched_task *next)
{
	struct bundle_event e = event_of(next, ts, prev_state);

	bundle_switch(&s->bundles, (uint32_t)cpu, &e);
}

/* A CPU that stands for one that is not known. */
static int lane_for(struct sched *s, uint64_t begin)
{
	uint32_t first = s->elsewhere + 1, i = first;

	while (i + 1 < first + LANES && (s->on[i] || s->lanes[i] > begin))
		i++;
	return (int)i;
}

/* --- coming to a CPU, and leaving it ------------------------------------------------------- */

/* It was running since t->since, as is known now, on this CPU: where another may be by now. */
static void draw(struct sched *s, struct sched_task *t, uint32_t cpu)
{
	t->cpu = cpu < s->elsewhere ? (int)cpu : lane_for(s, t->since);
	put_switch(s, t->cpu, t->since, PREV_RUNNABLE, t);
}

/* The same, and it still is. */
static void place(struct sched *s, struct sched_task *t, uint32_t cpu)
{
	draw(s, t, cpu);
	s->on[t->cpu] = t;
}

/* Whoever was on that CPU before has left, though when and why may still be to be told. */
static void come(struct sched *s, struct sched_task *t, uint32_t cpu, uint64_t ts,
		 uint32_t prev_tid)
{
	struct sched_task *prev = prev_tid ? hash_get(&s->by_tid, prev_tid) : NULL, *on;

	t->running = true;
	t->left_by = 0;
	t->since = ts;
	if (prev && prev != t && prev->running && prev->cpu == NO_CPU && cpu < s->elsewhere &&
	    prev->since < ts)
		place(s, prev, cpu);
	on = cpu < s->elsewhere ? s->on[cpu] : NULL;
	if (on && on != t && on->running && !on->left_by && on->since < ts) {
		on->left_by = ts;
		on->followed = on == prev;
		if (on->followed) {
			on->next = event_of(t, ts, PREV_RUNNABLE);
			t->cpu = (int)cpu;
			s->on[cpu] = t;
			return;
		}
	}
	place(s, t, cpu);
}

static void note_run(struct sched_task *t, uint64_t end)
{
	t->runs[t->runs_at++ % RUNS] = (struct run){t->since, end, t->cpu};
}

/* Returns the CPU. That it was there for longer than it can have been is the work of losses. */
static int leave(struct sched *s, struct sched_task *t, uint32_t cpu, uint64_t ts, uint32_t state)
{
	if (t->cpu == NO_CPU)
		draw(s, t, cpu);
	if (t->left_by && ts > t->left_by) {
		ts = t->left_by;
		state = PREV_PREEMPTED;
	}
	if (!t->followed || ts < t->left_by)
		put_switch(s, t->cpu, ts, state, NULL);
	else
		t->next.flags = state;
	if (t->followed)
		bundle_switch(&s->bundles, (uint32_t)t->cpu, &t->next);
	if (s->on[t->cpu] == t)
		s->on[t->cpu] = NULL;
	if (t->cpu > (int)s->elsewhere)
		s->lanes[t->cpu] = ts;
	note_run(t, ts);
	t->followed = t->running = false;
	t->left_by = 0;
	return t->cpu;
}

/* It is seen while it waits: as if it had run for no time, and left. */
static int park(struct sched *s, const struct sched_task *t, uint64_t ts, uint32_t state)
{
	put_switch(s, (int)s->elsewhere, ts, PREV_RUNNABLE, t);
	put_switch(s, (int)s->elsewhere, ts, state, NULL);
	return (int)s->elsewhere;
}

/* --- waits --------------------------------------------------------------------------------- */

/* As sched_switch reports it: the highest bit of those that it reports. */
static uint32_t prev_state(const struct span_wait *w)
{
	uint32_t state = w->kernel_state;

	if (w->state == STATE_RUNNABLE || w->woken <= w->begin)
		return w->kernel_state || w->state == STATE_RUNNABLE ? PREV_RUNNABLE
								     : PREV_PREEMPTED;
	if (!state)
		return PREV_PREEMPTED;
	if ((state & 0x402) == 0x402)
		return PREV_IDLE;
	for (uint32_t bit = 0x40; bit; bit >>= 1)
		if (state & bit)
			return bit;
	return state & 0x80 ? PREV_DEAD : PREV_UNINTERRUPTIBLE;
}

static void put_reason(struct sched *s, int cpu, const struct sched_task *t, uint64_t ts,
		       enum state state, const struct span_wait *w)
{
	struct bundle_event e = event_of(t, ts, 0);
	size_t n = strlen(state_names[state]);
	char text[512];

	memcpy(text, state_names[state], n + 1);
	if (w->resource[0]) {
		memcpy(text + n, ": ", 2);
		n += 2;
		if (!memccpy(text + n, w->resource, '\0', sizeof(text) - n))
			text[sizeof(text) - 1] = '\0';
	}
	e.symbol = out_text(s->out, TEXT_SYMBOL, text);
	e.io = w->iowait;
	bundle_blocked(&s->bundles, (uint32_t)cpu, &e);
}

/* The CPU on which a thread ran at that time, or NO_CPU. */
static int cpu_at(const struct sched_task *t, uint64_t ts)
{
	if (t->running && ts >= t->since)
		return t->cpu;
	for (int i = 0; i < RUNS; i++)
		if (t->runs[i].begin <= ts && ts < t->runs[i].end)
			return t->runs[i].cpu;
	return NO_CPU;
}

static bool by_thread(const struct span_waker *w)
{
	return w->ctx == WIRE_WAKER_TASK || w->ctx == WIRE_WAKER_UNKNOWN;
}

uint64_t sched_waker(const struct sched *s, const struct span_wait *w)
{
	const struct sched_task *waker =
		by_thread(&w->waker) && w->woken > w->begin && w->woken < w->end
			? hash_get(&s->by_tid, w->waker.tid)
			: NULL;

	return waker ? waker->key : 0;
}

/*
 * A viewer takes for the waker whoever is on the CPU of the waking. One that is not traced is put
 * on the CPU more for that moment.
 */
static void wake(struct sched *s, const struct sched_task *t, const struct span_wait *w)
{
	const struct sched_task *waker = hash_get(&s->by_tid, w->waker.tid);
	struct bundle_event e = event_of(t, w->woken, 0);
	int cpu = waker ? cpu_at(waker, w->woken) : NO_CPU;
	struct sched_task stranger = {.tid = w->waker.tid};

	if (w->waker.ctx == WIRE_WAKER_NONE || w->woken <= w->begin || w->woken >= w->end)
		return;
	if (w->waker.ctx == WIRE_WAKER_SOFTIRQ)
		e.flags = FLAG_SOFTIRQ;
	else if (!by_thread(&w->waker))
		e.flags = FLAG_HARDIRQ;
	if (cpu == NO_CPU) {
		cpu = (int)s->elsewhere;
		if (by_thread(&w->waker) && !waker && w->waker.tid) {
			memccpy(stranger.comm, w->waker.comm, '\0', COMM_SZ - 1);
			put_switch(s, cpu, w->woken - 1, PREV_RUNNABLE, &stranger);
			put_switch(s, cpu, w->woken + 1, PREV_SLEEPING, NULL);
		}
	}
	bundle_waking(&s->bundles, (uint32_t)cpu, &e);
}

static void tell_wait(struct sched *s, struct sched_task *t, const struct span_wait *w)
{
	uint32_t state = prev_state(w);
	int cpu = t->running && !(t->fresh && t->since == w->begin)
			  ? leave(s, t, w->off_cpu, w->begin, state)
			  : park(s, t, w->begin, state);

	t->running = t->fresh = false;
	if (state != PREV_RUNNABLE && state != PREV_PREEMPTED)
		put_reason(s, cpu, t, w->begin, w->state, w);
	wake(s, t, w);
	if (!w->open)
		come(s, t, w->on_cpu, w->end, w->prev_tid);
}

/* Nothing tells what it did: it is drawn asleep, for that reason. */
static void tell_unknown(struct sched *s, struct sched_task *t, const struct span_interval *i)
{
	int cpu = t->running && !(t->fresh && t->since == i->begin)
			  ? leave(s, t, s->elsewhere, i->begin, PREV_SLEEPING)
			  : park(s, t, i->begin, PREV_SLEEPING);

	put_reason(s, cpu, t, i->begin, STATE_UNKNOWN, i->wait);
	t->running = true;
	t->fresh = false;
	t->cpu = NO_CPU;
	t->since = i->end;
}

/* --- what the model tells ------------------------------------------------------------------ */

static struct sched_task *task_of(struct sched *s, const struct span_thread *th)
{
	uint64_t key = (uint64_t)(uintptr_t)th->key;
	struct sched_task *t = hash_get(&s->by_key, key);

	if (t)
		return t;
	t = pool_get(&s->threads);
	if (!t || hash_put(&s->by_key, key, t) || hash_put(&s->by_tid, th->tid, t)) {
		s->out->pb.failed = true;
		return NULL;
	}
	t->key = key;
	t->tid = th->tid;
	t->since = th->begin;
	t->running = t->fresh = true;
	t->cpu = NO_CPU;
	return t;
}

void sched_thread(struct sched *s, const struct span_thread *th)
{
	struct sched_task *t = task_of(s, th);

	if (!t)
		return;
	memset(t->comm, 0, sizeof(t->comm));
	memccpy(t->comm, th->comm, '\0', COMM_SZ - 1);
}

bool sched_interval(struct sched *s, const struct span_interval *i)
{
	const struct span_wait *w = i->wait;
	struct sched_task *t = task_of(s, i->thread);

	if (!t || !w)
		return false;
	if (w->end <= w->begin) {
		tell_unknown(s, t, i);
		return true;
	}
	if (t->wait_begin == w->begin && t->wait_end == w->end)
		return false;
	t->wait_begin = w->begin;
	t->wait_end = w->end;
	tell_wait(s, t, w);
	return true;
}

/* What waits at the end of the trace is closed there too. */
void sched_thread_end(struct sched *s, const struct span_thread *th)
{
	struct sched_task *t = task_of(s, th);
	uint64_t ts = th->last;

	if (!t)
		return;
	if (t->running && ts > t->since)
		leave(s, t, s->elsewhere, ts, th->end ? PREV_DEAD : PREV_PREEMPTED);
	else if (!t->running)
		park(s, t, ts, th->end ? PREV_DEAD : PREV_PREEMPTED);
	if (t->cpu != NO_CPU && s->on[t->cpu] == t)
		s->on[t->cpu] = NULL;
	hash_del(&s->by_key, t->key);
	if (hash_get(&s->by_tid, t->tid) == t)
		hash_del(&s->by_tid, t->tid);
	pool_put(&s->threads, t);
}
