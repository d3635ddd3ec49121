/* SPDX-License-Identifier: MIT */
/*
 * span.h - what the model finds out, and the exporters write
 *
 * Two things reach an exporter: events, as they are found (sink.h), and at the end one summary.
 * Everything here is a view: the model owns it, and a callback may use it until it returns, the
 * summary until model_free. Times are CLOCK_MONOTONIC ns, durations ns. Strings are NUL-terminated,
 * never NULL, and UNTRUSTED: each exporter escapes them in its own way.
 *
 * A region, an async region and a task each have a number `nr`, which counts up from 1 and is given
 * once in a run; ids are the application's, which may give one twice. Where another span's number
 * is told, that one may be complete already, or come later; 0: there is none, or it is not known.
 */
/* clang-format off */ /* the tables are aligned by hand */
#ifndef CTRACE_SPAN_H
#define CTRACE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every nanosecond of a thread is in exactly one state. The order is that of every output. */
#define STATES(X)                                                                                  \
	X(RUNNING, running)                                                                        \
	X(RUNNABLE, runnable)                                                                      \
	X(PREEMPTED, preempted)                                                                    \
	X(THROTTLED, throttled)                                                                    \
	X(YIELD, yield)                                                                            \
	X(DISK, disk)                                                                              \
	X(FAULT, fault)                                                                            \
	X(NETWORK, network)                                                                        \
	X(POLL, poll)                                                                              \
	X(LOCK, lock)                                                                              \
	X(IPC, ipc)                                                                                \
	X(SLEEP, sleep)                                                                            \
	X(CHILD, child)                                                                            \
	X(STOPPED, stopped)                                                                        \
	X(OTHER, other)                                                                            \
	X(UNKNOWN, unknown)

#define STATE_ENUM(NAME, name) STATE_##NAME,
enum state { STATES(STATE_ENUM) STATE_NR };
#undef STATE_ENUM
extern const char *const state_names[STATE_NR]; /* "running" … */

/* What was not counted: its number is 0, and means nothing. */
enum { OVER_NO_SYSCALLS = 1, OVER_NO_FAULTS = 2, OVER_NO_IRQS = 4 };

/* Counted beside the states, never added to them. */
struct overlays {
	uint64_t syscall_ns;	/* part of running spent inside system calls */
	uint64_t syscalls;	/* calls that returned */
	uint64_t faults;	/* page faults, minor and major */
	uint64_t irq_ns;	/* part of running that interrupts took; with --irq */
	uint64_t softirq_ns;	/* the same for softirqs */
	uint64_t gc_ns;		/* overlap with pauses that the process marked; 0 if it marks none */
	uint32_t absent;	/* OVER_NO_*; syscalls stands for syscall_ns, too */
};

struct breakdown {
	uint64_t ns[STATE_NR];
	struct overlays over;
};

struct capture_process {
	uint32_t pid;
	const char *comm;
	const char *exe;
	uint32_t threads;	/* that the trace saw */
	/* OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES of its environment; "" or NULL: none */
	const char *service, *resource;
};

struct capture_loss {
	const char *name;
	uint64_t count;
};

/* Records of one kind in the capture. */
struct tracer_kind {
	uint32_t kind;		/* WIRE_* */
	uint64_t count, bytes;	/* as the rings brought them */
	uint64_t stored;	/* bytes as they are stored, before zlib */
};

/* A BPF program: how often it ran, and for how long in all. */
struct tracer_program {
	char name[24];
	uint64_t runs, ns;
};

/* Records that a CPU's own ring had no room for, and the spare one had. */
struct tracer_spill {
	uint32_t cpu;
	uint64_t count;
};

#define TRACER_ROWS_MAX 64

