/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched.bpf.c - switch, waking, wakeup_new, migrate
 *
 * These run for every thread of the machine, under the run queue's lock: for one that is not
 * traced they do one look-up and return.
 */
#include "batch.bpf.h"

const volatile bool use_storage = true;
const volatile bool has_task_btf = true;
const volatile bool has_task_pt_regs = true;
const volatile bool switch_has_state = true;
const volatile bool follow_forks = true;
const volatile bool want_stacks = false;
const volatile u64 sample_ns = 0;
const volatile u32 cpus_per_ring = 1;
const volatile u32 rings_nr = 1;
const volatile u64 wakeup_bytes = 1 << 20;
const volatile u64 slow_syscall_ns = 10000000;
const volatile s64 preempt_count_delta = 0;
const volatile u64 fd_calls[8] = {};
const volatile s32 nr_futex = -1;
const volatile bool count_irqs = false;
const volatile u64 switch_code_from[2] = {}, switch_code_size[2] = {};
const volatile u64 last_calls[8] = {};
const volatile bool exit_has_mm = false;

u32 phase = PHASE_SEED;
u32 ring_woken[RINGS_MAX] = {};
u32 holders_wanted = 0, holders_round = 0, holders_scan = 0;
u32 generation = 1;
u64 any_clock_off = 0;

char LICENSE[] SEC("license") = "GPL";

static __always_inline void switch_in(struct thread *th, struct task_struct *t,
				      struct task_struct *prev, u64 now)
{
	struct emit e;

	if (th->off_ts) {
		if (emit_open(&e)) {
			if (th->met_prev != (u32)prev->pid && !thread_of(prev))
				introduce(&e, prev, now);
			th->met_prev = prev->pid;
			ran_end(th, now);
			offcpu_emit(&e, th, t->pid, prev->pid, 0, th->off_ts, now);
		}
	} else if (th->seeded) {
		/* That it left was not seen. While it is looked at for the first time, it need not
		 * have. */
		count_loss(WIRE_LOSS_SWITCH_MISSED);
	}
	th->off_ts = 0;
	th->wake_ts = 0;
	th->on_ts = now;
	th->on_seen = th->seeded = 1;
	th->queue_ts = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct cpu_state *c = cpu_here();
	struct thread *th;
	u64 now = bpf_ktime_get_ns();

	th = thread_of(prev);
	if (th) {
		u32 state = switch_has_state ? (u32)ctx[3] : task_state(prev);

		/* Before 5.18 the state is read late, and a waker may already have changed it. */
		if (!switch_has_state && state == 0x200)
			state = 1;
		offcpu_begin(th, prev, state, preempt, now);
		if (want_stacks)
			stacks_take(ctx, th, STACK_SWITCH, now);
		if (th->batches_nr && prev->mm)
			batches_send(th, now);
	}
	th = thread_of(next);
	if (th)
		switch_in(th, next, prev, now);
	if (c)
		ran_log(c, prev, next, now);
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *t, int cpu)
{
	struct thread *th = thread_of(t);

	if (th)
		ran_moved(th, cpu, bpf_ktime_get_ns());
	return 0;
}

static __always_inline void woken(struct task_struct *t)
{
	struct thread *th = thread_of(t);
	struct cpu_state *c;
	struct emit e;
	u64 now, id;

	/* The first waking of a sleep counts, later ones find it on its way. But one that came when
	 * it was still on its CPU is proven to belong to an earlier sleep if another follows. */
	if (!th || (th->wake_ts && !(th->off_ts && th->waker_early)))
		return;
	now = bpf_ktime_get_ns();
	id = bpf_get_current_pid_tgid();
	th->waker_tid = (u32)id;
	th->waker_pid = id >> 32;
	th->waker_ctx = context_here();
	if (th->waker_ctx == WIRE_WAKER_SOFTIRQ) {
		c = cpu_here();
		th->waker_softirq = c ? c->softirq : 0;
	}
	th->waker_early = !th->off_ts && t->on_rq;
	th->wake_ts = now;
	if (th->off_ts && task_throttled(t))
		th->off_flags |= WIRE_OFF_THROTTLED_WAKE;
	if (th->met_waker != (u32)id && !thread_current() && emit_open(&e))
		introduce(&e, task_current(), now);
	th->met_waker = (u32)id;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *t)
{
	woken(t);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *t)
{
	woken(t);
	return 0;
}
