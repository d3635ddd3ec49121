/* SPDX-License-Identifier: MIT */
/*
 * ctrace.h - marks that make an application traceable: tasks, regions, logs
 *
 * A task is what somebody waits for (a request, a job; it may cross threads), a region a stretch
 * of one thread's work, an async region one that may end on another thread. Each mark is a USDT
 * probe of provider "ctrace": ctrace-bpf, bpftrace, perf and SystemTap see it in a process that
 * is already running, and while none of them looks it costs a load and a branch. While ctrace-bpf
 * looks, marks are written into thread-local memory and copied from there; for the others each
 * traps.
 *
 *	#include <ctrace/ctrace.h>
 *
 *	void serve(struct request *r)
 *	{
 *		ctrace_task t = ctrace_task_begin("GET /messages");
 *		ctrace_region_begin("parse");
 *		int bad = parse(r);
 *		ctrace_region_end("parse");
 *		ctrace_log("http", "%d bytes", r->size);
 *		if (bad)
 *			ctrace_task_fail(&t, "malformed");
 *		else
 *			ctrace_task_end(&t);
 *	}
 *
 * Build: this file is all: no library, no initialisation. C11 or C++11 and later, gcc or clang,
 * Linux on x86-64 and arm64 (little-endian). Elsewhere, and with CTRACE_DISABLE defined, marks
 * compile to nothing and handles stay valid. Define that for a whole object, not for half of it.
 *
 * Names and reasons are not copied: they must live until the task or region has ended, and until
 * no thread has it as its current task. Best are literals: a tracer reads each only once. Of a
 * longer string the first 255 bytes are kept.
 *
 * While it is traced, the program itself reads names, reasons and sites that it marks with.
 *
 * Signal handlers may use every mark but ctrace_log, if they end or leave what they begin or enter.
 *
 * N.B. The current task is thread-local, and shared by the executable and its libraries where the
 * dynamic linker binds their weak symbol ctrace_thread_v3 together. It does not for a library that
 * is loaded with dlopen by an executable that does not export it (-rdynamic does), or that hides
 * it (-Bsymbolic, a version script): there, the thread's current task is none at first, and
 * ctrace_task_begin makes a root. Marks carry their task's id, so that a tracer is not misled, and
 * handles may be passed: begin_child and enter work across. In such a library a thread's first mark
 * may also allocate its thread-local storage: not in a signal handler.
 *
 * N.B. A fork's child inherits its current task, and a thread that has begun a task before the fork
 * goes on with the same ids in both processes: a tracer tells them apart by pid.
 *
 * N.B. A thread's first task or async region reads the time stamp counter and calls getpid, once. A
 * thread under SECCOMP_MODE_STRICT, or a filter that kills for getpid, must have begun one before.
 * Regions and logs are free of that. While it is traced, a mark reads the clock: a system call only
 * where the kernel's clock source cannot be read without one (hpet, acpi_pm).
 *
 * N.B. longjmp over a CTRACE_REGION leaves it open, as with any cleanup attribute. "Current" is the
 * thread's: a fiber that changes threads must leave before and enter after. With --gc-sections,
 * the gold linker refuses an executable or library that includes this header and uses no mark.
 *
 * References: the probes' ELF notes are laid out as in
 * https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation (type 3, owner "stapsdt");
 * semaphores are counted by the kernel (ref_ctr_offset, Linux 4.20) or by the tracer.
 */
#ifndef CTRACE_CTRACE_H
#define CTRACE_CTRACE_H

#include <stdint.h>

#if !defined(CTRACE_DISABLE) && defined(__GNUC__) && defined(__linux__) && defined(__LP64__) && \
	(defined(__x86_64__) || defined(__AARCH64EL__))
#define CTRACE_ON_ 1
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#else
#define CTRACE_ON_ 0
#endif

/*
 * The probes. Argument n of a probe stands in the register of a function's nth argument (rdi, rsi,
 * rdx, rcx, r8, r9; x0 to x5), 8 bytes wide; the instruction is one 1-byte nop (4 on arm64). A
 * 5-byte nop would let Linux 6.18 to 7.2 optimise the probe, which corrupts the red zone and kills
 * forked children.
 *
 * probe             | 1        | 2           | 3       | 4              | 5               | 6
 * ------------------|----------|-------------|---------|----------------|-----------------|------
 * task__begin       | id       | parent id   | name    | flags          |                 |
 * task__end         | id       | parent id   | name    | flags          | message or 0    |
 * task__enter       | id       | parent id   | name    | flags          | (id 0: for none from now)
 * task__leave       | id       | parent id   | name    | flags          | (what is current again)
 * task__traceparent | id       | traceparent |         |                |                 |
 * region__begin     | name     | site or 0   | task id | task's parent  | task's name     | flags
 * region__end       | name     | site or 0   | task id | task's parent  | task's name     | flags
 * async__begin      | name     | site or 0   | id      | task id        | 0               | flags
 * async__end        | name     | site or 0   | id      | task id        | 0               | flags
 * log               | category | message     | task id | message length | category length | flags
 * batch__on         |          |             |         |                | (is never passed)
 * batch__register   | batch    | its pos     | nonce   |                |                 |
 * batch__full       | batch    |             |         |                |                 |
 * batch__one        | op, flags << 8, then the arguments of the probe that op stands for
 *
 * Ids are never 0, strings are addresses, a site is "file.c:12". The task of a region, async or
 * log mark is the thread's current one; id 0: none. A message's length is that before it was cut
 * to CTRACE_LOG_MAX bytes.
 */
#define CTRACE_NAME_LITERAL    1u   /* the name (of a log: the category) is a string literal */
#define CTRACE_TASK_LITERAL    2u   /* region: the task's name is a string literal */
#define CTRACE_ROOT	       4u   /* begin_child(NULL): a root, whatever the thread was doing */
#define CTRACE_DETACHED	       8u   /* begin_child: did not become the thread's current task */
#define CTRACE_FAILED	       16u  /* task__end by ctrace_task_fail */
#define CTRACE_MESSAGE_LITERAL 32u  /* task__end: the message is a string literal */
#define CTRACE_ENTERED_	       256u /* internal: current by enter, not by begin */

#define CTRACE_LOG_MAX 255 /* bytes of a log message that are kept */

/* A task, as a value: copy it, pass it on. Zeroed, it is no task, and marks ignore it. */
typedef struct ctrace_task {
	uint64_t id;
	uint64_t parent; /* id of the parent; 0: it is a root */
	const char *name;
	const char *prev_name; /* what was current when it was begun: if anything, its parent */
	uint64_t prev_parent;
	uint32_t flags;
	uint32_t prev_flags;
} ctrace_task;

typedef struct ctrace_async {
	uint64_t id;
	const char *name;
	uint32_t flags;
} ctrace_async;

#ifdef __GNUC__
#define CTRACE_ATTR_(...)   __attribute__((__VA_ARGS__))
#define CTRACE_UNLIKELY_(x) ((int)__builtin_expect(!!(x), 0))
#else
#define CTRACE_ATTR_(...)
#define CTRACE_UNLIKELY_(x) (x)
#endif

/*
 * In C each translation unit has its own copies, in C++ each object one: hidden, so that a
 * library's marks use its own probes. Those that touch the thread's state are never inlined: a
 * fiber may come back from a call on another thread, and the address of the state with it.
 */
#ifdef __cplusplus
#define CTRACE_FN_     inline CTRACE_ATTR_(visibility("hidden"), noinline)
#define CTRACE_COLD_   inline CTRACE_ATTR_(visibility("hidden"), noinline, cold)
#define CTRACE_INLINE_ inline CTRACE_ATTR_(visibility("hidden"), always_inline)
#else
#define CTRACE_FN_     static CTRACE_ATTR_(unused, noinline)
#define CTRACE_COLD_   static CTRACE_ATTR_(unused, noinline, cold)
#define CTRACE_INLINE_ static inline CTRACE_ATTR_(unused, always_inline)
#endif