/* X(name): the numbers of struct capture_tracer that stand alone. */
#define TRACER_NUMBERS(X)                                                                          \
	X(cpu_ns)      /* CPU time of the tracer's process while it traced */                      \
	X(switches)    /* its context switches … */                                                \
	X(preempted)   /* … and those among them that it did not ask for */                        \
	X(readings)    /* readings of all rings … */                                               \
	X(woken)       /* … and those among them that could not wait: a ring filled up, or marks of \
			  a new program were to be found */                                        \
	X(lag_mean_ns) /* how long the oldest record of a ring had waited when it was read … */    \
	X(lag_max_ns)  /* … and at most */                                                         \
	X(ring_bytes)  /* that went through the rings */                                           \
	X(spilled)     /* records that went through the spare ring: spills has the CPUs */         \
	X(tsc_err_ns)  /* marks were stamped by the TSC, known that well; 0: they were not */      \
	X(tsc_steps)   /* times at which the TSC and CLOCK_MONOTONIC did not go together */

/* What tracing took. */
struct capture_tracer {
#define TRACER_FIELD(name) uint64_t name;
	TRACER_NUMBERS(TRACER_FIELD)
#undef TRACER_FIELD
	struct tracer_kind kinds[TRACER_ROWS_MAX];
	struct tracer_program programs[TRACER_ROWS_MAX]; /* none: not measured */
	struct tracer_spill spills[TRACER_ROWS_MAX];	 /* of the first so many CPUs that have any */
	size_t kinds_nr, programs_nr, spills_nr;
};

/*
 * What stands at an address of a process's code (pid 0: the kernel's), in the program that it ran
 * since from_ts. Of one address there is one symbol, and one more for each function that is inlined
 * there: the innermost comes first.
 */
struct capture_symbol {
	uint32_t pid;
	uint64_t from_ts, addr;
	uint64_t off;		/* of the address in the function; if it has no name, in the file */
	const char *name;	/* "" if not known */
	const char *module;	/* the file's path, or "[vdso]"; "" if not known */
	const char *site;	/* "file:line"; "" if not known */
};

/* One of several captures that are explained together; times as in all of them. */
struct capture_part {
	const char *host, *kernel;
	uint64_t start_ts, stop_ts;
	uint32_t pid_add;	/* to the numbers of its processes and threads */
	bool same_clock;	/* its CLOCK_MONOTONIC is that of the first; else it was set … */
	uint64_t clock_err_ns;	/* … by the time of day, within this, if both hosts had it right */
	uint64_t events, lost;
};

/* What the capture says of itself. */
struct capture_info {
	const char *host, *kernel, *command, *version;
	const char *id;		/* random, in hex: no other capture has it; "" in old ones */
	uint16_t machine;	/* ELF e_machine */
	uint32_t cpus;
	uint64_t start_ts, stop_ts;
	bool window;		/* they are those of a part of the trace, which is … */
	uint64_t trace_start_ts, trace_stop_ts; /* … this one, if it was read as one */
	uint64_t start_unix_ns;
	uint64_t events;	/* records read */
	bool cut;		/* no END: stop_ts is that of the last record */
	uint16_t newer_major, newer_minor; /* its format, if this reader does not know all of it; else 0 */
	const char *end_reason;
	const struct capture_process *processes;
	size_t processes_nr;
	const struct capture_loss *losses; /* those that are not 0 */
	size_t losses_nr;
	uint64_t lost_total;
	bool no_syscalls;	/* they were not counted */
	bool no_irqs;		/* nor measured: without --irq */
	const struct capture_tracer *tracer; /* NULL: not known */
	uint64_t mark_sites;	/* probes of marks that were attached; 0: none, or not known */
	bool stacks;		/* call stacks were asked for */
	bool late_known;	/* no record came later than late_ns behind others of its stream */
	uint64_t late_ns;
	const struct capture_symbol *symbols; /* by pid, addr, from_ts */
	size_t symbols_nr;
	const struct capture_part *parts; /* if it is several */
	size_t parts_nr;
};

