/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */
/*
 * wire.h - the records, as bytes, from BPF to the collector and in a capture file
 *
 * This is the only header that the two sides share. It keeps these invariants:
 *
 *  - fixed width, little-endian, 8-byte aligned; `len` first, so that a reader skips (and
 *    counts) a kind that it does not know;
 *  - kinds and fields are append-only: a number is never given twice, a record only ever grows
 *    at its end, and a reader takes a longer record than it knows, and refuses a shorter one;
 *  - no pointer, enum, bool, bit-field or long; padding is named and zero;
 *  - every `ts` is CLOCK_MONOTONIC nanoseconds;
 *  - `pid` is a process (the kernel's tgid), `tid` a thread (the kernel's pid), both as the
 *    initial PID namespace numbers them.
 *
 *      0        2      3       4         8                16
 *     +--------+------+-------+---------+----------------+----------------
 *     | len    | kind | flags | tid     | ts             | the kind's own fields …
 *     +--------+------+-------+---------+----------------+----------------
 *
 * A name or a source position is not sent with each mark, but as the address it has in the
 * application. A WIRE_STRING record says once what stands there. Its ts is lower than that of
 * any mark that relies on it, except the first one's, which may be equal; of equal ts, a string
 * goes first.
 */
/* clang-format off */ /* the tables are aligned by hand */
#ifndef CTRACE_WIRE_H
#define CTRACE_WIRE_H

#ifndef __VMLINUX_H__ /* vmlinux.h has these types; it and linux/types.h exclude each other */
#include <linux/types.h>
#endif

#define WIRE_VERSION	1
#define WIRE_ALIGN	8
#define WIRE_COMM_SZ	16
#define WIRE_STR_MAX	255	/* bytes of a string that are kept, without the end's NUL */
#define WIRE_REC_MAX	1024	/* no record of a capture is longer */

/*
 * X(number, NAME, struct, text): the one table of kinds. Names, least sizes, dispatch and the
 * manual come from it.
 */
#define WIRE_KINDS(X)                                                                              \
	X(1, THREAD, wire_thread, "a thread appears: at attach, by fork or by exec")               \
	X(2, TOTALS, wire_totals, "a thread's totals: at its exit, or at the trace's end")         \
	X(3, COMM, wire_comm, "a thread's name: changed, or of a thread that is not traced")       \
	X(4, OFFCPU, wire_offcpu, "one interval off CPU, sent when the thread is back")            \
	X(5, SYSCALL, wire_syscall, "a system call that blocked or took long")                     \
	X(6, STRING, wire_string, "what stands at an address of the application")                  \
	X(7, TASK, wire_task, "a mark: a task begins, ends, is entered or left")                   \
	X(8, REGION, wire_region, "a mark: a region begins or ends")                               \
	X(9, ASYNC, wire_async, "a mark: an async region begins or ends")                          \
	X(10, LOG, wire_log, "a mark: a log line")                                                 \
	X(11, PARENT, wire_parent, "a mark: a task's W3C traceparent")                             \
	X(12, LOST, wire_lost, "records were lost on this CPU, between two times")                 \
	X(13, MAP, wire_map, "a process mapped something executable")                              \
	X(14, BATCH, wire_batch, "a thread's marks as the application wrote them: in no capture")  \
	X(15, USED, wire_usage, "what a thread has used, where its marks do not say it")          \
	X(16, RESOURCE, wire_resource, "what a number means: a path, addresses, a symbol")         \
	X(17, RAN, wire_ran, "who had the CPU while a thread waited for it")                       \
	X(18, STOLEN, wire_stolen, "what an interrupt took from a running thread")                 \
	X(19, HOLDER, wire_holder, "a process that has a pipe or a socket open")                   \
	X(20, STACK, wire_stack, "a call stack, the first time that it is met")                    \
	X(21, BLOCKED_AT, wire_blocked_at, "the call stacks of the interval off CPU that follows") \
	X(22, SAMPLE, wire_sample, "where a thread was, on its CPU, at a regular time")

