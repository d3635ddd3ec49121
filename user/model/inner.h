/* SPDX-License-Identifier: MIT */
/*
 * inner.h - what the model's own files share
 *
 * Ownership, from the outside in:
 *
 *	struct model
 *	  processes   by pid    struct process   its literal strings, its open tasks and asyncs
 *	  threads     by tid    struct thread    alive; its account, open regions, work frames
 *	  tasks       by id     struct task      open; those of one id are chained (two processes)
 *
 * A thread's account: acc.ns[] are its nanoseconds by state from view.begin to last_ts. Regions
 * and work frames keep a copy of it from their begin; their own numbers are a difference. So an
 * interval costs the same however many regions and tasks it is in, and sums are exact.
 */
#ifndef CTRACE_INNER_H
#define CTRACE_INNER_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/intern.h"
#include "base/pool.h"
#include "base/recent.h"
#include "ctrace/wire.h"
#include "model/calls.h"
#include "model/explain.h"
#include "model/loss.h"
#include "model/merge.h"
#include "model/model.h"
#include "model/past.h"
#include "model/pauses.h"
#include "model/ran.h"
#include "model/ranges.h"
#include "model/resources.h"
#include "model/stacks.h"
#include "model/story.h"
#include "model/waits.h"

/* What a program did wrong with its marks, or what the trace lacks to understand them. */
#define MISUSES(X)                                                       \
	X(REGION_NO_BEGIN, "region ended that was not begun")            \
	X(REGION_TWICE, "region ended twice")                            \
	X(REGION_CROSSED, "regions crossed")                             \
	X(REGION_NO_END, "region begun again without its end")           \
	X(REGION_DEEP, "regions nested too deep")                        \
	X(TASK_NO_ID, "task without an id")                              \
	X(TASK_NO_BEGIN, "task ended that was not begun")                \
	X(TASK_TWICE, "task ended twice")                                \
	X(TASK_OPEN, "task begun while one of its id was open")          \
	X(TASK_GONE, "task entered after its end")                       \
	X(TASK_NO_ENTER, "task left that was not entered")               \
	X(TASK_DEEP, "tasks nested too deep")                            \
	X(TASK_MANY, "too many open tasks, the oldest closed")           \
	X(ASYNC_NO_BEGIN, "async region ended that was not begun")       \
	X(ASYNC_OPEN, "async region begun while one of its id was open") \
	X(ASYNC_MANY, "too many open async regions, the oldest closed")  \
	X(TRACEPARENT, "traceparent that is not valid")                  \
	X(NAME_UNKNOWN, "mark whose name was not captured")              \
	X(NAME_MANY, "too many different names")                         \
	X(THREAD_GONE, "mark of a thread that had exited")               \
	X(LOST_PARTNER, "mark whose partner may be among the lost records")

#define MISUSE_ENUM(NAME, text) MISUSE_##NAME,
enum misuse { MISUSES(MISUSE_ENUM) MISUSE_NR };
#undef MISUSE_ENUM

enum {
	REGIONS_DEEP = 1024, /* open regions of a thread */
	FRAMES_DEEP = 256,   /* work frames of a thread */
	OPEN_MAX = 1 << 18,  /* open tasks; open asyncs */
	ONCE_NR = 8,	     /* strings that wait for their mark */
	LEAVES_BEFORE = 8,   /* LEAVEs of a thread whose ENTERs may have been before the trace */
	ENDED_NR = 8,	     /* names of regions that ended last */
	LEGS_MAX = 64,	     /* of a task: stretches of a thread's work for it */
	HELPERS_NR = 4,	     /* threads that work for children of a task */
	THREADS_NEAR = 256,  /* threads that are found without a search */
};

struct process {
	uint32_t pid;
	uint32_t alive;			 /* threads that point here */
	bool before;			 /* it may hold tasks begun before we could see them … */
	uint64_t before_ts;		 /* … that is, before this time */
	struct hash strings;		 /* address -> struct name: its literals */
	struct ranges mappings, symbols; /* what is at addresses that it waited for */
	struct task *tasks, *tasks_last; /* open ones it began, oldest first */
	struct async *asyncs, *asyncs_last;
	struct pauses pauses;
};

/* An open region of a thread. */
struct region {
	const struct name *name, *site;
	uint64_t begin;
	uint64_t child_ns;   /* wall time of the regions right inside it */
	uint64_t child_from; /* from here on it counts as inside of the one below */
	uint64_t task_id;
	uint64_t nr, task_nr, around_nr, outer_nr; /* span.h */
	uint32_t flags;
	bool crossed;	       /* one that was around it has ended */
	struct breakdown from; /* the thread's account at begin */
};

enum frame_kind { FRAME_BEGIN, FRAME_ENTER };

