/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - see tasks.h. Invariant: an open task is in the list of its process and in the chain
 * of its id, once each; a closed one in neither, and only cuts still point to it.
 */
#include <stdlib.h>
#include <string.h>

#include "model/critical.h"
#include "model/join.h"
#include "model/names.h"
#include "model/tasks.h"
#include "model/threads.h"
#include "model/work.h"

/* N.B. of more threads than that, one that comes back may be counted again. */
enum { TASK_TIDS_MAX = 256 };

static struct task *find_own(const struct model *m, const struct process *p, uint64_t id)
{
	struct task *t = hash_get(&m->tasks, id);

	while (t && t->process != p)
		t = t->id_next;
	return t;
}

struct task *tasks_find(const struct model *m, const struct process *p, uint64_t id)
{
	struct task *own = find_own(m, p, id);

	return own ? own : hash_get(&m->tasks, id);
}

bool tasks_add_thread(struct task *t, uint32_t tid)
{
	uint32_t known = t->threads < t->tids_cap ? t->threads : t->tids_cap;

	for (uint32_t i = known; i--;) {
		if (t->tids[i] == tid)
			return true;
	}
	if (t->threads == t->tids_cap && t->tids_cap < TASK_TIDS_MAX) {
		uint32_t cap = t->tids_cap ? t->tids_cap * 2 : 4;
		uint32_t *v = realloc(t->tids, cap * sizeof(*v));

		if (!v)
			return false;
		t->tids = v;
		t->tids_cap = cap;
	}
	if (t->threads < t->tids_cap)
		t->tids[t->threads] = tid;
	t->threads++;
	return true;
}

/* The shortest gives way when there are too many. */
static void replace_shortest(struct task *t, const struct leg *leg)
{
	struct leg *shortest = t->legs;

	for (uint32_t i = 1; i < t->legs_nr; i++) {
		if (t->legs[i].to - t->legs[i].from < shortest->to - shortest->from)
			shortest = &t->legs[i];
	}
	if (leg->to - leg->from > shortest->to - shortest->from)
		*shortest = *leg;
}

bool tasks_add_leg(struct task *t, const struct leg *leg)
{
	struct leg *last = t->legs_nr ? &t->legs[t->legs_nr - 1] : NULL;
	uint32_t cap = t->legs_cap ? t->legs_cap * 2 : 4;
	struct leg *v;

	if (last && last->tid == leg->tid && last->to == leg->from) {
		last->to = leg->to;
		return true;
	}
	if (!last) {
		t->first_leg = *leg;
		t->legs = &t->first_leg;
		t->legs_nr = 1;
		return true;
	}
	if (t->legs_nr == LEGS_MAX) {
		replace_shortest(t, leg);
		return true;
	}
	if (t->legs_nr == (t->legs_cap ? t->legs_cap : 1)) {
		v = realloc(t->legs_cap ? t->legs : NULL, cap * sizeof(*v));
		if (!v)
			return false;
		v[0] = t->legs_cap ? v[0] : t->first_leg;
		t->legs = v;
		t->legs_cap = cap;
	}
	t->legs[t->legs_nr++] = *leg;
	return true;
}

static void free_inside(struct task *t)
{
	if (t->legs_cap)
		free(t->legs);
	free(t->tids);
}

static bool link_open(struct model *m, struct task *t)
{
	struct process *p = t->process;

	t->id_next = hash_get(&m->tasks, t->id);
	if (hash_put(&m->tasks, t->id, t))
		return false;
	t->prev = p->tasks_last;
	*(p->tasks_last ? &p->tasks_last->next : &p->tasks) = t;
	p->tasks_last = t;
	m->tasks_nr++;
	return true;
}

static void unlink_open(struct model *m, struct task *t)
{
	struct process *p = t->process;
	struct task *first = hash_get(&m->tasks, t->id), *i;

	*(t->prev ? &t->prev->next : &p->tasks) = t->next;
	*(t->next ? &t->next->prev : &p->tasks_last) = t->prev;
	if (first == t && !t->id_next)
		hash_del(&m->tasks, t->id);
	else if (first == t)
		hash_put(&m->tasks, t->id, t->id_next); /* replaces: needs no memory */
	for (i = first; i != t && i->id_next != t; i = i->id_next)
		;
	if (i != t)
		i->id_next = t->id_next;
	m->tasks_nr--;
}

