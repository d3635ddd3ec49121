/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.bpf.h - one name for what kernels and machines spell differently
 */
#ifndef COMPAT_BPF_H
#define COMPAT_BPF_H

#include "maps.bpf.h"
#include <bpf/bpf_tracing.h>

#define NR_NONE	  (-1)	 /* no system call in flight */
#define NR_COMPAT 0x7fff /* one of the 32-bit table, whose numbers differ */

/* Arguments of a mark: markers have them in these registers, always. */
#if defined(__TARGET_ARCH_x86)
#define MARK_ARG1(ctx) ((ctx)->di)
#define MARK_ARG2(ctx) ((ctx)->si)
#define MARK_ARG3(ctx) ((ctx)->dx)
#define MARK_ARG4(ctx) ((ctx)->cx)
#define MARK_ARG5(ctx) ((ctx)->r8)
#define MARK_ARG6(ctx) ((ctx)->r9)
#elif defined(__TARGET_ARCH_arm64)
#define MARK_ARG1(ctx) (((struct user_pt_regs *)(ctx))->regs[0])
#define MARK_ARG2(ctx) (((struct user_pt_regs *)(ctx))->regs[1])
#define MARK_ARG3(ctx) (((struct user_pt_regs *)(ctx))->regs[2])
#define MARK_ARG4(ctx) (((struct user_pt_regs *)(ctx))->regs[3])
#define MARK_ARG5(ctx) (((struct user_pt_regs *)(ctx))->regs[4])
#define MARK_ARG6(ctx) (((struct user_pt_regs *)(ctx))->regs[5])
#endif

/*
 * The system call that a thread in the kernel is inside of, or NR_*; its first two arguments. They
 * are in its user registers, saved at the top of its kernel stack. Before 5.15 no helper finds
 * these: the stack is 16 KiB on both machines (x86-64 without KASAN, arm64 with 4 KiB pages).
 *
 * REGS_READ loads directly where the verifier knows the type, which costs a tenth of a helper call.
 */
#define REGS_READ(r, field) (has_task_pt_regs ? (r)->field : BPF_CORE_READ(r, field))

static __always_inline struct pt_regs *task_regs(struct task_struct *t)
{
	if (has_task_pt_regs)
		return (struct pt_regs *)bpf_task_pt_regs(t);
	return (struct pt_regs *)((u64)t->stack + 16384 - bpf_core_type_size(struct pt_regs));
}

static __always_inline s32 task_syscall(struct task_struct *t, u64 *arg0, u64 *arg1)
{
	struct pt_regs *regs = task_regs(t);
	s64 nr;

#if defined(__TARGET_ARCH_x86)
	nr = (s64)REGS_READ(regs, orig_ax);
	if (nr < 0 || nr > 1023)
		return NR_NONE;
	if (t->thread_info.status & 2) /* TS_COMPAT */
		return NR_COMPAT;
	*arg0 = REGS_READ(regs, di);
	*arg1 = REGS_READ(regs, si);
#elif defined(__TARGET_ARCH_arm64)
	nr = REGS_READ(regs, syscallno);
	if (nr < 0 || nr > 1023)
		return NR_NONE;
	if (t->thread_info.flags & (1 << 22)) /* TIF_32BIT */
		return NR_COMPAT;
	*arg0 = REGS_READ(regs, orig_x0);
	*arg1 = REGS_READ(regs, regs[1]);
#endif
	return (s32)nr;
}

/* The third argument of the system call that it is in. */
static __always_inline u64 task_arg2(struct task_struct *t)
{
	struct pt_regs *regs = task_regs(t);

#if defined(__TARGET_ARCH_x86)
	return REGS_READ(regs, dx);
#else
	return REGS_READ(regs, regs[2]);
#endif
}

/* __state since 5.14 (commit 2f064a59a11f). */
static __always_inline u32 task_state(struct task_struct *t)
{
	struct task_struct___before_5_14 *old = (void *)t;

	if (bpf_core_field_exists(t->__state))
		return t->__state;
	return BPF_CORE_READ(old, state);
}

/*
 * Whether its cgroup's CPU quota stops it. Since 6.18 the kernel throttles tasks one by one, when
 * they return to user mode; a task of a throttled queue may run on in the kernel until then.
 */
static __always_inline bool task_throttled(struct task_struct *t)
{
	struct task_struct___since_6_18 *n = (void *)t;

	if (bpf_core_field_exists(n->throttled))
		return n->throttled;
	if (bpf_core_field_exists(t->se.cfs_rq) &&
	    bpf_core_field_exists(((struct cfs_rq *)0)->throttle_count))
		return t->se.cfs_rq->throttle_count > 0;
	return false;
}

/*
 * The running thread. Before 5.11 it is a bare address: fields of what this returns must be read
 * with BPF_CORE_READ, not directly.
 */
static __always_inline struct task_struct *task_current(void)
{
	if (has_task_btf)
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

/*
 * This CPU's preempt count. On x86 it is a per-CPU variable, which a program can only name where
 * the kernel keeps the names of data (KALLSYMS_ALL). But the run queue is a per-CPU variable too,
 * every thread has a way to it, and BTF knows how far apart the two are.
 */
static __always_inline bool preempt_count_here(u32 *count)
{
	struct task_struct *cur = task_current();

#if defined(__TARGET_ARCH_x86)
	u64 rq;

	/* A kernel without group scheduling has no such way. */
	if (!preempt_count_delta || !bpf_core_field_exists(cur->se.cfs_rq))
		return false;
	rq = has_task_btf ? (u64)cur->se.cfs_rq->rq : (u64)BPF_CORE_READ(cur, se.cfs_rq, rq);
	return !bpf_probe_read_kernel(count, sizeof(*count), (void *)(rq + preempt_count_delta));
#else
	*count = (u32)BPF_CORE_READ(cur, thread_info.preempt_count);
	return true;
#endif
}

/* What this CPU is doing: WIRE_WAKER_TASK, _SOFTIRQ, _HARDIRQ, _NMI, or _UNKNOWN. */
static __always_inline u8 context_here(void)
{
	u32 count;

	if (!preempt_count_here(&count))
		return WIRE_WAKER_UNKNOWN;
	if (count & 0xf00000)
		return WIRE_WAKER_NMI;
	if (count & 0x0f0000)
		return WIRE_WAKER_HARDIRQ;
	if (count & 0x000100) /* serving one; 0x200 and up: only disabled */
		return WIRE_WAKER_SOFTIRQ;
	return WIRE_WAKER_TASK;
}

#endif
