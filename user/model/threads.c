/* SPDX-License-Identifier: MIT */
/*
 * threads.c - see threads.h. Invariant: every thread in m->threads has a process that counts it,
 * and a process without a living thread has no open tasks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/asyncs.h"
#include "model/join.h"
#include "model/names.h"
#include "model/regions.h"
#include "model/tasks.h"
#include "model/threads.h"
#include "model/work.h"

/* After so long a dead tid that speaks again is taken for a new thread, if records were lost. */
#define DYING_NS 1000000000ull

struct process *process_get(struct model *m, uint32_t pid)
{
	struct process *p = hash_get(&m->processes, pid);

	if (p)
		return p;
	p = pool_get(&m->process_pool);
	if (!p || hash_put(&m->processes, pid, p)) {
		pool_put(&m->process_pool, p);
		model_no_memory(m);
		return NULL;
	}
	p->pid = pid;
	return p;
}

/* Tasks that were begun before ts may be open in it unseen. */
static void process_before(struct process *p, uint64_t ts)
{
	if (!p->before)
		p->before_ts = ts;
	p->before = true;
}

static void process_leave(struct model *m, struct process *p, uint64_t ts)
{
	if (--p->alive)
		return;
	tasks_close_process(m, p, ts);
	asyncs_close_process(m, p, ts);
	hash_release(&p->strings);
	ranges_release(&p->mappings);
	ranges_release(&p->symbols);
	hash_del(&m->processes, p->pid);
	pool_put(&m->process_pool, p);
}

static void set_comm(char *to, const char *from)
{
	memcpy(to, from, WIRE_COMM_SZ - 1);
	to[WIRE_COMM_SZ - 1] = '\0';
}

/* Threads whose names differ in the number at their end do the same. */
static const struct name *group_of(struct model *m, const struct name *comm)
{
	size_t n = strlen(comm->text), stem = n;
	char text[WIRE_COMM_SZ + 1];

	while (stem && comm->text[stem - 1] >= '0' && comm->text[stem - 1] <= '9')
		stem--;
	if (!stem || stem == n || n >= WIRE_COMM_SZ)
		return comm;
	snprintf(text, sizeof(text), "%.*s*", (int)stem, comm->text);
	return names_other(m, text);
}

static void name_thread(struct model *m, struct thread *th, const char *comm)
{
	set_comm(th->comm, comm);
	th->past->comm = names_other(m, th->comm);
	th->past->group = group_of(m, th->past->comm);
}

static struct thread *create(struct model *m, uint32_t tid, uint32_t pid, uint64_t ts)
{
	struct process *p = process_get(m, pid);
	struct thread *th = p ? pool_get(&m->thread_pool) : NULL;

	if (th)
		th->past = past_new(&m->pasts, tid, pid, model_clip(m, ts));
	if (!th || !th->past || hash_put(&m->threads, tid, th)) {
		if (th)
			past_free(&m->pasts, th->past);
		pool_put(&m->thread_pool, th);
		model_no_memory(m);
		return NULL;
	}
	th->part = m->part;
	th->outside_ts = ts;
	ts = model_clip(m, ts);
	th->view = (struct span_thread){.pid = pid, .tid = tid, .begin = ts};
	th->view.comm = th->comm;
	th->past->comm = th->past->group = m->no_name;
	th->view.key = (const void *)++m->thread_keys;
	th->process = p;
	th->paused = pauses_ns(&p->pauses, ts);
	p->alive++;
	th->acc.over.absent = (m->info->no_syscalls ? OVER_NO_SYSCALLS : 0) |
			      (m->info->no_irqs ? OVER_NO_IRQS : 0);
	th->now = STATE_RUNNING;
	th->last_ts = th->shown_ts = th->used_ts = th->marks_from = ts;
	recent_del(&m->dead, tid);
	return th;
}

static bool is_dead(const struct model *m, uint32_t tid, uint64_t ts)
{
	const uint64_t *end = recent_get(&m->dead, tid);

	return end && (!m->loss.nr || ts < *end + DYING_NS);
}

static void set_process(struct model *m, struct thread *th, uint32_t pid)
{
	struct process *p = process_get(m, pid), *old = th->process;

	if (!p || p == old)
		return;
	p->alive++;
	if (old->before)
		process_before(p, old->before_ts);
	th->process = p;
	th->paused = pauses_ns(&p->pauses, th->last_ts);
	th->view.pid = th->past->pid = pid;
	process_leave(m, old, th->last_ts);
}

struct thread *threads_of(struct model *m, uint32_t tid, uint64_t ts, uint32_t pid)
{
	struct thread *th = threads_find(m, tid);
	const struct stranger *known;

	if (th)
		m->threads_near[tid % THREADS_NEAR] = th;
	if (th && !th->view.pid && pid)
		set_process(m, th, pid);
	if (th || !tid || is_dead(m, tid, ts))
		return th;
	known = recent_get(&m->strangers, tid);
	th = create(m, tid, pid || !known ? pid : known->pid, ts);
	if (!th)
		return NULL;
	th->before = th->lived_before = true;
	th->leaves_before = LEAVES_BEFORE;
	process_before(th->process, m->start_ts);
	if (known)
		name_thread(m, th, known->comm);
	MODEL_EMIT(m, thread, &th->view);
	return th;
}