/* --- the end ------------------------------------------------------------------------------- */

struct span_task tasks_view(const struct task *t)
{
	return (struct span_task){
		.pid = t->pid,
		.tid = t->tid,
		.id = t->id,
		.parent_id = t->parent_id,
		.nr = t->nr,
		.parent_nr = t->parent_nr,
		.name = t->name->text,
		.row = t->row ? t->row->text : NULL,
		.parent_name = t->parent_name->text,
		.traceparent = t->traceparent,
		.fail_message = t->message->text,
		.flags = t->flags,
		.begin = t->begin,
		.end = t->end,
		.idle_ns = t->idle_ns,
		.threads = t->threads,
		.spent = &t->spent,
		.path = critical_told(t),
	};
}

void tasks_tell_open(struct model *m, const struct task *t)
{
	struct span_task view;

	if (!m->sinks_nr)
		return;
	view = tasks_view(t);
	MODEL_EMIT(m, task_open, &view);
}

void tasks_steps(const struct task *t, struct story_step *room, struct span_task *view)
{
	if (!t->story)
		return;
	view->steps = room;
	view->steps_nr = story_view(t->story, room);
	view->steps_left_out = t->story->left_out;
}

void tasks_free(struct model *m, struct task *t)
{
	if (!t)
		return;
	critical_forget(m, t);
	story_free(&m->stories, t->story);
	free_inside(t);
	pool_put(&m->task_pool, t);
}

/* Takes from the states, running first, what is more than max. */
static void trim(struct breakdown *b, uint64_t max)
{
	uint64_t sum = breakdown_sum(b), excess = sum > max ? sum - max : 0;

	for (int i = 0; excess; i++) {
		uint64_t part = b->ns[i] < excess ? b->ns[i] : excess;

		b->ns[i] -= part;
		excess -= part;
	}
}

/*
 * A record that comes late finds threads accounted beyond its time. Then a task's numbers may say
 * more than it lasted.
 */
static void bound(struct task *t)
{
	uint64_t wall = t->end - t->begin;

	if (t->idle_ns > wall)
		t->idle_ns = wall;
	if (!t->threads || wall < UINT64_MAX / t->threads)
		trim(&t->spent, wall * t->threads);
}

void tasks_finish(struct model *m, struct task *t)
{
	struct span_task view;
	bool kept;

	if (loss_in(&m->loss, t->begin, t->end))
		t->flags |= SPAN_TAINTED;
	bound(t);
	kept = explain_task(m, t);
	if (m->wants_tasks) {
		view = tasks_view(t);
		if (kept || m->wants_steps)
			tasks_steps(t, m->steps_room, &view);
		MODEL_EMIT(m, task, &view);
	}
	if (!kept)
		tasks_free(m, t);
}

static void tell_parent(struct model *m, const struct task *t, const struct process *p)
{
	struct task *parent = t->parent_id ? tasks_find(m, p, t->parent_id) : NULL;
	struct step *step;

	if (!parent)
		return;
	step = story_add(&m->stories, &parent->story, STORY_CHILD, t->begin, t->end);
	if (!step)
		return;
	step->name = t->name;
	step->depth = 0;
	step->tid = t->tid;
	memset(step->comm, 0, sizeof(step->comm));
	memccpy(step->comm, threads_comm(m, t->tid), '\0', sizeof(step->comm) - 1);
}

static void close_task(struct model *m, struct task *t, uint64_t ts, uint32_t flags)
{
	struct ended *ended = recent_put(&m->ended, t->id);

	if (ended)
		*ended = (struct ended){t->name, t->nr};
	else
		model_no_memory(m);
	t->end = ts > t->begin ? ts : t->begin;
	t->flags |= flags;
	unlink_open(m, t);
	tell_parent(m, t, t->process);
	t->process = NULL;
	t->cuts++; /* so that no cut of another thread finishes it before we are through */
	work_task_ended(m, t);
	if (!--t->cuts)
		tasks_finish(m, t);
}