#define WIRE_KIND_ENUM(nr, NAME, type, text) WIRE_##NAME = nr,
enum { WIRE_KINDS(WIRE_KIND_ENUM) WIRE_KIND_NR };
#undef WIRE_KIND_ENUM
#define WIRE_KINDS_MAX	32 /* tables by kind, or by reason of a loss, have this many rows */

struct wire_hdr {
	__u16 len;	/* of the whole record, in bytes; a multiple of WIRE_ALIGN */
	__u8 kind;
	__u8 flags;	/* each kind's own */
	__u32 tid;	/* the thread that it is about */
	__u64 ts;
};

/* What a thread has used since the trace first saw it; ends of regions are subtracted. */
struct wire_used {
	__u64 cpu_ns;	/* on CPU */
	__u64 sys_ns;	/* on CPU inside system calls: a part of cpu_ns */
	__u32 syscalls;	/* calls that returned */
	__u32 faults;	/* page faults, minor and major, since the thread's birth: low 32 bits */
};

/* h.flags: how it appeared. For FORK and EXEC, h.ts is the first instant of the new life. */
enum { WIRE_THREAD_ATTACH = 0, WIRE_THREAD_FORK = 1, WIRE_THREAD_EXEC = 2 };

struct wire_thread {
	struct wire_hdr h;
	__u32 pid;
	__u32 parent_tid;	/* FORK: who made it. EXEC: its tid before */
	__u32 parent_pid;
	__u32 state;		/* ATTACH: the kernel's task state bits then; 0: running or runnable */
	__u64 start_ns;		/* of the kernel's start_time: tells a reused tid apart */
	__u64 exec_ns;		/* the kernel's sum_exec_runtime then: an oracle, not an input */
	__s32 nr;		/* ATTACH: the system call it was inside of; -1 none */
	__u32 on_cpu;		/* ATTACH: 1 if it was on a CPU */
	char comm[WIRE_COMM_SZ];
};

/* h.flags */
enum { WIRE_TOTALS_EXIT = 1 /* the thread is dying, else the trace ends */ };

struct wire_totals {
	struct wire_hdr h;
	struct wire_used used;
	__u64 exec_ns;		/* the kernel's sum_exec_runtime; minus wire_thread's: an oracle */
	__u64 run_delay_ns;	/* the kernel's sched_info.run_delay since the trace saw the thread */
	__u32 nvcsw;		/* context switches since the trace saw the thread: voluntary … */
	__u32 nivcsw;		/* … and involuntary */
	__u32 min_flt;		/* page faults since the trace saw the thread */
	__u32 maj_flt;
};

struct wire_comm {
	struct wire_hdr h;
	__u32 pid;
	__u32 pad;
	char comm[WIRE_COMM_SZ];
};

/* h.flags of wire_offcpu */
enum {
	WIRE_OFF_IOWAIT = 1,	/* task->in_iowait at switch-out */
	WIRE_OFF_THROTTLED = 2,	/* the cgroup's CPU quota was used up at switch-out */
	WIRE_OFF_PREEMPT = 4,	/* the switch was a preemption in kernel mode (sched_switch's flag) */
	WIRE_OFF_OPEN = 8,	/* still off CPU when the trace ended: ts is the end, not a return */
	WIRE_OFF_CLIPPED = 16,	/* already off CPU when the trace began: off_ts is that instant */
	WIRE_OFF_BIRTH = 32,	/* the wait of a new thread for its first CPU */
	WIRE_OFF_THROTTLED_WAKE = 64, /* it was throttled when it was woken */
	WIRE_OFF_LATE = 128,	/* its return was not seen; h.ts is from the scheduler's own stamp */
};

/* In which context the waking was done. */
enum { WIRE_WAKER_NONE = 0, WIRE_WAKER_TASK = 1, WIRE_WAKER_SOFTIRQ = 2, WIRE_WAKER_HARDIRQ = 3,
       WIRE_WAKER_NMI = 4, WIRE_WAKER_UNKNOWN = 5 /* this kernel does not let it be told */ };

