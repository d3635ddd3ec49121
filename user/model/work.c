/* SPDX-License-Identifier: MIT */
/*
 * work.c - see work.h. Invariant: task->workers is the number of its visible frames, and a frame
 * with a task is in that task's list.
 */
#include <stdlib.h>
#include <string.h>

#include "model/blame.h"
#include "model/regions.h"
#include "model/tasks.h"
#include "model/work.h"

bool work_is_for(const struct thread *th, const struct task *task)
{
	for (const struct frame *f = th->top; f && f->visible; f = f->down) {
		if (f->task == task)
			return true;
	}
	return false;
}

void work_place(struct model *m, struct thread *th, uint64_t ts)
{
	const struct task *task = work_current(th);
	const struct past_place place = {
		.ts = ts,
		.region = regions_innermost(th),
		.task = task ? task->name : NULL,
		.task_id = task ? task->id : 0,
	};

	th->changes++;
	past_add_place(&m->pasts, th->past, &place);
}

static void link_task(struct frame *f, struct task *task)
{
	f->task = task;
	if (!task)
		return;
	f->task_next = task->frames;
	if (task->frames)
		task->frames->task_prev = f;
	task->frames = f;
}

static void unlink_task(struct frame *f)
{
	if (!f->task)
		return;
	*(f->task_prev ? &f->task_prev->task_next : &f->task->frames) = f->task_next;
	if (f->task_next)
		f->task_next->task_prev = f->task_prev;
	f->task_next = f->task_prev = NULL;
}

/* Whether it works for a child of a task that it does not work for itself. */
static bool helps(const struct frame *f)
{
	uint64_t parent = f->task->parent_id;

	return parent &&
	       !(f->down && f->down->visible && f->down->task && f->down->task->id == parent);
}

/* From `since` on, with the account of then, the thread's time counts for the frame's task. */
static void reveal(struct model *m, struct frame *f, uint64_t since, const struct breakdown *then)
{
	struct task *task = f->task;

	f->visible = true;
	f->from = *then;
	f->shown = since;
	if (!task)
		return;
	if (helps(f))
		blame_helper_begin(m, f->thread, task);
	if (!task->workers++ && since > task->idle_from)
		task->idle_ns += since - task->idle_from;
	if (!tasks_add_thread(task, f->thread->view.tid))
		model_no_memory(m);
}

static void pay(struct frame *f)
{
	struct breakdown spent = breakdown_since(&f->thread->acc, &f->from);

	breakdown_add(&f->task->spent, &spent);
}

/* The thread's work for the task is over at ts, for now. */
static void add_leg(struct model *m, const struct frame *f, uint64_t ts)
{
	struct leg leg = {.tid = f->thread->view.tid, .from = f->shown, .to = ts};

	if (helps(f))
		blame_helper_end(m, f->thread, f->task, ts);
	memcpy(leg.acc, f->from.ns, sizeof(leg.acc));
	if (leg.from < ts && !tasks_add_leg(f->task, &leg))
		model_no_memory(m);
}

static void hide(struct model *m, struct frame *f, uint64_t ts)
{
	if (f->visible && f->task) {
		add_leg(m, f, ts);
		pay(f);
		if (!--f->task->workers)
			f->task->idle_from = ts;
	}
	f->visible = false;
}

static void tell_entered(struct model *m, const struct frame *f, uint64_t end)
{
	struct step *step;

	if (f->kind != FRAME_ENTER || !f->task || end < f->since)
		return;
	step = story_add(&m->stories, &f->task->story, STORY_ENTER, f->since, end);
	if (!step)
		return;
	step->depth = 0;
	step->tid = f->thread->view.tid;
	memcpy(step->comm, f->thread->comm, sizeof(step->comm));
}

static void free_frame(struct model *m, struct frame *f)
{
	unlink_task(f);
	f->thread->frames_nr--;
	pool_put(&m->frame_pool, f);
}

static void pop(struct model *m, struct thread *th)
{
	struct frame *f = th->top;

	th->top = f->down;
	hide(m, f, th->last_ts);
	tell_entered(m, f, th->last_ts);
	free_frame(m, f);
}

