/* SPDX-License-Identifier: MIT */
/*
 * calls.h - what a blocked system call waits for, by the call's name
 *
 * One table by name serves every machine; calls_init turns it into one by number.
 */
#ifndef CTRACE_CALLS_H
#define CTRACE_CALLS_H

#include <stdint.h>

#include "model/sysnames.h"

enum call_class {
	CALL_OTHER,
	CALL_FD,      /* on the file descriptor arg0: its kind decides */
	CALL_DISK,    /* writes back */
	CALL_FUTEX,   /* arg0: the address */
	CALL_FUTEXES, /* several futexes */
	CALL_SEM,     /* a System V semaphore set, arg0 */
	CALL_MSG,     /* a System V message queue, arg0 */
	CALL_FLOCK,   /* a file's lock; arg0: the file descriptor */
	CALL_FCNTL,   /* the same if arg1 is a command that waits, else as CALL_FD */
	CALL_SLEEP,
	CALL_SIGNAL, /* waits for a signal */
	CALL_EPOLL,  /* arg0: the epoll descriptor */
	CALL_POLL,   /* poll, select */
	CALL_URING,  /* arg0: the ring's descriptor */
	CALL_WAIT4,  /* arg0: pid or -1 */
	CALL_WAITID, /* arg0: kind of id, arg1: the id */
	CALL_CLONE,  /* arg0: flags */
	CALL_VFORK,
	CALL_YIELD,
};

struct calls {
	uint16_t machine;
	uint8_t by_nr[SYSNAMES_MAX]; /* enum call_class */
};

void calls_init(struct calls *c, uint16_t machine);

static inline enum call_class calls_class(const struct calls *c, int nr)
{
	return nr >= 0 && nr < SYSNAMES_MAX ? (enum call_class)c->by_nr[nr] : CALL_OTHER;
}

#endif
