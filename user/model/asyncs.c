/* SPDX-License-Identifier: MIT */
/*
 * asyncs.c - see asyncs.h. Invariant: an open async region is in the list of its process and in
 * the chain of its id, once each.
 */
#include "model/asyncs.h"
#include "model/join.h"
#include "model/names.h"
#include "model/tasks.h"
#include "model/threads.h"

static struct async *find(const struct model *m, const struct process *p, uint64_t id)
{
	struct async *a = hash_get(&m->asyncs, id);

	while (a && a->process != p)
		a = a->id_next;
	return a;
}

/* ts: when it is over. */
static void unlink_async(struct model *m, struct async *a, uint64_t ts)
{
	struct process *p = a->process;
	struct async *first = hash_get(&m->asyncs, a->view.id), *i;

	*(a->prev ? &a->prev->next : &p->asyncs) = a->next;
	*(a->next ? &a->next->prev : &p->asyncs_last) = a->prev;
	if (first == a && !a->id_next)
		hash_del(&m->asyncs, a->view.id);
	else if (first == a)
		hash_put(&m->asyncs, a->view.id, a->id_next); /* replaces: needs no memory */
	for (i = first; i != a && i->id_next != a; i = i->id_next)
		;
	if (i != a)
		i->id_next = a->id_next;
	if (pauses_is_one(a->name->text))
		pauses_end(&p->pauses, ts);
	m->asyncs_nr--;
}

static void emit(struct model *m, struct async *a, uint64_t ts, uint32_t flags)
{
	struct span_async *v = &a->view;

	v->end = ts > v->begin ? ts : v->begin;
	v->flags |= flags;
	v->name = a->name->text;
	v->site = a->site->text;
	if (loss_in(&m->loss, v->begin, v->end))
		v->flags |= SPAN_TAINTED;
	explain_async(m, v, a->name, a->site);
	MODEL_EMIT(m, async, v);
}

static void finish(struct model *m, struct async *a, uint64_t ts, uint32_t flags)
{
	unlink_async(m, a, ts);
	emit(m, a, ts, flags);
	pool_put(&m->async_pool, a);
}

void asyncs_close_process(struct model *m, struct process *p, uint64_t ts)
{
	while (p->asyncs)
		finish(m, p->asyncs, ts, SPAN_UNFINISHED);
}

static uint64_t task_nr(const struct model *m, const struct thread *th, uint64_t id)
{
	const struct task *t = id ? tasks_find(m, th->process, id) : NULL;
	const struct ended *ended = id ? recent_get(&m->ended, id) : NULL;

	return t ? t->nr : ended ? ended->nr : 0;
}

static struct async of_record(struct model *m, struct thread *th, const struct wire_async *r)
{
	return (struct async){
		.view = {.pid = th->view.pid,
			 .id = r->id,
			 .task_id = r->task,
			 .nr = ++m->spans,
			 .task_nr = task_nr(m, th, r->task),
			 .begin = model_clip(m, r->h.ts),
			 .flags = r->h.ts < m->start_ts ? SPAN_BEGUN_BEFORE : 0,
			 .begin_tid = th->view.tid},
		.name = names_of(m, th, r->name, r->h.flags & WIRE_MARK_ONCE),
		.site = names_of(m, th, r->site, false),
		.process = th->process,
	};
}

static void begin(struct model *m, struct thread *th, const struct wire_async *r)
{
	struct process *p = th->process;
	struct async *old = find(m, p, r->id), *a;

	if (old) {
		m->misuse[MISUSE_ASYNC_OPEN]++;
		finish(m, old, model_clip(m, r->h.ts), SPAN_UNFINISHED);
	}
	if (m->asyncs_nr >= OPEN_MAX && p->asyncs) {
		m->misuse[MISUSE_ASYNC_MANY]++;
		finish(m, p->asyncs, model_clip(m, r->h.ts), SPAN_UNFINISHED);
	}
	a = pool_get(&m->async_pool);
	if (!a) {
		model_no_memory(m);
		return;
	}
	*a = of_record(m, th, r);
	a->id_next = hash_get(&m->asyncs, r->id);
	if (hash_put(&m->asyncs, r->id, a)) {
		pool_put(&m->async_pool, a);
		model_no_memory(m);
		return;
	}
	a->prev = p->asyncs_last;
	*(p->asyncs_last ? &p->asyncs_last->next : &p->asyncs) = a;
	p->asyncs_last = a;
	if (pauses_is_one(a->name->text))
		pauses_begin(&p->pauses, a->view.begin);
	m->asyncs_nr++;
}

static void end(struct model *m, struct thread *th, const struct wire_async *r)
{
	struct async *a = find(m, th->process, r->id), before;

	if (r->h.ts < m->start_ts && !a)
		return;
	if (a) {
		a->view.end_tid = th->view.tid;
		if (r->h.ts >= m->start_ts) {
			finish(m, a, model_clip(m, r->h.ts), 0);
			return;
		}
		unlink_async(m, a, m->start_ts); /* over before the trace began */
		pool_put(&m->async_pool, a);
		return;
	}
	if (!th->process->before) {
		m->misuse[m->loss.nr ? MISUSE_LOST_PARTNER : MISUSE_ASYNC_NO_BEGIN]++;
		return;
	}
	before = of_record(m, th, r);
	before.view.begin = th->process->before_ts;
	before.view.begin_tid = 0;
	before.view.end_tid = th->view.tid;
	emit(m, &before, model_clip(m, r->h.ts), SPAN_BEGUN_BEFORE);
}

void asyncs_async(struct model *m, const struct wire_async *r)
{
	struct thread *th = threads_of(m, r->h.tid, r->h.ts, 0);

	if (!th) {
		m->misuse[MISUSE_THREAD_GONE]++;
		return;
	}
	join_advance(m, th, r->h.ts);
	switch (r->h.flags & WIRE_MARK_OP) {
	case WIRE_MARK_BEGIN:
		begin(m, th, r);
		break;
	case WIRE_MARK_END:
		end(m, th, r);
		break;
	default:
		m->bad_records++;
		break;
	}
}

void asyncs_release(struct model *m)
{
	hash_release(&m->asyncs);
	pool_release(&m->async_pool);
}