static struct frame *new_frame(struct model *m, struct thread *th, enum frame_kind kind,
			       struct task *task)
{
	struct frame *f;

	if (th->frames_nr == FRAMES_DEEP) {
		m->misuse[MISUSE_TASK_DEEP]++;
		return NULL;
	}
	f = pool_get(&m->frame_pool);
	if (!f) {
		model_no_memory(m);
		return NULL;
	}
	th->frames_nr++;
	f->kind = kind;
	f->thread = th;
	f->since = th->last_ts;
	link_task(f, task);
	return f;
}

bool work_push(struct model *m, struct thread *th, enum frame_kind kind, struct task *task)
{
	struct frame *f = new_frame(m, th, kind, task);

	if (!f)
		return false;
	if (kind == FRAME_ENTER) {
		for (struct frame *below = th->top; below && below->visible; below = below->down)
			hide(m, below, th->last_ts);
	}
	f->down = th->top;
	th->top = f;
	reveal(m, f, th->last_ts, &th->acc);
	work_place(m, th, th->last_ts);
	return true;
}

bool work_leave(struct model *m, struct thread *th)
{
	struct frame *f = th->top;
	bool was_enter = false;

	while (f && f->kind != FRAME_ENTER)
		f = f->down;
	if (!f)
		return false;
	while (!was_enter) {
		was_enter = th->top->kind == FRAME_ENTER;
		pop(m, th);
	}
	for (f = th->top; f; f = f->down) {
		reveal(m, f, th->last_ts, &th->acc);
		if (f->kind == FRAME_ENTER)
			break;
	}
	work_place(m, th, th->last_ts);
	return true;
}

void work_found(struct model *m, struct thread *th, struct task *task, uint64_t since,
		const struct breakdown *then)
{
	struct frame **at = &th->top, *f;

	if (work_is_for(th, task))
		return;
	f = new_frame(m, th, FRAME_BEGIN, task);
	if (!f)
		return;
	while (*at && (*at)->kind != FRAME_ENTER)
		at = &(*at)->down;
	f->down = *at;
	*at = f;
	f->since = since;
	reveal(m, f, since, then);
	work_place(m, th, th->last_ts);
}

/* The frame has left its stack; its task still waits for the time of its thread up to cut_ts. */
static void make_cut(struct model *m, struct frame *f, bool top, uint64_t ts)
{
	struct thread *th = f->thread;

	add_leg(m, f, ts);
	unlink_task(f);
	f->cut_ts = ts;
	f->top = top;
	f->down = NULL;
	f->task->cuts++;
	f->task->workers--;
	*(th->cuts ? &th->cuts_last->down : &th->cuts) = f;
	th->cuts_last = f;
}

static void take_from_stack(struct frame *f)
{
	struct frame **at = &f->thread->top;

	while (*at != f)
		at = &(*at)->down;
	*at = f->down;
}

/* An ENTER whose task is gone stays, for its LEAVE to find; f itself becomes free. */
static bool leave_stub(struct model *m, struct frame *f)
{
	struct frame *stub = pool_get(&m->frame_pool), **at = &f->thread->top;

	if (!stub) {
		model_no_memory(m);
		return false;
	}
	f->thread->frames_nr++;
	*stub = (struct frame){.kind = FRAME_ENTER, .visible = f->visible, .thread = f->thread};
	stub->since = f->since;
	stub->down = f->down;
	while (*at != f)
		at = &(*at)->down;
	*at = stub;
	return true;
}

static void detach(struct model *m, struct frame *f, uint64_t ts)
{
	struct thread *th = f->thread;
	bool top = work_current(th) == f->task;

	tell_entered(m, f, ts);
	if (f->kind == FRAME_BEGIN || !leave_stub(m, f))
		take_from_stack(f);
	if (f->visible && th->last_ts < ts) {
		make_cut(m, f, top, ts);
	} else {
		hide(m, f, ts);
		free_frame(m, f);
	}
	work_place(m, th, ts);
}

