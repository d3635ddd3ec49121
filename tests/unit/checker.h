/* SPDX-License-Identifier: MIT */
/*
 * checker.h - a sink that trusts nothing: it aborts when what the model says contradicts itself
 *
 *	struct checker c = { 0 };
 *	struct sink sink = { &checker_ops, &c };
 *	… model_run …
 *	checker_release(&c);
 *
 * It holds for any input whatever: a thread's intervals follow each other without a gap and never
 * overlap; the states of a thread and of a region add up to its wall time; nothing is outside of
 * the trace; histograms count what is complete; lists are in their order; strings are there;
 * critical paths add up to the time of their tasks, and chains to their waits.
 */
#ifndef CTRACE_CHECKER_H
#define CTRACE_CHECKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/sink.h"

#define CHECK(cond)                                                                        \
	do {                                                                               \
		if (!(cond)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                           \
		}                                                                          \
	} while (0)

struct checker_thread {
	uint64_t begin, at;
	uint64_t ns[STATE_NR];
};

struct checker {
	const struct capture_info *info;
	struct hash threads; /* by key */
	struct hash spans;   /* by number */
	size_t intervals, regions, tasks, asyncs, logs, losts;
	uint64_t total[STATE_NR];
	uint64_t digest;	 /* of everything that was said: equal runs have equal digests */
	uint64_t summary_digest; /* of the summary alone */
};

static inline uint64_t checker_sum(const uint64_t *ns)
{
	uint64_t sum = 0;

	for (int i = 0; i < STATE_NR; i++)
		sum += ns[i];
	return sum;
}

static inline void checker_note(struct checker *c, uint64_t v)
{
	c->digest = hash_mix(c->digest * 31 + v);
}

static inline void checker_text(struct checker *c, const char *s)
{
	CHECK(s);
	for (; *s; s++)
		checker_note(c, (unsigned char)*s);
}

static inline void checker_span(struct checker *c, uint64_t begin, uint64_t end)
{
	CHECK(begin <= end);
	CHECK(begin >= c->info->start_ts);
	CHECK(end <= c->info->stop_ts);
	checker_note(c, begin);
	checker_note(c, end);
}

static inline void checker_spent(struct checker *c, const struct breakdown *b)
{
	CHECK(b);
	for (int i = 0; i < STATE_NR; i++)
		checker_note(c, b->ns[i]);
	checker_note(c, b->over.syscalls);
	checker_note(c, b->over.syscall_ns);
	checker_note(c, b->over.faults);
}

/* self_ns over all links is the wait; a link's ns is its own and that of those right below it. */
static inline void checker_chain(struct checker *c, const struct span_wait *w)
{
	uint64_t below[64] = {0}, self = 0;

	CHECK(w->chain_nr != 1 && w->chain_nr <= 32);
	for (size_t i = w->chain_nr; i--;) {
		const struct span_link *l = &w->chain[i];

		CHECK(l->depth < 16 && (i ? l->depth && l->depth <= l[-1].depth + 1 : !l->depth));
		CHECK(l->state < STATE_NR && l->via < BLAME_VIA_NR);
		CHECK(l->self_ns ? l->ended < BLAME_END_NR : l->ended == BLAME_END_NR);
		CHECK(l->ns == l->self_ns + below[l->depth + 1]);
		CHECK(l->ns && l->count);
		below[l->depth + 1] = 0;
		below[l->depth] += l->ns;
		self += l->self_ns;
		checker_note(c, l->ns);
		checker_text(c, l->comm);
		checker_text(c, l->region);
		checker_text(c, l->task);
		checker_text(c, l->resource);
		checker_text(c, l->by);
	}
	CHECK(!w->chain_nr || self == w->woken - w->begin);
}

static inline void checker_wait(struct checker *c, const struct span_wait *w)
{
	CHECK(w);
	CHECK(w->state < STATE_NR);
	CHECK(w->begin <= w->woken && w->woken <= w->end);
	checker_text(c, w->syscall);
	checker_text(c, w->resource);
	checker_text(c, w->waker.comm);
	checker_text(c, w->waker.region);
	checker_text(c, w->waker.task);
	checker_text(c, w->prev_comm);
	checker_chain(c, w);
}

static inline int checker_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	((struct checker *)ctx)->info = info;
	return 0;
}

static inline int checker_thread(void *ctx, const struct span_thread *t, struct err *err)
{
	struct checker *c = ctx;
	struct checker_thread *known = hash_get(&c->threads, (uintptr_t)t->key);

	CHECK(t->key);
	checker_text(c, t->comm);
	if (known)
		return 0;
	known = calloc(1, sizeof(*known));
	CHECK(known && !hash_put(&c->threads, (uintptr_t)t->key, known));
	known->begin = known->at = t->begin;
	return 0;
}

static inline int checker_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	struct checker *c = ctx;
	struct checker_thread *t = hash_get(&c->threads, (uintptr_t)i->thread->key);

	CHECK(t);
	checker_span(c, i->begin, i->end);
	CHECK(i->begin < i->end);
	CHECK(i->begin == t->at);
	CHECK(i->state < STATE_NR);
	if (i->state == STATE_RUNNING)
		CHECK(!i->wait);
	else
		checker_wait(c, i->wait);
	t->at = i->end;
	t->ns[i->state] += i->end - i->begin;
	c->total[i->state] += i->end - i->begin;
	c->intervals++;
	return 0;
}

