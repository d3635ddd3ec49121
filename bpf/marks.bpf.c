/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * marks.bpf.c - the application's marks, one program a probe (include/ctrace/ctrace.h)
 *
 * A begin takes its time stamp last and an end first, so that what tracing costs falls outside of
 * the region. A name is sent as its address; what stands there is sent once if it is a literal,
 * else each time.
 */
#include "batch.bpf.h"

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

/*
 * Each mark is a function of its arguments, since there are two ways to it: a probe of its own, and
 * batch__one, which signal handlers use while a batch is being written. On that way, what the
 * thread works for is in the batch, too, and not to be told here (in_batch).
 */
static __always_inline int task_begin(struct thread *th, u64 id, u64 parent, u64 name, u32 in)
{
	u32 flags = WIRE_MARK_BEGIN;
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
int mark_task_begin(struct pt_regs *ctx)
{
	return task_begin(thread_current(), MARK_ARG1(ctx), MARK_ARG2(ctx), MARK_ARG3(ctx),
			  MARK_ARG4(ctx));
}

static __always_inline int task_end(struct thread *th, u64 id, u64 parent, u64 name, u32 in,
				    u64 message)
{
	u32 flags = WIRE_MARK_END;
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

SEC("uprobe")
int mark_task_end(struct pt_regs *ctx)
{
	return task_end(thread_current(), MARK_ARG1(ctx), MARK_ARG2(ctx), MARK_ARG3(ctx),
			MARK_ARG4(ctx), MARK_ARG5(ctx));
}

static __always_inline int task_switch(struct thread *th, u32 op, u64 id, u64 parent, u64 name,
				       u32 in)
{
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
	return task_switch(thread_current(), WIRE_MARK_ENTER, MARK_ARG1(ctx), MARK_ARG2(ctx),
			   MARK_ARG3(ctx), MARK_ARG4(ctx));
}

SEC("uprobe")
int mark_task_leave(struct pt_regs *ctx)
{
	return task_switch(thread_current(), WIRE_MARK_LEAVE, MARK_ARG1(ctx), MARK_ARG2(ctx),
			   MARK_ARG3(ctx), MARK_ARG4(ctx));
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

/* The task that a region's mark is for. */
struct mark_task {
	u64 id, parent, name;
	bool in_batch;
};

static __always_inline int region_begin(struct thread *th, u64 name, u64 site,
					const struct mark_task *task, u32 in)
{
	u32 flags = WIRE_MARK_BEGIN;
	u64 cpu_ns, now;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	if (!task->in_batch)
		task_seen(&e, th, task->id, task->parent, task->name, in & MARK_TASK_LITERAL);
	name_send(&e, th, site, true, 0);
	flags |= name_send(&e, th, name, in & MARK_NAME_LITERAL, 0);
	now = thread_here(th, &cpu_ns);
	region_emit(&e, th, flags, name, site, now, cpu_ns);
	return 0;
}

SEC("uprobe")
int mark_region_begin(struct pt_regs *ctx)
{
	struct mark_task task = {MARK_ARG3(ctx), MARK_ARG4(ctx), MARK_ARG5(ctx), false};

	return region_begin(thread_current(), MARK_ARG1(ctx), MARK_ARG2(ctx), &task,
			    MARK_ARG6(ctx));
}

static __always_inline int region_end(struct thread *th, u64 name, u32 in)
{
	u32 flags = WIRE_MARK_END;
	u64 cpu_ns, now;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	now = thread_here(th, &cpu_ns);
	flags |= name_send(&e, th, name, in & MARK_NAME_LITERAL, now);
	region_emit(&e, th, flags, name, 0, now, cpu_ns);
	return 0;
}

SEC("uprobe")
int mark_region_end(struct pt_regs *ctx)
{
	return region_end(thread_current(), MARK_ARG1(ctx), MARK_ARG6(ctx));
}

static __always_inline int async_mark(struct thread *th, u32 flags, u64 name, u64 site, u64 id,
				      u64 task, u32 in)
{
	u64 now = bpf_ktime_get_ns();
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
	r->id = id;
	r->task = task;
	r->name = name;
	r->site = site;
	emit_submit(&e, r, WIRE_ASYNC);
	return 0;
}

SEC("uprobe")
int mark_async_begin(struct pt_regs *ctx)
{
	return async_mark(thread_current(), WIRE_MARK_BEGIN, MARK_ARG1(ctx), MARK_ARG2(ctx),
			  MARK_ARG3(ctx), MARK_ARG4(ctx), MARK_ARG6(ctx));
}

SEC("uprobe")
int mark_async_end(struct pt_regs *ctx)
{
	return async_mark(thread_current(), WIRE_MARK_END, MARK_ARG1(ctx), MARK_ARG2(ctx),
			  MARK_ARG3(ctx), MARK_ARG4(ctx), MARK_ARG6(ctx));
}

#define LOG_CATEGORY_MAX 63
#define LOG_ROOM	 328 /* category, message, and up to 7 bytes to the next multiple of 8 */

static __always_inline int log_mark(struct thread *th, u64 category, u64 message, u64 task,
				    u64 message_n, u64 category_n)
{
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
	if (bpf_probe_read_user(s, category_n & 63, (void *)category) ||
	    bpf_probe_read_user(s + (category_n & 63), message_n & 255, (void *)message))
		count_loss(WIRE_LOSS_ARGS_FAULT);
	r->task = task;
	r->category_n = category_n;
	r->message_n = message_n;
	r->pad = 0;
	emit_submit(&e, r, WIRE_LOG);
	return 0;
}

SEC("uprobe")
int mark_log(struct pt_regs *ctx)
{
	return log_mark(thread_current(), MARK_ARG1(ctx), MARK_ARG2(ctx), MARK_ARG3(ctx),
			MARK_ARG4(ctx), MARK_ARG5(ctx));
}

static __always_inline int parent_mark(struct thread *th, u64 id, u64 traceparent)
{
	struct wire_parent *r;
	struct emit e;

	if (!mark_open(&e, th))
		return 0;
	r = emit_reserve(&e, WIRE_PARENT, sizeof(*r), 0, th->tid, bpf_ktime_get_ns());
	if (!r)
		return 0;
	r->id = id;
	__builtin_memset(r->traceparent, 0, sizeof(r->traceparent));
	if (bpf_probe_read_user_str(r->traceparent, sizeof(r->traceparent), (void *)traceparent) <
	    0)
		count_loss(WIRE_LOSS_ARGS_FAULT);
	emit_submit(&e, r, WIRE_PARENT);
	return 0;
}

SEC("uprobe")
int mark_task_traceparent(struct pt_regs *ctx)
{
	return parent_mark(thread_current(), MARK_ARG1(ctx), MARK_ARG2(ctx));
}

/* CTRACE_OP_*_ of ctrace.h */
enum {
	ONE_REGION_BEGIN = 2,
	ONE_REGION_END = 3,
	ONE_TASK_BEGIN = 4,
	ONE_TASK_END = 5,
	ONE_TASK_ENTER = 6,
	ONE_TASK_LEAVE = 7,
	ONE_ASYNC_BEGIN = 9,
	ONE_ASYNC_END = 10,
	ONE_LOG = 11,
	ONE_PARENT = 12,
};

/* A mark made while the thread's batch is being written: operation | flags << 8, its arguments. */
SEC("uprobe")
int mark_batch_one(struct pt_regs *ctx)
{
	struct thread *th = thread_current();
	u64 a = MARK_ARG2(ctx), b = MARK_ARG3(ctx), c = MARK_ARG4(ctx), d = MARK_ARG5(ctx);
	u32 op = MARK_ARG1(ctx) & 0xff, in = (u32)MARK_ARG1(ctx) >> 8;
	struct mark_task task = {.in_batch = true};

	switch (op) {
	case ONE_REGION_BEGIN:
		return region_begin(th, a, b, &task, in);
	case ONE_REGION_END:
		return region_end(th, a, in);
	case ONE_TASK_BEGIN:
		return task_begin(th, a, b, c, in);
	case ONE_TASK_END:
		return task_end(th, a, b, c, in, d);
	case ONE_TASK_ENTER:
	case ONE_TASK_LEAVE:
		return task_switch(th, op == ONE_TASK_ENTER ? WIRE_MARK_ENTER : WIRE_MARK_LEAVE, a,
				   b, c, in);
	case ONE_ASYNC_BEGIN:
	case ONE_ASYNC_END:
		return async_mark(th, op == ONE_ASYNC_BEGIN ? WIRE_MARK_BEGIN : WIRE_MARK_END, a, b,
				  c, d, in);
	case ONE_LOG:
		return log_mark(th, a, b, c, d, MARK_ARG6(ctx));
	case ONE_PARENT:
		return parent_mark(th, a, b);
	}
	return 0;
}
