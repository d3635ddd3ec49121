/* SPDX-License-Identifier: MIT */
/* calls.c - see calls.h. Invariant: `classes` is sorted by name (a test checks it). */
#include <stdlib.h>
#include <string.h>

#include "model/calls.h"

struct call {
	const char *name;
	enum call_class class;
};

static const struct call classes[] = {
	{"accept", CALL_FD},
	{"accept4", CALL_FD},
	{"clock_nanosleep", CALL_SLEEP},
	{"clone", CALL_CLONE},
	{"clone3", CALL_VFORK},
	{"close", CALL_FD},
	{"connect", CALL_FD},
	{"copy_file_range", CALL_FD},
	{"epoll_pwait", CALL_EPOLL},
	{"epoll_pwait2", CALL_EPOLL},
	{"epoll_wait", CALL_EPOLL},
	{"fallocate", CALL_FD},
	{"fcntl", CALL_FCNTL},
	{"fdatasync", CALL_DISK},
	{"flock", CALL_FLOCK},
	{"fstat", CALL_FD},
	{"fsync", CALL_DISK},
	{"ftruncate", CALL_FD},
	{"futex", CALL_FUTEX},
	{"futex_requeue", CALL_FUTEX},
	{"futex_wait", CALL_FUTEX},
	{"futex_waitv", CALL_FUTEXES},
	{"futex_wake", CALL_FUTEX},
	{"getdents", CALL_FD},
	{"getdents64", CALL_FD},
	{"io_getevents", CALL_POLL},
	{"io_pgetevents", CALL_POLL},
	{"io_uring_enter", CALL_URING},
	{"ioctl", CALL_FD},
	{"lseek", CALL_FD},
	{"mq_timedreceive", CALL_FD},
	{"mq_timedsend", CALL_FD},
	{"msgrcv", CALL_MSG},
	{"msgsnd", CALL_MSG},
	{"msync", CALL_DISK},
	{"nanosleep", CALL_SLEEP},
	{"pause", CALL_SIGNAL},
	{"poll", CALL_POLL},
	{"ppoll", CALL_POLL},
	{"pread64", CALL_FD},
	{"preadv", CALL_FD},
	{"preadv2", CALL_FD},
	{"pselect6", CALL_POLL},
	{"pwrite64", CALL_FD},
	{"pwritev", CALL_FD},
	{"pwritev2", CALL_FD},
	{"read", CALL_FD},
	{"readahead", CALL_FD},
	{"readv", CALL_FD},
	{"recvfrom", CALL_FD},
	{"recvmmsg", CALL_FD},
	{"recvmsg", CALL_FD},
	{"rt_sigsuspend", CALL_SIGNAL},
	{"rt_sigtimedwait", CALL_SIGNAL},
	{"sched_yield", CALL_YIELD},
	{"select", CALL_POLL},
	{"semop", CALL_SEM},
	{"semtimedop", CALL_SEM},
	{"sendfile", CALL_FD},
	{"sendmmsg", CALL_FD},
	{"sendmsg", CALL_FD},
	{"sendto", CALL_FD},
	{"shutdown", CALL_FD},
	{"splice", CALL_FD},
	{"sync", CALL_DISK},
	{"sync_file_range", CALL_DISK},
	{"syncfs", CALL_DISK},
	{"tee", CALL_FD},
	{"vfork", CALL_VFORK},
	{"vmsplice", CALL_FD},
	{"wait4", CALL_WAIT4},
	{"waitid", CALL_WAITID},
	{"write", CALL_FD},
	{"writev", CALL_FD},
};

static int by_name(const void *name, const void *call)
{
	return strcmp(name, ((const struct call *)call)->name);
}

void calls_init(struct calls *c, uint16_t machine)
{
	memset(c, 0, sizeof(*c));
	c->machine = machine;
	for (int nr = 0; nr < SYSNAMES_MAX; nr++) {
		const struct call *call =
			bsearch(sysname(machine, nr), classes, sizeof(classes) / sizeof(*classes),
				sizeof(*classes), by_name);

		if (call)
			c->by_nr[nr] = (uint8_t)call->class;
	}
}
