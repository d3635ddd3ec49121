/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ran.bpf.h - who had the CPU while a thread waited for it
 *
 * Each CPU keeps a short log of who came to it and when. Only when a traced thread that was ready
 * gets its CPU, or is moved to another one, is the log of the CPU that it waited for read: nothing
 * is emitted, and little done, where no traced thread waits.
 *
 *	ready            moved                    on CPU
 *	  |---- CPU 0 ----|-------- CPU 1 ----------|
 *	  read log of 0 --'     read log of 1 ------'   one WIRE_RAN
 *
 * Only a CPU itself writes its log. Another one that reads it may find an entry half written; what
 * that costs is one name.
 */
#ifndef RAN_BPF_H
#define RAN_BPF_H

#include "emit.bpf.h"
#include "introduce.bpf.h"
#include "task.bpf.h"

/* Shorter waits have no record of their own: the one who left the CPU right before is their
 * cause. */
#define RAN_LEAST_NS 10000
/* A waking moves the thread at once; that is no wait for the CPU that it slept on. */
#define RAN_MOVE_NS 5000

/* prev is leaving, next comes. The log is right only if whoever leaves is who came last. */
static __always_inline void ran_log(struct cpu_state *c, struct task_struct *prev,
				    struct task_struct *next, u64 now)
{
	struct ran_slot *last = &c->log[(c->head - 1) & (RAN_LOG - 1)], *slot;

	if (last->tid != (u32)prev->pid)
		last->tid = RAN_UNKNOWN;
	slot = &c->log[c->head & (RAN_LOG - 1)];
	slot->ts = now;
	slot->task = (u64)next;
	slot->tid = next->pid;
	slot->pid = next->tgid;
	c->head++;
}

/* Names t, if that is still the thread tid: its memory may have become another's. */
static __noinline int ran_introduce(struct emit *e, struct task_struct *t, u32 tid, u64 now)
{
	if ((u32)BPF_CORE_READ(t, pid) == tid)
		introduce(e, t, now);
	return 0;
}

/* A place for tid in a table of few: one of two, by its number. NULL: both are taken. */
static __always_inline struct wire_ran_by *ran_place(struct wire_ran_by *v, u32 tid)
{
	u32 at = (tid ^ tid >> 4) & (WIRE_RAN_BY - 1);
	struct wire_ran_by *by = &v[at];

	if (!by->tid || by->tid == tid)
		return by;
	by = &v[at ^ 1];
	return !by->tid || by->tid == tid ? by : NULL;
}

static __always_inline void ran_add(struct emit *e, struct wire_ran *r, const struct ran_slot *slot,
				    u64 ns, u64 now)
{
	u32 tid = slot->tid;
	struct wire_ran_by *by;

	if (!tid) {
		r->idle_ns += ns;
		return;
	}
	if (tid == RAN_UNKNOWN) {
		r->unknown_ns += ns;
		return;
	}
	by = ran_place((struct wire_ran_by *)(r + 1), tid);
	if (!by) {
		r->others_ns += ns;
		return;
	}
	if (!by->tid) {
		by->tid = tid;
		by->pid = slot->pid;
		ran_introduce(e, (struct task_struct *)slot->task, tid, now);
	}
	by->ns += ns;
}

/*
 * Sends what cpu did in [from, to), for which thread tid waited for it. The log is read from its
 * end. Global: so the verifier looks at it once, not at each call.
 */
__weak int ran_emit(u32 tid, u32 cpu, u64 from, u64 to)
{
	struct cpu_state *c = bpf_map_lookup_elem(&cpus, &cpu);
	u64 now = to;
	struct wire_ran *r;
	struct emit e;
	u32 head;

	if (!c || from >= to || !emit_open(&e))
		return 0;
	r = emit_reserve(&e, WIRE_RAN, sizeof(*r) + WIRE_RAN_BY * sizeof(struct wire_ran_by), 0,
			 tid, now);
	if (!r)
		return 0;
	__builtin_memset((char *)r + sizeof(r->h), 0,
			 sizeof(*r) - sizeof(r->h) + WIRE_RAN_BY * sizeof(struct wire_ran_by));
	r->from_ts = from;
	r->cpu = cpu;
	r->nr = WIRE_RAN_BY;
	head = c->head;
	for (u32 i = 1; i <= RAN_LOG && from < to; i++) {
		const struct ran_slot *slot = &c->log[(head - i) & (RAN_LOG - 1)];
		u64 begin = slot->ts;

		if (!begin)
			break;
		if (begin >= to) /* another CPU's log goes on while it is read */
			continue;
		if (begin < from)
			begin = from;
		ran_add(&e, r, slot, to - begin, now);
		to = begin;
	}
	r->unknown_ns += to - from;
	emit_submit(&e, r, WIRE_RAN);
	return 0;
}

/* Since when the thread, which is off its CPU, is ready; 0: it is not. */
static __always_inline u64 ready_since(const struct thread *th)
{
	if (!th->state)
		return th->off_ts;
	if (!th->wake_ts)
		return 0;
	return th->wake_ts > th->off_ts ? th->wake_ts : th->off_ts;
}

/* The thread is moved to the queue of another CPU. */
static __always_inline void ran_moved(struct thread *th, u32 cpu, u64 now)
{
	u64 ready = ready_since(th), from = th->queue_ts ? th->queue_ts : ready;
	u32 old = th->queue_ts ? th->queue_cpu : th->off_cpu;

	if (!th->off_ts || !ready || now < from)
		return;
	if (now - from >= RAN_MOVE_NS) {
		ran_emit(th->tid, old, from, now);
		from = now;
	}
	th->queue_ts = from;
	th->queue_cpu = cpu;
}

/* The thread comes to this CPU. */
static __always_inline void ran_end(struct thread *th, u64 now)
{
	u64 ready = ready_since(th);

	if (ready && now >= ready + RAN_LEAST_NS)
		ran_emit(th->tid, bpf_get_smp_processor_id(), th->queue_ts ? th->queue_ts : ready,
			 now);
}

#endif