void work_task_ended(struct model *m, struct task *task)
{
	if (!task->workers && task->end > task->idle_from)
		task->idle_ns += task->end - task->idle_from;
	while (task->frames)
		detach(m, task->frames, task->end);
}

void work_cut(struct model *m, struct thread *th)
{
	struct frame *f = th->cuts;
	struct task *task = f->task;

	th->cuts = f->down;
	pay(f);
	f->task = NULL; /* it is in no list */
	free_frame(m, f);
	if (!--task->cuts)
		tasks_finish(m, task);
}

void work_drop_all(struct model *m, struct thread *th)
{
	while (th->top)
		pop(m, th);
	work_place(m, th, th->last_ts);
}

void work_taint(struct thread *th)
{
	for (struct frame *f = th->top; f && f->visible; f = f->down) {
		if (f->task)
			f->task->flags |= SPAN_TAINTED;
	}
}

void work_unwind(struct model *m, struct thread *th, const struct task *a, const struct task *b)
{
	struct frame *f;

	while ((f = th->top) && f->kind == FRAME_BEGIN) {
		if (f->task && (f->task == a || f->task == b))
			break;
		pop(m, th);
	}
	work_place(m, th, th->last_ts);
}

static const char *keep_comm(char *to, const char *comm)
{
	size_t n = strnlen(comm, WIRE_COMM_SZ - 1);

	memcpy(to, comm, n);
	to[n] = '\0';
	return to;
}

/* Those that had the CPU longest come first; the others are counted together. */
static void keep_culprits(struct step_wait *sw)
{
	const struct span_culprit *all = sw->wait.culprits;
	size_t nr = sw->wait.culprits_nr < STEP_CULPRITS ? sw->wait.culprits_nr : STEP_CULPRITS;

	for (size_t i = 0; i < nr; i++) {
		sw->culprits[i] = all[i];
		sw->culprits[i].comm = keep_comm(sw->culprit_comms[i], all[i].comm);
	}
	for (size_t i = nr; i < sw->wait.culprits_nr; i++)
		sw->wait.culprits_others_ns += all[i].ns;
	sw->wait.culprits = sw->culprits;
	sw->wait.culprits_nr = nr;
}

void work_keep_wait(struct step_wait *sw)
{
	struct span_wait *w = &sw->wait;

	/* What is longer is a name, and stays. */
	if (strlen(w->resource) < sizeof(sw->resource))
		w->resource = strcpy(sw->resource, w->resource);
	w->waker.comm = keep_comm(sw->waker_comm, w->waker.comm);
	w->prev_comm = keep_comm(sw->prev_comm, w->prev_comm);
	w->holder.comm = keep_comm(sw->holder_comm, w->holder.comm);
	w->peer.comm = keep_comm(sw->peer_comm, w->peer.comm);
	keep_culprits(sw);
}

static struct step_wait *new_wait(struct model *m, const struct thread *th, struct task *task,
				  uint64_t begin, uint64_t end)
{
	struct step *step = story_add(&m->stories, &task->story, STORY_WAIT, begin, end);

	if (!step)
		return NULL;
	step->depth = th->regions_nr;
	step->tid = th->view.tid;
	memcpy(step->comm, th->comm, sizeof(step->comm));
	return &step->wait;
}

/* The task that it worked for may have ended meanwhile. */
static struct frame *cut_at(const struct thread *th, uint64_t ts)
{
	struct frame *cut = th->cuts;

	while (cut && !(cut->top && cut->cut_ts > ts))
		cut = cut->down;
	return cut;
}

struct task *work_at(const struct thread *th, uint64_t ts)
{
	const struct frame *cut = cut_at(th, ts);

	return cut ? cut->task : work_current(th);
}

struct step_wait *work_wait(struct model *m, const struct thread *th, uint64_t begin, uint64_t end)
{
	const struct frame *cut = cut_at(th, begin);
	struct task *task = work_current(th);

	if (cut)
		return new_wait(m, th, cut->task, begin, end < cut->cut_ts ? end : cut->cut_ts);
	return task ? new_wait(m, th, task, begin, end) : NULL;
}
