/* SPDX-License-Identifier: MIT */
/*
 * join.c - see join.h. Invariant: the states of th->acc add up to last_ts - view.begin, and no
 * cut on the thread is older than last_ts.
 */
#include <stdlib.h>

#include "model/join.h"
#include "model/names.h"
#include "model/regions.h"
#include "model/threads.h"
#include "model/wait.h"
#include "model/work.h"

/* Shorter waits are no steps of a story. */
enum { STORY_WAIT_NS = 10000 };

static void account(struct model *m, struct thread *th, enum state state, uint64_t until)
{
	until = model_clip(m, until);
	if (until <= th->last_ts)
		return;
	if (state != STATE_RUNNING)
		stacks_time(m, th, state, until - th->last_ts);
	while (th->cuts && th->cuts->cut_ts < until) {
		uint64_t at = th->cuts->cut_ts;

		if (at > th->last_ts) {
			th->acc.ns[state] += at - th->last_ts;
			th->last_ts = at;
		}
		work_cut(m, th);
	}
	th->acc.ns[state] += until - th->last_ts;
	th->last_ts = until;
}

static void show(struct model *m, struct thread *th, enum state state, uint64_t end,
		 const struct span_wait *wait)
{
	static const struct span_wait no_reason = {
		.state = STATE_UNKNOWN,
		.nr = -1,
		.syscall = "",
		.resource = "",
		.peer = {.comm = ""},
		.holder = {.softirq = "", .comm = "", .region = "", .task = ""},
		.kernel = "",
		.waker = {.softirq = "", .comm = "", .region = "", .task = ""},
		.prev_comm = "",
	};
	struct span_interval i = {&th->view, state, th->shown_ts, end, wait};

	if (end <= th->shown_ts)
		return;
	if (state != STATE_RUNNING && !wait)
		i.wait = &no_reason;
	th->shown_ts = end;
	MODEL_EMIT(m, interval, &i);
}

/* What nothing explains, from last_ts on, is off CPU as far as anybody knows. */
static void remember_unknown(struct model *m, struct thread *th, uint64_t until)
{
	const struct past_off off = {
		.begin = th->last_ts,
		.woken = until,
		.end = until,
		.resource = m->no_name,
		.state = STATE_UNKNOWN,
		.ready_state = STATE_UNKNOWN,
	};

	if (th->now != STATE_RUNNING && th->last_ts < until)
		past_add_off(&m->pasts, th->past, &off);
}

void join_show(struct model *m, struct thread *th)
{
	if (m->wants_intervals)
		show(m, th, th->now, th->last_ts, NULL);
}

/* At a mark, ts is the latest time there is. */
static void account_pauses(struct thread *th)
{
	uint64_t paused = pauses_ns(&th->process->pauses, th->last_ts);

	if (paused <= th->paused)
		return;
	th->acc.over.gc_ns += paused - th->paused;
	th->paused = paused;
}

void join_advance(struct model *m, struct thread *th, uint64_t ts)
{
	remember_unknown(m, th, model_clip(m, ts));
	account(m, th, th->now, ts);
	account_pauses(th);
	if (th->now != STATE_RUNNING) {
		join_show(m, th);
		th->now = STATE_RUNNING;
	}
}

void join_finish(struct model *m, struct thread *th, uint64_t ts)
{
	remember_unknown(m, th, model_clip(m, ts));
	account(m, th, th->now, ts);
	account_pauses(th);
	while (th->cuts)
		work_cut(m, th);
}

