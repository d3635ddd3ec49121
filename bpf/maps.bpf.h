/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps.bpf.h - what the programs share: knobs, maps, counters
 *
 * The knobs are constants from the verifier's point of view: user space sets them before the
 * programs are loaded, and code behind a knob that is off is never looked at, so that it may use
 * what this kernel lacks.
 */
#ifndef MAPS_BPF_H
#define MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <ctrace/wire.h>

/* --- knobs: set by user/attach/session.c, defined in sched.bpf.c ------------------------------ */
extern const volatile bool use_storage;	     /* task storage, else a hash by tid (see task.bpf.h) */
extern const volatile bool has_task_btf;     /* bpf_get_current_task_btf, 5.11 */
extern const volatile bool has_task_pt_regs; /* bpf_task_pt_regs, 5.15 */
extern const volatile bool switch_has_state; /* sched_switch passes prev_state (5.19) */
extern const volatile bool follow_forks;     /* trace the children of traced processes */
extern const volatile bool want_stacks;	     /* call stacks of intervals off CPU, and samples */
extern const volatile u64 sample_ns;	     /* time between two samples of a CPU */
extern const volatile u32 cpus_per_ring;
extern const volatile u32 rings_nr;
extern const volatile u64 wakeup_bytes;	       /* wake the collector when a ring holds this much */
extern const volatile u64 slow_syscall_ns;     /* report calls that last at least this long */
extern const volatile s64 preempt_count_delta; /* from a run queue; x86; 0: not known */
extern const volatile u64 fd_calls[8];	       /* bit nr: the call's first argument is an fd */
extern const volatile s32 nr_futex;
extern const volatile bool count_irqs; /* --irq */
/* The kernel's two functions that call the programs of sched_switch. Size 0: not known. */
extern const volatile u64 switch_code_from[2], switch_code_size[2];
extern const volatile u64 last_calls[8]; /* bit nr: memory may be gone when it returns */
extern const volatile bool exit_has_mm;	 /* sched_process_exit runs before the memory is given up */

/* --- state that user space changes while the programs run ------------------------------------- */
enum {
	PHASE_SEED = 0, /* threads are being found and marks attached: marks do not count yet */
	PHASE_ON = 1,
	PHASE_OVER = 2, /* detaching: nothing is emitted any more */
};
extern u32 phase;
#define RINGS_MAX 64		  /* with the spare one */
extern u32 ring_woken[RINGS_MAX]; /* 1: a wakeup is under way; the collector clears it */
extern u64 any_clock_off;	  /* a thread's clock_off, of the last one switched out */
extern u32 holders_wanted;	  /* how many were put into `wanted`, so far */
extern u32 holders_round;	  /* what is put there belongs to this round … */
extern u32 holders_scan;	  /* … and the walk over all files looks for this one */
extern u32 generation; /* goes up when strings may have moved: exec, dlopen. Empties known[] */

/* Each program file has these definitions; being weak, they become one when the files are
 * linked. */
/* --- maps ------------------------------------------------------------------------------------- */
#define THREADS_MAX 65536
#define TARGETS_MAX 4096
#define STRINGS_MAX 16384
#define KNOWN_NR    8

/* Where a thread writes its marks (struct ctrace_batch_ of ctrace.h), and what was sent of them.
 * More than one if libraries that were loaded with dlopen have state of their own. */
#define BATCHES_MAX 4
enum {
	BATCH_NEW = 1,	    /* the collector has not heard of it */
	BATCH_WHOLE = 2,    /* send the block from its start: the collector has not seen that */
	BATCH_SHARED = 4,   /* with a thread that has the same thread-local memory: see `shared` */
	BATCH_BORROWED = 8, /* … which is not its own: it does not end with this thread */
	BATCH_TSC = 16,	    /* the words last sent have counts of rdtsc */
	BATCH_VFORKED = 32, /* none yet: a child of vfork may come to it first; see `lent` */
	BATCH_CHILDS = 64,  /* none yet: if it comes, it is `maker`'s */
	BATCH_LENT = 128,   /* `maker` knows where to go on, as soon as it is awake */
};

struct batch {
	u64 addr; /* 0: none */
	u64 id;
	u64 sent; /* pos: marks << 32 | words */
	u64 pos;  /* as last read */
	u32 flags;
	u32 nonce;
	u32 maker; /* the thread whose memory it is, if that does not know of it yet; or 0 */
	u32 pad;
};

/* What is known of a traced thread. Written by programs that run for this thread or under its run
 * queue's lock, and by its wakers, who may come while it is being switched out: they write the
 * wake and waker fields alone, and what the race costs is at most who woke it. */
