/* SPDX-License-Identifier: MIT */
/* samples.c - see samples.h. Invariant: every event in fds is enabled and calls the program. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/samples.h"
#include "base/err.h"

/* Returns the event's descriptor, or -errno. */
static int open_one(int cpu, int prog_fd, uint64_t period_ns)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = period_ns,
		.disabled = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) && !ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int samples_attach(struct samples *s, int prog_fd, uint64_t period_ns, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	s->fds = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*s->fds));
	if (!s->fds)
		return err_set(err, -ENOMEM, "out of memory");
	for (int cpu = 0; cpu < cpus; cpu++) {
		int fd = open_one(cpu, prog_fd, period_ns);

		if (fd == -ENODEV) /* it is offline */
			continue;
		if (fd < 0) {
			samples_release(s);
			return err_set(err, fd, "cannot sample CPU %d: %s", cpu, strerror(-fd));
		}
		s->fds[s->nr++] = fd;
	}
	return 0;
}

void samples_release(struct samples *s)
{
	while (s->nr)
		close(s->fds[--s->nr]);
	free(s->fds);
	*s = (struct samples){0};
}
