/* SPDX-License-Identifier: MIT */
/* processes.c - see processes.h */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/environ.h"
#include "attach/proc.h"
#include "attach/processes.h"
#include "base/err.h"

#define PROCESSES_MAX 4096 /* alive at once; as TARGETS_MAX of bpf/maps.bpf.h */

int process_check(uint32_t pid, struct err *err)
{
	struct proc_info info;
	int rc = proc_read(&info, pid, err);

	if (rc)
		return rc;
	if (pid == (uint32_t)getpid())
		return err_set(err, -EINVAL, "process %u is ctrace-bpf itself", pid);
	if (info.kernel_thread)
		return err_set(err, -EINVAL, "%u (%s) is a kernel thread", pid, info.comm);
	if (info.zombie)
		return err_set(err, -ESRCH,
			       "process %u (%s) has ended: only its exit status is left", pid,
			       info.comm);
	if (info.is_32bit)
		return err_set(err, -EINVAL,
			       "process %u (%s) is a 32-bit program, which is not supported", pid,
			       info.comm);
	return 0;
}

void process_read(struct process *p)
{
	struct proc_info info;

	if (proc_read(&info, p->pid, NULL))
		return;
	snprintf(p->comm, sizeof(p->comm), "%.*s", (int)sizeof(p->comm) - 1, info.comm);
	snprintf(p->exe, sizeof(p->exe), "%.*s", (int)sizeof(p->exe) - 1, info.exe);
	p->threads_now = info.threads;
	environ_read(p->pid, "OTEL_SERVICE_NAME", p->service, sizeof(p->service));
	environ_read(p->pid, "OTEL_RESOURCE_ATTRIBUTES", p->resource, sizeof(p->resource));
}

bool process_has_ended(const struct process *p)
{
	struct pollfd pfd = {.fd = p->pidfd, .events = POLLIN};

	return p->pidfd < 0 ? kill((pid_t)p->pid, 0) && errno == ESRCH : poll(&pfd, 1, 0) > 0;
}

struct process *processes_find(const struct processes *l, uint32_t pid)
{
	return hash_get(&l->by_pid, pid);
}

static bool make_room(struct processes *l)
{
	size_t cap = l->cap ? l->cap * 2 : 16;
	struct process **v;

	if (l->nr < l->cap)
		return true;
	v = reallocarray(l->v, cap, sizeof(struct process *));
	if (!v)
		return false;
	l->v = v;
	l->cap = cap;
	return true;
}

struct process *processes_add(struct processes *l, uint32_t pid)
{
	struct process *p;

	if (l->nr == PROCESSES_MAX || !make_room(l))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p || hash_put(&l->by_pid, pid, p)) {
		free(p);
		return NULL;
	}
	p->pid = pid;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	p->at = l->nr;
	l->v[l->nr++] = p;
	process_read(p);
	return p;
}

void processes_drop(struct processes *l, struct process *p)
{
	struct process *last = l->v[--l->nr];

	last->at = p->at;
	l->v[p->at] = last;
	hash_del(&l->by_pid, p->pid);
	if (p->pidfd >= 0)
		close(p->pidfd);
	free(p);
}

void processes_release(struct processes *l)
{
	while (l->nr)
		processes_drop(l, l->v[l->nr - 1]);
	free(l->v);
	hash_release(&l->by_pid);
	*l = (struct processes){0};
}