/* Moves what the thread can not have run, of what was accounted since its last mark, to unknown. */
static void correct(struct model *m, struct thread *th, uint64_t cpu_ns)
{
	const struct loss_window *w = loss_in(&m->loss, th->used_ts, th->last_ts);
	uint64_t claimed = th->acc.ns[STATE_RUNNING] - th->used_running;
	uint64_t real = cpu_ns - th->used.cpu_ns, excess, from;

	if (!w || claimed <= real)
		return;
	excess = claimed - real;
	/* What was running before a mark without numbers is in the accounts of what it began. */
	claimed = th->acc.ns[STATE_RUNNING] - th->marked_running;
	if (excess > claimed)
		excess = claimed;
	th->acc.ns[STATE_RUNNING] -= excess;
	th->acc.ns[STATE_UNKNOWN] += excess;
	stacks_time(m, th, STATE_UNKNOWN, excess);
	if (!m->wants_intervals || th->now != STATE_RUNNING)
		return;
	/* Of the running not yet shown, as much becomes unknown, where the loss began. */
	if (excess > th->last_ts - th->shown_ts)
		excess = th->last_ts - th->shown_ts;
	from = w->from < th->last_ts - excess ? w->from : th->last_ts - excess;
	show(m, th, STATE_RUNNING, from, NULL);
	show(m, th, STATE_UNKNOWN, th->shown_ts + excess, NULL);
}

void join_used(struct model *m, struct thread *th, const struct wire_used *used)
{
	struct overlays *over = &th->acc.over;
	uint32_t calls = used->syscalls - th->used.syscalls;
	uint32_t faults = used->faults - th->used.faults;

	if (th->used_known) {
		/* A mark that comes late has less than the last one: it says nothing new. */
		if (used->cpu_ns < th->used.cpu_ns || used->sys_ns < th->used.sys_ns || calls >> 31)
			return;
		if (m->loss.nr)
			correct(m, th, used->cpu_ns);
		over->syscall_ns += used->sys_ns - th->used.sys_ns;
		over->syscalls += calls;
		if (th->faults_known && !(faults >> 31))
			over->faults += faults;
	}
	th->used_known = th->faults_known = true;
	th->used = *used;
	th->used_ts = th->last_ts;
	th->used_running = th->acc.ns[STATE_RUNNING];
}

void join_batched(struct thread *th)
{
	th->acc.over.absent |= OVER_NO_SYSCALLS | OVER_NO_FAULTS;
	th->marked_running = th->acc.ns[STATE_RUNNING];
}

static uint64_t outside(const struct model *m, uint64_t from, uint64_t to)
{
	uint64_t inside_from = model_clip(m, from), inside_to = model_clip(m, to);

	return to > from ? to - from - (inside_to - inside_from) : 0;
}

void join_outside(const struct model *m, struct thread *th, uint64_t ts)
{
	if (th->now == STATE_RUNNING)
		th->outside_run += outside(m, th->outside_ts, ts);
	if (ts > th->outside_ts)
		th->outside_ts = ts;
}

static void off_outside(const struct model *m, struct thread *th, const struct wire_offcpu *r,
			bool waits_for_cpu)
{
	uint64_t ready = waits_for_cpu ? r->off_ts : r->wake_ts;

	if (th->outside_ts < r->off_ts)
		join_outside(m, th, r->off_ts);
	if (ready && ready < r->off_ts)
		ready = r->off_ts;
	if (ready)
		th->outside_delay += outside(m, ready, r->h.ts);
	th->outside_ts = r->h.ts;
}

/* The pieces of one interval off CPU, clipped to the trace and to what is already known. */
struct pieces {
	uint64_t off, woken, end;
	enum state blocked, woken_state;
	bool waits; /* the first piece is a wait for something */
};

/* A new thread, or one that was waiting for a CPU when the trace began, waits for nothing else. */
static bool only_for_cpu(const struct wire_offcpu *r)
{
	return r->h.flags & WIRE_OFF_BIRTH ||
	       (r->h.flags & WIRE_OFF_CLIPPED && !r->state && r->wake_ts);
}

