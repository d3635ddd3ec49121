/* SPDX-License-Identifier: MIT */
/*
 * proc.c - see proc.h (its mappings: procmaps.c). Invariant: a process chooses its own name and
 * arguments; whatever bytes they hold, the other fields are read right.
 */
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/proc.h"
#include "base/err.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h: in field 9 of stat since 2.6 */

/* Reads /proc/PID/name, cut to sz - 1 bytes and terminated. Returns the length or -errno. */
static ssize_t read_file(uint32_t pid, const char *name, char *buf, size_t sz)
{
	char path[64];
	size_t at = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (at < sz - 1 && (n = read(fd, buf + at, sz - 1 - at)) > 0)
		at += (size_t)n;
	n = n < 0 ? -errno : (ssize_t)at;
	close(fd);
	buf[at] = '\0';
	return n;
}

/* The offsets are those of the namespace that its children will be in: only if it is its own. */
int64_t proc_clock_shift(uint32_t pid)
{
	char path[64], own[64] = "", children[64] = "-", text[512];
	long long sec, nsec;
	ssize_t n;
	char *at;

	snprintf(path, sizeof(path), "/proc/%u/ns/time", pid);
	n = readlink(path, own, sizeof(own) - 1);
	snprintf(path, sizeof(path), "/proc/%u/ns/time_for_children", pid);
	if (n <= 0 || readlink(path, children, sizeof(children) - 1) != n ||
	    memcmp(own, children, (size_t)n) ||
	    read_file(pid, "timens_offsets", text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, "monotonic");
	if (!at || sscanf(at, "monotonic %lld %lld", &sec, &nsec) != 2)
		return 0;
	return sec * 1000000000ll + nsec;
}

static int no_process(uint32_t pid, int code, struct err *err)
{
	/* A process that ends while it is read gives ESRCH; one that never was, ENOENT. */
	if (code == -ENOENT || code == -ESRCH || code == 0)
		return err_set(err, -ESRCH, "there is no process %u", pid);
	return err_set(err, code, "cannot read /proc/%u: %s", pid, strerror(-code));
}

/*
 * PID (COMM) STATE PPID PGRP SESSION TTY TPGID FLAGS … (20) THREADS 0 STARTTIME
 * COMM may hold anything, also ") ": the last ')' ends it.
 */
static int parse_stat(struct proc_info *out, char *s)
{
	char *open = strchr(s, '('), *close = strrchr(s, ')');
	unsigned long flags, threads;
	unsigned long long start;
	char state;

	if (!open || !close || close < open)
		return -EINVAL;
	*close = '\0';
	if (sscanf(close + 1,
		   " %c %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lu %*d "
		   "%llu",
		   &state, &flags, &threads, &start) != 4)
		return -EINVAL;
	snprintf(out->comm, sizeof(out->comm), "%s", open + 1);
	out->kernel_thread = flags & PF_KTHREAD;
	out->zombie = state == 'Z' || state == 'X' || state == 'x';
	out->threads = (uint32_t)threads;
	out->start_ticks = start;
	return 0;
}

/*
 * The number behind a key in the text of a status file; false if it is not there. The key begins
 * with a newline: Name comes first, and the kernel escapes newlines in it.
 */
static bool status_number(const char *status, const char *key, uint32_t *v)
{
	const char *at = strstr(status, key);
	char *end;
	unsigned long n;

	if (!at)
		return false;
	errno = 0;
	n = strtoul(at + strlen(key), &end, 10);
	if (errno || end == at + strlen(key) || n > UINT32_MAX)
		return false;
	*v = (uint32_t)n;
	return true;
}

static void read_cmdline(struct proc_info *out)
{
	ssize_t n = read_file(out->pid, "cmdline", out->cmdline, sizeof(out->cmdline));

	if (n < 0)
		n = 0;
	while (n > 0 && !out->cmdline[n - 1])
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (!out->cmdline[i])
			out->cmdline[i] = ' ';
	out->cmdline[n] = '\0';
}

static void read_exe(struct proc_info *out)
{
	unsigned char id[EI_NIDENT];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/exe", out->pid);
	n = readlink(path, out->exe, sizeof(out->exe) - 1);
	out->exe[n < 0 ? 0 : n] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	out->is_32bit = read(fd, id, sizeof(id)) == sizeof(id) && !memcmp(id, ELFMAG, SELFMAG) &&
			id[EI_CLASS] == ELFCLASS32;
	close(fd);
}

int proc_read(struct proc_info *out, uint32_t pid, struct err *err)
{
	struct proc_info got = {.pid = pid};
	char buf[8192];
	ssize_t n = read_file(pid, "status", buf, sizeof(buf));

	if (n <= 0)
		return no_process(pid, (int)n, err);
	/* /proc/TID exists for every thread, though it is not listed. */
	if (!status_number(buf, "\nTgid:", &got.pid))
		return err_set(err, -EINVAL, "/proc/%u/status has no Tgid", pid);
	status_number(buf, "\nUid:", &got.uid);
	n = read_file(got.pid, "stat", buf, sizeof(buf));
	if (n <= 0)
		return no_process(pid, (int)n, err);
	if (parse_stat(&got, buf))
		return err_set(err, -EINVAL, "/proc/%u/stat is not understood", pid);
	read_cmdline(&got);
	read_exe(&got);
	*out = got;
	return 0;
}

uint32_t proc_ns_pid(uint32_t pid)
{
	char buf[8192], *at, *end;
	uint32_t v;

	if (read_file(pid, "status", buf, sizeof(buf)) <= 0 || !status_number(buf, "\nNSpid:", &v))
		return pid;
	at = strstr(buf, "\nNSpid:") + 7;
	/* One number a namespace, the innermost last. */
	for (; *at && *at != '\n'; at = end) {
		unsigned long n = strtoul(at, &end, 10);

		if (end == at)
			break;
		v = (uint32_t)n;
		while (*end == '\t' || *end == ' ')
			end++;
	}
	return v;
}

struct pid_list {
	uint32_t *v;
	size_t nr;
};

/* Adds pid unless it is there. */
static int list_add(struct pid_list *l, uint32_t pid, struct err *err)
{
	uint32_t *v;

	for (size_t i = 0; i < l->nr; i++)
		if (l->v[i] == pid)
			return 0;
	v = realloc(l->v, (l->nr + 1) * sizeof(*v));
	if (!v)
		return err_set(err, -ENOMEM, "no memory for %zu processes", l->nr + 1);
	l->v = v;
	l->v[l->nr++] = pid;
	return 0;
}

static bool is_named(const struct proc_info *p, const char *name)
{
	static const char deleted[] = " (deleted)";
	const char *base = strrchr(p->exe, '/');
	size_t n = strlen(name);

	if (!strcmp(p->comm, name))
		return true;
	if (!base || strncmp(base + 1, name, n) != 0)
		return false;
	return !base[1 + n] || !strcmp(base + 1 + n, deleted);
}

static int add_named(struct pid_list *l, const char *name, uint32_t self, struct err *err)
{
	bool found = false;
	struct dirent *d;
	DIR *dir = opendir("/proc");
	int rc = 0;

	if (!dir)
		return err_set(err, -errno, "cannot read /proc: %s", strerror(errno));
	while (!rc && (d = readdir(dir))) {
		struct proc_info p;
		char *end;
		unsigned long pid = strtoul(d->d_name, &end, 10);

		if (!isdigit((unsigned char)d->d_name[0]) || *end || pid == self ||
		    proc_read(&p, (uint32_t)pid, NULL) || p.kernel_thread || p.zombie ||
		    !is_named(&p, name))
			continue;
		found = true;
		rc = list_add(l, p.pid, err);
	}
	closedir(dir);
	if (rc || found)
		return rc;
	rc = err_set(err, -ESRCH, "no process is named %s", name);
	err_hint(err, "pgrep -af %s, which also looks at arguments; then -p PID", name);
	return rc;
}

static int add_pid(struct pid_list *l, const char *item, uint32_t self, struct err *err)
{
	struct proc_info p;
	unsigned long pid;
	int rc;

	errno = 0;
	pid = strtoul(item, NULL, 10);
	if (errno || !pid || pid > INT32_MAX)
		return err_set(err, -ESRCH, "there is no process %s", item);
	rc = proc_read(&p, (uint32_t)pid, err);
	if (rc)
		return rc;
	if (p.pid == self)
		return err_set(err, -EINVAL, "process %s is ctrace-bpf itself", item);
	if (p.kernel_thread)
		return err_set(err, -ESRCH,
			       "process %s (%s) is a kernel thread, which has no probes", item,
			       p.comm);
	if (p.zombie)
		return err_set(
			err, -ESRCH,
			"process %s (%s) has ended: it is a zombie until its parent reaps it", item,
			p.comm);
	return list_add(l, p.pid, err);
}

static int add_item(struct pid_list *l, const char *item, uint32_t self, struct err *err)
{
	if (!*item)
		return err_set(err, -EINVAL, "-p needs a process id or a name");
	if (*item == '-')
		return err_set(err, -EINVAL, "-p needs a process id or a name, not %s", item);
	if (item[strspn(item, "0123456789")])
		return add_named(l, item, self, err);
	return add_pid(l, item, self, err);
}

int proc_resolve(const char *spec, uint32_t self, uint32_t **pids, size_t *nr, struct err *err)
{
	struct pid_list l = {.nr = *nr};
	char *copy = strdup(spec), *rest = copy, *item;
	int rc = copy ? 0 : err_set(err, -ENOMEM, "no memory");

	if (*nr && !rc) {
		l.v = malloc(*nr * sizeof(*l.v));
		if (l.v)
			memcpy(l.v, *pids, *nr * sizeof(*l.v));
		else
			rc = err_set(err, -ENOMEM, "no memory for %zu processes", *nr);
	}
	while (!rc && (item = strsep(&rest, ",")))
		rc = add_item(&l, item, self, err);
	free(copy);
	if (rc) {
		free(l.v);
		return rc;
	}
	free(*pids);
	*pids = l.v;
	*nr = l.nr;
	return 0;
}
