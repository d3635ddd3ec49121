/* SPDX-License-Identifier: MIT */
/*
 * regions.c - see regions.h. Invariant: a region's account begins at th->last_ts of its begin and
 * ends at that of its end, so its states add up to its wall time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/join.h"
#include "model/names.h"
#include "model/regions.h"
#include "model/tasks.h"
#include "model/threads.h"
#include "model/work.h"

static void tell_story(struct model *m, struct thread *th, const struct region *rg,
		       const struct span_region *span)
{
	struct task *task = work_current(th);
	struct step *step;

	if (!rg->task_id)
		return;
	if (!task || task->id != rg->task_id)
		task = tasks_find(m, th->process, rg->task_id);
	if (!task)
		return;
	step = story_add(&m->stories, &task->story, STORY_REGION, rg->begin, span->end);
	if (!step)
		return;
	step->name = rg->name;
	step->site = rg->site;
	step->depth = span->depth;
	step->tid = th->view.tid;
	memcpy(step->comm, th->comm, sizeof(step->comm));
	step->spent = *span->spent;
}

static void emit(struct model *m, struct thread *th, const struct region *rg, uint32_t depth,
		 uint64_t self_ns)
{
	struct breakdown spent = breakdown_since(&th->acc, &rg->from);
	struct span_region span = {
		.thread = &th->view,
		.name = rg->name->text,
		.site = rg->site->text,
		.task_id = rg->task_id,
		.nr = rg->nr,
		.task_nr = rg->task_nr,
		.around_nr = rg->around_nr,
		.outer_nr = rg->outer_nr,
		.depth = depth,
		.flags = rg->flags,
		.begin = rg->begin,
		.end = th->last_ts,
		.self_ns = self_ns,
		.spent = &spent,
	};

	m->broken += breakdown_sum(&spent) != span.end - span.begin;
	if (loss_in(&m->loss, span.begin, span.end))
		span.flags |= SPAN_TAINTED;
	explain_region(m, &span, rg->name, rg->site);
	if (!(span.flags & SPAN_UNFINISHED))
		tell_story(m, th, rg, &span);
	MODEL_EMIT(m, region, &span);
}

/* Takes region i out of the stack, wherever it is, as ended now. */
static void close_region(struct model *m, struct thread *th, uint32_t i, uint32_t flags)
{
	struct region *rg = &th->regions[i], *above = rg + 1;
	uint64_t now = th->last_ts, self = now - rg->begin - rg->child_ns;

	if (i + 1 < th->regions_nr) {
		self -= now - above->child_from;
		above->child_from = now;
	}
	if (i)
		rg[-1].child_ns += now - rg->child_from;
	th->regions_crossed -= rg->crossed;
	rg->flags |= flags;
	emit(m, th, rg, i, self);
	th->regions_nr--;
	memmove(rg, above, (th->regions_nr - i) * sizeof(*rg));
}

void regions_close_all(struct model *m, struct thread *th)
{
	th->regions_over = 0;
	while (th->regions_nr)
		close_region(m, th, th->regions_nr - 1, SPAN_UNFINISHED);
	work_place(m, th, th->last_ts);
}

static int make_room(struct thread *th)
{
	uint32_t cap = th->regions_cap ? th->regions_cap * 2 : 8;
	struct region *v;

	if (th->regions_nr < th->regions_cap)
		return 0;
	v = realloc(th->regions, cap * sizeof(*v));
	if (!v)
		return -ENOMEM;
	th->regions = v;
	th->regions_cap = cap;
	return 0;
}

/* A region whose surroundings have ended, and which now begins again, has lost its end. */
static void close_forgotten(struct model *m, struct thread *th, const struct name *name)
{
	for (uint32_t i = th->regions_nr; i--;) {
		if (th->regions[i].crossed && th->regions[i].name == name) {
			m->misuse[MISUSE_REGION_NO_END]++;
			close_region(m, th, i, SPAN_UNFINISHED);
		}
	}
}

uint64_t regions_span(const struct thread *th, uint64_t task_nr)
{
	const struct region *top = th->regions_nr ? &th->regions[th->regions_nr - 1] : NULL;

	return top && (!task_nr || top->task_nr == task_nr) ? top->nr : task_nr;
}

/* Its number, and its place among the regions below it on the stack. */
static void number(struct model *m, struct thread *th, struct region *rg)
{
	const struct region *around = rg;

	rg->nr = rg->outer_nr = ++m->spans;
	rg->around_nr = 0;
	while (around-- > th->regions) {
		if (around->task_nr == rg->task_nr) {
			rg->around_nr = around->nr;
			rg->outer_nr = around->outer_nr;
			return;
		}
	}
}

