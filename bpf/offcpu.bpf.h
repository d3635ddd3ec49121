/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * offcpu.bpf.h - one record per interval off CPU
 *
 *   switch-out           waking                switch-in
 *   note why, since      note who, when        emit one WIRE_OFFCPU
 *
 * A thread's state carries the first two until the third. The invariant: off_ts is 0 exactly
 * while the thread is on a CPU, as far as the trace saw.
 */
#ifndef OFFCPU_BPF_H
#define OFFCPU_BPF_H

#include "blocked.bpf.h"
#include "emit.bpf.h"
#include "ran.bpf.h"
#include "resource.bpf.h"
#include "stack.bpf.h"
#include "task.bpf.h"

/* A waking that found the sleeper still on its run queue is this thread's own only if the
 * switch-out follows at once; else the sleep was called off, and the waking with it. */
#define EARLY_WAKE_NS 20000

#define CLOCK_SLACK_NS 100000

#define TASK_UNINTERRUPTIBLE 2

/*
 * Why it leaves: flags, system call, and what that call waits for. self: t runs this itself, so
 * that its memory can be read.
 */
static __always_inline void offcpu_reason(struct thread *th, struct task_struct *t, u32 state,
					  bool preempt, bool self)
{
	u8 flags = preempt ? WIRE_OFF_PREEMPT : 0;
	u64 arg0 = 0, arg1 = 0;
	s32 nr;

	if (task_throttled(t))
		flags |= WIRE_OFF_THROTTLED;
	if (BPF_CORE_READ_BITFIELD(t, in_iowait))
		flags |= WIRE_OFF_IOWAIT;
	nr = task_syscall(t, &arg0, &arg1);
	th->fd_kind = WIRE_FD_NONE;
	th->ino = 0;
	th->dev = 0;
	th->wchan = 0;
	th->epoll = 0;
	th->holder = 0;
	if (nr < 0)
		arg0 = th->fault_addr;
	if (state && nr >= 0 && nr < 512 && (fd_calls[nr >> 6] & (1ULL << (nr & 63))))
		resource_of_fd(th, t, arg0);
	else if (state && self && nr == nr_futex)
		th->holder = futex_holder(t, arg0, arg1);
	if ((state & TASK_UNINTERRUPTIBLE) && !(flags & WIRE_OFF_IOWAIT))
		th->wchan = wchan_of(t, self);
	if (!state && (flags & WIRE_OFF_THROTTLED)) {
		th->fd_kind = WIRE_FD_CGROUP;
		u64 group = 0;

		if (bpf_core_field_exists(t->sched_task_group))
			bpf_core_read(&group, sizeof(group), &t->sched_task_group);
		th->ino = name_cgroup(group, t->pid);
	}
	th->nr = (s16)nr;
	th->arg0 = arg0;
	th->arg1 = arg1;
	th->state = state;
	th->off_flags = flags;
}

static __always_inline void offcpu_emit(struct emit *e, struct thread *th, u32 tid, u32 prev_tid,
					u32 flags, u64 off, u64 now)
{
	struct file *ready = NULL;
	struct wire_offcpu *r;
	s32 ready_fd = -1;

	if (th->epoll && !(flags & (WIRE_OFF_OPEN | WIRE_OFF_LATE))) {
		ready_fd = epoll_ready((struct eventpoll *)th->epoll, &ready);
		if (ready_fd >= 0 && ready)
			resource_ready(th, ready);
	}
	if (want_stacks)
		stacks_emit(e, th, tid, now);
	r = emit_reserve(e, WIRE_OFFCPU, sizeof(*r), th->off_flags | flags, tid, now);
	if (!r)
		return;
	r->off_ts = off;
	r->wake_ts = th->wake_ts;
	r->waker_tid = th->wake_ts ? th->waker_tid : 0;
	r->waker_pid = th->wake_ts ? th->waker_pid : 0;
	r->waker_ctx = th->wake_ts ? th->waker_ctx : WIRE_WAKER_NONE;
	r->prev_tid = prev_tid;
	r->state = th->state;
	r->nr = th->nr;
	r->off_cpu = th->off_cpu;
	r->on_cpu = bpf_get_smp_processor_id();
	r->fd_kind = th->fd_kind;
	r->arg0 = th->arg0;
	r->arg1 = th->arg1;
	r->ino = th->ino;
	r->dev = th->dev;
	r->waker_softirq =
		th->wake_ts && th->waker_ctx == WIRE_WAKER_SOFTIRQ ? th->waker_softirq : 0;
	r->wchan = th->wchan;
	r->holder = th->holder;
	r->ready_fd = ready_fd;
	emit_submit(e, r, WIRE_OFFCPU);
}

