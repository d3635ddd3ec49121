/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall.bpf.c - counts system calls and their CPU time; reports those that blocked or were slow
 *
 * Why a thread waits is read from its saved registers when it is switched out (offcpu.bpf.h), so
 * these two programs are only there when asked for (--syscalls): they cost every system call of the
 * machine.
 */
#include "batch.bpf.h"

/* The kernel's own calls of an optimised uprobe: marks, not the application's doing. */
static __always_inline bool is_uprobe_call(s64 nr)
{
#if defined(__TARGET_ARCH_x86)
	return nr == 335 || nr == 336;
#else
	return false;
#endif
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long nr)
{
	struct thread *th = thread_current();

	if (!th || is_uprobe_call(nr))
		return 0;
	th->enter_blocks = th->blocks;
	th->enter_ts = thread_here(th, &th->enter_cpu_ns);
	if (th->batches_nr && is_last_call(nr))
		batches_send_last(th, th->enter_ts);
	return 0;
}

static __always_inline s64 regs_nr(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (s64)regs->orig_ax;
#else
	return regs->syscallno;
#endif
}

static __always_inline void report_call(struct thread *th, s64 nr, s64 ret, u64 cpu_ns, u64 now)
{
	struct wire_syscall *r;
	struct emit e;

	if (th->blocks == th->enter_blocks && now - th->enter_ts < slow_syscall_ns)
		return;
	if (!emit_open(&e))
		return;
	r = emit_reserve(&e, WIRE_SYSCALL, sizeof(*r), 0, th->tid, now);
	if (!r)
		return;
	r->enter_ts = th->enter_ts;
	r->ret = ret;
	r->nr = nr;
	r->cpu_ns = cpu_ns > 0xffffffff ? 0xffffffff : cpu_ns;
	emit_submit(&e, r, WIRE_SYSCALL);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	struct thread *th = thread_current();
	u64 now, cpu_ns;
	s64 nr;

	if (!th)
		return 0;
	nr = regs_nr(regs);
	if (is_uprobe_call(nr))
		return 0;
	th->syscalls++;
	now = thread_here(th, &cpu_ns);
	/* It was inside when the trace saw it first: its beginning is not known. */
	if (!th->enter_ts)
		return 0;
	cpu_ns -= th->enter_cpu_ns;
	th->sys_ns += cpu_ns;
	report_call(th, nr, ret, cpu_ns, now);
	th->enter_ts = 0;
	return 0;
}