/* One function of a call stack. */
struct span_frame {
	uint64_t addr;		/* of its code, or to return to */
	const char *name, *module, *site; /* as capture_symbol's */
	uint64_t off;		/* likewise */
	bool inlined;		/* into the next frame, which has the same address */
};

/* Where a thread was: innermost frame first; the kernel's part continues the user's. */
struct span_stack {
	const struct span_frame *user, *kernel;
	size_t user_nr, kernel_nr;
	bool user_cut, kernel_cut;	/* outer frames are missing */
	bool user_lost, kernel_lost;	/* there was one, but the capture does not have it */
};

/* Who ended a wait. tid 0: not known, or an interrupt while the CPU was idle. */
struct span_waker {
	uint32_t pid, tid;
	uint8_t ctx;		/* WIRE_WAKER_*; in an interrupt, tid is an innocent bystander */
	const char *softirq;	/* which: "NET_RX", "TIMER" …; "" not known, or none */
	const char *comm;	/* "" if not known */
	const char *region;	/* innermost region it was in at that time; "" none */
	const char *task;	/* the task it worked for; "" none */
};

/* Where the chain of who waited for whom comes to its end. */
#define BLAME_ENDS(X)                                                              \
	X(WORK, work)		/* a thread ran: it did the work */                 \
	X(CPU, cpu)		/* a thread was ready, and others had the CPU */    \
	X(INTERRUPT, interrupt)	/* a device, the network or a timer ended a wait */ \
	X(UNTRACED, untraced)	/* a thread that is not traced did */               \
	X(UNSEEN, unseen)	/* nobody was seen to end it */                     \
	X(FORGOTTEN, forgotten)	/* it is too long ago to be remembered */           \
	X(BOUND, bound)		/* the chain is longer than is looked */

#define BLAME_ENUM(NAME, name) BLAME_##NAME,
enum blame_end { BLAME_ENDS(BLAME_ENUM) BLAME_END_NR };
#undef BLAME_ENUM
extern const char *const blame_end_names[BLAME_END_NR]; /* "work" … */

/* How the chain came from who waited to the next thread. */
#define BLAME_VIAS(X)                                                                \
	X(OWN, own)		/* it worked for the task itself, or is the waiter */ \
	X(WAKER, waker)		/* it ended the wait */                               \
	X(SENDER, sender)	/* it was sending when the network ended the wait */  \
	X(CHILD, child)		/* it worked for a child of the waiter's task */      \
	X(CREATOR, creator)	/* it made the thread that was waited for */          \
	X(TAKER, taker)		/* it took the task up after nobody had worked for it */

#define BLAME_ENUM(NAME, name) BLAME_VIA_##NAME,
enum blame_via { BLAME_VIAS(BLAME_ENUM) BLAME_VIA_NR };
#undef BLAME_ENUM
extern const char *const blame_via_names[BLAME_VIA_NR]; /* "own" … */

/*
 * A link of a wait's chain: what a thread did while the one at the link above waited for it. Links
 * of one kind are one. They are a tree, in its order: a link's deeper ones follow it, largest
 * first.
 */
struct span_link {
	uint32_t depth;		/* 0: the wait itself */
	enum state state;
	enum blame_via via;
	enum blame_end ended;	/* of self_ns */
	bool inferred;		/* the way here is likely, not proven: via SENDER or CHILD */
	uint32_t pid, tid;
	const char *comm;
	const char *region, *task; /* of that thread then; "" none */
	const char *resource;
	const char *by;		/* UNTRACED: who ended it; else "" */
	uint64_t ns;		/* the deeper links included */
	uint64_t self_ns;	/* what no deeper link tells; over all links it is the wait */
	uint64_t count;		/* stretches of time */
};

/* What critical paths hung on: the ends of their chains, those of one kind together. */
struct span_blame {
	enum state state;
	enum blame_end ended;
	bool inferred;
	bool behind;		/* the task itself waited meanwhile: as the next four say */
	bool idle;		/* … no thread worked for it */
	enum state own_state;
	const char *own_region, *own_resource;
	const char *comm;	/* "worker-*" if several that differ in a number */
	uint32_t pid;		/* 0: several */
	const char *region, *resource, *by;
	uint64_t ns, count;
};

