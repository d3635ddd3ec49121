/* SPDX-License-Identifier: MIT */
/*
 * wait.h - why a thread left its CPU, and on what it waits
 *
 * Pure functions of one record. The rules, first match wins:
 *
 *	wanted to go on (state 0, or preempted)   throttled, yield or preempted
 *	stopped, traced, frozen                   stopped
 *	no system call in flight                  fault
 *	io_uring                                  poll, even if the kernel counts it as I/O
 *	in_iowait                                 disk
 *	the call's class and its descriptor       network, ipc, lock, sleep, poll, child, disk
 *	uninterruptible                           lock (one of the kernel's)
 *	else                                      other: the call's name says it
 */
#ifndef CTRACE_WAIT_H
#define CTRACE_WAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "ctrace/wire.h"
#include "model/calls.h"
#include "model/span.h"

/* The kernel's task state bits that matter here; the same since 4.14, FROZEN since 6.1. */
enum {
	TASK_INTERRUPTIBLE = 1,
	TASK_UNINTERRUPTIBLE = 2,
	TASK_STOPPED = 4,
	TASK_TRACED = 8,
	TASK_ENDED = 0x10 | 0x20 | 0x80, /* EXIT_DEAD, EXIT_ZOMBIE, TASK_DEAD */
	TASK_FROZEN = 0x8000,
};

enum resource {
	RES_NONE, /* nothing to name */
	RES_CALL, /* the system call itself */
	RES_PAGE,
	RES_FD,
	RES_FILE_LOCK,
	RES_FUTEX,
	RES_FUTEXES,
	RES_SEM,
	RES_MSG,
	RES_SLEEP,
	RES_SIGNAL,
	RES_CHILD,
	RES_KERNEL_LOCK,
	RES_CPU,
	RES_QUOTA,
};

struct wait_why {
	enum state state;
	enum resource res;
	bool involuntary;
};

/* A resource's identity: equal for two waits on the same thing, by threads of process pid. */
struct wait_key {
	uint64_t what;
	uint32_t in; /* the process or device in which `what` is a number; 0: everywhere */
};

enum { RESOURCE_TEXT_SZ = 56 };

/* "file", "pipe" …: what a descriptor of that kind (WIRE_FD_*) is called. */
const char *wait_fd_name(uint8_t kind);
/* Whether the call writes or sends: what it waits for is at the reading end. */
bool wait_writes(const struct calls *c, int nr);
/* The one process that a RES_CHILD waits for; 0: any of several. */
uint32_t wait_child(const struct calls *c, const struct wire_offcpu *r);
/* "NET_RX": the softirq of wire_offcpu's waker_softirq; "" if there is none, or it is unheard
 * of. */
const char *wait_softirq(uint32_t softirq);

struct wait_why wait_classify(const struct calls *c, const struct wire_offcpu *r);
struct wait_key wait_key(const struct calls *c, const struct wire_offcpu *r,
			 const struct wait_why *why, uint32_t pid);
/* The resource in words, "futex 0x7f12", "pipe fd 3 ino 1234"; cut to fit. */
void wait_resource(char *buf, size_t sz, const struct calls *c, const struct wire_offcpu *r,
		   const struct wait_why *why);

#endif