#if CTRACE_ON_
#define CTRACE_LITERAL_(s) (__builtin_constant_p(s) ? CTRACE_NAME_LITERAL : 0u)
#define CTRACE_REASON_(s)  (CTRACE_FAILED | (__builtin_constant_p(s) ? CTRACE_MESSAGE_LITERAL : 0u))
#define CTRACE_STR2_(x)	   #x
#define CTRACE_STR_(x)	   CTRACE_STR2_(x)
#define CTRACE_SITE_	   __FILE__ ":" CTRACE_STR_(__LINE__)
#else
#define CTRACE_LITERAL_(s) 0u
#define CTRACE_REASON_(s)  0u
#define CTRACE_SITE_	   0
#endif
#define CTRACE_CAT2_(a, b) a##b
#define CTRACE_CAT_(a, b)  CTRACE_CAT2_(a, b)

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Each of the following may be called from any thread at any time. "Costs" are those of a mark
 * that nobody traces; one that is traced costs a reading of the clock and some bytes of memory, or,
 * if a tracer wants each by itself, a trap into the kernel, about a microsecond.
 */

/*
 * int ctrace_enabled(void)
 *
 * 1 while a tracer watches the marks of this executable or library, else 0. Costs a load.
 */
#if CTRACE_ON_
#define ctrace_enabled() CTRACE_UNLIKELY_(ctrace_probes_v3[0] != 0)
#else
#define ctrace_enabled() 0
#endif

/*
 * ctrace_task ctrace_task_begin(const char *name)
 *
 * Begins a task as a child of this thread's current task (a root if there is none) and makes it
 * the current one. Costs a few ns, since it must have an id even when a tracer comes later.
 */
#define ctrace_task_begin(name) ctrace_task_begin_((name), CTRACE_LITERAL_(name))

/*
 * ctrace_task ctrace_task_begin_child(const ctrace_task *parent, const char *name)
 *
 * Begins a task as a child of parent; NULL or a zeroed parent: as a root. The current task stays
 * what it was: this is for servers whose threads work for many tasks in turn, with
 * ctrace_task_enter and ctrace_task_leave.
 */
#define ctrace_task_begin_child(parent, name) \
	ctrace_task_begin_child_((parent), (name), CTRACE_LITERAL_(name))

/*
 * void ctrace_task_end(const ctrace_task *task)
 *
 * Ends a task, on any thread. The handle is only read: several threads may end the same task, and
 * the first end counts. On the calling thread, and on no other:
 *
 *  - the task is current here by its begin: current is again what it was then;
 *  - it is current here by ctrace_task_enter: none is, until ctrace_task_leave;
 *  - it is not current here: nothing, but if it is what comes back later (begin A, begin B, end A,
 *    end B), it is passed over, and what A came after comes back instead. This memory is one
 *    task deep, or as deep as tasks end in the order of their beginning.
 */
#define ctrace_task_end(task) ctrace_task_end_((task), 0, 0u)

/*
 * void ctrace_task_fail(const ctrace_task *task, const char *message)
 *
 * Ends a task as failed; message says why, in a few words, or is NULL.
 */
#define ctrace_task_fail(task, message) ctrace_task_end_((task), (message), CTRACE_REASON_(message))

/*
 * ctrace_task ctrace_task_enter(const ctrace_task *task)
 * void ctrace_task_leave(const ctrace_task *old)
 *
 * From enter on, this thread works for task (NULL: for none). It returns what was current, which
 * leave makes current again. Pairs nest. Each costs a few ns.
 */
#define ctrace_task_enter(task) ctrace_task_enter_(task)
#define ctrace_task_leave(old)	ctrace_task_leave_(old)

/*
 * void ctrace_task_traceparent(const ctrace_task *task, const char *traceparent)
 *
 * Joins a task to a distributed trace: traceparent is the W3C header's value, as received
 * ("00-<32 hex digits>-<16>-<2>"; the tracer validates it). It is not kept: a tracer that attaches
 * later does not learn it. Costs a load and a branch.
 */
#define ctrace_task_traceparent(task, traceparent) ctrace_task_traceparent_((task), (traceparent))

/*
 * void ctrace_region_begin(const char *name)
 * void ctrace_region_end(const char *name)
 *
 * A stretch of this thread's work. Regions nest; begin and end are on the same thread, with the
 * same name. Each costs a load and a branch.
 */
#define ctrace_region_begin(name) ctrace_region_begin_((name), CTRACE_SITE_, CTRACE_LITERAL_(name))
#define ctrace_region_end(name)	  ctrace_region_end_((name), CTRACE_SITE_, CTRACE_LITERAL_(name))

/* CTRACE_REGION("name"); - a declaration: a region from here to the end of the block. */
#ifdef __cplusplus
#define CTRACE_REGION(name)                                                             \
	::ctrace::region CTRACE_CAT_(ctrace_region_at_, __LINE__)((name), CTRACE_SITE_, \
								  CTRACE_LITERAL_(name))
#elif CTRACE_ON_
#define CTRACE_REGION(name)                                                    \
	CTRACE_ATTR_(unused, cleanup(ctrace_region_close_))                    \
	const struct ctrace_region_ CTRACE_CAT_(ctrace_region_at_, __LINE__) = \
		ctrace_region_open_((name), CTRACE_SITE_, CTRACE_LITERAL_(name))
#else
#define CTRACE_REGION(name) (void)(name)
#endif

/*
 * ctrace_async ctrace_async_begin(const char *name)
 * void ctrace_async_end(const ctrace_async *async)
 *
 * A stretch that may end on another thread, and need not nest: time in a queue, a reply awaited.
 * Begin costs a few ns for its id, end a load and a branch.
 */
#define ctrace_async_begin(name) ctrace_async_begin_((name), CTRACE_SITE_, CTRACE_LITERAL_(name))
#define ctrace_async_end(async)	 ctrace_async_end_((async), CTRACE_SITE_)

/*
 * void ctrace_log(const char *category, const char *format, ...)
 *
 * A line at this instant, as printf formats it, of at most CTRACE_LOG_MAX bytes. Untraced, it is
 * a load and a branch: neither formatted nor are its arguments evaluated, so they must have no
 * side effects. Leaves errno as it was. Not for signal handlers.
 */
#define ctrace_log(category, ...)                                                           \
	(ctrace_enabled() ? ctrace_log_((category), CTRACE_LITERAL_(category), __VA_ARGS__) \
			  : (void)0)

/* --- from here on: how it is done ------------------------------------------------------------- */

struct ctrace_region_ {
	const char *name;
	const char *site;
	uint32_t flags;
};

#if CTRACE_ON_

/* What a thread works for. */
struct ctrace_work_ {
	uint64_t id;
	uint64_t parent;
	const char *name;
	uint32_t flags;
};

/*
 * The thread's marks while they are batched, in 64-bit words. A block is filled from its start;
 * when the next mark might not fit, a probe tells the tracer, and the same memory is the next
 * block. `pos` counts both words and marks for ever, in one word, so that whoever reads it from
 * another thread, or the kernel, sees them agree: what is below it is whole, and what was taken
 * before is known without asking. It never reaches a block's end: that is how a full block and an
 * empty one differ.
 *
 *	word 0	63      56 55     50 49     44 43                    0
 *		  op      slot b    slot a   CLOCK_MONOTONIC, in ns        then ids or text
 *					     (or as `session` has it)
 *
 * A literal stands for itself in a slot; a CTRACE_OP_TEXT_ before the first mark of the block that
 * uses it says its address, and once a thread also its text. So a region costs 16 bytes.
 */
#define CTRACE_BLOCK_	    256u /* words */
#define CTRACE_SLOTS_	    64u
#define CTRACE_BATCH_MAGIC_ UINT32_C(0x33425443)
/* A bit of the session: the tracer wants rdtsc's count, which costs half as much, for the time. */
#define CTRACE_SESSION_TSC_ UINT32_C(0x80000000)