/* A stretch of time that a critical path hung on one cause. */
struct span_stretch {
	uint64_t begin, end;
	enum state state;
	uint32_t pid, tid;	/* the thread that it hung on; 0: not known */
	const char *comm;
	size_t part;		/* which of the path's parts this is of; parts_nr: none that is listed */
	uint32_t depth;		/* waits between the task and that thread */
};

/* From a task's end back to its begin; its states add up to its wall time. */
struct span_path {
	uint64_t ns[STATE_NR];
	const struct span_blame *parts; /* most time first; bounded */
	size_t parts_nr;
	uint64_t others_ns;	/* not in parts */
	/* Of one task that is kept: its stretches by time, the longest ones; else none. */
	const struct span_stretch *stretches;
	size_t stretches_nr;
	uint64_t stretches_left_out;
};

/* Who ran on the CPU that a thread waited for. */
struct span_culprit {
	uint32_t pid, tid;
	const char *comm;	/* "" if not known */
	uint64_t ns;
};

/* The process at the other end of a pipe or socket. pid 0: not known. */
struct span_peer {
	uint32_t pid;
	const char *comm;	/* "" if not known */
};

/* Why a thread left its CPU, on what it waited, and who ended it. */
struct span_wait {
	enum state state;	/* of the blocked part */
	uint64_t begin, woken, end; /* woken: = end if no wakeup was seen */
	enum state woken_state;	/* of the rest: runnable, or throttled */
	int nr;			/* system call; -1 none */
	const char *syscall;	/* its name; "" none */
	uint8_t fd_kind;	/* WIRE_FD_* */
	const char *resource;	/* in words: "futex 0x7f…", "file /var/log/x on vda", "sleep" … */
	struct span_peer peer;	/* who is at the other end of it */
	struct span_waker holder; /* who had the lock when the wait began; tid 0: not known. A HINT:
				   it is what the lock in the application's memory said */
	const char *kernel;	/* function of the kernel that it was blocked in; "" not known */
	struct span_waker waker;
	/* Of its time without a CPU, once it was ready: who ran there, most first; "idle" is time in
	 * which nobody did. What the sum lacks is not known. */
	const struct span_culprit *culprits;
	size_t culprits_nr;
	uint64_t culprits_others_ns, cpu_idle_ns;
	uint16_t off_cpu, on_cpu; /* the CPU that it left, and, unless open, the one it came to */
	uint32_t kernel_state;	/* the kernel's task state bits when it left; 0: it wanted to go on */
	bool iowait;		/* the kernel counts it as waiting for I/O */
	uint32_t prev_tid;	/* who had the CPU right before it came back; 0 idle */
	const char *prev_comm;
	uint64_t span_nr;	/* the innermost region or task that the thread was in */
	bool open, clipped;	/* it outlived the trace; it began before it */
	const struct span_link *chain; /* in stories, if it goes on beyond the wait itself */
	size_t chain_nr;
};

struct span_thread {
	uint32_t pid, tid;
	const char *comm;
	uint64_t begin, end;	/* end: 0 while it lives */
	uint64_t last;		/* at thread_end: up to when it is told of */
	const void *key;	/* stable for the life of the model: identity of this thread */
};

/* One stretch of one thread in one state. A thread's intervals follow each other without a gap. */
struct span_interval {
	const struct span_thread *thread;
	enum state state;
	uint64_t begin, end;
	const struct span_wait *wait; /* for anything but running; else NULL */
};

enum span_flags {
	SPAN_BEGUN_BEFORE = 1,	/* clipped: begun before the trace */
	SPAN_UNFINISHED = 2,	/* clipped: open when the trace ended, or its thread died */
	SPAN_FAILED = 4,
	SPAN_TAINTED = 8,	/* records were lost while it was open: its numbers may be wrong */
};

