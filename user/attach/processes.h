/* SPDX-License-Identifier: MIT */
/*
 * processes.h - the processes that are traced, and what can only be read of them while they live
 */
#ifndef CTRACE_PROCESSES_H
#define CTRACE_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "ctrace/wire.h"

struct err;

struct process {
	uint32_t pid;
	uint32_t threads;     /* seen so far */
	uint32_t threads_now; /* when /proc was last asked */
	int pidfd;	      /* -1: it is gone, or could not be opened */
	bool remap;	      /* it mapped something executable: look for marks there */
	bool fresh;	      /* forked: its marks are not attached yet */
	uint64_t not_before;  /* … and need not be until then, CLOCK_MONOTONIC */
	size_t at;	      /* in the list */
	char comm[WIRE_COMM_SZ];
	char exe[512];
	char service[128], resource[1024]; /* what OpenTelemetry's variables say of it */
};

/* A zeroed struct is an empty list. */
struct processes {
	struct process **v;
	size_t nr, cap;
	struct hash by_pid;
};

/* 0, or -errno and a sentence: why process pid cannot be traced. */
int process_check(uint32_t pid, struct err *err);
/* Reads again what may have changed with exec. */
void process_read(struct process *);
/* Whether it has, as a whole: not only its first thread. */
bool process_has_ended(const struct process *);
/* NULL if it is not in the list. */
struct process *processes_find(const struct processes *, uint32_t pid);
/* Adds one that is not in it; NULL without memory, or with too many. The list owns it. */
struct process *processes_add(struct processes *, uint32_t pid);
/* Takes it out and frees it; the last one gets its place. */
void processes_drop(struct processes *, struct process *);
void processes_release(struct processes *);

#endif