struct ctrace_batch_ {
	uint32_t magic;	  /* 0: the thread has not marked yet */
	uint32_t session; /* of the tracer that knows of this batch */
	uint64_t pos;	  /* marks << 32 | words; each modulo 2^32 */
	uint64_t told[2]; /* slots that this block has told: a bit each; of names, of sites */
	uint32_t busy;	  /* a mark is being written: a signal handler must not */
	uint32_t nonce;	  /* its own: a later thread's batch may be at the same address */
	uint64_t tag[2][CTRACE_SLOTS_]; /* what is in each slot: address, object << 48 */
	uint64_t block[CTRACE_BLOCK_];
};

struct ctrace_thread_ {
	uint64_t next_id;
	struct ctrace_work_ current;
	uint64_t ended_id;	     /* a task that ended here while it was not current … */
	struct ctrace_work_ instead; /* … and what is to come back in its place */
	struct ctrace_batch_ batch;
};
#define CTRACE_THREAD_SZ_ 3192

/*
 * X(probe, argument registers, semaphore). The probes of batches have none: they are armed in every
 * process that has mapped this object, so that a process is armed from its birth. They are only
 * passed where batch__on, which never is, has raised the second semaphore.
 */
#define CTRACE_PROBES_(X)                                       \
	X(task__begin, CTRACE_ARGS4_, "ctrace_probes_v3")       \
	X(task__end, CTRACE_ARGS5_, "ctrace_probes_v3")         \
	X(task__enter, CTRACE_ARGS4_, "ctrace_probes_v3")       \
	X(task__leave, CTRACE_ARGS4_, "ctrace_probes_v3")       \
	X(task__traceparent, CTRACE_ARGS2_, "ctrace_probes_v3") \
	X(region__begin, CTRACE_ARGS6_, "ctrace_probes_v3")     \
	X(region__end, CTRACE_ARGS6_, "ctrace_probes_v3")       \
	X(async__begin, CTRACE_ARGS6_, "ctrace_probes_v3")      \
	X(async__end, CTRACE_ARGS6_, "ctrace_probes_v3")        \
	X(log, CTRACE_ARGS6_, "ctrace_probes_v3")               \
	X(batch__on, CTRACE_ARGS2_, "ctrace_probes_v3+2")       \
	X(batch__register, CTRACE_ARGS3_, "0")                  \
	X(batch__full, CTRACE_ARGS2_, "0")                      \
	X(batch__one, CTRACE_ARGS6_, "0")

#ifdef __x86_64__
#define CTRACE_ARGS2_ "8@%rdi 8@%rsi"
#define CTRACE_ARGS3_ CTRACE_ARGS2_ " 8@%rdx"
#define CTRACE_ARGS4_ CTRACE_ARGS3_ " 8@%rcx"
#define CTRACE_ARGS5_ CTRACE_ARGS4_ " 8@%r8"
#define CTRACE_ARGS6_ CTRACE_ARGS5_ " 8@%r9"
#define CTRACE_KEEP_  ".reloc ., R_X86_64_NONE, "
#if defined(__CET__) && __CET__ & 1
#define CTRACE_ENTRY_ "endbr64\n"
#endif
#else
#define CTRACE_ARGS2_ "8@x0 8@x1"
#define CTRACE_ARGS3_ CTRACE_ARGS2_ " 8@x2"
#define CTRACE_ARGS4_ CTRACE_ARGS3_ " 8@x3"
#define CTRACE_ARGS5_ CTRACE_ARGS4_ " 8@x4"
#define CTRACE_ARGS6_ CTRACE_ARGS5_ " 8@x5"
#define CTRACE_KEEP_  ".reloc ., R_AARCH64_NONE, "
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define CTRACE_ENTRY_ "hint #34\n" /* bti c */
#endif
#endif
#ifndef CTRACE_ENTRY_
#define CTRACE_ENTRY_ ""
#endif

/*
 * A probe is a function of its own, called with the probe's arguments: so they stand in the
 * registers of a function's arguments. (All are in one section: a linker that folds identical
 * code, --icf, folds sections.)
 */
#define CTRACE_GROUP_ "ctrace_probes_v3,comdat\n"
#define CTRACE_PROBE_ASM_(probe, args, semaphore)                                        \
	__asm__(".ifndef ctrace_fire_v3_" #probe "\n"                                    \
		".pushsection .text.unlikely.ctrace,\"axG\",\"progbits\"," CTRACE_GROUP_ \
		".balign 4\n"                                                            \
		".weak ctrace_fire_v3_" #probe "\n"                                      \
		".hidden ctrace_fire_v3_" #probe "\n"                                    \
		".type ctrace_fire_v3_" #probe ", \"function\"\n"                        \
		"ctrace_fire_v3_" #probe ":\n"                                           \
		".cfi_startproc\n" CTRACE_ENTRY_ "990: nop\n"                            \
		"ret\n"                                                                  \
		".cfi_endproc\n"                                                         \
		".size ctrace_fire_v3_" #probe ", .-ctrace_fire_v3_" #probe "\n"         \
		".popsection\n"                                                          \
		".pushsection .note.stapsdt,\"G\",\"note\"," CTRACE_GROUP_ ".balign 4\n" \
		".4byte 992f-991f, 994f-993f, 3\n"                                       \
		"991: .asciz \"stapsdt\"\n"                                              \
		"992: .balign 4\n"                                                       \
		"993: .8byte 990b, _.stapsdt.base, " semaphore "\n"                      \
		".asciz \"ctrace\"\n"                                                    \
		".asciz \"" #probe "\"\n"                                                \
		".asciz \"" args "\"\n"                                                  \
		"994: .balign 4\n"                                                       \
		".popsection\n"                                                          \
		".endif\n");

/*
 * The probes, their notes and their semaphores are one COMDAT group: an object gets them once,
 * whatever the number of its translation units, and keeps (--gc-sections) all or none. A header
 * with other probes must name its group otherwise, since of two groups a linker drops the second.
 * The semaphores are in a writable section with file contents, where the kernel can count in them.
 * The base lets tracers undo prelinking; the relocation, of no effect, keeps it with them.
 *
 *	[0]	semaphore of the probes that each mark has | of batch__on << 16
 *	[1]	number of this object, in the tracer's session
 *	[2]	the session: not 0 once a tracer that takes batches has come
 *
 * A tracer that takes batches writes [1], then [2], before it raises the second semaphore. A
 * thread that finds another session than the one that knows of it tells the tracer where its
 * batch is. The two semaphores are independent: whoever wants each mark sees each.
 */
CTRACE_PROBES_(CTRACE_PROBE_ASM_)
__asm__(".ifndef ctrace_probes_v3\n"
	".pushsection .probes,\"awG\",\"progbits\"," CTRACE_GROUP_ ".balign 8\n"
	".weak ctrace_probes_v3\n"
	".hidden ctrace_probes_v3\n"
	".type ctrace_probes_v3, \"object\"\n"
	".size ctrace_probes_v3, 16\n"
	"ctrace_probes_v3:\n" CTRACE_KEEP_ "_.stapsdt.base\n"
	".zero 16\n"
	".popsection\n"
	".endif\n"
	".ifndef _.stapsdt.base\n"
	".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n"
	".hidden _.stapsdt.base\n"
	"_.stapsdt.base: .zero 1\n"
	".size _.stapsdt.base, 1\n"
	".popsection\n"
	".endif\n");

extern volatile uint32_t ctrace_probes_v3[4] CTRACE_ATTR_(visibility("hidden"));
#define CTRACE_PROBE_DECLARE_(probe, args, semaphore)     \
	CTRACE_ATTR_(visibility("hidden"), cold, nothrow) \
	void ctrace_fire_v3_##probe(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
CTRACE_PROBES_(CTRACE_PROBE_DECLARE_)
#define CTRACE_DIRECT_(traced)	((traced)&0xffff)
#define CTRACE_BATCHED_(traced) ((traced) >> 16)