/*
 * The thread is on a CPU, but was not seen to come back: sched_switch does not run its programs in
 * every process's context on every kernel (seen on 6.18 in a virtual machine, for the switches
 * away from the machine's own agent). The scheduler has stamped the return on its own clock, whose
 * distance from ours the last switch told. Not always inlined: it is rare, and used in many places.
 */
static __noinline int offcpu_recover(struct thread *th, u64 arrival, u32 tid, u64 now)
{
	struct wire_lost *r;
	u64 clock_off = th->clock_off ? th->clock_off : any_clock_off;
	u64 on = arrival + clock_off;
	struct emit e;

	if (!emit_open(&e))
		return 0;
	/* The two clocks are read a little apart, more so when an interrupt comes between. */
	if (clock_off && on + CLOCK_SLACK_NS >= th->off_ts && on <= now + CLOCK_SLACK_NS) {
		on = on < th->off_ts ? th->off_ts : on > now ? now : on;
		offcpu_emit(&e, th, tid, 0, WIRE_OFF_LATE, th->off_ts, on);
		th->on_ts = on;
	} else {
		count_loss(WIRE_LOSS_SWITCH_MISSED);
		r = emit_reserve(&e, WIRE_LOST, sizeof(*r), 0, tid, now);
		if (r) {
			r->from_ts = th->off_ts;
			r->count = 1;
			r->cpu = bpf_get_smp_processor_id();
			emit_submit(&e, r, WIRE_LOST);
		}
		th->on_ts = now;
	}
	th->off_ts = 0;
	th->wake_ts = 0;
	th->on_seen = 0;
	th->queue_ts = 0;
	return 0;
}

/* The running thread's time and CPU time, as thread_now, with a return that was missed made
 * good. */
static __always_inline u64 thread_here(struct thread *th, u64 *cpu_ns)
{
	struct task_struct *t;

	if (th->off_ts) {
		t = task_current();
		offcpu_recover(th, BPF_CORE_READ(t, sched_info.last_arrival),
			       (u32)bpf_get_current_pid_tgid(), bpf_ktime_get_ns());
	}
	return thread_now(th, cpu_ns);
}

static __always_inline void offcpu_begin(struct thread *th, struct task_struct *t, u32 state,
					 bool preempt, u64 now)
{
	if (th->off_ts)
		offcpu_recover(th, t->sched_info.last_arrival, t->pid, now);
	else if (th->on_seen)
		any_clock_off = th->clock_off = th->on_ts - t->sched_info.last_arrival;
	if (th->on_ts) /* else it is being looked at for the first time */
		th->run_ns += now - th->on_ts;
	/* Preempted while it was about to sleep: it is still runnable. */
	if (preempt)
		state = 0;
	offcpu_reason(th, t, state, preempt, true);
	/* Signed: a waker that came after this program took the time is not early, but just in
	 * time. */
	if (!state || (th->waker_early && (s64)(now - th->wake_ts) > EARLY_WAKE_NS))
		th->wake_ts = 0;
	if (state)
		th->blocks++;
	th->off_cpu = bpf_get_smp_processor_id();
	th->off_ts = now;
}

#endif
