/* SPDX-License-Identifier: MIT */
/* wait.c - see wait.h. Invariant: every record gets exactly one state. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/wait.h"

enum { SETLKW = 7, OFD_SETLKW = 38, CLONE_VFORK_FLAG = 0x4000 };
enum { WAITID_ALL = 0, WAITID_PID = 1, WAITID_PGID = 2, WAITID_PIDFD = 3 };

struct fd_rule {
	enum state state;
	const char *name;
};

static const struct fd_rule fd_rules[] = {
	[WIRE_FD_NONE] = {STATE_OTHER, "fd"},
	[WIRE_FD_FILE] = {STATE_DISK, "file"},
	[WIRE_FD_DIR] = {STATE_DISK, "directory"},
	[WIRE_FD_BLOCK] = {STATE_DISK, "block device"},
	[WIRE_FD_CHAR] = {STATE_OTHER, "character device"},
	[WIRE_FD_PIPE] = {STATE_IPC, "pipe"},
	[WIRE_FD_UNIX] = {STATE_IPC, "socket (unix)"},
	[WIRE_FD_INET] = {STATE_NETWORK, "socket (inet)"},
	[WIRE_FD_SOCKET] = {STATE_NETWORK, "socket"},
	[WIRE_FD_EVENTFD] = {STATE_IPC, "eventfd"},
	[WIRE_FD_TIMERFD] = {STATE_SLEEP, "timerfd"},
	[WIRE_FD_EPOLL] = {STATE_POLL, "epoll"},
	[WIRE_FD_SIGNALFD] = {STATE_SLEEP, "signalfd"},
	[WIRE_FD_INOTIFY] = {STATE_OTHER, "inotify"},
	[WIRE_FD_PIDFD] = {STATE_CHILD, "pidfd"},
	[WIRE_FD_IO_URING] = {STATE_POLL, "io_uring"},
	[WIRE_FD_MQUEUE] = {STATE_IPC, "message queue"},
	[WIRE_FD_ANON] = {STATE_OTHER, "anonymous fd"},
	[WIRE_FD_OTHER] = {STATE_OTHER, "fd"},
};

const char *wait_fd_name(uint8_t kind)
{
	return fd_rules[kind < sizeof(fd_rules) / sizeof(*fd_rules) ? kind : WIRE_FD_OTHER].name;
}

bool wait_writes(const struct calls *c, int nr)
{
	static const char *const begins[] = {"write", "pwrite", "send", "vmsplice"};
	const char *name = sysname(c->machine, nr);

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return strcmp(name, "sendfile") != 0;
	return false;
}

const char *wait_softirq(uint32_t softirq)
{
	/* include/linux/interrupt.h: the same numbers since 4.x */
	static const char *const names[] = {"",	      "HI",	 "TIMER",    "NET_TX",
					    "NET_RX", "BLOCK",	 "IRQ_POLL", "TASKLET",
					    "SCHED",  "HRTIMER", "RCU"};

	return softirq < sizeof(names) / sizeof(*names) ? names[softirq] : "";
}

static const struct fd_rule *fd_rule(const struct wire_offcpu *r)
{
	unsigned int kind = r->fd_kind;

	return &fd_rules[kind < sizeof(fd_rules) / sizeof(*fd_rules) ? kind : WIRE_FD_OTHER];
}

