/* SPDX-License-Identifier: MIT */
/*
 * session.h - one trace, from loading the BPF programs to the last byte of the capture
 *
 *	session_open(&s, &opts, &err);         loads; nothing is attached yet
 *	session_attach(s, &err);               scheduler first, then every thread, then the marks
 *	session_record(s, &how, &result, &err);
 *	                                       until the time is up, *stop is set, or the target ends
 *	session_free(s);
 *
 * The kernel detaches everything when the process dies, however it dies: all that is armed belongs
 * to file descriptors of this process. Not thread-safe; one session a process.
 */
#ifndef CTRACE_SESSION_H
#define CTRACE_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct session;

/* What batched marks are stamped with. */
enum session_clock {
	SESSION_CLOCK_AUTO, /* the TSC, if it can be trusted */
	SESSION_CLOCK_MONOTONIC,
	SESSION_CLOCK_TSC,
};

struct session_opts {
	const uint32_t *pids; /* processes to attach to */
	size_t pids_nr;
	char *const *command; /* or: a command to start, NULL-terminated; else NULL */
	bool follow;	      /* also the processes that they fork */
	bool direct;	      /* take each mark by a probe of its own, not in batches */
	enum session_clock clock;
	bool syscalls;	  /* count system calls (costs every call of the machine 150 ns) */
	bool irq;	  /* measure interrupts */
	bool stacks;	  /* call stacks where threads block, and samples of those that run */
	uint64_t ring_sz; /* bytes of each ring, a power of 2; 0: chosen by the number of CPUs */
	uint64_t slow_syscall_ns; /* report calls at least this long; 0: 10 ms */
	bool measure;	 /* the time of the BPF programs, which costs each of their runs ~20 ns */
	bool force_hash; /* for tests: what older kernels need */
	bool force_perf;
};

struct session_record {
	const char *path;
	bool overwrite;
	int compress; /* zlib level */
	uid_t uid;    /* owner of the file; (uid_t)-1: leave */
	gid_t gid;
	uint64_t duration_ns; /* 0: until stopped */
	const volatile sig_atomic_t *stop;
	const char *command_line; /* for the capture's header */
	/* Called a few times a second, if not NULL. */
	void (*progress)(void *ctx, uint64_t elapsed_ns, uint64_t records, uint64_t lost);
	void *progress_ctx;
};

struct session_result {
	const char *reason; /* why it ended: as in the END chunk */
	uint64_t records, lost, bytes;
	uint32_t mark_sites; /* probe sites that were attached */
	bool exited;	     /* a started command has ended, with this wait status */
	int status;
};

int session_open(struct session **s, const struct session_opts *, struct err *);
int session_attach(struct session *, struct err *);
/*
 * Returns 0, or -errno: if the capture could not be written to its end, everything before is in
 * the file and *res is filled.
 */
int session_record(struct session *, const struct session_record *, struct session_result *res,
		   struct err *);
/* NULL is fine. Detaches; a started command is left running. */
void session_free(struct session *);

#endif