/* The same for the thread's state. clang has COMDAT variables, and its LTO must see what is TLS. */
#ifdef __clang__
__thread struct ctrace_thread_ ctrace_thread_v3 CTRACE_ATTR_(visibility("default"), selectany);
#else
__asm__(".ifndef ctrace_thread_v3\n"
	".pushsection .tbss.ctrace_thread_v3,\"awTG\",\"nobits\",ctrace_thread_v3,comdat\n"
	".balign 8\n"
	".weak ctrace_thread_v3\n"
	".type ctrace_thread_v3, \"tls_object\"\n"
	".size ctrace_thread_v3, " CTRACE_STR_(
		CTRACE_THREAD_SZ_) "\n"
				   "ctrace_thread_v3: .zero " CTRACE_STR_(
					   CTRACE_THREAD_SZ_) "\n"
							      ".popsection\n"
							      ".endif\n");
extern __thread struct ctrace_thread_ ctrace_thread_v3 CTRACE_ATTR_(visibility("default"));
#endif
typedef char ctrace_thread_size_[sizeof(struct ctrace_thread_) == CTRACE_THREAD_SZ_ ? 1 : -1];
#define CTRACE_U64_(p) ((uint64_t)(uintptr_t)(p))

/* splitmix64's finalizer: every bit of the input moves half of the output's. */
CTRACE_INLINE_ uint64_t ctrace_mix_(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/*
 * Where this thread's ids start: the clock tells apart threads that lived one after the other, the
 * address those of one process at the same time, the pid processes at the same time. Bit 62 is set
 * and bit 63 is not: never small, never negative.
 */
CTRACE_COLD_ uint64_t ctrace_first_id_(struct ctrace_thread_ *self)
{
	uint64_t clock, seed;
#ifdef __x86_64__
	uint64_t pid = 39; /* getpid: the raw call, as <unistd.h> declares names applications use */

	__asm__ __volatile__("syscall" : "+a"(pid) : : "rcx", "r11", "memory");
	clock = __builtin_ia32_rdtsc();
#else
	register uint64_t nr __asm__("x8") = 172;
	register uint64_t pid __asm__("x0");

	__asm__ __volatile__("svc #0" : "=r"(pid) : "r"(nr) : "memory");
	__asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(clock));
#endif
	seed = ctrace_mix_(ctrace_mix_(ctrace_mix_(clock) ^ CTRACE_U64_(self)) ^ pid);
	seed = (seed >> 2) | UINT64_C(1) << 62;
	self->next_id = seed + 1;
	return seed;
}

/* One instruction takes the id, so that a signal handler cannot get the same. */
CTRACE_INLINE_ uint64_t ctrace_new_id_(struct ctrace_thread_ *self)
{
	uint64_t id = 1;
#ifdef __x86_64__
	__asm__ __volatile__("{xaddq %0, %1|xadd %1, %0}" : "+r"(id), "+m"(self->next_id) : : "cc");
#else
	id = __atomic_fetch_add(&self->next_id, id, __ATOMIC_RELAXED);
#endif
	/* Small ids: not seeded yet, or a signal handler came just before the seed was stored. */
	return CTRACE_UNLIKELY_(id >> 32 == 0) ? ctrace_first_id_(self) : id;
}

CTRACE_INLINE_ struct ctrace_work_ ctrace_work_on_(uint64_t id, uint64_t parent, const char *name,
						   uint32_t flags)
{
	struct ctrace_work_ work = {id, parent, name, flags};

	return work;
}

CTRACE_INLINE_ struct ctrace_work_ ctrace_no_work_(void)
{
	return ctrace_work_on_(0, 0, 0, 0);
}

CTRACE_INLINE_ ctrace_task ctrace_task_of_(struct ctrace_work_ work, struct ctrace_work_ prev)
{
	ctrace_task task = {work.id,	 work.parent, work.name, prev.name,
			    prev.parent, work.flags,  prev.flags};

	return task;
}

/* A signal handler sees what was current before, none, or what is now; never a mixture. */
CTRACE_INLINE_ void ctrace_become_(struct ctrace_thread_ *self, struct ctrace_work_ work)
{
	*(volatile uint64_t *)&self->current.id = 0;
	__asm__ __volatile__("" : : : "memory");
	self->current.parent = work.parent;
	self->current.name = work.name;
	self->current.flags = work.flags;
	__asm__ __volatile__("" : : : "memory");
	*(volatile uint64_t *)&self->current.id = work.id;
}

/* What to make current in place of work, whose task may have ended meanwhile. */
CTRACE_INLINE_ struct ctrace_work_ ctrace_or_instead_(const struct ctrace_thread_ *self,
						      struct ctrace_work_ work)
{
	if (CTRACE_UNLIKELY_(work.id && work.id == self->ended_id))
		return work.flags & CTRACE_ENTERED_ ? ctrace_no_work_() : self->instead;
	return work;
}

/*
 * Reads a literal, if it is one, before a tracer does: a literal's page may never have been used,
 * and a tracer cannot wait for it. (What is no literal was written by the application. It may
 * also be rubbish, which a tracer survives.)
 */
CTRACE_INLINE_ void ctrace_touch_(const char *s, uint32_t is_literal)
{
	if (s && is_literal)
		__asm__ __volatile__("" : : "r"(__builtin_strlen(s)));
}

/* --- batches: see struct ctrace_batch_ ------------------------------------------------------- */

/* The operation of a word 0: low four bits which, the others about it. */
#define CTRACE_OP_TEXT_		1u /* n in the low byte; then its tag, then its bytes */
#define CTRACE_OP_REGION_BEGIN_ 2u
#define CTRACE_OP_REGION_END_	3u
#define CTRACE_OP_TASK_BEGIN_	4u /* tasks: id, parent */
#define CTRACE_OP_TASK_END_	5u
#define CTRACE_OP_TASK_ENTER_	6u
#define CTRACE_OP_TASK_LEAVE_	7u
#define CTRACE_OP_TASK_SEEN_	8u /* what is current when the block begins: no mark */
#define CTRACE_OP_ASYNC_BEGIN_	9u /* asyncs: id, task id */
#define CTRACE_OP_ASYNC_END_	10u
#define CTRACE_OP_LOG_		11u /* task id, category length | message length << 16, their bytes */
#define CTRACE_OP_PARENT_	12u /* task id, 56 bytes of traceparent */
#define CTRACE_OP_A_		16u /* slot a is the name. TEXT: it says what is in a slot */
#define CTRACE_OP_B_		32u /* slot b is the site or message. TEXT: it is of those */
#define CTRACE_OP_X_		64u /* TEXT: its bytes follow. BEGIN: root. END: failed. LOG: cut */
#define CTRACE_OP_Y_		128u /* TEXT: the string is longer. BEGIN: detached */
#define CTRACE_TEXT_MAX_	255u
#define CTRACE_TEXT_WORDS_	34u /* of a string, at most */
#define CTRACE_MARK_WORDS_	80u /* of a mark with two strings, at most; a log has 43 */
#define CTRACE_SLOT_SHIFT_	44
#define CTRACE_NOW_MASK_	((UINT64_C(1) << CTRACE_SLOT_SHIFT_) - 1)
#define CTRACE_BARRIER_()	__asm__ __volatile__("" : : : "memory")
/* Stores before it are seen before stores behind it. (A fence of C is refused with TSan.) */
#ifdef __x86_64__
#define CTRACE_STORE_BARRIER_() CTRACE_BARRIER_()
#else
#define CTRACE_STORE_BARRIER_() __asm__ __volatile__("dmb ishst" : : : "memory")
#endif

/* The C library's, under a name that does not need its header. It is in the vDSO, and no call. */
struct ctrace_timespec_ {
	long sec, nsec;
};
int ctrace_clock_gettime_(int clock, struct ctrace_timespec_ *t) __asm__("clock_gettime");

CTRACE_INLINE_ uint64_t ctrace_now_(uint32_t session)
{
	struct ctrace_timespec_ t = {0, 0};

#ifdef __x86_64__
	if (session & CTRACE_SESSION_TSC_)
		return __builtin_ia32_rdtsc() & CTRACE_NOW_MASK_;
#else
	(void)session;
#endif
	ctrace_clock_gettime_(1, &t); /* CLOCK_MONOTONIC */
	return ((uint64_t)t.sec * 1000000000u + (uint64_t)t.nsec) & CTRACE_NOW_MASK_;
}