static struct pieces cut_up(const struct model *m, const struct thread *th,
			    const struct wire_offcpu *r, const struct wait_why *why)
{
	uint8_t flags = r->h.flags;
	struct pieces p = {
		.off = model_clip(m, r->off_ts),
		.end = flags & WIRE_OFF_OPEN ? m->stop_ts : model_clip(m, r->h.ts),
		.blocked = only_for_cpu(r) ? STATE_RUNNABLE : why->state,
		.woken_state = flags & WIRE_OFF_THROTTLED_WAKE ? STATE_THROTTLED : STATE_RUNNABLE,
		.waits = !why->involuntary && !only_for_cpu(r),
	};

	/* It was off CPU when we first saw it, and this record says so too: there is no gap. */
	if (p.off < th->last_ts ||
	    (th->now == STATE_UNKNOWN && flags & (WIRE_OFF_CLIPPED | WIRE_OFF_BIRTH)))
		p.off = th->last_ts;
	p.woken = p.end;
	if (r->wake_ts && p.waits)
		p.woken = model_clip(m, r->wake_ts);
	if (p.woken < p.off)
		p.woken = p.off;
	if (p.woken > p.end)
		p.woken = p.end;
	return p;
}

static const char *text_of(const struct name *name)
{
	return name ? name->text : "";
}

/* What of one interval is a wait for something, and what a wait for a CPU. */
struct told {
	const struct wire_offcpu *r;
	const struct wait_why *why;
	const struct pieces *p;
	const struct thread *waker, *holder; /* NULL: no thread that lives, or none at all */
	const struct past_place *waker_at, *holder_at; /* where they were then; NULL: nowhere */
	struct wait_queue queue;
	const char *resource;
	struct wait_event event; /* what its waits have in common */
};

/* Where the waker was in the program when it woke the thread. */
static void find_waker(const struct model *m, struct told *t)
{
	const struct wire_offcpu *r = t->r;

	t->waker = threads_find(m, r->waker_tid);
	if (t->waker && (r->waker_ctx == WIRE_WAKER_TASK || r->waker_ctx == WIRE_WAKER_UNKNOWN))
		t->waker_at = past_place(t->waker->past, r->wake_ts);
}

/*
 * Who had the lock when the thread began to wait for it, if what the lock says is true of a thread
 * that lives. Its place in the program is that of then.
 */
static void find_holder(const struct model *m, const struct thread *th, struct told *t)
{
	const struct thread *by = t->r->holder ? threads_find(m, t->r->holder) : NULL;

	if (!by || by == th || by->view.pid != th->view.pid)
		return;
	t->holder = by;
	t->holder_at = past_place(by->past, t->r->off_ts);
}

static const char *waker_comm(const struct model *m, const struct told *t)
{
	return t->waker ? t->waker->comm : threads_comm(m, t->r->waker_tid);
}

static void tell_waker(const struct model *m, const struct told *t, struct span_waker *to)
{
	const struct wire_offcpu *r = t->r;
	const struct past_place *at = t->waker_at;

	to->pid = r->waker_pid;
	to->tid = r->waker_tid;
	to->ctx = r->waker_ctx;
	if (r->waker_ctx == WIRE_WAKER_SOFTIRQ)
		to->softirq = wait_softirq(r->waker_softirq);
	to->comm = waker_comm(m, t);
	to->region = text_of(at ? at->region : NULL);
	to->task = text_of(at ? at->task : NULL);
}

static void tell_holder(const struct told *t, struct span_waker *to)
{
	const struct past_place *at = t->holder_at;

	if (!t->holder)
		return;
	to->pid = t->holder->view.pid;
	to->tid = t->holder->view.tid;
	to->ctx = WIRE_WAKER_TASK;
	to->comm = t->holder->comm;
	to->region = text_of(at ? at->region : NULL);
	to->task = text_of(at ? at->task : NULL);
}