const char *threads_comm(const struct model *m, uint32_t tid)
{
	const struct thread *th = threads_find(m, tid);
	const struct stranger *s;

	if (th)
		return th->comm;
	s = recent_get(&m->strangers, tid);
	return s ? s->comm : "";
}

static void remember_stranger(struct model *m, uint32_t tid, uint32_t pid, const char *comm)
{
	struct stranger *s = recent_put(&m->strangers, tid);

	if (!s) {
		model_no_memory(m);
		return;
	}
	s->pid = pid;
	set_comm(s->comm, comm);
}

/* The image is replaced: what it had open can not be ended any more. */
static void exec(struct model *m, struct thread *th, uint64_t ts)
{
	join_advance(m, th, ts);
	regions_close_all(m, th);
	tasks_close_process(m, th->process, th->last_ts);
	asyncs_close_process(m, th->process, th->last_ts);
	work_drop_all(m, th);
	ranges_release(&th->process->mappings);
	ranges_release(&th->process->symbols);
	th->before = th->process->before = true;
	th->process->before_ts = th->last_ts;
	th->leaves_before = LEAVES_BEFORE;
	th->marked = false;
	th->marks_from = th->last_ts;
	th->marks_acc = th->acc;
	memset(th->ended, 0, sizeof(th->ended));
}

static void forget_tid(struct model *m, uint32_t tid)
{
	hash_del(&m->threads, tid);
	m->threads_near[tid % THREADS_NEAR] = NULL;
}

static void bury_tid(struct model *m, const struct thread *th)
{
	uint64_t *dead = recent_put(&m->dead, th->view.tid);

	if (dead)
		*dead = th->last_ts;
	else
		model_no_memory(m);
	remember_stranger(m, th->view.tid, th->view.pid, th->comm);
}

/*
 * What a thread was told of under another tid ends: from here on its account and its events are
 * those of a thread that begins. What it has used goes on being counted from where it was. N.B. The
 * totals at its end are of both lives, and nothing tells how much of them is of which: they are
 * of neither.
 */
static void begin_life(struct model *m, struct thread *th)
{
	join_show(m, th);
	th->totals_split = true;
	th->view.end = th->view.last = th->last_ts;
	if (th->last_ts > th->view.begin)
		explain_thread(m, th, true);
	MODEL_EMIT(m, thread_end, &th->view);
	bury_tid(m, th);
	th->used_running -= th->acc.ns[STATE_RUNNING];
	th->acc = (struct breakdown){.over.absent = th->acc.over.absent};
	th->marks_acc = th->acc;
	th->voluntary = th->involuntary = th->migrations = 0;
	th->view.begin = th->last_ts;
	th->view.end = 0;
	th->view.key = (const void *)++m->thread_keys;
	th->lived_before = false;
}

/* Returns the thread, or NULL if it is not known. One that is not the leader gets the leader's
 * tid. */
static struct thread *exec_thread(struct model *m, const struct wire_thread *r)
{
	struct thread *old = threads_find(m, r->parent_tid), *th = threads_find(m, r->h.tid);

	if (!r->parent_tid || r->parent_tid == r->h.tid || !old) {
		if (th)
			exec(m, th, r->h.ts);
		return th;
	}
	if (th)
		threads_end(m, th, r->h.ts, true);
	exec(m, old, r->h.ts);
	begin_life(m, old);
	forget_tid(m, r->parent_tid);
	recent_del(&m->dead, r->h.tid);
	old->view.tid = old->past->tid = r->h.tid;
	if (hash_put(&m->threads, r->h.tid, old))
		model_no_memory(m);
	return old;
}

/* Off its CPU: the record of that interval is still to come, and says why. */
static enum state first_state(const struct wire_thread *r)
{
	bool on_cpu = r->h.flags == WIRE_THREAD_ATTACH ? r->on_cpu : r->h.flags == WIRE_THREAD_EXEC;

	return on_cpu ? STATE_RUNNING : STATE_UNKNOWN;
}

/* What a THREAD record says of where the thread comes from; true for its life. */
static void set_origin(const struct model *m, struct thread *th, const struct wire_thread *r)
{
	const bool before = m->info->window && r->h.ts < m->start_ts;
	bool forked = r->h.flags == WIRE_THREAD_FORK;

	th->start_ns = r->start_ns;
	th->exec_from = r->exec_ns;
	th->exec_known = true;
	th->used_known = !before;
	th->faults_known |= forked && !before; /* they count from its birth */
	th->lived_before = !forked || before;
	/* A child of fork inherits its parent's regions; a new thread has none. */
	th->before = !forked || r->pid != r->parent_pid || before;
	th->leaves_before = th->before ? LEAVES_BEFORE : 0;
	th->past->parent_tid = forked ? r->parent_tid : 0;
	if (r->h.flags == WIRE_THREAD_ATTACH || before)
		process_before(th->process, m->start_ts);
	/* Had it been off its CPU, the record of that would be among those of the window. */
	if (before)
		th->now = STATE_RUNNING;
}