CTRACE_INLINE_ uint64_t ctrace_op_(unsigned int op)
{
	return (uint64_t)op << 56;
}

CTRACE_INLINE_ uint64_t ctrace_tag_(const char *s)
{
	return (CTRACE_U64_(s) & UINT64_C(0xffffffffffff)) | (uint64_t)ctrace_probes_v3[1] << 48;
}

CTRACE_INLINE_ unsigned int ctrace_slot_(uint64_t tag)
{
	return (unsigned int)(tag * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* Makes what stands before w visible, and lets signal handlers at the batch again. */
CTRACE_INLINE_ void ctrace_batch_commit_(struct ctrace_batch_ *b, const uint64_t *w, uint64_t marks)
{
	uint64_t words = ((uint32_t)b->pos & ~(CTRACE_BLOCK_ - 1)) | (uint64_t)(w - b->block);

	__atomic_store_n(&b->pos, ((b->pos >> 32) + marks) << 32 | words, __ATOMIC_RELEASE);
}

CTRACE_INLINE_ void ctrace_batch_close_(struct ctrace_batch_ *b, const uint64_t *w)
{
	ctrace_batch_commit_(b, w, 1);
	CTRACE_BARRIER_();
	*(volatile uint32_t *)&b->busy = 0;
}

CTRACE_INLINE_ uint64_t *ctrace_batch_end_(struct ctrace_batch_ *b)
{
	return b->block + ((uint32_t)b->pos & (CTRACE_BLOCK_ - 1));
}

CTRACE_INLINE_ uint64_t ctrace_slot_bits_(unsigned int which, uint64_t tag)
{
	return (uint64_t)ctrace_slot_(tag) << (CTRACE_SLOT_SHIFT_ + 6 * which) |
	       ctrace_op_(CTRACE_OP_A_ << which);
}

/* Writes what a string is: once a block and literal, or for the next mark alone. */
CTRACE_FN_ uint64_t *ctrace_batch_text_(struct ctrace_batch_ *b, uint64_t *w, unsigned int which,
					const char *s, uint64_t tag, uint32_t is_literal)
{
	uint64_t slot = ctrace_slot_(tag);
	uint64_t head = ctrace_op_(CTRACE_OP_TEXT_ | (which ? CTRACE_OP_B_ : 0u));
	uint32_t n = 0;

	w[1] = tag;
	if (is_literal) {
		head |= ctrace_op_(CTRACE_OP_A_) | slot << CTRACE_SLOT_SHIFT_;
		b->told[which] |= UINT64_C(1) << slot;
		if (b->tag[which][slot] == tag) {
			w[0] = head;
			return w + 2;
		}
		b->tag[which][slot] = tag;
	}
	while (n < CTRACE_TEXT_MAX_ && s[n]) {
		if (n % 8 == 0)
			w[2 + n / 8] = 0;
		((char *)(w + 2))[n] = s[n];
		n++;
	}
	if (n == CTRACE_TEXT_MAX_ && s[n])
		head |= ctrace_op_(CTRACE_OP_Y_);
	w[0] = head | ctrace_op_(CTRACE_OP_X_) | n;
	return w + 2 + (n + 7) / 8;
}

CTRACE_INLINE_ uint64_t ctrace_next_block_(uint64_t pos)
{
	uint32_t words = ((uint32_t)pos | (CTRACE_BLOCK_ - 1)) + 1;

	return (pos >> 32) << 32 | words;
}

/* A block begins with what the thread works for: whatever was lost before, it is known again. */
CTRACE_FN_ void ctrace_batch_begin_block_(struct ctrace_thread_ *self, uint64_t pos)
{
	const struct ctrace_work_ *work = &self->current;
	uint32_t is_literal = work->flags & CTRACE_NAME_LITERAL;
	struct ctrace_batch_ *b = &self->batch;
	uint64_t *w, tag = ctrace_tag_(work->name);

	b->told[0] = b->told[1] = 0;
	__atomic_store_n(&b->pos, pos, __ATOMIC_RELEASE);
	/* Nobody may see a word of this block and the position of the last one. */
	CTRACE_STORE_BARRIER_();
	w = ctrace_batch_end_(b);
	if (work->name)
		w = ctrace_batch_text_(b, w, 0, work->name, tag, is_literal);
	w[0] = ctrace_op_(CTRACE_OP_TASK_SEEN_) | ctrace_now_(b->session);
	if (work->name && is_literal)
		w[0] |= ctrace_slot_bits_(0, tag);
	w[1] = work->id;
	w[2] = work->parent;
	ctrace_batch_commit_(b, w + 3, 0);
}

/* When the probe has been passed, what stands in the block was taken, or counted as lost. */
CTRACE_COLD_ void ctrace_batch_full_(struct ctrace_thread_ *self)
{
	ctrace_fire_v3_batch__full(CTRACE_U64_(&self->batch), 0, 0, 0, 0, 0);
	ctrace_batch_begin_block_(self, ctrace_next_block_(self->batch.pos));
}

/* What a word 0 has to say for string s; before w stands what has to be said before. */
CTRACE_INLINE_ uint64_t ctrace_batch_name_(struct ctrace_thread_ *self, uint64_t **w,
					   unsigned int which, const char *s, uint32_t is_literal)
{
	struct ctrace_batch_ *b = &self->batch;
	uint64_t tag = ctrace_tag_(s);
	unsigned int slot = ctrace_slot_(tag);

	if (!s)
		return 0;
	if (CTRACE_UNLIKELY_(!is_literal || b->tag[which][slot] != tag ||
			     !(b->told[which] >> slot & 1))) {
		/* Room for both strings, or for the second: it cannot come between the first and
		 * its mark. */
		if (*w + (which ? CTRACE_MARK_WORDS_ / 2 : CTRACE_MARK_WORDS_) >=
		    b->block + CTRACE_BLOCK_) {
			ctrace_batch_full_(self);
			*w = ctrace_batch_end_(b);
		}
		*w = ctrace_batch_text_(b, *w, which, s, tag, is_literal);
	}
	return is_literal ? ctrace_slot_bits_(which, tag) : 0;
}

/* The same for both strings. The second may have begun a new block, which knows of no first. */
CTRACE_INLINE_ uint64_t ctrace_batch_names_(struct ctrace_thread_ *self, uint64_t **w,
					    const char *a, uint32_t a_literal, const char *b,
					    uint32_t b_literal)
{
	uint32_t block = (uint32_t)self->batch.pos / CTRACE_BLOCK_;
	uint64_t bits;

	*w = ctrace_batch_end_(&self->batch);
	bits = ctrace_batch_name_(self, w, 0, a, a_literal);
	bits |= ctrace_batch_name_(self, w, 1, b, b_literal);
	if (CTRACE_UNLIKELY_((uint32_t)self->batch.pos / CTRACE_BLOCK_ != block))
		bits |= ctrace_batch_name_(self, w, 0, a, a_literal);
	return bits;
}

/* Tells a tracer that does not know of it yet where the batch is, and from where on to take it. */
CTRACE_COLD_ void ctrace_batch_register_(struct ctrace_thread_ *self, uint32_t session)
{
	struct ctrace_batch_ *b = &self->batch;
	uint64_t pos = ctrace_next_block_(b->pos);
	unsigned int i;

	if (!b->magic)
		b->nonce = (uint32_t)ctrace_mix_(ctrace_now_(session) ^ CTRACE_U64_(b)) | 1u;
	CTRACE_BARRIER_();
	b->magic = CTRACE_BATCH_MAGIC_;
	ctrace_fire_v3_batch__register(CTRACE_U64_(b), pos, b->nonce, 0, 0, 0);
	/* Only now: what was written before, and taken by that probe, has the old one's clock. */
	b->session = session;
	for (i = 0; i < CTRACE_SLOTS_; i++)
		b->tag[0][i] = b->tag[1][i] = 0;
	ctrace_batch_begin_block_(self, pos);
}

/*
 * Takes the batch, with room for so many words in its block, until ctrace_batch_close_. NULL: a
 * signal handler has interrupted a mark, and what it wants to say goes through batch__one.
 */
CTRACE_INLINE_ struct ctrace_batch_ *ctrace_batch_open_(struct ctrace_thread_ *self,
							unsigned int words)
{
	struct ctrace_batch_ *b = &self->batch;
	uint32_t session;

	if (CTRACE_UNLIKELY_(*(volatile uint32_t *)&b->busy))
		return 0;
	*(volatile uint32_t *)&b->busy = 1;
	CTRACE_BARRIER_();
	session = ctrace_probes_v3[2];
	if (CTRACE_UNLIKELY_(!b->magic || (session && session != b->session)))
		ctrace_batch_register_(self, session);
	if (CTRACE_UNLIKELY_(((uint32_t)b->pos & (CTRACE_BLOCK_ - 1)) + words >= CTRACE_BLOCK_))
		ctrace_batch_full_(self);
	return b;
}

/*
 * The time of an end: taken before the batch was, since a full one takes a while. In another clock,
 * if another tracer has come meanwhile, in whose time the batch now is.
 */
CTRACE_INLINE_ uint64_t ctrace_end_time_(const struct ctrace_batch_ *b, uint32_t session,
					 uint64_t now)
{
	return CTRACE_UNLIKELY_((b->session ^ session) & CTRACE_SESSION_TSC_)
		       ? ctrace_now_(b->session)
		       : now;
}

/* --- the marks ------------------------------------------------------------------------------- */

/* The arguments that four task probes share. */
#define CTRACE_TASK_ARGS_(work, more_flags, message)        \
	(work).id, (work).parent, CTRACE_U64_((work).name), \
		((work).flags & ~CTRACE_ENTERED_) | (more_flags), CTRACE_U64_(message)

/* Calls a task probe. */
#define CTRACE_FIRE_TASK_(probe, work, more_flags, message)              \
	(ctrace_touch_((work).name, (work).flags & CTRACE_NAME_LITERAL), \
	 ctrace_touch_((message), (more_flags)&CTRACE_MESSAGE_LITERAL),  \
	 ctrace_fire_v3_task__##probe(CTRACE_TASK_ARGS_(work, more_flags, message), 0))

/*
 * A task's mark for tracers that take batches, before and after what is current changes: a block
 * that begins in between would tell of it too early.
 */
CTRACE_FN_ struct ctrace_batch_ *ctrace_task_open_(struct ctrace_thread_ *self)
{
	return ctrace_batch_open_(self, CTRACE_MARK_WORDS_);
}

/*
 * The same of a task that another thread may have ended, and its name be gone: only the kernel may
 * look at a name that is no literal, since it survives that. So such a mark is a trap.
 */
CTRACE_INLINE_ struct ctrace_batch_ *ctrace_task_open_named_(struct ctrace_thread_ *self,
							     uint32_t flags)
{
	return flags & CTRACE_NAME_LITERAL || !flags ? ctrace_task_open_(self) : 0;
}

/* An end has its time first. 0: the others take it last. */
CTRACE_FN_ void ctrace_task_write_(struct ctrace_thread_ *self, struct ctrace_batch_ *b,
				   unsigned int op, struct ctrace_work_ work, uint32_t more_flags,
				   const char *message, uint64_t now)
{
	uint64_t *w, bits;

	if (!b) { /* in the layout of the direct probe, with the operation beside the flags */
		ctrace_touch_(work.name, work.flags & CTRACE_NAME_LITERAL);
		ctrace_touch_(message, more_flags & CTRACE_MESSAGE_LITERAL);
		ctrace_fire_v3_batch__one(op | ((work.flags & ~CTRACE_ENTERED_) | more_flags) << 8,
					  work.id, work.parent, CTRACE_U64_(work.name),
					  CTRACE_U64_(message), 0);
		return;
	}
	if (op == CTRACE_OP_TASK_BEGIN_)
		op |= (work.flags & CTRACE_ROOT ? CTRACE_OP_X_ : 0u) |
		      (work.flags & CTRACE_DETACHED ? CTRACE_OP_Y_ : 0u);
	else if (more_flags & CTRACE_FAILED)
		op |= CTRACE_OP_X_;
	bits = ctrace_batch_names_(self, &w, work.name, work.flags & CTRACE_NAME_LITERAL, message,
				   more_flags & CTRACE_MESSAGE_LITERAL);
	w[1] = work.id;
	w[2] = work.parent;
	w[0] = bits | ctrace_op_(op) | (now ? now : ctrace_now_(b->session));
	ctrace_batch_close_(b, w + 3);
}

CTRACE_FN_ ctrace_task ctrace_task_begin_(const char *name, uint32_t flags)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	struct ctrace_work_ prev = self->current;
	struct ctrace_work_ work = ctrace_work_on_(ctrace_new_id_(self), prev.id, name, flags);
	uint32_t traced = ctrace_probes_v3[0];
	struct ctrace_batch_ *b = 0;

	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		b = ctrace_task_open_(self);
	ctrace_become_(self, work);
	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		ctrace_task_write_(self, b, CTRACE_OP_TASK_BEGIN_, work, 0u, 0, 0);
	if (CTRACE_UNLIKELY_(CTRACE_DIRECT_(traced)))
		CTRACE_FIRE_TASK_(begin, work, 0u, 0);
	return ctrace_task_of_(work, prev);
}

CTRACE_FN_ ctrace_task ctrace_task_begin_child_(const ctrace_task *parent, const char *name,
						uint32_t flags)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	uint32_t traced = ctrace_probes_v3[0];
	struct ctrace_work_ work;

	flags |= CTRACE_DETACHED | (parent && parent->id ? 0u : CTRACE_ROOT);
	work = ctrace_work_on_(ctrace_new_id_(self), parent ? parent->id : 0, name, flags);
	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		ctrace_task_write_(self, ctrace_task_open_(self), CTRACE_OP_TASK_BEGIN_, work, 0u,
				   0, 0);
	if (CTRACE_UNLIKELY_(CTRACE_DIRECT_(traced)))
		CTRACE_FIRE_TASK_(begin, work, 0u, 0);
	return ctrace_task_of_(work, ctrace_no_work_());
}

CTRACE_FN_ void ctrace_task_end_(const ctrace_task *task, const char *message, uint32_t flags)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	struct ctrace_work_ prev = ctrace_no_work_();
	uint32_t traced = ctrace_probes_v3[0], session;
	struct ctrace_batch_ *b = 0;
	uint64_t now = 0;

	if (!task || !task->id)
		return;
	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced))) {
		session = self->batch.session;
		now = ctrace_now_(session);
		b = ctrace_task_open_named_(self, task->flags);
		now = ctrace_end_time_(&self->batch, session, now);
	}
	if (!(task->flags & CTRACE_DETACHED))
		prev = ctrace_or_instead_(self, ctrace_work_on_(task->parent, task->prev_parent,
								task->prev_name, task->prev_flags));
	if (self->current.id == task->id && !(self->current.flags & CTRACE_ENTERED_)) {
		ctrace_become_(self, prev);
	} else {
		self->ended_id = task->id;
		self->instead = prev;
		if (self->current.id == task->id)
			ctrace_become_(self, ctrace_no_work_());
	}
	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		ctrace_task_write_(self, b, CTRACE_OP_TASK_END_,
				   ctrace_work_on_(task->id, task->parent, task->name, task->flags),
				   flags, message, now);
	if (CTRACE_UNLIKELY_(CTRACE_DIRECT_(traced)))
		CTRACE_FIRE_TASK_(end, *task, flags, message);
}

