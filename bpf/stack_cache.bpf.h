/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack_cache.bpf.h - that a thread is where a thread has been before, told without walking its
 * stack
 *
 * Walking a stack costs microseconds; threads wait in few places. What a walk reads is return
 * addresses and, in the application's part, frame pointers, at places which each step takes from
 * the one before. So if a walk would begin at the same place, and the words at all the places where
 * an earlier one read are still the same, it would find the same: one copy of that much of the
 * stack and some comparisons tell it.
 *
 *      base           off[0]      off[1]                  base + span
 *       |  locals …  | word[0] | … | word[1] | locals … |
 *
 * The application's part begins at its stack pointer. The kernel's begins at our own context, which
 * stands in the frame of who called us: all above it is in use, and how far it is to the registers
 * that were saved on entry says how deep the stack is.
 */
#ifndef STACK_CACHE_BPF_H
#define STACK_CACHE_BPF_H

#include "compat.bpf.h"

#define CACHE_SLOTS  64	  /* words that are compared; a stack of more is walked each time */
#define CACHE_WORDS  1024 /* so far from its begin */
#define KERNEL_WORDS 448  /* the kernel's seldom reach further */

struct stack_cached {
	u64 id;
	u32 slots;
	u32 words; /* span, in words */
	u16 off[CACHE_SLOTS];
	u64 word[CACHE_SLOTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct stack_cached);
} stacks_cached SEC(".maps") __weak;

struct stack_scratch {
	u64 w[CACHE_WORDS];
	u64 frame[2];
	volatile u32 next, pad; /* in memory: the verifier would follow each value it can have */
	struct stack_cached made;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack_scratch);
} stack_scratch SEC(".maps") __weak;

/* Where a walk of the running thread's stack begins. */
struct stack_begin {
	u64 key; /* 0: not known */
	u64 base, fp;
	u64 words; /* kernel: that are in use from base on */
	bool kernel;
};

static __always_inline u64 stack_mix(u64 h, u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 29;
}

static __always_inline struct stack_scratch *stack_scratch_here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&stack_scratch, &zero);
}

static __always_inline void stack_begin_user(struct stack_begin *b, const struct thread *th)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 ip;

	b->kernel = false;
	b->words = 0;
#if defined(__TARGET_ARCH_x86)
	ip = regs->ip;
	b->base = regs->sp;
	b->fp = regs->bp;
#elif defined(__TARGET_ARCH_arm64)
	ip = regs->pc;
	b->base = regs->sp;
	b->fp = regs->regs[29];
#endif
	b->key =
		stack_mix(stack_mix(stack_mix((u64)th->pid << 32 ^ th->image, ip), b->base), b->fp);
	b->key |= 2; /* neither 0 nor one of the kernel's */
	b->key &= ~1ULL;
}

static __always_inline void stack_begin_kernel(struct stack_begin *b, void *ctx,
					       const struct thread *th)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 in_use = (u64)regs - (u64)ctx;

	b->kernel = true;
	b->base = (u64)ctx;
	b->fp = 0;
	b->words = in_use >> 3;
	b->key = in_use & 7 || b->words > KERNEL_WORDS
			 ? 0
			 : stack_mix(stack_mix(in_use, (u16)th->nr), 1) | 1;
}

static __always_inline bool stack_copy(struct stack_scratch *s, const struct stack_begin *b,
				       u64 words)
{
	if (!words || words > CACHE_WORDS)
		return false;
	return b->kernel ? !bpf_probe_read_kernel(s->w, words * 8, (void *)b->base)
			 : !bpf_probe_read_user(s->w, words * 8, (void *)b->base);
}

/* The id of the stack that begins there, if it is known; else 0. */
static __always_inline u64 stack_cache_get(const struct stack_begin *b)
{
	struct stack_cached *c = b->key ? bpf_map_lookup_elem(&stacks_cached, &b->key) : NULL;
	struct stack_scratch *s;

	if (!c)
		return 0;
	s = stack_scratch_here();
	if (!s || !stack_copy(s, b, c->words))
		return 0;
	for (u32 i = 0; i < CACHE_SLOTS; i++) {
		if (i >= c->slots)
			break;
		if (s->w[c->off[i] & (CACHE_WORDS - 1)] != c->word[i])
			return 0;
	}
	return c->id;
}

static __always_inline bool stack_add_slot(struct stack_cached *c, u64 off, u64 word)
{
	u32 i = *(volatile u32 *)&c->slots;

	if (i >= CACHE_SLOTS || off >= CACHE_WORDS)
		return false;
	c->off[i & (CACHE_SLOTS - 1)] = off;
	c->word[i & (CACHE_SLOTS - 1)] = word;
	c->slots = i + 1;
	c->words = off + 1;
	return true;
}

/* The places that a walk by frame pointers has read: the chain is walked again. */
static __always_inline bool stack_slots_user(struct stack_scratch *s, const struct stack_begin *b,
					     const u64 *ips, u32 n)
{
	u64 fp = b->fp;

	for (u32 i = 1; i <= CACHE_SLOTS / 2; i++) {
		u64 off = (fp - b->base) >> 3;

		if (i >= n)
			return true;
		if ((fp - b->base) & 7 || fp < b->base ||
		    bpf_probe_read_user(s->frame, sizeof(s->frame), (void *)fp) ||
		    s->frame[1] != ips[i & 63] || !stack_add_slot(&s->made, off, s->frame[0]) ||
		    !stack_add_slot(&s->made, off + 1, s->frame[1]))
			return false;
		fp = s->frame[0];
	}
	return false;
}

/* The kernel has other ways to walk; but the return addresses stand there, in their order. */
static __always_inline bool stack_slots_kernel(struct stack_scratch *s, const struct stack_begin *b,
					       const u64 *ips, u32 n)
{
	if (!stack_copy(s, b, b->words))
		return false;
	s->next = 2; /* the first two are below our context: this program, and who called it */
	for (u32 i = 0; i < KERNEL_WORDS; i++) {
		u32 next = s->next;

		if (i >= b->words || next >= n)
			break;
		if (s->w[i] != ips[next & 63])
			continue;
		if (!stack_add_slot(&s->made, i, s->w[i]))
			return false;
		s->next = next + 1;
	}
	return s->next == n;
}

/* The walk that began at b found the n addresses of stack id, which has been sent. */
static __always_inline void stack_cache_put(const struct stack_begin *b, const u64 *ips, u32 n,
					    u64 id)
{
	struct stack_scratch *s = stack_scratch_here();
	bool whole;

	if (!s || !b->key || n < 2 || n >= 64)
		return;
	s->made.id = id;
	s->made.slots = s->made.words = 0;
	whole = b->kernel ? stack_slots_kernel(s, b, ips, n) : stack_slots_user(s, b, ips, n);
	if (whole && s->made.slots)
		bpf_map_update_elem(&stacks_cached, &b->key, &s->made, BPF_ANY);
}

#endif