struct thread {
	u64 on_ts;  /* on CPU since; meaningless while off_ts != 0 */
	u64 off_ts; /* off CPU since; 0: it is on one */
	u64 wake_ts;
	u64 run_ns;   /* CPU time up to on_ts, since the trace saw the thread */
	u64 sys_ns;   /* CPU time in system calls that returned */
	u64 enter_ts; /* entered the call in flight; 0: none, or before the trace */
	u64 enter_cpu_ns;
	u64 clock_off;	 /* CLOCK_MONOTONIC minus the scheduler's clock; 0: not known yet */
	u64 last_task;	 /* the task its last mark was for, as the model knows it; ~0: unclear */
	u64 last_parent; /* what last_task was before it began; ~0: unclear */
	u64 arg0, arg1, ino;
	u64 file, inode, file_ino; /* what it last waited for by a descriptor: addresses, number */
	u64 run_delay0;		   /* the kernel's own counts when the trace saw the thread */
	u64 nvcsw0, nivcsw0, min_flt0, maj_flt0;
	u64 user_stack, kernel_stack; /* where it left its CPU; see stack.bpf.h */
	u64 image;		      /* changes with the program: stacks of two are not one */
	u64 known[KNOWN_NR]; /* addresses of literals that were sent: a cache of map `strings` */
	u32 gen;	     /* `generation` when known[] was filled */
	u32 syscalls;
	u32 blocks; /* switch-outs that blocked; to tell whether a call did */
	u32 enter_blocks;
	u32 tid, pid; /* its own */
	u32 file_dev, file_kind;
	u32 waker_tid, waker_pid;
	u32 met_prev, met_waker; /* the last strangers that were introduced for it */
	u32 state, dev;
	s16 nr;
	u16 off_cpu;
	u8 off_flags, fd_kind, waker_ctx, waker_early, waker_softirq;
	u8 on_seen; /* on_ts is of a switch-in that was seen, not of the seeding or a recovery */
	u8 seeded;  /* off_ts counts: it was born here, came to a CPU, or the first walk is done */
	u64 fault_addr; /* of its last page fault */
	u64 wchan;
	u64 epoll; /* struct eventpoll that it waits for; 0 none */
	u32 holder;
	u32 queue_cpu; /* it was moved to while it was ready */
	u64 queue_ts;  /* when it was; 0: it is where it left */
	u32 batches_nr;
	struct batch batches[BATCHES_MAX];
};

/* The storage of a task dies with the task, so a reused tid cannot inherit it. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} thread_storage SEC(".maps") __weak;

/* Allocated at once, 32 MB: until 6.1 a uprobe program that uses a map which is not makes the
 * kernel print a warning with a trace, and stop if it has panic_on_warn. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, THREADS_MAX);
	__type(key, u32);
	__type(value, struct thread);
} thread_hash SEC(".maps") __weak;

struct target {
	u32 gen; /* counts what may have put other strings at known addresses: exec, dlopen */
	u32 pad;
};

/* Traced processes, by pid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TARGETS_MAX);
	__type(key, u32);
	__type(value, struct target);
} targets SEC(".maps") __weak;

struct string_key {
	u64 addr;
	u32 pid;
	u32 gen;
};

/* Literals that were sent. When it is full, the others are sent each time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STRINGS_MAX);
	__type(key, struct string_key);
	__type(value, u8);
} strings SEC(".maps") __weak;

/* First half of the comm that was last sent for a thread that is not traced. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, u64);
} strangers SEC(".maps") __weak;

struct name_key {
	u64 id;
	u32 dev;
	u32 what; /* WIRE_RES_* */
};

/* What was sent of a resource's name, as a number: see name.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct name_key);
	__type(value, u64);
} named SEC(".maps") __weak;

/* Pipes and sockets whose holders are to be looked for, by the round in which they were met. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct name_key);
	__type(value, u32);
} wanted SEC(".maps") __weak;

struct ns_tid {
	u32 pid; /* of the process, as the first PID namespace has it */
	u32 nr;	 /* of the thread, as its own namespace has it */
};

/* Threads in PID namespaces: from the tid that they know to ours. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ns_tid);
	__type(value, u32);
} ns_tids SEC(".maps") __weak;

/* Who came to a CPU, and when. */
#define RAN_LOG	    64
#define RAN_UNKNOWN 0xffffffff
struct ran_slot {
	u64 ts;
	u64 task;
	u32 tid, pid;
};

/* What a CPU is doing. Only that CPU writes it. */
struct cpu_state {
	u32 softirq;		/* 1 + the number of the softirq that it served last */
	u32 head;		/* entries of the log so far */
	u64 irq_ts, softirq_ts; /* since when it is in one; for --irq */
	u64 nested_ns;		/* interrupts inside of that softirq */
	struct ran_slot log[RAN_LOG];
};

/* By number. N.B. an array, not a per-CPU map: before 5.19 one CPU cannot read another's there. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set before loading */
	__type(key, u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps") __weak;

static __always_inline struct cpu_state *cpu_here(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &cpu);
}

/* A batch that two threads write into, by its id: a child of vfork runs in its parent's
 * thread-local memory. While the child is there, it is the child who writes, and sends. */
struct shared_batch {
	u64 sent;
	u32 writer; /* tid; 0: whoever comes */
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct shared_batch);
} shared SEC(".maps") __weak;

/* The batch of a thread that has never marked, but a child of its vfork has: by the thread's id. */
struct lent {
	u64 addr, sent;
	u32 nonce, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct lent);
} lent SEC(".maps") __weak;

/* Ends of batches that no ring had room for: nothing that comes later can say how far they went, and
 * the collector, which reads the memory of threads, too, knows what of it was not lost. Beyond so
 * many between two rounds of the collector, what they held is counted as lost at once: it may be
 * counted as read, too. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, struct wire_batch);
} ended SEC(".maps") __weak;

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* One ring a group of CPUs, and at rings_nr the spare one; user space makes them, of the size that
 * was asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RINGS_MAX);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps") __weak;

struct cpu_stats {
	u64 sent[WIRE_KINDS_MAX];    /* records, by kind */
	u64 dropped[WIRE_KINDS_MAX]; /* records for which the ring had no room, by kind */
	u64 loss[WIRE_KINDS_MAX];    /* WIRE_LOSS_*; RING_FULL is the sum of dropped */
	u64 gap_ts;		     /* first record of a gap that no WIRE_LOST told yet; 0 none */
	u64 gap_nr;
	u64 spilled; /* records that went to the spare ring */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_stats);
} stats SEC(".maps") __weak;

static __always_inline struct cpu_stats *stats_here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

static __always_inline void count_loss(u32 reason)
{
	struct cpu_stats *s = stats_here();

	if (s && reason < WIRE_KINDS_MAX)
		__sync_fetch_and_add(&s->loss[reason], 1);
}

#endif