CTRACE_FN_ ctrace_task ctrace_task_enter_(const ctrace_task *task)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	struct ctrace_work_ old = self->current, now = ctrace_no_work_();
	uint32_t traced = ctrace_probes_v3[0];
	struct ctrace_batch_ *b = 0;

	if (task && task->id)
		now = ctrace_work_on_(task->id, task->parent, task->name,
				      task->flags | CTRACE_ENTERED_);
	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		b = ctrace_task_open_(self);
	ctrace_become_(self, now);
	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		ctrace_task_write_(self, b, CTRACE_OP_TASK_ENTER_, now, 0u, 0, 0);
	if (CTRACE_UNLIKELY_(CTRACE_DIRECT_(traced)))
		CTRACE_FIRE_TASK_(enter, now, 0u, 0);
	return ctrace_task_of_(old, ctrace_no_work_());
}

CTRACE_FN_ void ctrace_task_leave_(const ctrace_task *old)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	struct ctrace_work_ now = ctrace_or_instead_(
		self, ctrace_work_on_(old->id, old->parent, old->name, old->flags));
	uint32_t traced = ctrace_probes_v3[0];
	struct ctrace_batch_ *b = 0;

	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		b = ctrace_task_open_named_(self, now.flags);
	ctrace_become_(self, now);
	if (CTRACE_UNLIKELY_(CTRACE_BATCHED_(traced)))
		ctrace_task_write_(self, b, CTRACE_OP_TASK_LEAVE_, now, 0u, 0, 0);
	if (CTRACE_UNLIKELY_(CTRACE_DIRECT_(traced)))
		CTRACE_FIRE_TASK_(leave, now, 0u, 0);
}

