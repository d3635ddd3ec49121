/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * task.bpf.h - whose is it? The state of traced threads
 *
 * Having state is what makes a thread traced: looking it up is the filter, and the first thing
 * every program does. State is made when a process is attached to (iterator) or a traced thread
 * forks, and removed when the thread exits.
 *
 * Task storage is used from 6.2 on. Before, a look-up fails when it interrupts another one on the
 * same CPU, and a lost context switch is worse than the few nanoseconds that the hash costs.
 */
#ifndef TASK_BPF_H
#define TASK_BPF_H

#include "compat.bpf.h"

/* Most threads of the machine have no storage at all, and a load tells it sooner than a call. */
static __always_inline struct thread *thread_stored(struct task_struct *t)
{
	if (bpf_core_field_exists(t->bpf_storage) && !t->bpf_storage)
		return NULL;
	return bpf_task_storage_get(&thread_storage, t, 0, 0);
}

static __always_inline struct thread *thread_of(struct task_struct *t)
{
	u32 tid;

	if (use_storage)
		return thread_stored(t);
	tid = t->pid;
	return bpf_map_lookup_elem(&thread_hash, &tid);
}

/* The running thread's; also for uprobes, whose kernels may lack bpf_get_current_task_btf
 * (5.11). */
static __always_inline struct thread *thread_current(void)
{
	u32 tid;

	if (use_storage)
		return thread_stored(bpf_get_current_task_btf());
	tid = (u32)bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&thread_hash, &tid);
}

/* Too large for a program's stack. */
static const struct thread thread_zero;

static __always_inline struct thread *thread_make(struct task_struct *t)
{
	struct thread *th;
	u32 tid = t->pid;

	if (use_storage) {
		th = bpf_task_storage_get(&thread_storage, t, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	} else {
		bpf_map_update_elem(&thread_hash, &tid, &thread_zero, BPF_NOEXIST);
		th = bpf_map_lookup_elem(&thread_hash, &tid);
	}
	if (!th) {
		count_loss(WIRE_LOSS_NO_STATE);
		return NULL;
	}
	th->tid = tid;
	th->pid = t->tgid;
	th->last_task = th->last_parent = ~0ULL;
	th->run_delay0 = t->sched_info.run_delay;
	th->nvcsw0 = t->nvcsw;
	th->nivcsw0 = t->nivcsw;
	th->min_flt0 = t->min_flt;
	th->maj_flt0 = t->maj_flt;
	return th;
}

static __always_inline void thread_drop(struct task_struct *t)
{
	u32 tid = t->pid;

	if (use_storage)
		bpf_task_storage_delete(&thread_storage, t);
	else
		bpf_map_delete_elem(&thread_hash, &tid);
}

/*
 * The time, and the running thread's CPU time until then. A uprobe program can be preempted, and
 * find that its thread was off CPU since it read the one or the other: then it reads again.
 */
static __always_inline u64 thread_now(struct thread *th, u64 *cpu_ns)
{
	volatile struct thread *v = th;
	u64 now = 0, on;

	for (int i = 0; i < 3; i++) {
		on = v->on_ts;
		*cpu_ns = v->run_ns;
		now = bpf_ktime_get_ns();
		if (on == v->on_ts)
			break;
	}
	*cpu_ns += now - on;
	return now;
}

#endif