/*
 * That a thread works for a task: one on the thread's stack for each BEGIN or ENTER in force. A
 * frame is visible from the top down to the first ENTER, that one included; only while visible
 * does the thread's time count for the task. A frame leaves its stack when its task is ended by
 * another thread; if its own thread has not been accounted up to that time, it waits as a `cut`
 * until it is.
 */
struct frame {
	enum frame_kind kind;
	bool visible;
	bool top; /* a cut: it was on top of the stack */
	struct thread *thread;
	struct task *task;  /* NULL: an ENTER of none, or of one that has ended */
	struct frame *down; /* on the thread's stack; or the next cut */
	struct frame *task_next, *task_prev;
	uint64_t since; /* when it was pushed */
	uint64_t shown; /* when it became visible */
	uint64_t cut_ts;
	struct breakdown from; /* the thread's account when it became visible */
};

struct once {
	uint64_t addr;
	const struct name *name; /* NULL: empty */
};

struct thread {
	int part;		 /* of the source */
	struct span_thread view; /* comm points to the one below */
	char comm[WIRE_COMM_SZ];
	struct process *process;
	uint64_t start_ns;     /* the kernel's; 0: no THREAD record was seen */
	bool lived_before;     /* before we saw it */
	bool before;	       /* marks may lack their begins, which were before marks_from */
	bool marked;	       /* a task mark of it was seen */
	uint8_t leaves_before; /* LEAVEs that may still have had their ENTER before */
	uint64_t marks_from;   /* its marks are seen since; and its account then */
	struct breakdown marks_acc;
	enum state now; /* since last_ts, as far as is known: RUNNING or UNKNOWN */
	uint64_t last_ts;
	uint64_t shown_ts; /* intervals were given to the sinks up to here */
	struct breakdown acc;

	/* the last wire_used, and what the account said then */
	bool used_known, faults_known;
	struct wire_used used;
	uint64_t used_ts, used_running;
	uint64_t marked_running; /* what the account said at the last batched mark */
	uint64_t paused; /* what of its process's pauses is in the account, or was before it */

	struct region *regions;
	uint32_t regions_nr, regions_cap, regions_over, regions_crossed;
	const struct name *ended[ENDED_NR];
	uint32_t ended_at;

	struct frame *top;
	uint32_t frames_nr;
	struct frame *cuts, *cuts_last;

	struct past *past;
	struct once once[ONCE_NR];
	uint32_t once_at;

	struct stack_ids at;	  /* where it is off CPU, as far as the account is just now */
	struct stack_ids next_at; /* of the interval that ends at next_at_ts */
	uint64_t next_at_ts;
	uint32_t changes;	   /* of its regions or its task, so far */
	const struct place *place; /* of its regions, when changes was place_at */
	uint32_t place_at;

	uint64_t voluntary, involuntary, migrations;
	struct ran *ran; /* who had the CPU that it waits for; NULL: nothing was said */
	uint64_t cgroup; /* whose quota stopped it last; 0 none */
	/* The kernel's own figures are of longer than the trace: how much of them was outside of
	 * it */
	uint64_t outside_ts, outside_run, outside_delay;
	uint64_t exec_from;
	bool exec_known, totals_known,
		totals_split; /* totals_split: they are of another tid, too */
	struct wire_totals totals;
};

/* A thread worked for a task from, to. */
struct leg {
	uint32_t tid;
	uint64_t from, to;
	uint64_t acc[STATE_NR]; /* the thread's account at `from` */
};

/* Threads that worked for children of a task, elsewhere. to UINT64_MAX: still. */
struct helper {
	uint32_t tid;
	uint64_t from, to;
};

struct helpers {
	struct helper v[HELPERS_NR];
	uint32_t at;
};

struct task {
	uint64_t id, parent_id;
	uint64_t nr, parent_nr;
	struct process *process;
	uint32_t pid, tid;
	const struct name *name, *parent_name, *message;
	const struct name *row; /* its name in the explanation; NULL: it is in none */
	uint32_t flags;
	uint64_t begin, end; /* end: valid once it is closed */
	uint64_t idle_ns, idle_from;
	uint32_t workers; /* visible frames now */
	uint32_t cuts;	  /* frames whose threads have not come to its end yet */
	uint32_t threads, tids_cap;
	uint32_t *tids;		     /* of those threads; N.B. distinct up to TASK_TIDS_MAX */
	struct leg *legs, first_leg; /* N.B. the longest LEGS_MAX are kept */
	uint32_t legs_nr, legs_cap;  /* cap 0: legs is &first_leg */
	uint32_t closer_tid;	     /* whose END it was; 0: nobody's */
	struct told *told;	     /* of a task that is kept: see critical.h */
	struct breakdown spent;
	struct frame *frames;
	struct story *story;
	struct task *id_next;	  /* same id, other process */
	struct task *prev, *next; /* of its process */
	char traceparent[56];
};