void tasks_close_process(struct model *m, struct process *p, uint64_t ts)
{
	while (p->tasks)
		close_task(m, p->tasks, ts, SPAN_UNFINISHED);
}

/* --- the marks ----------------------------------------------------------------------------- */

static struct task *create(struct model *m, struct thread *th, const struct wire_task *r,
			   uint64_t id, uint64_t begin)
{
	struct process *p = th->process;
	struct task *t;

	if (m->tasks_nr >= OPEN_MAX && p->tasks) {
		m->misuse[MISUSE_TASK_MANY]++;
		close_task(m, p->tasks, th->last_ts, SPAN_UNFINISHED);
	}
	t = pool_get(&m->task_pool);
	if (!t) {
		model_no_memory(m);
		return NULL;
	}
	t->id = id;
	t->nr = ++m->spans;
	t->process = p;
	t->pid = th->view.pid;
	t->tid = th->view.tid;
	t->begin = t->idle_from = begin;
	t->name = names_of(m, th, r->name, r->h.flags & WIRE_MARK_ONCE);
	t->parent_name = t->message = m->no_name;
	if (!link_open(m, t)) {
		pool_put(&m->task_pool, t);
		model_no_memory(m);
		return NULL;
	}
	return t;
}

static void set_parent(struct model *m, struct thread *th, struct task *t, uint64_t parent_id)
{
	const struct task *parent = tasks_find(m, th->process, parent_id);
	const struct ended *ended = recent_get(&m->ended, parent_id);

	t->parent_id = parent_id;
	if (parent) {
		t->parent_name = parent->name;
		t->parent_nr = parent->nr;
	} else if (ended) {
		t->parent_name = ended->name;
		t->parent_nr = ended->nr;
	}
}

/* Marks speak of a task whose begin we have not seen. */
static struct task *create_before(struct model *m, struct thread *th, const struct wire_task *r)
{
	uint64_t begin = th->process->before_ts ? th->process->before_ts : th->view.begin;
	struct task *t = create(m, th, r, r->id, begin);

	if (!t)
		return NULL;
	t->flags |= SPAN_BEGUN_BEFORE;
	if (r->parent)
		set_parent(m, th, t, r->parent);
	tasks_tell_open(m, t);
	return t;
}

static void on_begin(struct model *m, struct thread *th, const struct wire_task *r)
{
	struct task *t = find_own(m, th->process, r->id), *around = work_current(th);
	uint64_t parent = r->parent;

	if (t) {
		m->misuse[MISUSE_TASK_OPEN]++;
		close_task(m, t, th->last_ts, SPAN_UNFINISHED);
		around = work_current(th);
	}
	t = create(m, th, r, r->id, th->last_ts);
	if (!t)
		return;
	if (r->h.ts < m->start_ts)
		t->flags |= SPAN_BEGUN_BEFORE;
	if (!parent && !(r->h.flags & WIRE_MARK_ROOT) && around)
		parent = around->id;
	if (parent)
		set_parent(m, th, t, parent);
	tasks_tell_open(m, t);
	if (!(r->h.flags & WIRE_MARK_DETACHED))
		work_push(m, th, FRAME_BEGIN, t);
	recent_del(&m->ended, r->id); /* last: tasks_task() has sent for its place */
}

/* The thread's first word on tasks is about this one, so it has worked for it all the time. */
static void found(struct model *m, struct thread *th, struct task *t)
{
	if (!th->marked && th->before)
		work_found(m, th, t, th->marks_from, &th->marks_acc);
	else
		work_found(m, th, t, th->last_ts, &th->acc);
}

static struct task *find_or_before(struct model *m, struct thread *th, const struct wire_task *r)
{
	struct task *t = r->id ? tasks_find(m, th->process, r->id) : NULL;

	if (t || !r->id || recent_get(&m->ended, r->id))
		return t;
	return create_before(m, th, r);
}

static void on_seen(struct model *m, struct thread *th, const struct wire_task *r)
{
	struct task *t = find_or_before(m, th, r);

	/* An end or a leave may be among what was lost. Without losses, our stack is right, and a
	 * SEEN of none comes from a library with a current task of its own. */
	if (m->loss.nr)
		work_unwind(m, th, t, r->parent ? tasks_find(m, th->process, r->parent) : NULL);
	if (t)
		found(m, th, t);
}