/* A number is given once. */
static inline void checker_nr(struct checker *c, uint64_t nr)
{
	CHECK(nr);
	CHECK(!hash_get(&c->spans, nr));
	CHECK(!hash_put(&c->spans, nr, c));
}

static inline int checker_region(void *ctx, const struct span_region *r, struct err *err)
{
	struct checker *c = ctx;

	checker_span(c, r->begin, r->end);
	checker_text(c, r->name);
	checker_text(c, r->site);
	checker_spent(c, r->spent);
	CHECK(hash_get(&c->threads, (uintptr_t)r->thread->key));
	CHECK(checker_sum(r->spent->ns) == r->end - r->begin);
	CHECK(r->self_ns <= r->end - r->begin);
	checker_nr(c, r->nr);
	CHECK(!r->task_nr == !r->task_id);
	CHECK(r->outer_nr <= r->nr && r->around_nr < r->nr);
	CHECK((r->outer_nr == r->nr) == !r->around_nr);
	c->regions++;
	return 0;
}

static inline int checker_async(void *ctx, const struct span_async *a, struct err *err)
{
	struct checker *c = ctx;

	checker_span(c, a->begin, a->end);
	checker_text(c, a->name);
	checker_text(c, a->site);
	checker_nr(c, a->nr);
	c->asyncs++;
	return 0;
}

static inline int checker_log(void *ctx, const struct span_log *l, struct err *err)
{
	struct checker *c = ctx;

	checker_span(c, l->ts, l->ts);
	checker_text(c, l->category);
	checker_text(c, l->message);
	c->logs++;
	return 0;
}

static inline void checker_steps(struct checker *c, const struct span_task *t)
{
	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];

		CHECK(s->begin <= s->end);
		CHECK(!i || s[-1].begin <= s->begin);
		CHECK((s->kind == STORY_REGION) == !!s->spent);
		CHECK((s->kind == STORY_WAIT) == !!s->wait);
		checker_text(c, s->comm);
		checker_text(c, s->name);
		checker_text(c, s->detail);
		if (s->wait)
			checker_wait(c, s->wait);
	}
}

static inline void checker_path(struct checker *c, const struct span_path *p, uint64_t wall)
{
	uint64_t sum = p->others_ns;

	CHECK(checker_sum(p->ns) == wall);
	for (size_t i = 0; i < p->parts_nr; i++) {
		const struct span_blame *b = &p->parts[i];

		CHECK(b->state < STATE_NR && b->ended < BLAME_END_NR && b->ns && b->count);
		CHECK(!i || b[-1].ns >= b->ns);
		CHECK(!(b->behind && b->idle) && b->own_state < STATE_NR);
		sum += b->ns;
		checker_note(c, b->ns);
		checker_text(c, b->comm);
		checker_text(c, b->region);
		checker_text(c, b->resource);
		checker_text(c, b->by);
		checker_text(c, b->own_region);
	}
	CHECK(sum == wall);
	sum = 0;
	for (size_t i = 0; i < p->stretches_nr; i++) {
		const struct span_stretch *s = &p->stretches[i];

		CHECK(s->begin < s->end && s->part <= p->parts_nr && s->state < STATE_NR);
		CHECK(!i || s[-1].end <= s->begin);
		CHECK(s->part == p->parts_nr || p->parts[s->part].state == s->state);
		checker_text(c, s->comm);
		sum += s->end - s->begin;
	}
	CHECK(p->stretches_left_out || !p->stretches_nr ? sum <= wall : sum == wall);
}

static inline void checker_task_view(struct checker *c, const struct span_task *t)
{
	checker_span(c, t->begin, t->end);
	checker_text(c, t->name);
	checker_text(c, t->parent_name);
	checker_text(c, t->traceparent);
	checker_text(c, t->fail_message);
	checker_spent(c, t->spent);
	CHECK(t->idle_ns <= t->end - t->begin);
	/* What one thread pays is inside of the task, so together they pay no more than this. */
	CHECK(checker_sum(t->spent->ns) / (t->threads ? t->threads : 1) <= t->end - t->begin);
	CHECK(t->steps_nr == 0 || t->steps);
	checker_steps(c, t);
}

static inline int checker_task(void *ctx, const struct span_task *t, struct err *err)
{
	struct checker *c = ctx;

	checker_task_view(c, t);
	checker_nr(c, t->nr);
	CHECK(!t->parent_nr || t->parent_id);
	c->tasks++;
	return 0;
}

static inline int checker_lost(void *ctx, uint64_t from, uint64_t to, uint64_t n, struct err *err)
{
	checker_span(ctx, from, to);
	((struct checker *)ctx)->losts++;
	return 0;
}