struct span_region {
	const struct span_thread *thread;
	const char *name, *site; /* site: "file:line" or "" */
	uint64_t task_id;	/* the task the thread worked for at its begin; 0 none */
	uint64_t nr, task_nr;
	uint64_t around_nr;	/* the innermost region around it, of those begun for the same task */
	uint64_t outer_nr;	/* the outermost one; if none is around it, itself */
	uint32_t depth;		/* 0: outermost */
	uint32_t flags;
	uint64_t begin, end;
	uint64_t self_ns;	/* without the regions nested in it */
	const struct breakdown *spent; /* inclusive; its states add up to end - begin */
};

struct span_async {
	uint32_t pid;
	const char *name, *site;
	uint64_t id, task_id;
	uint64_t nr, task_nr;
	uint32_t flags;
	uint64_t begin, end;
	uint32_t begin_tid, end_tid;
};

struct span_log {
	const struct span_thread *thread;
	uint64_t task_id;
	uint64_t span_nr;	/* the innermost region or task that it is part of */
	uint64_t ts;
	const char *category, *message;
};

/* A step of a task's story, in the order of time. */
enum story_kind { STORY_REGION, STORY_WAIT, STORY_LOG, STORY_CHILD, STORY_ENTER };

struct story_step {
	enum story_kind kind;
	uint64_t begin, end;
	uint32_t depth;		/* of regions around it */
	uint32_t tid;
	const char *comm;
	const char *name;	/* region, child task, or log category */
	const char *detail;	/* log message, or region site; "" */
	const struct breakdown *spent;	/* regions; else NULL */
	const struct span_wait *wait;	/* waits; else NULL */
};

struct span_task {
	uint32_t pid;		/* of the process that began it */
	uint32_t tid;		/* of the thread that began it */
	uint64_t id, parent_id;	/* parent_id 0: a root */
	uint64_t nr, parent_nr;
	const char *name;
	const char *row;	/* of the summary that it is in, by name: "(other names)" stands for
				   many; NULL: in none, as it was filtered out, or is not over */
	const char *parent_name; /* "" if not known */
	const char *traceparent; /* "" none */
	const char *fail_message; /* "" */
	uint32_t flags;
	uint64_t begin, end;
	uint64_t idle_ns;	/* part of its wall time when no thread worked for it */
	uint32_t threads;	/* that worked for it */
	const struct breakdown *spent; /* sum over its threads while they worked for it */
	/* What happened, for tasks that are kept (the slowest), and for others if a sink asks for it;
	 * else NULL. Bounded: the longest steps are kept, steps_left_out says how many are not. */
	const struct story_step *steps;
	size_t steps_nr, steps_left_out;
	struct span_path path;	/* of tasks that are kept: else all 0 */
};

struct percentiles {
	uint64_t min, p50, p90, p95, p99, max, mean;
};

struct hist_bucket {
	uint64_t lo_ns, hi_ns;	/* lo <= duration < hi */
	uint64_t count;
};

struct summary_task {
	const char *name;
	uint64_t count, complete, failed, tainted;	/* count = complete + clipped ones */
	struct percentiles duration_ns;		/* of the complete ones */
	struct breakdown spent;			/* of all */
	uint64_t wall_ns, idle_ns;		/* of all, summed */
	struct span_path path;			/* of all: adds up to wall_ns */
	const struct hist_bucket *histogram;	/* of the complete ones; empty buckets left out */
	size_t histogram_nr;
	const struct span_task *slowest;	/* complete ones, slowest first, with their steps */
	size_t slowest_nr;
};

struct summary_region {
	const char *name, *site;
	bool async;				/* then spent and self_ns are empty */
	uint64_t count, complete, tainted;
	struct percentiles duration_ns;
	uint64_t wall_ns, self_ns;
	struct breakdown spent;			/* inclusive */
	const struct hist_bucket *histogram;
	size_t histogram_nr;
};