static void on_end(struct model *m, struct thread *th, const struct wire_task *r)
{
	struct task *t = find_own(m, th->process, r->id);
	uint32_t flags = r->h.flags & WIRE_MARK_FAILED ? SPAN_FAILED : 0;

	if (!t && recent_get(&m->ended, r->id)) {
		m->misuse[MISUSE_TASK_TWICE]++;
		return;
	}
	if (!t && (!th->process->before || hash_get(&m->tasks, r->id))) {
		m->misuse[m->loss.nr ? MISUSE_LOST_PARTNER : MISUSE_TASK_NO_BEGIN]++;
		return;
	}
	if (!t) {
		t = create_before(m, th, r);
		if (t && !th->marked)
			found(m, th, t);
	}
	if (!t)
		return;
	if (flags)
		t->message = names_of(m, th, r->message, false);
	t->closer_tid = th->view.tid;
	close_task(m, t, th->last_ts, flags);
}

static void on_enter(struct model *m, struct thread *th, const struct wire_task *r)
{
	struct task *t = find_or_before(m, th, r);

	if (!t && r->id)
		m->misuse[MISUSE_TASK_GONE]++;
	work_push(m, th, FRAME_ENTER, t);
}

static void count_unmatched_leave(struct model *m, struct thread *th)
{
	if (th->leaves_before)
		th->leaves_before--;
	else
		m->misuse[m->loss.nr ? MISUSE_LOST_PARTNER : MISUSE_TASK_NO_ENTER]++;
}

static void on_leave(struct model *m, struct thread *th, const struct wire_task *r)
{
	struct task *t = find_or_before(m, th, r);
	bool left = work_leave(m, th);

	if (!left)
		count_unmatched_leave(m, th);
	/* The mark says what it works for now; our stack should have said the same. */
	if (!left || m->loss.nr)
		work_unwind(m, th, t, NULL);
	if (t)
		work_found(m, th, t, th->last_ts, &th->acc);
}

static void (*const operations[])(struct model *, struct thread *, const struct wire_task *) = {
	[WIRE_MARK_BEGIN] = on_begin, [WIRE_MARK_END] = on_end,	  [WIRE_MARK_ENTER] = on_enter,
	[WIRE_MARK_LEAVE] = on_leave, [WIRE_MARK_SEEN] = on_seen,
};

void tasks_task(struct model *m, const struct wire_task *r)
{
	unsigned int op = r->h.flags & WIRE_MARK_OP;
	struct thread *th;

	if (op < WIRE_MARK_BEGIN || op > WIRE_MARK_SEEN) {
		m->bad_records++;
		return;
	}
	th = threads_of(m, r->h.tid, r->h.ts, 0);
	if (!th) {
		m->misuse[MISUSE_THREAD_GONE]++;
		return;
	}
	hash_prefetch(&m->ended.index, r->id);
	join_advance(m, th, r->h.ts);
	if (r->h.flags & WIRE_MARK_BATCHED)
		join_batched(th);
	else
		join_used(m, th, &r->used);
	if (!r->id && (op == WIRE_MARK_BEGIN || op == WIRE_MARK_END))
		m->misuse[MISUSE_TASK_NO_ID]++;
	else
		operations[op](m, th, r);
	th->marked = true;
}

/* Only after an error are there any left: open ones, and ended ones that wait for a thread. */
void tasks_release(struct model *m)
{
	struct thread *th;
	struct task *t;
	size_t at = 0;

	while ((t = hash_next(&m->tasks, &at))) {
		for (; t; t = t->id_next)
			free_inside(t);
	}
	at = 0;
	while ((th = hash_next(&m->threads, &at))) {
		for (struct frame *cut = th->cuts; cut; cut = cut->down) {
			if (!--cut->task->cuts)
				free_inside(cut->task);
		}
	}
	hash_release(&m->tasks);
	recent_release(&m->ended);
	recent_release(&m->helpers);
	pool_release(&m->task_pool);
	pool_release(&m->frame_pool);
}