struct async {
	struct span_async view;
	const struct name *name, *site;
	struct process *process;
	struct async *id_next;
	struct async *prev, *next;
};

/* What is remembered of a task that has ended. */
struct ended {
	const struct name *name;
	uint64_t nr;
};

/* Threads that are not traced are known by name only. */
struct stranger {
	uint32_t pid;
	char comm[WIRE_COMM_SZ];
};

/* What holds for one part of the source: it changes places with the model's own. */
struct part_state {
	struct loss loss;
	struct recent known, derived; /* resources: their numbers are each host's own */
};

struct model {
	struct model_opts opts;
	const struct capture_info *info;
	const struct sink *sinks;
	size_t sinks_nr;
	bool wants_intervals, wants_tasks, wants_steps;
	uint64_t start_ts, stop_ts; /* of the part that is being told of */
	const struct source *src;
	int part;
	struct part_state *parts; /* of the other parts; NULL: there is one */
	int rc;			  /* the first error, of a sink or of memory */
	struct err *err;

	struct calls calls;
	struct loss loss;
	struct intern names;
	uint32_t names_once, names_other;
	const struct name *no_name, *other_names;

	struct hash processes, threads, tasks, asyncs;
	struct thread *threads_near[THREADS_NEAR]; /* of threads, by the tid's low bits */
	struct recent strangers, dead, ended, helpers;
	uint64_t spans; /* numbers given to spans so far */
	size_t tasks_nr, asyncs_nr;
	struct pasts pasts;
	struct pool thread_pool, process_pool, frame_pool, task_pool, async_pool, ran_pool;
	struct stories stories;
	struct story_step *steps_room; /* for the steps of one task */
	struct waits waits;
	struct stacks stacks;
	struct resources resources;
	struct explain explain;

	uint64_t misuse[MISUSE_NR];
	uint64_t inside; /* records of the trace, or of its window */
	uint64_t records, marks, late, bad_records, unknown_kinds;
	struct pool path_pool;
	uint32_t path_rows;
	uint64_t stretches;    /* of the paths of tasks that are kept */
	uint64_t blamed;       /* pieces of critical paths, so far */
	uintptr_t thread_keys; /* given out so far */
	uint64_t broken;       /* accounts that did not add up: 0, or there is a bug */
};

/* --- model.c --- */
/* Notes the first failure; the run ends after the current record. */
void model_fail(struct model *m, int rc);
void model_no_memory(struct model *m);
/* What follows is of that part of the source. */
void model_enter_part(struct model *m, int part);
/* Inside the trace. */
static inline uint64_t model_clip(const struct model *m, uint64_t ts)
{
	if (ts < m->start_ts)
		return m->start_ts;
	return ts > m->stop_ts ? m->stop_ts : ts;
}

#define MODEL_EMIT(m, event, arg)                                                      \
	do {                                                                           \
		for (size_t i_ = 0; i_ < (m)->sinks_nr && !(m)->rc; i_++) {            \
			const struct sink *s_ = &(m)->sinks[i_];                       \
			if (s_->ops->event)                                            \
				model_fail(m, s_->ops->event(s_->ctx, arg, (m)->err)); \
		}                                                                      \
	} while (0)

/* Sums and differences of accounts. */
static inline void breakdown_add(struct breakdown *to, const struct breakdown *b)
{
	for (int i = 0; i < STATE_NR; i++)
		to->ns[i] += b->ns[i];
	to->over.syscall_ns += b->over.syscall_ns;
	to->over.syscalls += b->over.syscalls;
	to->over.faults += b->over.faults;
	to->over.absent |= b->over.absent;
	to->over.irq_ns += b->over.irq_ns;
	to->over.softirq_ns += b->over.softirq_ns;
	to->over.gc_ns += b->over.gc_ns;
}

/* What was added since `from`. In one pass: an account is large, and this is done for each span. */
static inline struct breakdown breakdown_since(const struct breakdown *now,
					       const struct breakdown *from)
{
	struct breakdown b;

	for (int i = 0; i < STATE_NR; i++)
		b.ns[i] = now->ns[i] - from->ns[i];
	b.over = (struct overlays){
		.syscall_ns = now->over.syscall_ns - from->over.syscall_ns,
		.syscalls = now->over.syscalls - from->over.syscalls,
		.faults = now->over.faults - from->over.faults,
		.irq_ns = now->over.irq_ns - from->over.irq_ns,
		.softirq_ns = now->over.softirq_ns - from->over.softirq_ns,
		.gc_ns = now->over.gc_ns - from->over.gc_ns,
		.absent = now->over.absent,
	};
	return b;
}

static inline uint64_t breakdown_sum(const struct breakdown *b)
{
	uint64_t sum = 0;

	for (int i = 0; i < STATE_NR; i++)
		sum += b->ns[i];
	return sum;
}

#endif
