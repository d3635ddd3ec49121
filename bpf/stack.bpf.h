/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack.bpf.h - call stacks, each sent once and known by a number from then on
 *
 * The number is a hash of the addresses, of the process and of the program that runs in it, so
 * that nobody has to give numbers out. A stack is not taken for known before it is in a ring: who
 * refers to one can rely on its being there, unless it was lost, and counted.
 *
 * The application's part is walked by frame pointers, which all that the kernel offers is: code
 * without them ends a stack early. The kernel's part is whole.
 */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "emit.bpf.h"
#include "stack_cache.bpf.h"
#include "task.bpf.h"

/* Who takes one: a sample can interrupt everything but a switch, and has a buffer of its own. */
enum { STACK_SWITCH = 0, STACK_SAMPLE = 1, STACK_USERS = 2 };

struct stack_buf {
	struct wire_stack r;
	u64 ips[WIRE_STACK_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STACK_USERS);
	__type(key, u32);
	__type(value, struct stack_buf);
} stack_bufs SEC(".maps") __weak;

/* Those that were sent. One that is forgotten is sent again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u8);
} stacks_known SEC(".maps") __weak;

static __always_inline u64 stack_hash(const struct stack_buf *b, u32 n, u64 seed)
{
	u64 h = seed;

	for (u32 i = 0; i < WIRE_STACK_MAX; i++) {
		if (i >= n)
			break;
		h = (h ^ b->ips[i]) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h ? h : 1; /* 0 is none */
}

/*
 * The running thread's stack, one of its two parts; ctx is the program's own. Its id, or 0. begin:
 * NULL, or where its walk begins, so that it is known the next time.
 */
static __always_inline u64 stack_take(void *ctx, struct emit *e, const struct thread *th, u32 who,
				      bool kernel, u64 now, const struct stack_begin *begin)
{
	struct stack_buf *b = bpf_map_lookup_elem(&stack_bufs, &who);
	u8 one = 1;
	u64 id;
	long sz;
	u32 n;

	if (!b)
		return 0;
	sz = bpf_get_stack(ctx, b->ips, sizeof(b->ips), kernel ? 0 : BPF_F_USER_STACK);
	if (sz <= 0 || sz > sizeof(b->ips))
		return 0;
	b->r.n = sz >> 3;
	id = stack_hash(b, sz >> 3, kernel ? 0 : (u64)th->pid << 32 ^ th->image);
	/* Read again: the verifier would follow each of the loop's ends on its own. */
	n = *(volatile u32 *)&b->r.n;
	if (!n || n > WIRE_STACK_MAX)
		return 0;
	if (bpf_map_lookup_elem(&stacks_known, &id)) {
		if (begin)
			stack_cache_put(begin, b->ips, n, id);
		return id;
	}
	b->r.h.kind = WIRE_STACK;
	b->r.h.flags =
		(kernel ? WIRE_STACK_KERNEL : 0) | (n == WIRE_STACK_MAX ? WIRE_STACK_CUT : 0);
	b->r.h.tid = th->tid;
	b->r.h.ts = now;
	b->r.id = id;
	b->r.pid = kernel ? 0 : th->pid;
	if (emit_output(e, &b->r.h, sizeof(b->r) + n * sizeof(u64)))
		bpf_map_update_elem(&stacks_known, &id, &one, BPF_ANY);
	return id;
}

/* Where the running thread is about to leave its CPU. */
static __always_inline void stacks_take(void *ctx, struct thread *th, u32 who, u64 now)
{
	struct stack_begin kernel = {}, user = {};
	struct emit e;

	th->user_stack = th->kernel_stack = 0;
	if (!emit_open(&e))
		return;
	if (has_task_pt_regs && has_task_btf) {
		stack_begin_kernel(&kernel, ctx, th);
		th->kernel_stack = stack_cache_get(&kernel);
		stack_begin_user(&user, th);
		th->user_stack = stack_cache_get(&user);
	}
	if (!th->kernel_stack)
		th->kernel_stack = stack_take(ctx, &e, th, who, true, now, &kernel);
	if (!th->user_stack)
		th->user_stack = stack_take(ctx, &e, th, who, false, now, &user);
}

static __always_inline void stacks_emit(struct emit *e, struct thread *th, u32 tid, u64 now)
{
	struct wire_blocked_at *r;

	if (!th->user_stack && !th->kernel_stack)
		return;
	r = emit_reserve(e, WIRE_BLOCKED_AT, sizeof(*r), 0, tid, now);
	if (!r)
		return;
	r->user = th->user_stack;
	r->kernel = th->kernel_stack;
	emit_submit(e, r, WIRE_BLOCKED_AT);
}

#endif