/* What each class of call waits for, where neither the descriptor nor the arguments matter. */
static const struct wait_why class_rules[] = {
	[CALL_OTHER] = {STATE_OTHER, RES_CALL, false},
	[CALL_FD] = {STATE_OTHER, RES_FD, false},
	[CALL_DISK] = {STATE_DISK, RES_FD, false},
	[CALL_FUTEX] = {STATE_LOCK, RES_FUTEX, false},
	[CALL_FUTEXES] = {STATE_LOCK, RES_FUTEXES, false},
	[CALL_SEM] = {STATE_LOCK, RES_SEM, false},
	[CALL_MSG] = {STATE_IPC, RES_MSG, false},
	[CALL_FLOCK] = {STATE_LOCK, RES_FILE_LOCK, false},
	[CALL_FCNTL] = {STATE_OTHER, RES_FD, false},
	[CALL_SLEEP] = {STATE_SLEEP, RES_SLEEP, false},
	[CALL_SIGNAL] = {STATE_SLEEP, RES_SIGNAL, false},
	[CALL_EPOLL] = {STATE_POLL, RES_FD, false},
	[CALL_POLL] = {STATE_POLL, RES_CALL, false},
	[CALL_URING] = {STATE_POLL, RES_FD, false},
	[CALL_WAIT4] = {STATE_CHILD, RES_CHILD, false},
	[CALL_WAITID] = {STATE_CHILD, RES_CHILD, false},
	[CALL_CLONE] = {STATE_OTHER, RES_CALL, false},
	[CALL_VFORK] = {STATE_CHILD, RES_CHILD, false},
	[CALL_YIELD] = {STATE_OTHER, RES_CALL, false},
};

static struct wait_why involuntary(enum call_class class, const struct wire_offcpu *r)
{
	struct wait_why why = {STATE_PREEMPTED, RES_NONE, true};

	if (r->h.flags & WIRE_OFF_THROTTLED)
		why.state = STATE_THROTTLED;
	else if (class == CALL_YIELD && !(r->h.flags & WIRE_OFF_PREEMPT))
		why.state = STATE_YIELD;
	return why;
}

/* Classes of which one call waits for one thing and another for another. */
static enum call_class refine(enum call_class class, const struct wire_offcpu *r)
{
	if (class == CALL_FCNTL)
		return r->arg1 == SETLKW || r->arg1 == OFD_SETLKW ? CALL_FLOCK : CALL_FD;
	if (class == CALL_CLONE)
		return r->arg0 & CLONE_VFORK_FLAG ? CALL_VFORK : CALL_OTHER;
	return class;
}

struct wait_why wait_classify(const struct calls *c, const struct wire_offcpu *r)
{
	enum call_class class = calls_class(c, r->nr);
	struct wait_why why;

	if (!r->state || r->h.flags & WIRE_OFF_PREEMPT)
		return involuntary(class, r);
	if (r->state & (TASK_STOPPED | TASK_TRACED | TASK_FROZEN))
		return (struct wait_why){STATE_STOPPED, RES_NONE, false};
	if (r->nr < 0)
		return (struct wait_why){STATE_FAULT, RES_PAGE, false};
	class = refine(class, r);
	why = class_rules[class];
	if (r->h.flags & WIRE_OFF_IOWAIT && class != CALL_URING)
		return (struct wait_why){STATE_DISK, why.res == RES_FD ? RES_FD : RES_CALL, false};
	if (class == CALL_FD)
		why.state = fd_rule(r)->state;
	if (why.state == STATE_OTHER && r->state & TASK_UNINTERRUPTIBLE)
		return (struct wait_why){STATE_LOCK, RES_KERNEL_LOCK, false};
	return why;
}

/* A connection's inode is new each time: sockets go by descriptor, or each would be a line. */
static bool by_descriptor(const struct wire_offcpu *r)
{
	return !r->ino || r->fd_kind == WIRE_FD_INET || r->fd_kind == WIRE_FD_UNIX ||
	       r->fd_kind == WIRE_FD_SOCKET || r->fd_kind >= WIRE_FD_EVENTFD;
}

struct wait_key wait_key(const struct calls *c, const struct wire_offcpu *r,
			 const struct wait_why *why, uint32_t pid)
{
	switch (why->res) {
	case RES_FD:
	case RES_FILE_LOCK:
		if (by_descriptor(r))
			return (struct wait_key){(uint32_t)r->arg0, pid};
		return (struct wait_key){r->ino, r->dev};
	case RES_FUTEX:
		return (struct wait_key){r->arg0, pid};
	case RES_CHILD:
		if (calls_class(c, r->nr) == CALL_WAITID)
			return (struct wait_key){r->arg0 << 32 | (uint32_t)r->arg1, 1};
		return (struct wait_key){(uint32_t)r->arg0, 0};
	case RES_SEM:
	case RES_MSG:
		return (struct wait_key){(uint32_t)r->arg0, 0};
	case RES_CALL:
	case RES_KERNEL_LOCK:
		return (struct wait_key){(uint64_t)(r->nr + 1), 0};
	default:
		return (struct wait_key){0, 0};
	}
}

