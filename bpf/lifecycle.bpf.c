/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lifecycle.bpf.c - threads appear, are renamed, and die; and the two walks over all of them
 *
 * The first walk (seed) finds the threads that exist when the trace begins, in whatever they are
 * doing; the second (flush) ends the intervals that are open when it stops. Both run while the
 * scheduler's programs are attached, so that no thread falls between.
 */
#include "batch.bpf.h"

static __always_inline void fill_used(struct thread *th, u64 cpu_ns, u32 faults,
				      struct wire_used *u)
{
	u->cpu_ns = cpu_ns;
	u->sys_ns = th->sys_ns;
	u->syscalls = th->syscalls;
	u->faults = faults;
}

static __always_inline void emit_thread(struct task_struct *t, u32 how, u32 parent_tid,
					u32 parent_pid, u64 now, bool on_cpu, u32 state, s32 nr)
{
	struct wire_thread *r;
	struct emit e;

	if (!emit_open(&e))
		return;
	r = emit_reserve(&e, WIRE_THREAD, sizeof(*r), how, t->pid, now);
	if (!r)
		return;
	r->pid = t->tgid;
	r->parent_tid = parent_tid;
	r->parent_pid = parent_pid;
	r->state = state;
	r->start_ns = t->start_time;
	r->exec_ns = t->se.sum_exec_runtime;
	r->nr = nr;
	r->on_cpu = on_cpu;
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), t->comm);
	/* A new process, or a new program in one: its marks are to be attached. */
	if (how == WIRE_THREAD_EXEC || (how == WIRE_THREAD_FORK && parent_pid != (u32)t->tgid))
		emit_submit_now(&e, r, WIRE_THREAD);
	else
		emit_submit(&e, r, WIRE_THREAD);
}

static __always_inline void emit_totals(struct thread *th, struct task_struct *t, u64 cpu_ns,
					u32 flags, u64 now)
{
	struct wire_totals *r;
	struct emit e;

	if (!emit_open(&e))
		return;
	r = emit_reserve(&e, WIRE_TOTALS, sizeof(*r), flags, t->pid, now);
	if (!r)
		return;
	fill_used(th, cpu_ns, t->min_flt + t->maj_flt, &r->used);
	r->exec_ns = t->se.sum_exec_runtime;
	r->run_delay_ns = t->sched_info.run_delay - th->run_delay0;
	r->nvcsw = t->nvcsw - th->nvcsw0;
	r->nivcsw = t->nivcsw - th->nivcsw0;
	r->min_flt = t->min_flt - th->min_flt0;
	r->maj_flt = t->maj_flt - th->maj_flt0;
	emit_submit(&e, r, WIRE_TOTALS);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct thread *from = thread_of(parent), *th;
	struct target target = {};
	u32 pid = child->tgid;
	u64 now;

	if (!from)
		return 0;
	if (child->tgid != parent->tgid) {
		if (!follow_forks)
			return 0;
		bpf_map_update_elem(&targets, &pid, &target, BPF_NOEXIST);
	}
	th = thread_make(child);
	if (!th)
		return 0;
	now = bpf_ktime_get_ns();
	th->on_ts = now;
	th->off_ts = now;
	th->image = from->image;
	th->off_flags = WIRE_OFF_BIRTH;
	th->nr = NR_NONE;
	th->seeded = 1;
	if (from->batches_nr || parent->mm == child->mm)
		batches_inherit(from, parent, th, child, now);
	emit_thread(child, WIRE_THREAD_FORK, parent->pid, parent->tgid, now, false, 0, NR_NONE);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *t, int old_tid)
{
	struct thread *th;
	struct target *target;
	u32 pid = t->tgid, old = old_tid;

	/* exec by a thread other than the first gives it the first one's tid. */
	if (!use_storage && old != (u32)t->pid) {
		th = bpf_map_lookup_elem(&thread_hash, &old);
		if (th) {
			u32 tid = t->pid;

			bpf_map_update_elem(&thread_hash, &tid, th, BPF_ANY);
			bpf_map_delete_elem(&thread_hash, &old);
		}
	}
	th = thread_of(t);
	if (!th)
		return 0;
	target = bpf_map_lookup_elem(&targets, &pid);
	if (target)
		target->gen++;
	generation++;
	th->tid = t->pid;
	th->last_task = th->last_parent = ~0ULL;
	th->image = generation;
	batches_end(th, bpf_ktime_get_ns());
	emit_thread(t, WIRE_THREAD_EXEC, old, pid, bpf_ktime_get_ns(), true, 0, NR_NONE);
	return 0;
}