static int most_first(const void *pa, const void *pb)
{
	const struct span_culprit *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

/* Who had the CPU; v has room for RAN_KNOWN. */
static void find_culprits(const struct model *m, const struct thread *th, struct span_culprit *v,
			  struct wait_queue *q)
{
	const struct ran *ran = th->ran;

	if (!ran || !ran->to)
		return;
	for (uint32_t i = 0; i < ran->nr; i++)
		v[i] = (struct span_culprit){ran->v[i].pid, ran->v[i].tid,
					     threads_comm(m, ran->v[i].tid), ran->v[i].ns};
	qsort(v, ran->nr, sizeof(*v), most_first);
	*q = (struct wait_queue){v, ran->nr, ran->others_ns, ran->idle_ns};
}

/* Its row; NULL without memory. */
static struct wait_row *add_row(struct model *m, const struct wait_event *e)
{
	struct wait_row *row = waits_add(&m->waits, &m->calls, e);

	if (!row)
		model_no_memory(m);
	return row;
}

/* Returns what it waits for, as a name. */
static const struct name *add_blocked(struct model *m, const struct thread *th, struct told *t)
{
	struct resource_names names = resources_of(m, th->process, t->r, t->why);
	struct wait_event e = t->event;
	struct wait_row *row;
	struct peer peer;

	resources_woken(m, th->view.pid, t->r);
	peer = resources_peer(m, th->view.pid, t->r);
	e.why = t->why;
	e.ns = t->p->woken - t->p->off;
	e.what = names.row;
	e.peer = peer.pid ? &peer : NULL;
	e.waker_comm = waker_comm(m, t);
	e.waker_region = t->waker_at ? t->waker_at->region : NULL;
	e.holder = t->holder;
	e.holder_region = t->holder_at ? t->holder_at->region : NULL;
	row = add_row(m, &e);
	if (!row)
		return m->no_name;
	t->resource = names.own ? names.own->text : row->resource;
	if (names.own)
		return names.own;
	if (!row->name)
		row->name = names_other(m, row->resource);
	return row->name;
}

/* A wait for a CPU, or for the right to use one. */
static void add_queued(struct model *m, const struct thread *th, struct told *t, enum state state,
		       uint64_t ns)
{
	bool quota = state == STATE_THROTTLED;
	struct wait_why why = {state, quota ? RES_QUOTA : RES_CPU, true};
	struct wait_event e = t->event;
	struct wait_row *row;

	e.why = &why;
	e.ns = ns;
	e.queue = &t->queue;
	if (quota)
		e.what = resources_cgroup(m, th->cgroup).row;
	row = add_row(m, &e);
	if (row && !t->p->waits)
		t->resource = row->resource;
}

/* For a story, or a sink. peer must live as long as *w. */
static void describe(const struct model *m, const struct thread *th, const struct told *t,
		     const struct peer *peer, struct span_wait *w)
{
	const struct task *task = work_at(th, t->p->off);
	const struct wire_offcpu *r = t->r;

	*w = (struct span_wait){
		.state = t->p->blocked,
		.woken_state = t->p->woken_state,
		.begin = t->p->off,
		.woken = t->p->woken,
		.end = t->p->end,
		.nr = r->nr,
		.syscall = sysname(m->calls.machine, r->nr),
		.fd_kind = r->fd_kind,
		.resource = t->resource,
		.peer = {peer->pid, peer->comm},
		.holder = {.softirq = "", .comm = "", .region = "", .task = ""},
		.kernel = text_of(resources_kernel(m, r->wchan)),
		.waker = {.softirq = ""},
		.culprits = t->queue.culprits,
		.culprits_nr = t->queue.nr,
		.culprits_others_ns = t->queue.others_ns,
		.cpu_idle_ns = t->queue.idle_ns,
		.off_cpu = r->off_cpu,
		.on_cpu = r->on_cpu,
		.kernel_state = r->h.flags & WIRE_OFF_PREEMPT ? 0 : r->state,
		.iowait = r->h.flags & WIRE_OFF_IOWAIT,
		.prev_tid = r->prev_tid,
		.prev_comm = threads_comm(m, r->prev_tid),
		.span_nr = regions_span(th, task ? task->nr : 0),
		.open = r->h.flags & WIRE_OFF_OPEN || r->h.ts > m->stop_ts,
		.clipped = r->h.flags & WIRE_OFF_CLIPPED || r->off_ts < m->start_ts,
	};
	tell_waker(m, t, &w->waker);
	tell_holder(t, &w->holder);
}

/* As far as that is known. Any other softirq is no more than an interrupt here. */
static bool by_network(const struct wire_offcpu *r)
{
	enum { NET_TX = 2, NET_RX = 3 };

	return !r->waker_softirq || r->waker_softirq == 1 + NET_TX ||
	       r->waker_softirq == 1 + NET_RX;
}

/* For those who wait for this thread, and ask what it did meanwhile. */
static void remember(struct model *m, struct thread *th, const struct told *t,
		     const struct name *resource)
{
	const struct wire_offcpu *r = t->r;
	const struct pieces *p = t->p;
	const struct thread *waker = r->wake_ts ? t->waker : NULL;
	bool by_softirq = p->waits && r->wake_ts && r->waker_ctx == WIRE_WAKER_SOFTIRQ;
	const struct past_off off = {
		.begin = p->off,
		.woken = p->woken,
		.end = p->end,
		.resource = resource,
		.waker_tid = r->wake_ts ? r->waker_tid : 0,
		.prev_tid = r->prev_tid,
		.waker_off = waker ? waker->past->off_nr : 0,
		.state = (uint8_t)p->blocked,
		.ready_state = (uint8_t)p->woken_state,
		.ctx = by_softirq && !by_network(r) ? WIRE_WAKER_HARDIRQ
		       : r->wake_ts		    ? r->waker_ctx
						    : WIRE_WAKER_NONE,
		.reach = (uint8_t)(by_softirq ? resources_reach(m, r) : REACH_UNKNOWN),
		.waits = p->waits,
		.open = r->h.flags & WIRE_OFF_OPEN,
	};

	remember_unknown(m, th, p->off);
	if (p->off < p->end)
		past_add_off(&m->pasts, th->past, &off);
}

/* A step of the story of the task that it delayed, and intervals for the sinks. */
static void tell(struct model *m, struct thread *th, const struct told *t, bool story)
{
	const struct pieces *p = t->p;
	struct peer peer = resources_peer(m, th->view.pid, t->r);
	struct step_wait *step = story ? work_wait(m, th, p->off, p->end) : NULL;
	struct span_wait w;

	if (step) {
		describe(m, th, t, &peer, &step->wait);
		work_keep_wait(step);
	}
	if (!m->wants_intervals)
		return;
	describe(m, th, t, &peer, &w);
	show(m, th, th->now, p->off, NULL);
	show(m, th, p->blocked, p->woken, &w);
	show(m, th, p->woken_state, p->end, &w);
}

/* The wait as a whole: in the list of waits, in the thread's past, and to whom it is told. */
static void add_wait(struct model *m, struct thread *th, const struct wire_offcpu *r,
		     const struct wait_why *why, const struct pieces *p)
{
	bool story = p->end - p->off >= STORY_WAIT_NS && work_has_story(th);
	const struct name *resource = m->no_name;
	struct span_culprit culprits[RAN_KNOWN];
	struct told t = {.r = r, .why = why, .p = p, .resource = ""};

	waits_make_room(&m->waits); /* not later: t holds on to a row's text */
	t.event.r = r;
	t.event.pid = th->view.pid;
	t.event.at = stacks_of_interval(th, r->h.ts);
	t.event.region = regions_innermost(th);
	find_waker(m, &t);
	find_holder(m, th, &t);
	find_culprits(m, th, culprits, &t.queue);
	if (p->waits)
		resource = add_blocked(m, th, &t);
	else if (p->end > p->off)
		add_queued(m, th, &t, p->blocked, p->end - p->off);
	if (p->waits && p->end > p->woken)
		add_queued(m, th, &t, p->woken_state, p->end - p->woken);
	remember(m, th, &t, resource);
	if (story || m->wants_intervals)
		tell(m, th, &t, story);
}

void join_stolen(struct model *m, const struct wire_stolen *r)
{
	struct thread *th = threads_find(m, r->h.tid);

	if (!th || r->h.ts < m->start_ts || r->h.ts > m->stop_ts)
		return;
	join_advance(m, th, r->h.ts);
	if (r->h.flags & WIRE_STOLEN_SOFTIRQ)
		th->acc.over.softirq_ns += r->ns;
	else
		th->acc.over.irq_ns += r->ns;
}

static void offcpu(struct model *m, const struct wire_offcpu *r)
{
	struct wait_why why;
	struct thread *th;
	struct pieces p;

	if (r->off_ts > r->h.ts || !r->off_ts) {
		/* It came back while the tracer took its first or last look at it: it was not off
		 * since. */
		if (!(r->h.flags & (WIRE_OFF_CLIPPED | WIRE_OFF_OPEN)))
			m->bad_records++;
		return;
	}
	th = threads_of(m, r->h.tid, r->off_ts, 0);
	if (!th)
		return;
	why = wait_classify(&m->calls, r);
	if (th->outside_ts < m->start_ts || r->h.ts > m->stop_ts)
		off_outside(m, th, r, why.involuntary || only_for_cpu(r));
	else
		th->outside_ts = r->h.ts;
	if (r->off_ts > m->stop_ts)
		return;
	if (r->state & TASK_ENDED && r->h.flags & WIRE_OFF_OPEN) {
		threads_end(m, th, r->off_ts, true);
		return;
	}
	p = cut_up(m, th, r, &why);
	if (p.end <= th->last_ts) {
		join_advance(m, th, p.end); /* nothing new, but that it is back */
		return;
	}
	if (r->off_ts >= m->start_ts && !(r->h.flags & (WIRE_OFF_BIRTH | WIRE_OFF_CLIPPED))) {
		th->voluntary += !why.involuntary;
		th->involuntary += why.involuntary;
	}
	th->migrations += r->off_cpu != r->on_cpu && r->off_ts >= m->start_ts;
	if (r->fd_kind == WIRE_FD_CGROUP)
		th->cgroup = r->ino;
	add_wait(m, th, r, &why, &p);
	account(m, th, th->now, p.off);
	th->now = STATE_RUNNING;
	th->at = stacks_of_interval(th, r->h.ts);
	account(m, th, p.blocked, p.woken);
	account(m, th, p.woken_state, p.end);
	th->at = (struct stack_ids){0};
}

void join_offcpu(struct model *m, const struct wire_offcpu *r)
{
	struct thread *th;

	offcpu(m, r);
	th = threads_find(m, r->h.tid);
	if (th)
		ran_end(th);
}

/*
 * A thread was seen to leave its CPU, and then to leave one again: when it came back in between is
 * not known. It is the one thread that this concerns.
 */
static void thread_lost(struct model *m, struct thread *th, uint64_t from)
{
	join_advance(m, th, from);
	join_show(m, th);
	th->now = STATE_UNKNOWN;
	for (uint32_t i = 0; i < th->regions_nr; i++)
		th->regions[i].flags |= SPAN_TAINTED;
	work_taint(th);
}

void join_lost(struct model *m, const struct wire_lost *r)
{
	uint64_t to = model_clip(m, r->h.ts);
	uint64_t from = r->from_ts < to ? model_clip(m, r->from_ts) : to;
	struct thread *th = r->h.tid ? threads_find(m, r->h.tid) : NULL;

	if (th && from < to)
		thread_lost(m, th, from);
	if (!r->h.tid && loss_add(&m->loss, from, to)) {
		model_no_memory(m);
		return;
	}
	for (size_t i = 0; i < m->sinks_nr && !m->rc; i++) {
		const struct sink *s = &m->sinks[i];

		if (s->ops->lost)
			model_fail(m, s->ops->lost(s->ctx, from, to, r->count, m->err));
	}
}
