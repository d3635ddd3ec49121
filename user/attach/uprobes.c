/* SPDX-License-Identifier: MIT */
/*
 * uprobes.c - see uprobes.h. Invariant: what is attached is held by descriptors in fds and by
 * nothing else: no name is left in tracefs or bpffs for a tracer that was killed.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/uprobes.h"
#include "base/err.h"

#define SYSFS	    "/sys/bus/event_source/devices/uprobe/"
#define K_ENOTSUPP  524 /* the kernel's own: an instruction that cannot be probed */
#define LINK_CREATE 28	/* enum bpf_cmd */

/* The kernel adds 1 to a semaphore for each site. It is a signed short. */
enum { SITES_MAX = 32767 };

/* The part of union bpf_attr that BPF_LINK_CREATE reads for this attach type; Linux 6.6. */
struct link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, sema_offsets, cookies;
	uint32_t cnt, multi_flags;
	int32_t pid;
	uint32_t zero;
};

/* One call of uprobes_attach. */
struct job {
	struct uprobes *u;
	int prog_fd;
	const char *path;
	uint32_t pid;
	size_t attached, bad;
	int why; /* the kernel's reason for the last bad site */
};

static int multi_link(int prog_fd, const char *path, int32_t pid, const uint64_t *offs,
		      const uint64_t *semas, size_t nr)
{
	struct link_create attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = UPROBES_ATTACH_TYPE,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offs,
		.sema_offsets = (uintptr_t)semas,
		.cnt = (uint32_t)nr,
		.pid = pid,
	};
	int fd = (int)syscall(SYS_bpf, LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

/*
 * A directory is no file to probe: EBADF from a kernel that knows the attach type. 6.6 to 6.9
 * limited a link to the one thread with that id (fixed by 46ba0e49b642 in 6.10 and stable
 * kernels); only fixed ones refuse a negative pid, and do so before they look at the path.
 */
bool uprobes_has_multi(int prog_fd)
{
	const uint64_t off = 0;

	return multi_link(prog_fd, "/", 0, &off, NULL, 1) == -EBADF &&
	       multi_link(prog_fd, "/", -1, &off, NULL, 1) == -EINVAL;
}

/* Whether the kernel has something against a site, and not against the whole attempt. */
static bool is_about_site(int rc)
{
	return rc == -EINVAL || rc == -EIO || rc == -ENOEXEC || rc == -EFAULT || rc == -K_ENOTSUPP;
}

static int keep_fd(struct uprobes *u, int fd)
{
	if (u->nr == u->cap) {
		size_t cap = u->cap ? u->cap * 2 : 16;
		int *fds = realloc(u->fds, cap * sizeof(*fds));

		if (!fds) {
			close(fd);
			return -ENOMEM;
		}
		u->fds = fds;
		u->cap = cap;
	}
	u->fds[u->nr++] = fd;
	return 0;
}

static void site_is_bad(struct job *j, int rc)
{
	j->bad++;
	j->why = rc;
}

/*
 * A perf event a site, or ten links a process: more than the usual 1024 descriptors are soon
 * needed.
 */
static bool raise_fd_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) || lim.rlim_cur >= lim.rlim_max)
		return false;
	lim.rlim_cur = lim.rlim_max;
	return !setrlimit(RLIMIT_NOFILE, &lim);
}

/* A link takes all of its sites or none: halves it until the bad ones stand alone. */
static int multi_attach(struct job *j, const uint64_t *offs, const uint64_t *semas, size_t nr)
{
	size_t half = nr / 2;
	int rc;

	do {
		rc = multi_link(j->prog_fd, j->path, (int32_t)j->pid, offs, semas, nr);
	} while (rc == -EMFILE && raise_fd_limit());
	if (rc >= 0) {
		j->attached += nr;
		return keep_fd(j->u, rc);
	}
	if (!is_about_site(rc))
		return rc;
	if (nr == 1) {
		site_is_bad(j, rc);
		return 0;
	}
	rc = multi_attach(j, offs, semas, half);
	return rc ? rc : multi_attach(j, offs + half, semas + half, nr - half);
}