/* The dying thread runs this itself; what it does until its last switch is not traced. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *t)
{
	struct thread *th = thread_of(t);
	u64 now, cpu_ns;

	if (!th)
		return 0;
	now = thread_here(th, &cpu_ns);
	if (th->batches_nr && exit_has_mm)
		batches_send(th, now);
	batches_end(th, now);
	emit_totals(th, t, cpu_ns, WIRE_TOTALS_EXIT, now);
	thread_drop(t);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *t, const char *comm)
{
	struct wire_comm *r;
	struct emit e;

	if (!thread_of(t) || !emit_open(&e))
		return 0;
	r = emit_reserve(&e, WIRE_COMM, sizeof(*r), 0, t->pid, bpf_ktime_get_ns());
	if (!r)
		return 0;
	r->pid = t->tgid;
	r->pad = 0;
	bpf_probe_read_kernel_str(r->comm, sizeof(r->comm), comm);
	emit_submit(&e, r, WIRE_COMM);
	return 0;
}

#define PF_EXITING 0x4 /* set before sched_process_exit, after which nobody drops the state */

static u64 seed_fence; /* adding to it orders what stands before and behind */

#define SWITCH_NS    50000 /* a switch takes less, if nothing interrupts it */
#define SWITCH_LOOKS 512

/* Without group scheduling a thread has no way to its queue. */
static __always_inline bool knows_queue(struct task_struct *t)
{
	return bpf_core_field_exists(t->se.cfs_rq);
}

/* Whether t has a CPU, as its queue knows, which changes before sched_switch is told; t->on_cpu
 * changes after. */
static __always_inline bool is_queues_current(struct task_struct *t)
{
	return knows_queue(t) ? BPF_CORE_READ(t, se.cfs_rq, rq, curr) == t : t->on_cpu;
}

/* The time, read so often that it takes 100 ns: the verifier looks at each round of a loop. */
static __always_inline u64 pause(void)
{
	bpf_ktime_get_ns();
	bpf_ktime_get_ns();
	bpf_ktime_get_ns();
	return bpf_ktime_get_ns();
}

/*
 * Whether t, whose switches are noted since a moment ago, is on a CPU. In the middle of a switch the
 * program may have run for it already, too early to note it: that is waited for.
 */
static __noinline bool has_cpu(volatile struct thread *th, struct task_struct *t)
{
	u64 begin = bpf_ktime_get_ns();
	bool is_current = false;

	for (u64 i = 0; i < SWITCH_LOOKS; i++) {
		is_current = is_queues_current(t);
		if (is_current == !!t->on_cpu || th->off_ts || th->on_seen ||
		    pause() - begin > SWITCH_NS)
			break;
	}
	return is_current;
}

/*
 * t, as it is called here, is off its CPU since before now. Returns whether that is still so. If it
 * comes back meanwhile, either what it does is seen here, or what is done here there.
 */
static __noinline bool seed_off(struct thread *th, struct task_struct *t, u64 now)
{
	volatile struct thread *v = th;
	u32 state = task_state(t);

	offcpu_reason(th, t, state, false, false);
	th->off_flags |= WIRE_OFF_CLIPPED;
	if (v->on_seen)
		return !!v->off_ts;
	if (!state)
		v->wake_ts = now;
	v->off_ts = now;
	__sync_fetch_and_add(&seed_fence, 1);
	if (v->off_ts == now && (v->on_seen || (!knows_queue(t) && t->on_cpu))) {
		v->off_ts = 0;
		v->wake_ts = 0;
	}
	return !!v->off_ts;
}

SEC("iter/task")
int seed_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	volatile struct thread *v;
	struct thread *th;
	s32 nr = NR_NONE;
	u64 now, off;
	bool has;
	u32 pid;

	if (!t)
		return 0;
	pid = t->tgid;
	if (!bpf_map_lookup_elem(&targets, &pid) || t->flags & PF_EXITING || thread_of(t))
		return 0;
	/* From here on its switches are noted. */
	th = thread_make(t);
	if (!th)
		return 0;
	v = th;
	now = bpf_ktime_get_ns();
	if (!v->on_ts)
		v->on_ts = now;
	has = has_cpu(v, t);
	if (!has && !v->off_ts && seed_off(th, t, now))
		nr = th->nr;
	v->seeded = !has || t->on_cpu; /* else it is still to be told that it comes */
	off = v->off_ts;
	emit_thread(t, WIRE_THREAD_ATTACH, 0, 0, now, !off || off > now, task_state(t), nr);
	return 0;
}

SEC("iter/task")
int flush_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct thread *th;
	struct emit e;
	u64 now, cpu_ns, off;

	if (!t)
		return 0;
	th = thread_of(t);
	if (!th)
		return 0;
	off = th->off_ts;
	if (off) {
		now = bpf_ktime_get_ns();
		cpu_ns = th->run_ns;
		if (emit_open(&e))
			offcpu_emit(&e, th, t->pid, 0, WIRE_OFF_OPEN, off, now);
	} else {
		now = thread_now(th, &cpu_ns);
	}
	emit_totals(th, t, cpu_ns, 0, now);
	return 0;
}