struct summary_thread {
	uint32_t pid, tid;
	const char *comm;
	uint64_t begin, end;			/* inside the trace */
	struct breakdown spent;			/* its states add up to end - begin */
	uint64_t voluntary, involuntary;	/* switches */
	uint64_t migrations;			/* returns to another CPU than it had left */
	bool exited, clipped;			/* died in the trace; lived before it */
	/* The kernel's own figures over the same time; valid if oracle */
	bool oracle;
	uint64_t kernel_cpu_ns, kernel_run_delay_ns;
};

struct summary_waker {
	const char *comm, *region;
	const char *softirq;			/* "" none */
	uint32_t pid, tid;
	uint8_t ctx;
	uint64_t count, ns;			/* waits, and how long these were in all */
};

/* Where one kind of waits was called from. */
struct summary_wait_stack {
	struct span_stack stack;
	uint64_t count, ns;
};

struct summary_wait {
	enum state state;
	const char *resource;
	struct span_peer peer;			/* as was last known */
	const char *region;			/* innermost region of the waiter; "" none */
	uint64_t count, total_ns, max_ns;
	const struct summary_waker *wakers;	/* most frequent first; at most 8 */
	size_t wakers_nr;
	uint64_t wakers_others;			/* wakings by others than those listed */
	const struct summary_waker *holders;	/* who had the lock when a wait began: hints; as above */
	size_t holders_nr;
	uint64_t holders_others;
	const struct span_culprit *culprits;	/* of waits for a CPU: who ran; most first, at most 8 */
	size_t culprits_nr;
	uint64_t culprits_others_ns;		/* others than those listed */
	uint64_t cpu_idle_ns;			/* nobody ran */
	const struct summary_wait_stack *stacks; /* most time first; at most 3 */
	size_t stacks_nr;
};

/* Time by where it was spent. Those of a state add up to its time, but for running: see sampled. */
struct summary_stack {
	const char *process;			/* its first thread's name */
	const char *const *regions;		/* open ones, the outermost first */
	size_t regions_nr;
	enum state state;
	bool sampled;				/* running: count samples, which stand for ns */
	bool others;				/* the rest, beyond a bound: no regions, no stack */
	struct span_stack stack;
	uint64_t count, ns;
};

/* Misuse of the markers, survived and counted. */
struct summary_misuse {
	const char *name;			/* "region ended twice" … */
	uint64_t count;
};

struct summary {
	const struct capture_info *capture;
	const struct summary_task *tasks;	/* most total wall time first */
	size_t tasks_nr;
	const struct summary_region *regions;	/* most total wall time first */
	size_t regions_nr;
	const struct summary_thread *threads;	/* by pid, tid, begin */
	size_t threads_nr;
	uint64_t threads_left_out;		/* that exited, beyond a bound; summed per process below */
	const struct summary_wait *waits;	/* most total time first; bounded */
	size_t waits_nr;
	uint64_t waits_left_out;
	struct breakdown all;			/* every thread, also those left out */
	const struct summary_stack *stacks;	/* most time first; none if not asked for */
	size_t stacks_nr;
	uint64_t stacks_lost;			/* stacks that there was no room for */
	const struct summary_misuse *misuse;
	size_t misuse_nr;
	/* Names that the filter left out, each once, at most 16; the longest task of those that were
	 * too short for it. */
	const char *const *tasks_unlisted, *const *regions_unlisted;
	size_t tasks_unlisted_nr, regions_unlisted_nr;
	uint64_t unlisted_max_ns;
	uint64_t events;			/* records of that time, of any kind */
	uint64_t marks;				/* marks of the application that were read */
	uint64_t late;				/* records that came too late for their place in time */
	uint64_t unknown_kinds, bad_records;	/* skipped */
};

#endif