void threads_thread(struct model *m, const struct wire_thread *r)
{
	bool is_exec = r->h.flags == WIRE_THREAD_EXEC;
	struct thread *th;

	if (!r->h.tid || r->h.ts > m->stop_ts)
		return;
	th = is_exec ? exec_thread(m, r) : threads_find(m, r->h.tid);
	if (th && !is_exec && th->start_ns && th->start_ns != r->start_ns) {
		threads_end(m, th, th->last_ts, true);
		th = NULL;
	}
	if (!th) {
		th = create(m, r->h.tid, r->pid, r->h.ts);
		if (!th)
			return;
		th->now = first_state(r);
	}
	set_process(m, th, r->pid);
	if (!th->start_ns)
		set_origin(m, th, r);
	th->start_ns = r->start_ns; /* that of the leader, after an exec by another thread */
	name_thread(m, th, r->comm);
	MODEL_EMIT(m, thread, &th->view);
}

void threads_comm_record(struct model *m, const struct wire_comm *r)
{
	struct thread *th = threads_find(m, r->h.tid);

	if (!th) {
		remember_stranger(m, r->h.tid, r->pid, r->comm);
		return;
	}
	if (!th->view.pid)
		set_process(m, th, r->pid);
	name_thread(m, th, r->comm);
	MODEL_EMIT(m, thread, &th->view);
}

void threads_totals(struct model *m, const struct wire_totals *r)
{
	struct thread *th = threads_find(m, r->h.tid);

	if (!th || (m->info->window && r->h.ts > m->stop_ts))
		return;
	th->totals = *r;
	th->totals_known = !m->info->window && !th->totals_split; /* they are of the whole trace */
	join_outside(m, th, r->h.ts);
	if (!(r->h.flags & WIRE_TOTALS_EXIT) || r->h.ts > m->stop_ts)
		return; /* of a thread that may be off CPU: used when the trace ends */
	join_advance(m, th, r->h.ts);
	join_used(m, th, &r->used);
	threads_end(m, th, r->h.ts, true);
}

void threads_end(struct model *m, struct thread *th, uint64_t ts, bool exited)
{
	join_finish(m, th, ts);
	regions_close_all(m, th);
	work_drop_all(m, th);
	join_show(m, th);
	th->view.end = exited ? th->last_ts : 0;
	th->view.last = th->last_ts;
	m->broken += breakdown_sum(&th->acc) != th->last_ts - th->view.begin;
	if (!m->info->window || !exited || ts >= m->start_ts)
		explain_thread(m, th, exited);
	MODEL_EMIT(m, thread_end, &th->view);
	forget_tid(m, th->view.tid);
	if (exited)
		bury_tid(m, th);
	past_bury(&m->pasts, th->past, th->last_ts);
	process_leave(m, th->process, th->last_ts);
	free(th->regions);
	pool_put(&m->ran_pool, th->ran);
	pool_put(&m->thread_pool, th);
}

static int by_identity(const void *pa, const void *pb)
{
	const struct thread *a = *(struct thread *const *)pa, *b = *(struct thread *const *)pb;

	if (a->view.pid != b->view.pid)
		return a->view.pid < b->view.pid ? -1 : 1;
	return (a->view.tid > b->view.tid) - (a->view.tid < b->view.tid);
}

void threads_finish(struct model *m)
{
	size_t nr = m->threads.nr, at = 0;
	struct thread **v = malloc((nr ? nr : 1) * sizeof(void *));

	if (!v) {
		model_no_memory(m);
		return;
	}
	for (size_t i = 0; i < nr; i++)
		v[i] = hash_next(&m->threads, &at);
	qsort(v, nr, sizeof(void *), by_identity);
	/* All of them first come to the end: a task's last worker may be any of them. */
	for (size_t i = 0; i < nr; i++) {
		model_enter_part(m, v[i]->part);
		join_finish(m, v[i], m->stop_ts);
		if (v[i]->totals_known)
			join_used(m, v[i], &v[i]->totals.used);
	}
	for (size_t i = 0; i < nr; i++) {
		model_enter_part(m, v[i]->part);
		threads_end(m, v[i], m->stop_ts, false);
	}
	free(v);
}

void threads_release(struct model *m)
{
	struct thread *th;
	struct process *p;
	size_t at = 0;

	while ((th = hash_next(&m->threads, &at))) {
		free(th->regions);
		past_free(&m->pasts, th->past);
	}
	at = 0;
	while ((p = hash_next(&m->processes, &at))) {
		hash_release(&p->strings);
		ranges_release(&p->mappings);
		ranges_release(&p->symbols);
	}
	hash_release(&m->threads);
	hash_release(&m->processes);
	recent_release(&m->strangers);
	recent_release(&m->dead);
	pool_release(&m->thread_pool);
	pool_release(&m->process_pool);
}
