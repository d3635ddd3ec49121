/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * batch.bpf.h - the marks that a thread has written into its own memory, taken from there
 *
 * Always by the thread itself, when it is in the kernel anyway: its memory is mapped then, and it
 * cannot write. What was copied into a ring is `sent`, and only that: while the ring is full, the
 * thread's own block keeps the marks, and when that is full, too, what was not sent is missing in
 * what comes next, by number. So nobody counts here; of a thread that dies before a next, the end is
 * put aside.
 */
#ifndef BATCH_BPF_H
#define BATCH_BPF_H

#include "offcpu.bpf.h"

#define BLOCK_MASK  (WIRE_BLOCK_WORDS - 1)
#define BATCH_SMALL 16 /* words: three sizes of record, so that few marks need little room */
#define BATCH_HALF  96

struct batch_head {
	u32 magic, session;
	u64 pos, told[2];
	u32 busy, nonce;
};

static __always_inline u32 faults_current(void)
{
	struct task_struct *t;

	if (has_task_btf) {
		t = bpf_get_current_task_btf();
		return t->min_flt + t->maj_flt;
	}
	t = (struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(t, min_flt) + BPF_CORE_READ(t, maj_flt);
}

/* Its memory may be gone when this system call returns, or never returns. */
static __always_inline bool is_last_call(s64 nr)
{
	return nr >= 0 && nr < 512 && last_calls[(nr >> 6) & 7] & (1ULL << (nr & 63));
}

/* size: a constant. */
static __always_inline struct wire_batch *batch_reserve(struct emit *e, u32 words, u64 now)
{
	u32 size = sizeof(struct wire_batch) + 8 * words;
	struct wire_batch *r;

	if (e->stats->gap_ts)
		emit_gap_end(e, now);
	r = emit_room(e, size);
	if (r)
		r->h.len = size;
	return r;
}

static __always_inline void batch_fill(struct wire_batch *r, struct thread *th, struct batch *bt,
				       u64 from, u64 to, u32 words, u64 now)
{
	r->h.kind = WIRE_BATCH;
	r->h.flags = bt->flags & BATCH_NEW ? WIRE_BATCH_FIRST : 0;
	if (bt->flags & BATCH_WHOLE)
		r->h.flags |= WIRE_BATCH_FORKED;
	if (bt->flags & BATCH_TSC)
		r->h.flags |= WIRE_BATCH_TSC;
	r->h.tid = th->tid;
	r->h.ts = now;
	r->id = bt->id;
	r->addr = bt->addr;
	r->from = from;
	r->to = to;
	r->pid = th->pid;
	r->n = words;
	r->nonce = bt->nonce;
	r->zero = 0;
	r->used.cpu_ns = th->off_ts ? th->run_ns : th->run_ns + now - th->on_ts;
	r->used.sys_ns = th->sys_ns;
	r->used.syscalls = th->syscalls;
	r->used.faults = faults_current();
}

static __always_inline void batch_was_sent(struct emit *e, struct wire_batch *r, struct batch *bt)
{
	struct shared_batch *s;
	u64 id = bt->id;

	bt->sent = r->to;
	emit_submit(e, r, WIRE_BATCH);
	bt->flags &= ~(BATCH_NEW | BATCH_WHOLE);
	s = bt->flags & BATCH_SHARED ? bpf_map_lookup_elem(&shared, &id) : NULL;
	if (s)
		s->sent = bt->sent;
}

/* Copies words from the application; with room for max, a constant. */
static __always_inline int batch_copy(struct emit *e, struct thread *th, struct batch *bt, u64 from,
				      u32 start, u32 words, u32 max, u64 now)
{
	struct wire_batch *r = batch_reserve(e, max, now);
	u64 src = bt->addr + WIRE_BATCH_OFF + 8 * (start & BLOCK_MASK);

	if (!r)
		return -1;
	barrier_var(words);
	if (words > max || bpf_probe_read_user(r + 1, 8 * words, (void *)src)) {
		bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
		return -1;
	}
	batch_fill(r, th, bt, from, bt->pos, words, now);
	batch_was_sent(e, r, bt);
	return 0;
}

static __always_inline u64 batch_id(u32 tid, u64 now)
{
	return (u64)tid << 40 ^ now;
}

/* A child of vfork has come to this thread's batch first, and is gone. Returns whether that is
 * so. */
static __always_inline bool batch_adopt(struct thread *th, struct batch *bt, u64 now)
{
	u32 tid = th->tid;
	struct lent *l = bpf_map_lookup_elem(&lent, &tid);

	if (!l)
		return false;
	bt->id = batch_id(tid, now);
	bt->sent = bt->pos = l->sent;
	bt->flags = BATCH_NEW | BATCH_WHOLE;
	bt->nonce = l->nonce;
	bt->addr = l->addr;
	bpf_map_delete_elem(&lent, &tid);
	return true;
}

/* Whether the thread that made the running one by vfork still waits for it: until it has let go of
 * their memory, which in exec is a while before it has another. */
static __always_inline bool maker_waits(void)
{
	struct task_struct *t = task_current();

	return BPF_CORE_READ(t, vfork_done) != NULL;
}

/* Sends what is new in one of the running thread's batches. Returns 0 if there is nothing more. */
static __noinline int batch_send(struct thread *th, u32 i, u64 now)
{
	struct batch *bt = &th->batches[i & (BATCHES_MAX - 1)];
	struct batch_head head;
	struct shared_batch *other;
	u64 from, id;
	u32 start, words;
	struct emit e;

	if (!bt->addr && (!(bt->flags & BATCH_VFORKED) || !batch_adopt(th, bt, now)))
		return 0;
	if (bt->flags & BATCH_LENT && !maker_waits())
		return 0; /* what is new in it is the maker's, who sends it */
	from = bt->sent;
	id = bt->id;
	if (bpf_probe_read_user(&head, sizeof(head), (void *)bt->addr))
		return -1; /* not resident: later, or the collector */
	if ((head.magic != WIRE_BATCH_MAGIC && head.magic != WIRE_BATCH_MAGIC_OLD) ||
	    head.nonce != bt->nonce) {
		bt->addr = 0; /* its memory is another's, or nobody's: a library was unloaded */
		bt->flags = 0;
		return 0;
	}
	if (head.magic == WIRE_BATCH_MAGIC && head.session & WIRE_SESSION_TSC)
		bt->flags |= BATCH_TSC;
	else
		bt->flags &= ~BATCH_TSC;
	bt->pos = head.pos;
	if (bt->flags & BATCH_SHARED) {
		other = bpf_map_lookup_elem(&shared, &id);
		if (other && other->writer && other->writer != th->tid)
			return 0;
		if (other)
			from = other->sent;
	}
	if ((s32)((u32)head.pos - (u32)from) <= 0)
		return 0;
	if (phase == PHASE_SEED)
		return -1;
	start = (u32)head.pos & ~BLOCK_MASK;
	if (!(bt->flags & BATCH_WHOLE) && (s32)((u32)from - start) > 0)
		start = from;
	words = (u32)head.pos - start;
	if (!emit_open(&e))
		return -1;
	if (words <= BATCH_SMALL)
		return batch_copy(&e, th, bt, from, start, words, BATCH_SMALL, now);
	if (words <= BATCH_HALF)
		return batch_copy(&e, th, bt, from, start, words, BATCH_HALF, now);
	return batch_copy(&e, th, bt, from, start, words, WIRE_BLOCK_WORDS, now);
}

static __always_inline void batch_writer(struct batch *bt, u32 tid)
{
	u64 id = bt->id;
	struct shared_batch *s = bpf_map_lookup_elem(&shared, &id);

	if (s)
		s->writer = tid;
}

/* A child of vfork is done with it: where its maker is to go on. */
static __always_inline void batch_lend(struct batch *bt)
{
	struct lent l = {bt->addr, bt->sent, bt->nonce, 0};
	u32 maker = bt->maker;

	if (!bt->addr || !maker || (bt->flags & BATCH_LENT && !maker_waits()))
		return;
	bpf_map_update_elem(&lent, &maker, &l, BPF_ANY);
	bt->flags |= BATCH_LENT;
}

/* The same, when its memory may be its maker's again before anything else is heard of it. */
static __noinline int batches_send_last(struct thread *th, u64 now)
{
	for (u32 i = 0; i < BATCHES_MAX; i++) {
		if (i >= th->batches_nr)
			break;
		batch_send(th, i, now);
		batch_lend(&th->batches[i]);
	}
	return 0;
}

static __always_inline void batches_send(struct thread *th, u64 now)
{
	for (u32 i = 0; i < BATCHES_MAX; i++) {
		if (i >= th->batches_nr)
			break;
		batch_send(th, i, now);
	}
}

/* No ring has room for the end of a batch. */
static __noinline int batch_end_aside(struct thread *th, struct batch *bt, u64 now)
{
	struct wire_batch r = {};
	u32 marks = (bt->pos >> 32) - (bt->sent >> 32);
	struct cpu_stats *s;

	batch_fill(&r, th, bt, bt->sent, bt->pos, 0, now);
	r.h.len = sizeof(r);
	r.h.flags |= WIRE_BATCH_LAST;
	if (!bpf_map_push_elem(&ended, &r, 0))
		return 0;
	s = stats_here();
	if (!s)
		return 0;
	__sync_fetch_and_add(&s->loss[WIRE_LOSS_RING_FULL_MARKS], marks);
	if (!s->gap_ts)
		s->gap_ts = now;
	s->gap_nr += marks;
	return 0;
}

/* Tells the collector of a batch, or of its end; without words. */
static __always_inline void batch_tell(struct thread *th, struct batch *bt, u32 flags, u64 now)
{
	struct wire_batch *r;
	struct emit e;

	if (!emit_open(&e))
		return;
	r = batch_reserve(&e, 0, now);
	if (!r) {
		if (flags & WIRE_BATCH_LAST)
			batch_end_aside(th, bt, now);
		return;
	}
	batch_fill(r, th, bt, bt->sent, flags & WIRE_BATCH_LAST ? bt->pos : bt->sent, 0, now);
	r->h.flags |= flags;
	emit_submit(&e, r, WIRE_BATCH);
	bt->flags &= ~BATCH_NEW;
}

/* Their memory is gone, or about to go: what is in them and was not sent never will be. */
static __noinline int batches_end(struct thread *th, u64 now)
{
	for (u32 i = 0; i < BATCHES_MAX; i++) {
		struct batch *bt = &th->batches[i];

		if (i >= th->batches_nr)
			break;
		if (phase == PHASE_SEED) /* before the trace: no loss */
			bt->sent = bt->pos;
		if (bt->flags & BATCH_SHARED)
			batch_writer(bt, 0);
		if (bt->addr && !(bt->flags & BATCH_BORROWED))
			batch_tell(th, bt, WIRE_BATCH_LAST, now);
		batch_lend(bt);
		bt->addr = 0;
		bt->flags = 0;
	}
	th->batches_nr = 0;
	return 0;
}

static __always_inline u64 thread_pointer(struct task_struct *t)
{
#if defined(__TARGET_ARCH_x86)
	return t->thread.fsbase;
#else
	return t->thread.uw.tp_value;
#endif
}

/* A place for one that the child may come to in maker's memory; 0: in its own. */
static __always_inline void batch_of_child(struct batch *bt, u32 maker)
{
	bt->addr = 0;
	bt->maker = maker;
	bt->flags = maker ? BATCH_CHILDS : 0;
}

/*
 * The running thread up makes another one. In memory of its own, a copy, that goes on behind what
 * up has written so far. In the same memory and the same thread-local part of it (vfork, a bare
 * clone), it writes into the very same batches; if there are none yet, the child may come to one
 * that is up's. In another part (a thread), it will say where.
 */
static __noinline int batches_inherit(struct thread *up, struct task_struct *parent,
				      struct thread *th, struct task_struct *child, u64 now)
{
	bool same = parent->mm == child->mm;

	if (same && thread_pointer(parent) != thread_pointer(child))
		return 0;
	for (u32 i = 0; i < BATCHES_MAX; i++) {
		struct batch *from = &up->batches[i], *to = &th->batches[i];
		u64 id;

		if (i >= up->batches_nr)
			break;
		batch_send(up, i, now);
		*to = *from;
		to->maker = 0;
		if (!from->addr) {
			batch_of_child(to, same ? up->tid : 0);
		} else if (same) {
			struct shared_batch s = {from->sent, 0, 0};

			id = from->id;
			from->flags |= BATCH_SHARED;
			to->flags |= BATCH_SHARED | BATCH_BORROWED;
			bpf_map_update_elem(&shared, &id, &s, BPF_NOEXIST);
			batch_writer(from, child->pid);
		} else {
			to->id = batch_id(th->tid, now) + i;
			to->sent = to->pos;
			to->flags = BATCH_NEW | BATCH_WHOLE;
		}
	}
	if (same && !up->batches_nr) {
		up->batches[0].addr = 0;
		up->batches[0].flags = BATCH_VFORKED;
		up->batches_nr = 1;
		batch_of_child(&th->batches[0], up->tid);
	}
	th->batches_nr = up->batches_nr;
	return 0;
}

#endif
