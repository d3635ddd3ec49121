/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blocked.bpf.h - who holds what the thread waits for, and where in the kernel it waits
 *
 * Called when a thread has just decided to sleep. What is read from the application's memory is a
 * hint: nothing but convention says that a lock keeps its owner beside it.
 */
#ifndef BLOCKED_BPF_H
#define BLOCKED_BPF_H

#include "compat.bpf.h"
#include "task.bpf.h"

/* uapi/linux/futex.h */
#define FUTEX_CMD	      0x7f
#define FUTEX_WAIT	      0
#define FUTEX_LOCK_PI	      6
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_LOCK_PI2	      13
#define FUTEX_TID_MASK	      0x3fffffff

/* A mutex of glibc that somebody waits for has 2 in its first word, and its owner in the third. */
#define GLIBC_CONTENDED 2

/* The tid of a thread of t's process that calls itself `nr`, in its own PID namespace. */
static __always_inline u32 tid_in_ns(struct task_struct *t, u32 nr)
{
	struct ns_tid key = {.pid = t->tgid, .nr = nr};
	u32 *tid;

	if (!nr || !BPF_CORE_READ(t, thread_pid, level))
		return nr;
	tid = bpf_map_lookup_elem(&ns_tids, &key);
	return tid ? *tid : 0;
}

/*
 * Whom the futex says to be its holder; 0 if it does not. A priority-inheritance futex has the tid
 * in its word, by the kernel's rules. A mutex of musl has it in the word, too, with the top bit.
 */
static __noinline u32 futex_holder(struct task_struct *t, u64 addr, u32 op)
{
	u32 cmd = op & FUTEX_CMD, val, word[3] = {};

	if (cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2) {
		if (bpf_probe_read_user(word, 4, (void *)addr))
			return 0;
		return tid_in_ns(t, word[0] & FUTEX_TID_MASK);
	}
	if (cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET)
		return 0;
	val = (u32)task_arg2(t);
	if (val >> 31)
		return tid_in_ns(t, val & FUTEX_TID_MASK);
	if (val != GLIBC_CONTENDED || bpf_probe_read_user(word, sizeof(word), (void *)addr))
		return 0;
	return tid_in_ns(t, word[2]);
}

#define WCHAN_DEPTH 16

static __always_inline bool in_tracepoint(u64 ip)
{
	return ip - switch_code_from[0] < switch_code_size[0] ||
	       ip - switch_code_from[1] < switch_code_size[1];
}

/*
 * Where a thread that sleeps called the scheduler from: the kernel's own wchan. The stack comes
 * without the scheduler's functions. Of the thread itself it begins with what calls this program,
 * up to the tracepoint.
 */
static __noinline u64 wchan_of(struct task_struct *t, bool self)
{
	u64 ips[WCHAN_DEPTH] = {};

	if (bpf_get_task_stack(t, ips, sizeof(ips), 0) <= 0)
		return 0;
	if (!self)
		return ips[0];
	for (int i = WCHAN_DEPTH - 2; i >= 0; i--)
		if (in_tracepoint(ips[i]))
			return ips[i + 1];
	return 0;
}

/*
 * A descriptor that epoll has ready, and what it is: asked when the waiter comes back to a CPU,
 * before it has taken anything off the list. -1: none.
 */
static __always_inline s32 epoll_ready(struct eventpoll *ep, struct file **f)
{
	struct list_head *head =
		(void *)((u64)ep + bpf_core_field_offset(struct eventpoll, rdllist));
	struct list_head *first = BPF_CORE_READ(ep, rdllist.next);
	struct epitem *item;

	if (!first || first == head)
		return -1;
	item = (void *)((u64)first - bpf_core_field_offset(struct epitem, rdllink));
	*f = BPF_CORE_READ(item, ffd.file);
	return BPF_CORE_READ(item, ffd.fd);
}

#endif