/* What the file descriptor of the blocking call refers to. */
enum { WIRE_FD_NONE = 0, WIRE_FD_FILE = 1, WIRE_FD_DIR = 2, WIRE_FD_BLOCK = 3, WIRE_FD_CHAR = 4,
       WIRE_FD_PIPE = 5, WIRE_FD_UNIX = 6, WIRE_FD_INET = 7, WIRE_FD_SOCKET = 8 /* any other */,
       WIRE_FD_EVENTFD = 9, WIRE_FD_TIMERFD = 10, WIRE_FD_EPOLL = 11, WIRE_FD_SIGNALFD = 12,
       WIRE_FD_INOTIFY = 13, WIRE_FD_PIDFD = 14, WIRE_FD_IO_URING = 15, WIRE_FD_MQUEUE = 16,
       WIRE_FD_ANON = 17 /* any other anonymous inode */, WIRE_FD_OTHER = 18,
       WIRE_FD_CGROUP = 19 /* no fd: `ino` is the cgroup whose quota stops the thread */ };

/*
 *   running  |<------- blocked ------->|<---- runnable ---->|  running
 *          off_ts                   wake_ts               h.ts
 */
struct wire_offcpu {
	struct wire_hdr h;	/* ts: back on CPU */
	__u64 off_ts;
	__u64 wake_ts;		/* of sched_waking; 0: none was seen. May be a little before off_ts */
	__u32 waker_tid;	/* who was on the waking CPU; in an interrupt, an innocent */
	__u32 waker_pid;
	__u32 prev_tid;		/* who had this CPU just before; 0: the idle thread */
	__u32 state;		/* task state bits at switch-out; 0: it wanted to go on */
	__s16 nr;		/* system call in flight; -1: none */
	__u16 off_cpu;
	__u16 on_cpu;
	__u8 waker_ctx;		/* WIRE_WAKER_* */
	__u8 fd_kind;		/* WIRE_FD_* of arg0, where nr takes an fd */
	__u64 arg0;		/* of the system call: fd, futex address, pid …; with nr -1 the
				   address that faulted last, or 0 */
	__u64 arg1;
	__u64 ino;		/* inode number behind the fd; with ready_fd, behind that one */
	__u32 dev;		/* the kernel's s_dev of ino: major << 20 | minor */
	__u32 waker_softirq;	/* in a softirq: 1 + its number, as the kernel has them; 0 not known */
	/* N.B. records before version 0.2 end here. */
	__u64 wchan;		/* uninterruptible and not for I/O: where in the kernel it blocked */
	__u32 holder;		/* futex: the tid that the lock says it belongs to. A hint; 0 none */
	__s32 ready_fd;		/* epoll: a descriptor that was ready at the return; -1 none */
};
#define WIRE_OFFCPU_LEAST 88 /* bytes of the first version */

struct wire_syscall {
	struct wire_hdr h;	/* ts: its return */
	__u64 enter_ts;
	__s64 ret;
	__s32 nr;
	__u32 cpu_ns;		/* on CPU inside it; 0xffffffff: that or more */
};

/* h.flags of wire_string */
enum {
	WIRE_STR_CUT = 1,	/* the application's string is longer */
	WIRE_STR_FAULT = 2,	/* it could not be read (n is 0): its page was not resident */
	WIRE_STR_ONCE = 4,	/* not a literal: it holds only for the next mark of this thread with
				   this address in the same ring, which has WIRE_MARK_ONCE */
};

struct wire_string {
	struct wire_hdr h;	/* tid: the thread that marked */
	__u64 addr;		/* address in process pid */
	__u32 pid;
	__u32 n;		/* bytes of s that count; h.len covers them, zero-padded */
	/* char s[] */
};

/* h.flags of the marks: the low 3 bits are the operation */
enum {
	WIRE_MARK_OP = 7,
	WIRE_MARK_BEGIN = 1,
	WIRE_MARK_END = 2,
	WIRE_MARK_ENTER = 3,	/* task: this thread works for it now; id 0: for none */
	WIRE_MARK_LEAVE = 4,	/* task: back to what it worked for before; id, parent, name say to what */
	WIRE_MARK_SEEN = 5,	/* task: not a mark of the application: the thread's next mark turned
				   out to be for this task, whose beginning the trace did not see */
	WIRE_MARK_BATCHED = 8,	/* stamped by the application: a task or region ends before `used` */
	WIRE_MARK_FAILED = 16,	/* task END: it failed; `message` says why */
	WIRE_MARK_ONCE = 32,	/* name is a WIRE_STR_ONCE string */
	WIRE_MARK_ROOT = 64,	/* task BEGIN: explicitly a root (do not infer a parent) */
	WIRE_MARK_DETACHED = 128, /* task BEGIN: it does not become the thread's current task */
};