static void begin(struct model *m, struct thread *th, const struct wire_region *r,
		  const struct name *name)
{
	const struct task *task = work_current(th);
	struct region *rg;

	if (th->regions_crossed)
		close_forgotten(m, th, name);
	if (th->regions_nr == REGIONS_DEEP) {
		m->misuse[MISUSE_REGION_DEEP]++;
		th->regions_over++;
		return;
	}
	if (make_room(th)) {
		model_no_memory(m);
		return;
	}
	rg = &th->regions[th->regions_nr++];
	rg->name = name;
	rg->site = names_of(m, th, r->site, false);
	rg->begin = rg->child_from = th->last_ts;
	rg->child_ns = 0;
	rg->task_id = task ? task->id : 0;
	rg->task_nr = task ? task->nr : 0;
	number(m, th, rg);
	rg->flags = r->h.ts < m->start_ts ? SPAN_BEGUN_BEFORE : 0;
	rg->crossed = false;
	rg->from = th->acc;
}

static bool ended_lately(const struct thread *th, const struct name *name)
{
	for (uint32_t i = 0; i < ENDED_NR; i++) {
		if (th->ended[i] == name)
			return true;
	}
	return false;
}

/* It began before we could see the thread: it is there, from its first instant on. */
static void begun_before(struct model *m, struct thread *th, const struct wire_region *r,
			 const struct name *name)
{
	struct region rg = {
		.name = name,
		.site = names_of(m, th, r->site, false),
		.begin = th->marks_from,
		.flags = SPAN_BEGUN_BEFORE,
		.from = th->marks_acc,
		.nr = m->spans + 1,
		.outer_nr = m->spans + 1,
	};

	m->spans++;

	emit(m, th, &rg, 0, th->last_ts - rg.begin);
	th->ended[th->ended_at++ % ENDED_NR] = name;
}

static void unmatched(struct model *m, struct thread *th, const struct wire_region *r,
		      const struct name *name)
{
	/* In a window, the outer one of two of a name may well have been begun before it. */
	bool again = !m->info->window && ended_lately(th, name);

	if (r->h.ts < m->start_ts)
		return;
	if (th->before && !again && !th->regions_nr)
		begun_before(m, th, r, name);
	else if (loss_in(&m->loss, th->view.begin, th->last_ts))
		m->misuse[MISUSE_LOST_PARTNER]++;
	else
		m->misuse[again ? MISUSE_REGION_TWICE : MISUSE_REGION_NO_BEGIN]++;
}

/* Regions above the one that ends: they go on, unless their ends may be among what was lost. */
static void cross(struct model *m, struct thread *th, uint32_t i)
{
	bool crossed = false;

	for (uint32_t j = th->regions_nr; --j > i;) {
		struct region *rg = &th->regions[j];

		if (rg->crossed)
			continue;
		if (loss_in(&m->loss, rg->begin, th->last_ts)) {
			m->misuse[MISUSE_LOST_PARTNER]++;
			close_region(m, th, j, SPAN_UNFINISHED);
			continue;
		}
		rg->crossed = crossed = true;
		th->regions_crossed++;
	}
	m->misuse[MISUSE_REGION_CROSSED] += crossed;
}

static void end(struct model *m, struct thread *th, const struct wire_region *r,
		const struct name *name)
{
	uint32_t i = th->regions_nr;

	if (th->regions_over) {
		th->regions_over--;
		return;
	}
	while (i && th->regions[i - 1].name != name)
		i--;
	if (!i--) {
		unmatched(m, th, r, name);
		return;
	}
	if (i + 1 < th->regions_nr)
		cross(m, th, i);
	if (r->h.ts < m->start_ts) {
		/* Over before the trace began: not ours to tell. */
		th->regions_crossed -= th->regions[i].crossed;
		memmove(&th->regions[i], &th->regions[i + 1],
			(--th->regions_nr - i) * sizeof(*th->regions));
		return;
	}
	close_region(m, th, i, 0);
	th->ended[th->ended_at++ % ENDED_NR] = name;
}

void regions_region(struct model *m, const struct wire_region *r)
{
	struct thread *th = threads_of(m, r->h.tid, r->h.ts, 0);
	const struct name *name;

	if (!th) {
		m->misuse[MISUSE_THREAD_GONE]++;
		return;
	}
	join_advance(m, th, r->h.ts);
	if (r->h.flags & WIRE_MARK_BATCHED)
		join_batched(th);
	else
		join_used(m, th, &r->used);
	name = names_of(m, th, r->name, r->h.flags & WIRE_MARK_ONCE);
	switch (r->h.flags & WIRE_MARK_OP) {
	case WIRE_MARK_BEGIN:
		begin(m, th, r, name);
		break;
	case WIRE_MARK_END:
		end(m, th, r, name);
		break;
	default:
		m->bad_records++;
		return;
	}
	work_place(m, th, th->last_ts);
}
