/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * batch.bpf.c - the probes of batches, and what older kernels need to miss nothing at an end
 *
 * A dying thread's memory is still there in sched_process_exit since Linux 6.16. Before, two other
 * hooks together see it in time: the system call that ends it, or the signal that does.
 */
#include "batch.bpf.h"

/* The batch at addr, BATCHES_MAX: not known. */
static __always_inline u32 batch_find(const struct thread *th, u64 addr)
{
	u32 i;

	for (i = 0; i < BATCHES_MAX; i++)
		if (i < th->batches_nr && th->batches[i].addr == addr)
			break;
	return i;
}

/* A place for another, BATCHES_MAX: there is none. */
static __always_inline u32 batch_place(const struct thread *th)
{
	u32 i = batch_find(th, 0);

	if (i < BATCHES_MAX)
		return i;
	i = th->batches_nr;
	if (i >= BATCHES_MAX)
		count_loss(WIRE_LOSS_NO_STATE);
	return i;
}

/* It counts when it is filled in: a switch may come before. */
static __always_inline void batch_placed(struct thread *th, u32 i, u64 addr)
{
	th->batches[i & (BATCHES_MAX - 1)].addr = addr;
	barrier();
	if (i >= th->batches_nr)
		th->batches_nr = i + 1;
}

/* Never called: what it is attached to is a semaphore. */
SEC("uprobe")
int mark_batch_on(struct pt_regs *ctx)
{
	return 0;
}

/* Also one that is known: another tracer has come, or another library is at its address. */
SEC("uprobe")
int mark_batch_register(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 addr = MARK_ARG1(ctx), pos = MARK_ARG2(ctx), now = bpf_ktime_get_ns();
	u32 nonce = MARK_ARG3(ctx);
	struct batch *bt;
	u32 i;

	if (!th || phase == PHASE_OVER)
		return 0;
	i = batch_find(th, addr);
	if (i < BATCHES_MAX) {
		batch_send(th, i, now);
		bt = &th->batches[i];
		batch_tell(th, bt, WIRE_BATCH_LAST, now);
	} else {
		i = batch_place(th);
		if (i >= BATCHES_MAX)
			return 0;
		bt = &th->batches[i];
		if (!(bt->flags & BATCH_CHILDS))
			bt->maker = 0;
	}
	bt->id = batch_id(th->tid, now);
	bt->sent = bt->pos = pos;
	bt->flags = bt->maker ? BATCH_NEW | BATCH_BORROWED : BATCH_NEW;
	bt->nonce = nonce;
	batch_placed(th, i, addr);
	batch_tell(th, bt, 0, now);
	return 0;
}

SEC("uprobe")
int mark_batch_full(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 addr = MARK_ARG1(ctx), now = bpf_ktime_get_ns();
	struct batch *bt;
	u32 i;

	if (!th || phase == PHASE_OVER)
		return 0;
	i = batch_find(th, addr);
	if (i == BATCHES_MAX && th->batches_nr == 1) {
		batch_send(th, 0, now); /* it may be one that a child of vfork came to */
		i = batch_find(th, addr);
	}
	if (i == BATCHES_MAX) {
		/* It is registered with a tracer that came before, in an object that has no session
		 * yet. */
		struct batch_head head;

		if (bpf_probe_read_user(&head, sizeof(head), (void *)addr))
			return 0;
		i = batch_place(th);
		if (i >= BATCHES_MAX)
			return 0;
		bt = &th->batches[i];
		bt->id = batch_id(th->tid, now);
		bt->pos = head.pos;
		bt->sent = head.pos & ~(u64)BLOCK_MASK;
		bt->flags = BATCH_NEW;
		bt->maker = 0;
		bt->nonce = head.nonce;
		batch_placed(th, i, addr);
	}
	if (i >= BATCHES_MAX)
		return 0;
	bt = &th->batches[i];
	if (bt->flags & BATCH_SHARED)
		batch_writer(bt, th->tid);
	batch_send(th, i, now);
	if (phase == PHASE_SEED) {
		/* It was before the trace, and no loss. */
		bt->sent = bt->pos;
		bt->flags |= BATCH_NEW;
	}
	return 0;
}

/* For kernels where these are the last instants of a thread's memory. */
SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal)
{
	struct thread *th = thread_current();

	if (th && th->batches_nr && maker_waits())
		batches_send_last(th, bpf_ktime_get_ns());
	else if (th && th->batches_nr)
		batches_send(th, bpf_ktime_get_ns());
	return 0;
}

/* The same where system calls are not counted. */
SEC("tp_btf/sys_enter")
int BPF_PROG(on_last_call, struct pt_regs *regs, long nr)
{
	struct thread *th;

	if (!is_last_call(nr))
		return 0;
	th = thread_current();
	if (th && th->batches_nr)
		batches_send_last(th, bpf_ktime_get_ns());
	return 0;
}

/* Before the old memory is gone; since Linux 6.10. The thread may still be told that it cannot. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(on_prepare_exec, struct task_struct *t)
{
	struct thread *th = thread_of(t);

	if (th && th->batches_nr)
		batches_send_last(th, bpf_ktime_get_ns());
	return 0;
}