struct wire_task {
	struct wire_hdr h;
	__u64 id;
	__u64 parent;		/* id of the parent task; 0: none known */
	__u64 name;		/* address; 0: not given */
	__u64 message;		/* END with FAILED: address of the reason; else 0 */
	struct wire_used used;
};

struct wire_region {
	struct wire_hdr h;
	__u64 name;		/* address */
	__u64 site;		/* BEGIN: address of "file:line"; 0: not given */
	struct wire_used used;
};

/* With WIRE_MARK_BATCHED, these two end before `used`. */
#define WIRE_TASK_BATCHED_SZ   48
#define WIRE_REGION_BATCHED_SZ 32

struct wire_async {
	struct wire_hdr h;
	__u64 id;
	__u64 task;		/* id of the task it was begun in; 0: none */
	__u64 name;		/* address */
	__u64 site;
};

/* h.flags of wire_log */
enum { WIRE_LOG_CUT = 1 };

struct wire_log {
	struct wire_hdr h;
	__u64 task;		/* id; 0: none */
	__u16 category_n;	/* bytes of the category, at the start of s */
	__u16 message_n;	/* bytes of the message, right behind it */
	__u32 pad;
	/* char s[] : category, message, zero padding */
};

struct wire_parent {
	struct wire_hdr h;
	__u64 id;		/* of the task */
	char traceparent[56];	/* W3C traceparent, NUL-terminated; hostile until validated */
};

/* Reasons of a loss: counted by BPF per CPU, stored in the capture under these names. */
#define WIRE_LOSSES(X)                                                                             \
	X(0, RING_FULL, "ring_full", "the ring buffer had no room for a record")                  \
	X(1, NO_STATE, "no_state", "no room for a thread's or process's state")                     \
	X(2, STRING_FAULT, "string_fault", "a name's page was not resident")                       \
	X(3, STRING_TABLE, "string_table", "the table of known strings was full (costs time, loses nothing)") \
	X(4, RECURSION, "recursion", "the kernel skipped a BPF program that would have nested")    \
	X(5, ARGS_FAULT, "args_fault", "a mark's arguments could not be read")                     \
	X(6, SWITCH_MISSED, "switch_missed", "a thread's coming to or leaving a CPU was not seen")  \
	X(8, MARKS_MISSED, "marks_missed", "batched marks were copied and the copy never came")   \
	X(9, BATCH_CORRUPT, "batch_corrupt", "batched marks made no sense")                         \
	X(10, RING_FULL_MARKS, "ring_full_marks", "no ring had room for batched marks until they were overwritten")

#define WIRE_LOSS_ENUM(nr, NAME, name, text) WIRE_LOSS_##NAME = nr,
enum { WIRE_LOSSES(WIRE_LOSS_ENUM) WIRE_LOSS_NR };
#undef WIRE_LOSS_ENUM

struct wire_lost {
	struct wire_hdr h;	/* ts: of the first record that went through again; tid: of the one
				   thread that it is about, or 0 */
	__u64 from_ts;		/* of the first lost record */
	__u32 count;		/* records lost on this CPU in between */
	__u32 cpu;
};

struct wire_map {
	struct wire_hdr h;
	__u32 pid;
	__u32 pad;
};

/* What wire_resource's `id` is. */
enum {
	WIRE_RES_INODE = 1,	/* an inode number on device `dev` */
	WIRE_RES_ADDR = 2,	/* an address of process `dev`, the first of `size` that are alike */
	WIRE_RES_CGROUP = 3,	/* a cgroup's id */
	WIRE_RES_KERNEL = 4,	/* an address in the kernel */
};