static inline void checker_histogram(const struct hist_bucket *v, size_t nr, uint64_t total)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++) {
		CHECK(v[i].lo_ns < v[i].hi_ns);
		CHECK(!i || v[i - 1].hi_ns <= v[i].lo_ns);
		CHECK(v[i].count);
		sum += v[i].count;
	}
	CHECK(sum == total);
}

static inline void checker_percentiles(const struct percentiles *p)
{
	CHECK(p->min <= p->p50 && p->p50 <= p->p90 && p->p90 <= p->p95 && p->p95 <= p->p99);
	CHECK(p->p99 <= p->max && p->min <= p->mean && p->mean <= p->max);
}

static inline void checker_frames(struct checker *c, const struct span_frame *v, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		checker_text(c, v[i].name);
		checker_text(c, v[i].module);
		checker_text(c, v[i].site);
	}
}

/* Off CPU, every nanosecond is in one row. */
static inline void checker_stacks(struct checker *c, const struct summary *s)
{
	uint64_t ns[STATE_NR] = {0};

	for (size_t i = 0; i < s->stacks_nr; i++) {
		const struct summary_stack *r = &s->stacks[i];

		checker_text(c, r->process);
		checker_note(c, r->ns);
		for (size_t j = 0; j < r->regions_nr; j++)
			checker_text(c, r->regions[j]);
		checker_frames(c, r->stack.user, r->stack.user_nr);
		checker_frames(c, r->stack.kernel, r->stack.kernel_nr);
		CHECK(r->sampled == (r->state == STATE_RUNNING));
		CHECK(!i || r[-1].ns >= r->ns);
		ns[r->state] += r->ns;
	}
	for (int k = STATE_RUNNING + 1; k < STATE_NR; k++)
		CHECK(ns[k] == s->all.ns[k]);
}

static inline int checker_end(void *ctx, const struct summary *s, struct err *err)
{
	struct checker *c = ctx;
	struct breakdown all = {0};
	uint64_t events = c->digest;

	c->digest = 0;
	for (size_t i = 0; i < s->tasks_nr; i++) {
		const struct summary_task *t = &s->tasks[i];

		checker_text(c, t->name);
		checker_histogram(t->histogram, t->histogram_nr, t->complete);
		checker_percentiles(&t->duration_ns);
		checker_spent(c, &t->spent);
		CHECK(t->count >= t->complete);
		CHECK(!i || t[-1].wall_ns >= t->wall_ns);
		checker_path(c, &t->path, t->wall_ns);
		for (size_t j = 0; j < t->slowest_nr; j++) {
			const struct span_task *slow = &t->slowest[j];

			checker_task_view(c, slow);
			checker_path(c, &slow->path, slow->end - slow->begin);
		}
	}
	for (size_t i = 0; i < s->regions_nr; i++) {
		const struct summary_region *r = &s->regions[i];

		checker_text(c, r->name);
		checker_histogram(r->histogram, r->histogram_nr, r->complete);
		checker_percentiles(&r->duration_ns);
		checker_spent(c, &r->spent);
		CHECK(r->async || checker_sum(r->spent.ns) == r->wall_ns);
		CHECK(!i || r[-1].wall_ns >= r->wall_ns);
	}
	for (size_t i = 0; i < s->threads_nr; i++) {
		const struct summary_thread *t = &s->threads[i];

		checker_span(c, t->begin, t->end);
		checker_text(c, t->comm);
		checker_spent(c, &t->spent);
		CHECK(checker_sum(t->spent.ns) == t->end - t->begin);
		for (int k = 0; k < STATE_NR; k++)
			all.ns[k] += t->spent.ns[k];
	}
	/* What the intervals said is what the accounts say, but for corrections after losses. */
	for (int k = 0; k < STATE_NR && !c->losts && !s->threads_left_out; k++)
		CHECK(all.ns[k] == c->total[k] && all.ns[k] == s->all.ns[k]);
	for (size_t i = 0; i < s->waits_nr; i++) {
		checker_note(c, s->waits[i].total_ns);
		checker_text(c, s->waits[i].resource);
		checker_text(c, s->waits[i].region);
		CHECK(s->waits[i].max_ns <= s->waits[i].total_ns);
		CHECK(!i || s->waits[i - 1].total_ns >= s->waits[i].total_ns);
		CHECK(s->waits[i].wakers_nr <= 8);
	}
	checker_stacks(c, s);
	for (size_t i = 0; i < s->misuse_nr; i++) {
		checker_text(c, s->misuse[i].name);
		checker_note(c, s->misuse[i].count);
	}
	checker_note(c, s->late);
	c->summary_digest = c->digest;
	checker_note(c, events);
	return 0;
}

static const struct sink_ops checker_ops = {
	.name = "checker",
	.stacks = true,
	.begin = checker_begin,
	.thread = checker_thread,
	.interval = checker_interval,
	.region = checker_region,
	.async = checker_async,
	.log = checker_log,
	.task = checker_task,
	.lost = checker_lost,
	.end = checker_end,
};

static inline void checker_release(struct checker *c)
{
	size_t at = 0;
	void *t;

	while ((t = hash_next(&c->threads, &at)))
		free(t);
	hash_release(&c->threads);
	hash_release(&c->spans);
}

#endif