static int attach_multi(struct job *j, const struct uprobe_site *sites, size_t nr)
{
	uint64_t *offs = calloc(2 * nr, sizeof(*offs)), *semas;
	int rc;

	if (!offs)
		return -ENOMEM;
	semas = offs + nr;
	for (size_t i = 0; i < nr; i++) {
		offs[i] = sites[i].file_off;
		semas[i] = sites[i].sema_off;
	}
	rc = multi_attach(j, offs, semas, nr);
	free(offs);
	return rc;
}

static int perf_type(void)
{
	FILE *f = fopen(SYSFS "type", "re");
	int type = -1;

	if (!f)
		return -errno;
	if (fscanf(f, "%d", &type) != 1)
		type = -EINVAL;
	fclose(f);
	return type;
}

static int perf_open(const struct job *j, int type, const struct uprobe_site *site)
{
	/* linux/perf_event.h: an event of one task on every CPU, or of every task on one CPU; a
	 * uprobe of every task fires on all CPUs, whichever is named. */
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.config = site->sema_off << 32, /* SYSFS format/ref_ctr_offset */
		.config1 = (uintptr_t)j->path,
		.config2 = site->file_off,
	};
	pid_t pid = j->pid ? (pid_t)j->pid : -1;
	int cpu = j->pid ? -1 : 0, fd;

	if (site->sema_off > UINT32_MAX)
		return -EINVAL;
	do {
		fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	} while (fd < 0 && errno == EMFILE && raise_fd_limit());
	return fd < 0 ? -errno : fd;
}

static int perf_attach(struct job *j, int type, const struct uprobe_site *site)
{
	int fd = perf_open(j, type, site), rc;

	if (fd < 0 && is_about_site(fd)) {
		site_is_bad(j, fd);
		return 0;
	}
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, j->prog_fd) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	j->attached++;
	return keep_fd(j->u, fd);
}

static int attach_perf(struct job *j, const struct uprobe_site *sites, size_t nr)
{
	int type = perf_type(), rc = type < 0 ? -ENODEV : 0;

	/* Without the file (before Linux 4.20) the semaphore's offset would be ignored. */
	for (size_t i = 0; i < nr && !rc; i++)
		if (sites[i].sema_off && access(SYSFS "format/ref_ctr_offset", F_OK))
			rc = -ENODEV;
	for (size_t i = 0; i < nr && !rc; i++)
		rc = perf_attach(j, type, &sites[i]);
	return rc;
}

static int explain(const struct job *j, int rc, size_t nr, struct err *err)
{
	if (rc == -K_ENOTSUPP)
		return err_set(err, -EOPNOTSUPP,
			       "the kernel cannot probe the instructions of %zu probes in %s", nr,
			       j->path);
	err_set(err, rc, "cannot attach to %zu probes in %s: %s", nr, j->path,
		rc == -ESRCH	? "the process has ended"
		: rc == -ENODEV ? "this kernel has no uprobes, or /sys is not mounted"
				: strerror(-rc));
	if (rc == -EMFILE || rc == -ENFILE)
		err_hint(err, "ulimit -n 65536, then again: each probe takes a file descriptor on "
			      "this kernel");
	if (rc == -EPERM || rc == -EACCES)
		err_hint(err, "ctrace-bpf doctor, which says what this user lacks");
	return rc;
}

int uprobes_attach(struct uprobes *u, int prog_fd, const char *path, uint32_t pid,
		   const struct uprobe_site *sites, size_t nr, bool multi, struct err *err)
{
	struct job j = {.u = u, .prog_fd = prog_fd, .path = path, .pid = pid};
	int rc;

	if (!nr)
		return 0;
	if (nr > SITES_MAX)
		return err_set(err, -E2BIG, "%s has %zu sites of one probe: more than %d", path, nr,
			       SITES_MAX);
	rc = multi ? attach_multi(&j, sites, nr) : attach_perf(&j, sites, nr);
	u->bad += j.bad;
	if (!rc && !j.attached)
		rc = j.why;
	return rc ? explain(&j, rc, nr, err) : 0;
}

void uprobes_release(struct uprobes *u)
{
	while (u->nr)
		close(u->fds[--u->nr]);
	free(u->fds);
	*u = (struct uprobes){0};
}