/* h.flags of wire_resource */
enum {
	WIRE_RES_PARTS = 1,	/* text is the parts of a path, the last first, each with its NUL */
	WIRE_RES_CUT = 2,	/* the text is longer */
	WIRE_RES_SYMBOL = 4,	/* ADDR: text is a symbol's name; else that of a mapping, empty if it
				   is of no file and has no name */
};

/*
 * What a number means from h.ts on, until the next record says otherwise. Its ts is not higher than
 * that of the first record which relies on it, and in the same ring it goes first.
 */
struct wire_resource {
	struct wire_hdr h;	/* tid: who waits for it */
	__u64 id;
	__u32 dev;
	__u8 what;		/* WIRE_RES_* */
	__u8 fd_kind;		/* INODE: WIRE_FD_* */
	__u16 n;		/* bytes of text; h.len covers them, zero-padded */
	char local[16];		/* INET: addresses as in packets; of IPv4 the first 4 bytes */
	char peer[16];
	__u16 local_port;
	__u16 peer_port;	/* 0: not connected */
	__u8 family;		/* AF_INET 2, AF_INET6 10 */
	__u8 protocol;		/* IPPROTO_*: TCP 6, UDP 17 */
	__u8 sk_state;		/* the kernel's: 10 listens */
	__u8 pad;
	__u32 peer_pid;		/* UNIX: who is at the other end, as SO_PEERCRED has it */
	__u32 pad2;
	__u64 peer_ino;		/* UNIX: inode number of the other end; 0 none */
	__u64 quota_ns;		/* CGROUP: of CPU time a period; all ones: no limit */
	__u64 period_ns;
	__u64 size;		/* ADDR: bytes from id on */
	__u64 offset;		/* ADDR: of id in the mapped file */
	char dev_name[16];	/* INODE: of the file system's device, or its type */
	/* char text[] */
};

struct wire_ran_by {
	__u32 tid;
	__u32 pid;
	__u64 ns;
};

/*
 * A thread was ready and waited for a CPU from from_ts to h.ts, when it got it or was moved to
 * another: what that CPU did meanwhile. The wire_offcpu that this belongs to is the thread's next.
 */
struct wire_ran {
	struct wire_hdr h;	/* tid: who waited */
	__u64 from_ts;
	__u64 idle_ns;
	__u64 others_ns;	/* ran others than those below */
	__u64 unknown_ns;	/* not known what it did */
	__u32 cpu;
	__u32 nr;
	/* struct wire_ran_by v[nr] : in no order; those of tid 0 are empty */
};
#define WIRE_RAN_BY 16		/* entries that are sent */

/* h.flags of wire_stolen */
enum { WIRE_STOLEN_HARDIRQ = 1, WIRE_STOLEN_SOFTIRQ = 2 };

struct wire_stolen {
	struct wire_hdr h;	/* tid: who ran; ts: the interrupt's end */
	__u32 ns;		/* without the interrupts that came in between */
	__u32 nr;		/* of the interrupt, or of the softirq */
};

struct wire_holder {
	struct wire_hdr h;	/* tid 0 */
	__u64 ino;		/* of the pipe or socket */
	__u32 dev;
	__u32 pid;
	__u32 fd;
	__u32 mode;		/* 1 reads, 2 writes, 3 both */
	char comm[WIRE_COMM_SZ];
};

#define WIRE_STACK_MAX 96	/* return addresses of a stack that are kept */

/* h.flags of wire_stack */
enum {
	WIRE_STACK_KERNEL = 1,	/* the kernel's part of a stack; else the application's */
	WIRE_STACK_CUT = 2,	/* it is deeper than WIRE_STACK_MAX */
};

/* Followed by n addresses, the innermost first: where it is, then where it will return to. */
struct wire_stack {
	struct wire_hdr h;	/* tid: the thread that was there first */
	__u64 id;		/* a hash: what BLOCKED_AT and SAMPLE refer to */
	__u32 pid;		/* the process in which they are addresses; KERNEL: 0 */
	__u32 n;
	/* __u64 ips[] */
};

/* Sent right before the OFFCPU record of the same thread and ts. */
struct wire_blocked_at {
	struct wire_hdr h;
	__u64 user;		/* id of a stack, when it left its CPU; 0: none */
	__u64 kernel;
};

