/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * marks.bpf.c - the application's marks, one program a probe (include/ctrace/ctrace.h)
 *
 * A begin takes its time stamp last and an end first, so that what tracing costs falls outside of
 * the region. A name is sent as its address; what stands there is sent once if it is a literal,
 * else each time.
 */
#include "offcpu.bpf.h"

/* Bits of a mark's flags argument: the header's, see its table of probes. */
enum {
	MARK_NAME_LITERAL = 1,
	MARK_TASK_LITERAL = 2,
	MARK_ROOT = 4,
	MARK_DETACHED = 8,
	MARK_FAILED = 16,
	MARK_MESSAGE_LITERAL = 32,
};

#define NO_TASK ~0ULL

/* A mark counts from the moment when all probes are attached. */
static __always_inline bool mark_open(struct emit *e, const struct thread *th)
{
	return th && phase == PHASE_ON && emit_open(e);
}

/* Most names are short: two sizes of record, so that they need not all be long. */
#define STR_SHORT 64
#define STR_LONG  256

static __always_inline void string_fill(struct wire_string *r, u64 addr, u32 pid, u32 n)
{
	r->addr = addr;
	r->pid = pid;
	r->n = n;
}

static __always_inline bool string_emit(struct emit *e, u32 tid, u32 pid, u64 addr, u32 flags,
					u64 ts)
{
	struct wire_string *r;
	char *s;
	long n;

	r = emit_reserve(e, WIRE_STRING, sizeof(*r) + STR_SHORT, flags, tid, ts);
	if (!r)
		return false;
	s = (char *)(r + 1);
	__builtin_memset(s, 0, STR_SHORT);
	n = bpf_probe_read_user_str(s, STR_SHORT, (void *)addr);
	if (n < 0) {
		/* Its page is not resident. The collector reads it, if it is there to stay. */
		r->h.flags |= WIRE_STR_FAULT;
		if (flags & WIRE_STR_ONCE)
			count_loss(WIRE_LOSS_STRING_FAULT);
		n = 1;
	}
	string_fill(r, addr, pid, n ? n - 1 : 0);
	if (n < STR_SHORT) {
		emit_submit(e, r, WIRE_STRING);
		return true;
	}
	bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
	r = emit_reserve(e, WIRE_STRING, sizeof(*r) + STR_LONG, flags, tid, ts);
	if (!r)
		return false;
	s = (char *)(r + 1);
	__builtin_memset(s, 0, STR_LONG);
	n = bpf_probe_read_user_str(s, STR_LONG, (void *)addr);
	string_fill(r, addr, pid, n > 0 ? n - 1 : 0);
	if (n == STR_LONG) {
		char next = 0;

		bpf_probe_read_user(&next, 1, (void *)(addr + STR_LONG - 1));
		if (next)
			r->h.flags |= WIRE_STR_CUT;
	}
	emit_submit(e, r, WIRE_STRING);
	return true;
}

/*
 * Sends what stands at addr, unless it is a literal that was sent before. ts: of the mark, if it
 * was taken already, since a string must not be later than the mark that relies on it; else 0.
 * Returns WIRE_MARK_ONCE or 0.
 */
static __always_inline u32 name_send(struct emit *e, struct thread *th, u64 addr, bool literal,
				     u64 ts)
{
	u32 slot = (addr >> 3) & (KNOWN_NR - 1);
	struct string_key key = {.addr = addr, .pid = th->pid};
	struct target *target;
	u8 one = 1;

	if (!addr)
		return 0;
	if (!literal) {
		string_emit(e, th->tid, th->pid, addr, WIRE_STR_ONCE, ts ? ts : bpf_ktime_get_ns());
		return WIRE_MARK_ONCE;
	}
	if (th->gen != generation) {
		__builtin_memset(th->known, 0, sizeof(th->known));
		th->gen = generation;
	}
	if (th->known[slot] == addr)
		return 0;
	target = bpf_map_lookup_elem(&targets, &key.pid);
	key.gen = target ? target->gen : 0;
	if (bpf_map_lookup_elem(&strings, &key)) {
		th->known[slot] = addr;
		return 0;
	}
	/* Sent before it is known, so that nobody relies on what is not in a ring yet. */
	if (string_emit(e, th->tid, th->pid, addr, 0, ts ? ts : bpf_ktime_get_ns())) {
		if (bpf_map_update_elem(&strings, &key, &one, BPF_ANY))
			count_loss(WIRE_LOSS_STRING_TABLE);
		th->known[slot] = addr;
	}
	return 0;
}

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

