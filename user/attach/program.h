/* SPDX-License-Identifier: MIT */
/*
 * program.h - the BPF programs: loaded for this kernel, attached, asked for their counts
 *
 * The only place that knows the skeleton. What a kernel lacks is decided here, before loading.
 */
#ifndef CTRACE_PROGRAM_H
#define CTRACE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach/marks.h"

struct err;
struct program;
struct wire_batch;

struct program_opts {
	bool follow, syscalls, stacks;
	uint64_t sample_ns; /* stacks: between two samples of a CPU; 0: none */
	bool irq;	    /* measure interrupts */
	uint32_t rings, cpus_per_ring;
	uint64_t wakeup_bytes; /* of a ring, from which on it asks to be read */
	uint64_t slow_syscall_ns;
	bool force_hash, force_perf;
};

enum { PROGRAM_MARKS = 14 };

int program_load(struct program **p, const struct program_opts *, struct err *err);
/* Attaches the scheduler's, lifecycle's and system calls' programs. */
int program_attach(struct program *, struct err *err);
/*
 * Attaches what takes a batch before its memory is gone, once. On kernels before 6.16 that is a
 * program on each system call of the machine: only when something writes batches.
 */
int program_attach_batches(struct program *, struct err *err);
/* The programs of the marks, ends before begins, those of batches last. */
void program_marks(const struct program *, struct mark_prog v[PROGRAM_MARKS]);
int program_linker(const struct program *);	/* that of marks_new */
bool program_has_multi(const struct program *); /* uprobe_multi can be used */
int program_rings_fd(const struct program *);
uint32_t *program_woken(struct program *);
/* From now on threads of pid are traced (once program_seed has run, or they fork). */
int program_target(struct program *, uint32_t pid, struct err *err);
/* Process pid has ended. */
void program_forget(struct program *, uint32_t pid);
/* What stands at addresses of pid may have changed. */
void program_strings_moved(struct program *, uint32_t pid);
int program_seed(struct program *, struct err *err); /* finds the targets' threads */
/*
 * Looks for the processes that have the pipes and sockets open that threads came to wait for since
 * the last time, if there are any; now_ns: once a second.
 */
void program_find_holders(struct program *, uint64_t now_ns);
/* From now on marks count. */
void program_go(struct program *);
/* From now on nothing is emitted, so that detaching, which takes its time, loses nothing. */
void program_stop(struct program *);
int program_flush(struct program *, struct err *err); /* emits what is open */
/* The end of a batch that no ring had room for; false: no more. */
bool program_ended(struct program *, struct wire_batch *rec);
/* No program is called any more after it. */
void program_detach(struct program *);

struct losses;
/* Adds what the programs, and their rings, have lost so far. */
void program_losses(const struct program *, struct losses *);

struct capture_tracer;
/*
 * The kernel counts what its BPF programs take, from now on while p lives. That costs each run of
 * every one of them some 20 ns. Without permission, nothing is counted.
 */
void program_measure(struct program *);
/* Fills programs, those that ran, and the spills. */
void program_stats(const struct program *, struct capture_tracer *);
void program_free(struct program *); /* NULL is fine */

#endif