struct wire_sample {
	struct wire_hdr h;
	__u64 user;		/* id of a stack; 0: none */
	__u64 kernel;		/* 0: it was not in the kernel */
	__u64 ns;		/* of CPU time that the sample stands for */
};

/*
 * Batches: the application's own memory (struct ctrace_batch_ of ctrace.h, where the words are
 * explained), copied by whoever comes first: when the block is full, when the thread leaves its
 * CPU, forks, executes or dies, or when the collector looks. A copy says which stretch it is of, so
 * that one that comes twice is known, and so is what is missing.
 */
#define WIRE_BATCH_MAGIC   0x33425443
#define WIRE_BATCH_MAGIC_OLD 0x32425443 /* … of a header whose words always have CLOCK_MONOTONIC */
#define WIRE_BATCH_OFF	   1064	/* of the block, behind the magic number … */
#define WIRE_BATCH_POS_OFF 8	/* … and of pos: marks << 32 | words */
#define WIRE_BATCH_BUSY_OFF 32	/* not 0: a mark is being written */
#define WIRE_BATCH_NONCE_OFF 36
#define WIRE_BLOCK_WORDS   256
#define WIRE_SESSION_TSC   0x80000000 /* of a session: its words have the count of rdtsc for the time */

/* h.flags */
enum {
	WIRE_BATCH_FIRST = 1,	/* the first of this id: nothing before `from` concerns the trace */
	WIRE_BATCH_LAST = 2,	/* its thread or its memory is gone */
	WIRE_BATCH_DRAINED = 4,	/* taken by the collector, unknown to the BPF programs */
	WIRE_BATCH_FORKED = 8,	/* with FIRST: it relies on what another process has said */
	WIRE_BATCH_TSC = 16,	/* its times are counts of rdtsc, not CLOCK_MONOTONIC */
};

struct wire_batch {
	struct wire_hdr h;	/* ts: when it was taken; tid: whose marks these are */
	__u64 id;		/* of the batch: new with each registration and fork */
	__u64 addr;		/* of the batch in the application */
	__u64 from;		/* where the last copy that was sent ended, as a pos … */
	__u64 to;		/* … and where this one ends */
	__u32 pid;
	__u32 n;		/* words that follow: up to `to`, from at most the block's start on */
	struct wire_used used;
	__u32 nonce;		/* the batch's own: another one may come to the same address */
	__u32 zero;
	/* __u64 words[] */
};

struct wire_usage {
	struct wire_hdr h;
	struct wire_used used;
};

#define WIRE_ASSERT(type, sz) _Static_assert(sizeof(struct type) == (sz), #type)
WIRE_ASSERT(wire_hdr, 16);
WIRE_ASSERT(wire_used, 24);
WIRE_ASSERT(wire_thread, 72);
WIRE_ASSERT(wire_totals, 72);
WIRE_ASSERT(wire_comm, 40);
WIRE_ASSERT(wire_offcpu, 104);
WIRE_ASSERT(wire_syscall, 40);
WIRE_ASSERT(wire_string, 32);
WIRE_ASSERT(wire_task, 72);
WIRE_ASSERT(wire_region, 56);
WIRE_ASSERT(wire_async, 48);
WIRE_ASSERT(wire_log, 32);
WIRE_ASSERT(wire_parent, 80);
WIRE_ASSERT(wire_lost, 32);
WIRE_ASSERT(wire_map, 24);
WIRE_ASSERT(wire_resource, 136);
WIRE_ASSERT(wire_ran_by, 16);
WIRE_ASSERT(wire_ran, 56);
WIRE_ASSERT(wire_stolen, 24);
WIRE_ASSERT(wire_holder, 56);
WIRE_ASSERT(wire_stack, 32);
WIRE_ASSERT(wire_blocked_at, 32);
WIRE_ASSERT(wire_sample, 40);
WIRE_ASSERT(wire_batch, 88);
WIRE_ASSERT(wire_usage, 40);
#undef WIRE_ASSERT

#endif /* CTRACE_WIRE_H */