static __always_inline void used_fill(struct thread *th, u64 cpu_ns, struct wire_used *u)
{
	u->cpu_ns = cpu_ns;
	u->sys_ns = th->sys_ns;
	u->syscalls = th->syscalls;
	u->faults = faults_current();
}

static __always_inline void task_emit(struct emit *e, struct thread *th, u32 flags, u64 id,
				      u64 parent, u64 name, u64 message, u64 ts, u64 cpu_ns)
{
	struct wire_task *r;

	r = emit_reserve(e, WIRE_TASK, sizeof(*r), flags, th->tid, ts);
	if (!r)
		return;
	r->id = id;
	r->parent = parent;
	r->name = name;
	r->message = message;
	used_fill(th, cpu_ns, &r->used);
	emit_submit(e, r, WIRE_TASK);
}

/*
 * The thread's mark is for task id. If that is not the one its marks were for until now, the trace
 * did not see it begin, or not here: say so, with its name, before the mark.
 */
static __always_inline void task_seen(struct emit *e, struct thread *th, u64 id, u64 parent,
				      u64 name, bool literal)
{
	u64 cpu_ns, now;
	u32 once;

	if (th->last_task == id || (!id && th->last_task == NO_TASK))
		return;
	once = name_send(e, th, name, literal, 0);
	now = thread_here(th, &cpu_ns);
	task_emit(e, th, WIRE_MARK_SEEN | once, id, parent, name, 0, now, cpu_ns);
	th->last_task = id;
	th->last_parent = NO_TASK;
}

SEC("uprobe")
int mark_task_begin(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 id = MARK_ARG1(ctx), parent = MARK_ARG2(ctx), name = MARK_ARG3(ctx);
	u32 in = MARK_ARG4(ctx), flags = WIRE_MARK_BEGIN;
	u64 cpu_ns, now;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	flags |= name_send(&e, th, name, in & MARK_NAME_LITERAL, 0);
	if (in & MARK_ROOT)
		flags |= WIRE_MARK_ROOT;
	if (in & MARK_DETACHED)
		flags |= WIRE_MARK_DETACHED;
	now = thread_here(th, &cpu_ns);
	task_emit(&e, th, flags, id, parent, name, 0, now, cpu_ns);
	if (!(in & MARK_DETACHED)) {
		th->last_parent = th->last_task == parent ? parent : NO_TASK;
		th->last_task = id;
	}
	return 0;
}

SEC("uprobe")
int mark_task_end(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 id = MARK_ARG1(ctx), parent = MARK_ARG2(ctx), name = MARK_ARG3(ctx);
	u64 message = MARK_ARG5(ctx);
	u32 in = MARK_ARG4(ctx), flags = WIRE_MARK_END;
	u64 cpu_ns, now;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	now = thread_here(th, &cpu_ns);
	flags |= name_send(&e, th, name, in & MARK_NAME_LITERAL, now);
	if (in & MARK_FAILED) {
		flags |= WIRE_MARK_FAILED;
		name_send(&e, th, message, in & MARK_MESSAGE_LITERAL, now);
	}
	task_emit(&e, th, flags, id, parent, name, in & MARK_FAILED ? message : 0, now, cpu_ns);
	if (th->last_task == id) {
		th->last_task = th->last_parent;
		th->last_parent = NO_TASK;
	}
	return 0;
}

static __always_inline int task_switch(struct pt_regs *ctx, u32 op)
{
	struct thread *th = thread_current();
	u64 id = MARK_ARG1(ctx), parent = MARK_ARG2(ctx), name = MARK_ARG3(ctx);
	u32 in = MARK_ARG4(ctx);
	u64 cpu_ns, now;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	op |= name_send(&e, th, name, in & MARK_NAME_LITERAL, 0);
	now = thread_here(th, &cpu_ns);
	task_emit(&e, th, op, id, parent, name, 0, now, cpu_ns);
	th->last_task = id;
	th->last_parent = NO_TASK;
	return 0;
}

SEC("uprobe")
int mark_task_enter(struct pt_regs *ctx)
{
	return task_switch(ctx, WIRE_MARK_ENTER);
}

SEC("uprobe")
int mark_task_leave(struct pt_regs *ctx)
{
	return task_switch(ctx, WIRE_MARK_LEAVE);
}

static __always_inline void region_emit(struct emit *e, struct thread *th, u32 flags, u64 name,
					u64 site, u64 ts, u64 cpu_ns)
{
	struct wire_region *r;

	r = emit_reserve(e, WIRE_REGION, sizeof(*r), flags, th->tid, ts);
	if (!r)
		return;
	r->name = name;
	r->site = site;
	used_fill(th, cpu_ns, &r->used);
	emit_submit(e, r, WIRE_REGION);
}