CTRACE_COLD_ void ctrace_task_traceparent_mark_(uint64_t id, const char *traceparent)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	uint32_t traced = ctrace_probes_v3[0];
	struct ctrace_batch_ *b;
	unsigned int i;
	uint64_t *w;

	if (CTRACE_BATCHED_(traced) && !(b = ctrace_batch_open_(self, 9))) {
		ctrace_fire_v3_batch__one(CTRACE_OP_PARENT_, id, CTRACE_U64_(traceparent), 0, 0, 0);
	} else if (CTRACE_BATCHED_(traced)) {
		w = ctrace_batch_end_(b);
		for (i = 2; i < 9; i++)
			w[i] = 0;
		for (i = 0; traceparent && i < 55 && traceparent[i]; i++)
			((char *)(w + 2))[i] = traceparent[i];
		w[1] = id;
		w[0] = ctrace_op_(CTRACE_OP_PARENT_) | ctrace_now_(b->session);
		ctrace_batch_close_(b, w + 9);
	}
	if (CTRACE_DIRECT_(traced))
		ctrace_fire_v3_task__traceparent(id, CTRACE_U64_(traceparent), 0, 0, 0, 0);
}

CTRACE_INLINE_ void ctrace_task_traceparent_(const ctrace_task *task, const char *traceparent)
{
	if (ctrace_enabled() && task && task->id)
		ctrace_task_traceparent_mark_(task->id, traceparent);
}

/* A region's mark by a probe of its own: op 0 the direct one, else batch__one. */
CTRACE_COLD_ void ctrace_region_fire_(unsigned int op, int end, const char *name, const char *site,
				      uint32_t flags)
{
	const struct ctrace_work_ *task = &ctrace_thread_v3.current;

	if (task->flags & CTRACE_NAME_LITERAL)
		flags |= CTRACE_TASK_LITERAL;
	ctrace_touch_(name, flags & CTRACE_NAME_LITERAL);
	ctrace_touch_(task->name, flags & CTRACE_TASK_LITERAL);
	ctrace_touch_(site, 1);
	if (op)
		ctrace_fire_v3_batch__one(op | flags << 8, CTRACE_U64_(name), CTRACE_U64_(site),
					  task->id, task->parent, CTRACE_U64_(task->name));
	else if (end)
		ctrace_fire_v3_region__end(CTRACE_U64_(name), CTRACE_U64_(site), task->id,
					   task->parent, CTRACE_U64_(task->name), flags);
	else
		ctrace_fire_v3_region__begin(CTRACE_U64_(name), CTRACE_U64_(site), task->id,
					     task->parent, CTRACE_U64_(task->name), flags);
}

CTRACE_FN_ void ctrace_region_mark_begin_(const char *name, const char *site, uint32_t flags)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	uint32_t traced = ctrace_probes_v3[0];
	struct ctrace_batch_ *b;
	uint64_t *w, bits;

	if (CTRACE_BATCHED_(traced)) {
		b = ctrace_batch_open_(self, 1);
		if (CTRACE_UNLIKELY_(!b)) {
			ctrace_region_fire_(CTRACE_OP_REGION_BEGIN_, 0, name, site, flags);
		} else {
			bits = ctrace_batch_names_(self, &w, name, flags & CTRACE_NAME_LITERAL,
						   site, 1);
			*w = bits | ctrace_op_(CTRACE_OP_REGION_BEGIN_) | ctrace_now_(b->session);
			ctrace_batch_close_(b, w + 1);
		}
	}
	if (CTRACE_UNLIKELY_(CTRACE_DIRECT_(traced)))
		ctrace_region_fire_(0, 0, name, site, flags);
}

CTRACE_FN_ void ctrace_region_mark_end_(const char *name, const char *site, uint32_t flags)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	uint32_t traced = ctrace_probes_v3[0], session;
	struct ctrace_batch_ *b;
	uint64_t *w, bits, now;

	if (CTRACE_BATCHED_(traced)) {
		session = self->batch.session;
		now = ctrace_now_(session);
		b = ctrace_batch_open_(self, 1);
		if (CTRACE_UNLIKELY_(!b)) {
			ctrace_region_fire_(CTRACE_OP_REGION_END_, 1, name, site, flags);
		} else {
			bits = ctrace_batch_names_(self, &w, name, flags & CTRACE_NAME_LITERAL, 0,
						   0);
			*w = bits | ctrace_op_(CTRACE_OP_REGION_END_) |
			     ctrace_end_time_(b, session, now);
			ctrace_batch_close_(b, w + 1);
		}
	}
	if (CTRACE_UNLIKELY_(CTRACE_DIRECT_(traced)))
		ctrace_region_fire_(0, 1, name, site, flags);
}

CTRACE_INLINE_ void ctrace_region_begin_(const char *name, const char *site, uint32_t flags)
{
	if (ctrace_enabled())
		ctrace_region_mark_begin_(name, site, flags);
}

CTRACE_INLINE_ void ctrace_region_end_(const char *name, const char *site, uint32_t flags)
{
	if (ctrace_enabled())
		ctrace_region_mark_end_(name, site, flags);
}

CTRACE_FN_ void ctrace_async_mark_(int end, uint64_t id, const char *name, const char *site,
				   uint32_t flags)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	unsigned int op = end ? CTRACE_OP_ASYNC_END_ : CTRACE_OP_ASYNC_BEGIN_;
	uint64_t task = self->current.id, now = 0, *w, bits;
	uint32_t traced = ctrace_probes_v3[0], session = self->batch.session;
	struct ctrace_batch_ *b = 0;

	if (CTRACE_BATCHED_(traced)) {
		now = end ? ctrace_now_(session) : 0;
		/* An end may be a second one, of another thread: see ctrace_task_open_named_. */
		if (!end || flags & CTRACE_NAME_LITERAL)
			b = ctrace_batch_open_(self, CTRACE_MARK_WORDS_);
	}
	if (b) {
		bits = ctrace_batch_names_(self, &w, name, flags & CTRACE_NAME_LITERAL,
					   end ? 0 : site, 1);
		w[1] = id;
		w[2] = task;
		w[0] = bits | ctrace_op_(op) |
		       (end ? ctrace_end_time_(b, session, now) : ctrace_now_(b->session));
		ctrace_batch_close_(b, w + 3);
		b = 0;
		traced &= 0xffff;
	}
	if (!traced)
		return;
	ctrace_touch_(name, flags & CTRACE_NAME_LITERAL);
	ctrace_touch_(site, 1);
	if (CTRACE_BATCHED_(traced))
		ctrace_fire_v3_batch__one(op | flags << 8, CTRACE_U64_(name), CTRACE_U64_(site), id,
					  task, 0);
	if (!CTRACE_DIRECT_(traced))
		return;
	if (end)
		ctrace_fire_v3_async__end(CTRACE_U64_(name), CTRACE_U64_(site), id, task, 0, flags);
	else
		ctrace_fire_v3_async__begin(CTRACE_U64_(name), CTRACE_U64_(site), id, task, 0,
					    flags);
}