static void fd_text(char *buf, size_t sz, const struct wire_offcpu *r, const char *before)
{
	int fd = (int)r->arg0;
	const char *name = fd_rule(r)->name;

	if (r->fd_kind == WIRE_FD_NONE)
		snprintf(buf, sz, "%sfd %d", before, fd);
	else if (by_descriptor(r))
		snprintf(buf, sz, "%s%s%s %d", before, name,
			 r->fd_kind >= WIRE_FD_ANON ? "" : " fd", fd);
	else
		snprintf(buf, sz, "%s%s fd %d ino %" PRIu64, before, name, fd, (uint64_t)r->ino);
}

uint32_t wait_child(const struct calls *c, const struct wire_offcpu *r)
{
	enum call_class class = calls_class(c, r->nr);
	int id = class == CALL_WAITID ? (int)r->arg1 : (int)r->arg0;
	bool one = class == CALL_WAIT4 ? id > 0 : class == CALL_WAITID && r->arg0 == WAITID_PID;

	return one ? (uint32_t)id : 0;
}

static void child_text(char *buf, size_t sz, const struct calls *c, const struct wire_offcpu *r)
{
	enum call_class class = calls_class(c, r->nr);
	int id = class == CALL_WAITID ? (int)r->arg1 : (int)r->arg0;

	if (class == CALL_WAITID && r->arg0 == WAITID_PIDFD)
		snprintf(buf, sz, "child pidfd %d", id);
	else if (wait_child(c, r))
		snprintf(buf, sz, "child %d", id);
	else if (class == CALL_WAIT4 || class == CALL_WAITID)
		snprintf(buf, sz, "any child");
	else
		snprintf(buf, sz, "new child");
}

void wait_resource(char *buf, size_t sz, const struct calls *c, const struct wire_offcpu *r,
		   const struct wait_why *why)
{
	const char *call = sysname(c->machine, r->nr);

	switch (why->res) {
	case RES_NONE:
		snprintf(buf, sz, "%s", "");
		break;
	case RES_CALL:
		if (*call || r->nr < 0)
			snprintf(buf, sz, "%s", call);
		else
			snprintf(buf, sz, "system call %d", r->nr);
		break;
	case RES_PAGE:
		snprintf(buf, sz, "page");
		break;
	case RES_FD:
		if (calls_class(c, r->nr) == CALL_DISK && r->fd_kind == WIRE_FD_NONE)
			snprintf(buf, sz, "%s", call); /* sync and msync have no descriptor */
		else
			fd_text(buf, sz, r, "");
		break;
	case RES_FILE_LOCK:
		fd_text(buf, sz, r, "lock of ");
		break;
	case RES_FUTEX:
		snprintf(buf, sz, "futex 0x%" PRIx64, (uint64_t)r->arg0);
		break;
	case RES_FUTEXES:
		snprintf(buf, sz, "several futexes");
		break;
	case RES_SEM:
		snprintf(buf, sz, "semaphore set %d", (int)r->arg0);
		break;
	case RES_MSG:
		snprintf(buf, sz, "message queue %d", (int)r->arg0);
		break;
	case RES_SLEEP:
		snprintf(buf, sz, "sleep");
		break;
	case RES_SIGNAL:
		snprintf(buf, sz, "signal");
		break;
	case RES_CHILD:
		child_text(buf, sz, c, r);
		break;
	case RES_KERNEL_LOCK:
		snprintf(buf, sz, "kernel lock in %s", *call ? call : "a system call");
		break;
	case RES_CPU:
		snprintf(buf, sz, "CPU");
		break;
	case RES_QUOTA:
		snprintf(buf, sz, "CPU quota of its cgroup");
		break;
	}
}