SEC("uprobe")
int mark_region_begin(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 name = MARK_ARG1(ctx), site = MARK_ARG2(ctx);
	u32 in = MARK_ARG6(ctx), flags = WIRE_MARK_BEGIN;
	u64 cpu_ns, now;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	task_seen(&e, th, MARK_ARG3(ctx), MARK_ARG4(ctx), MARK_ARG5(ctx), in & MARK_TASK_LITERAL);
	name_send(&e, th, site, true, 0);
	flags |= name_send(&e, th, name, in & MARK_NAME_LITERAL, 0);
	now = thread_here(th, &cpu_ns);
	region_emit(&e, th, flags, name, site, now, cpu_ns);
	return 0;
}

SEC("uprobe")
int mark_region_end(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 name = MARK_ARG1(ctx);
	u32 in = MARK_ARG6(ctx), flags = WIRE_MARK_END;
	u64 cpu_ns, now;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	now = thread_here(th, &cpu_ns);
	flags |= name_send(&e, th, name, in & MARK_NAME_LITERAL, now);
	region_emit(&e, th, flags, name, 0, now, cpu_ns);
	return 0;
}

static __always_inline int async_mark(struct pt_regs *ctx, u32 flags)
{
	struct thread *th = thread_current();
	u64 name = MARK_ARG1(ctx), site = MARK_ARG2(ctx), now = bpf_ktime_get_ns();
	u32 in = MARK_ARG6(ctx);
	struct wire_async *r;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	flags |= name_send(&e, th, name, in & MARK_NAME_LITERAL, now);
	if ((flags & WIRE_MARK_OP) == WIRE_MARK_BEGIN) {
		name_send(&e, th, site, true, now);
		now = bpf_ktime_get_ns();
	} else {
		site = 0; /* the begin's is what counts */
	}
	r = emit_reserve(&e, WIRE_ASYNC, sizeof(*r), flags, th->tid, now);
	if (!r)
		return 0;
	r->id = MARK_ARG3(ctx);
	r->task = MARK_ARG4(ctx);
	r->name = name;
	r->site = site;
	emit_submit(&e, r, WIRE_ASYNC);
	return 0;
}

SEC("uprobe")
int mark_async_begin(struct pt_regs *ctx)
{
	return async_mark(ctx, WIRE_MARK_BEGIN);
}

SEC("uprobe")
int mark_async_end(struct pt_regs *ctx)
{
	return async_mark(ctx, WIRE_MARK_END);
}

#define LOG_CATEGORY_MAX 63
#define LOG_ROOM	 328 /* category, message, and up to 7 bytes to the next multiple of 8 */

SEC("uprobe")
int mark_log(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 category_n = MARK_ARG5(ctx), message_n = MARK_ARG4(ctx);
	struct wire_log *r;
	struct emit e;
	u32 flags = 0;
	char *s;

	if (!mark_open(&e, th))
		return 0;
	if (category_n > LOG_CATEGORY_MAX || message_n > WIRE_STR_MAX)
		flags = WIRE_LOG_CUT;
	r = emit_reserve(&e, WIRE_LOG, sizeof(*r) + LOG_ROOM, flags, th->tid, bpf_ktime_get_ns());
	if (!r)
		return 0;
	category_n = category_n > LOG_CATEGORY_MAX ? LOG_CATEGORY_MAX : category_n;
	message_n = message_n > WIRE_STR_MAX ? WIRE_STR_MAX : message_n;
	s = (char *)(r + 1);
	__builtin_memset(s, 0, LOG_ROOM);
	if (bpf_probe_read_user(s, category_n & 63, (void *)MARK_ARG1(ctx)) ||
	    bpf_probe_read_user(s + (category_n & 63), message_n & 255, (void *)MARK_ARG2(ctx)))
		count_loss(WIRE_LOSS_ARGS_FAULT);
	r->task = MARK_ARG3(ctx);
	r->category_n = category_n;
	r->message_n = message_n;
	r->pad = 0;
	emit_submit(&e, r, WIRE_LOG);
	return 0;
}

SEC("uprobe")
int mark_task_traceparent(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	struct wire_parent *r;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	r = emit_reserve(&e, WIRE_PARENT, sizeof(*r), 0, th->tid, bpf_ktime_get_ns());
	if (!r)
		return 0;
	r->id = MARK_ARG1(ctx);
	__builtin_memset(r->traceparent, 0, sizeof(r->traceparent));
	if (bpf_probe_read_user_str(r->traceparent, sizeof(r->traceparent),
				    (void *)MARK_ARG2(ctx)) < 0)
		count_loss(WIRE_LOSS_ARGS_FAULT);
	emit_submit(&e, r, WIRE_PARENT);
	return 0;
}