CTRACE_FN_ ctrace_async ctrace_async_begin_(const char *name, const char *site, uint32_t flags)
{
	ctrace_async async = {ctrace_new_id_(&ctrace_thread_v3), name, flags};

	if (ctrace_enabled())
		ctrace_async_mark_(0, async.id, name, site, flags);
	return async;
}

CTRACE_INLINE_ void ctrace_async_end_(const ctrace_async *async, const char *site)
{
	if (ctrace_enabled() && async && async->id)
		ctrace_async_mark_(1, async->id, async->name, site, async->flags);
}

#define CTRACE_CATEGORY_MAX_ 63u

CTRACE_COLD_ void ctrace_log_batch_(struct ctrace_thread_ *self, struct ctrace_batch_ *b,
				    const char *category, const char *message, uint32_t message_n)
{
	uint64_t *w = ctrace_batch_end_(b);
	char *to = (char *)(w + 3);
	uint32_t n = 0, i;

	w[0] = ctrace_op_(CTRACE_OP_LOG_ | (message_n > CTRACE_LOG_MAX ? CTRACE_OP_X_ : 0u));
	for (; category && category[n]; n++) {
		if (n == CTRACE_CATEGORY_MAX_) {
			w[0] |= ctrace_op_(CTRACE_OP_X_);
			break;
		}
		to[n] = category[n];
	}
	w[0] |= ctrace_now_(b->session);
	message_n = message_n > CTRACE_LOG_MAX ? CTRACE_LOG_MAX : message_n;
	w[1] = self->current.id;
	w[2] = n | (uint64_t)message_n << 16;
	for (i = 0; i < message_n; i++)
		to[n + i] = message[i];
	for (n += message_n; n % 8; n++)
		to[n] = 0;
	ctrace_batch_close_(b, w + 3 + n / 8);
}

CTRACE_COLD_ CTRACE_ATTR_(format(printf, 3, 4)) void ctrace_log_(const char *category,
								 uint32_t flags, const char *format,
								 ...)
{
	struct ctrace_thread_ *self = &ctrace_thread_v3;
	uint32_t traced = ctrace_probes_v3[0];
	char message[CTRACE_LOG_MAX + 1];
	struct ctrace_batch_ *b = 0;
	int n, error = errno;
	uint64_t category_n;
	va_list args;

	va_start(args, format);
	n = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	errno = error;
	if (n < 0)
		message[n = 0] = 0;
	if (CTRACE_BATCHED_(traced))
		b = ctrace_batch_open_(self, CTRACE_MARK_WORDS_);
	if (b) {
		ctrace_log_batch_(self, b, category, message, (uint32_t)n);
		traced &= 0xffff;
	}
	if (!traced)
		return;
	category_n = category ? __builtin_strlen(category) : 0;
	if (CTRACE_BATCHED_(traced))
		ctrace_fire_v3_batch__one(CTRACE_OP_LOG_ | flags << 8, CTRACE_U64_(category),
					  CTRACE_U64_(message), self->current.id, (uint64_t)n,
					  category_n);
	if (CTRACE_DIRECT_(traced))
		ctrace_fire_v3_log(CTRACE_U64_(category), CTRACE_U64_(message), self->current.id,
				   (uint64_t)n, category_n, flags);
}

#else /* !CTRACE_ON_: the same, as nothing; arguments are evaluated */

CTRACE_INLINE_ void ctrace_nothing_(const void *a, const void *b)
{
	(void)a, (void)b;
}

CTRACE_INLINE_ ctrace_task ctrace_no_task_(const void *a, const void *b)
{
	ctrace_task none = {0, 0, 0, 0, 0, 0, 0};

	(void)a, (void)b;
	return none;
}

CTRACE_INLINE_ ctrace_async ctrace_no_async_(const void *a)
{
	ctrace_async none = {0, 0, 0};

	(void)a;
	return none;
}

CTRACE_FN_ CTRACE_ATTR_(format(printf, 3, 4)) void ctrace_log_(const char *category, uint32_t flags,
							       const char *format, ...)
{
	(void)category, (void)flags, (void)format;
}

#define ctrace_task_begin_(name, flags)		      ctrace_no_task_(name, 0)
#define ctrace_task_begin_child_(parent, name, flags) ctrace_no_task_(parent, name)
#define ctrace_task_end_(task, message, flags)	      ctrace_nothing_(task, message)
#define ctrace_task_enter_(task)		      ctrace_no_task_(task, 0)
#define ctrace_task_leave_(old)			      ctrace_nothing_(old, 0)
#define ctrace_task_traceparent_(task, traceparent)   ctrace_nothing_(task, traceparent)
#define ctrace_region_begin_(name, site, flags)	      ctrace_nothing_(name, 0)
#define ctrace_region_end_(name, site, flags)	      ctrace_nothing_(name, 0)
#define ctrace_async_begin_(name, site, flags)	      ctrace_no_async_(name)
#define ctrace_async_end_(async, site)		      ctrace_nothing_(async, 0)

#endif /* CTRACE_ON_ */

CTRACE_INLINE_ struct ctrace_region_ ctrace_region_open_(const char *name, const char *site,
							 uint32_t flags)
{
	struct ctrace_region_ region = {name, site, flags};

	ctrace_region_begin_(name, site, flags);
	return region;
}

CTRACE_INLINE_ void ctrace_region_close_(const struct ctrace_region_ *region)
{
	ctrace_region_end_(region->name, region->site, region->flags);
}

#ifdef __cplusplus
} /* extern "C" */

namespace ctrace
{

#define CTRACE_MEMBER_ CTRACE_ATTR_(always_inline) /* so that it is of no other object either */

/*
 * A region that lasts as long as the guard. CTRACE_REGION("name") is one with a site, and cheaper
 * to trace: a compiler cannot always tell that a constructor's argument is a literal.
 */
class region
{
      public:
	/* site, a literal, or null: "file.c:12" */
	CTRACE_MEMBER_ explicit region(const char *name, const char *site = nullptr,
				       uint32_t flags = 0)
	    : open_(ctrace_region_open_(name, site, flags | CTRACE_LITERAL_(name)))
	{
	}
	CTRACE_MEMBER_ ~region()
	{
		ctrace_region_close_(&open_);
	}
	region(const region &) = delete;
	region &operator=(const region &) = delete;

      private:
	ctrace_region_ open_;
};

/*
 * A task that ends with the guard, unless it was ended or failed before. Moving the guard moves
 * the duty to end the task. get() is the handle, for the functions above; of a guard that has been
 * moved from or has ended, it is no task.
 */
class task
{
      public:
	CTRACE_MEMBER_ explicit task(const char *name)
	    : task_(ctrace_task_begin_(name, CTRACE_LITERAL_(name)))
	{
	}
	/* as ctrace_task_begin_child */
	CTRACE_MEMBER_ task(const ctrace_task *parent, const char *name)
	    : task_(ctrace_task_begin_child_(parent, name, CTRACE_LITERAL_(name)))
	{
	}
	CTRACE_MEMBER_ task(task &&other) noexcept : task_(other.task_)
	{
		other.task_.id = 0;
	}
	CTRACE_MEMBER_ task &operator=(task &&other) noexcept
	{
		if (this != &other) {
			end();
			task_ = other.task_;
			other.task_.id = 0;
		}
		return *this;
	}
	CTRACE_MEMBER_ ~task()
	{
		end();
	}
	CTRACE_MEMBER_ void end()
	{
		ctrace_task_end_(&task_, nullptr, 0);
		task_.id = 0;
	}
	CTRACE_MEMBER_ void fail(const char *message)
	{
		ctrace_task_end_(&task_, message, CTRACE_REASON_(message));
		task_.id = 0;
	}
	CTRACE_MEMBER_ const ctrace_task *get() const
	{
		return &task_;
	}
	task(const task &) = delete;
	task &operator=(const task &) = delete;

      private:
	ctrace_task task_;
};

} // namespace ctrace
#endif /* __cplusplus */

#endif /* CTRACE_CTRACE_H */
