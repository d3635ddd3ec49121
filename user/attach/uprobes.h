/* SPDX-License-Identifier: MIT */
/*
 * uprobes.h - attaches a BPF program to many sites of a file
 *
 * uprobe_multi (Linux 6.6) takes all sites in one link; older kernels get a perf event a site.
 * Every descriptor belongs to struct uprobes, so that the kernel detaches all of them when the
 * tracer dies, however it dies.
 */
#ifndef CTRACE_UPROBES_H
#define CTRACE_UPROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct uprobe_site {
	uint64_t file_off;
	uint64_t sema_off; /* 0 none */
};

struct uprobes {
	int *fds;
	size_t nr, cap;
	size_t bad; /* sites that the kernel refused while it took others, over all calls */
};

/* BPF_TRACE_UPROBE_MULTI, which older linux/bpf.h lack. */
#define UPROBES_ATTACH_TYPE 48

/* Whether this kernel takes uprobe_multi links, and limits them to a process and not to a thread.
 * prog_fd: a loaded kprobe-type program with expected_attach_type UPROBES_ATTACH_TYPE. */
bool uprobes_has_multi(int prog_fd);

/*
 * Attaches prog_fd to all sites of the file at path, for process pid (0: every process).
 * multi: use one uprobe_multi link; else perf events. A site that the kernel refuses is counted in
 * bad and does not keep the others from being attached; if it refuses all, that is an error. Sites
 * already attached stay on failure; uprobes_release detaches them. Returns 0 or -errno with a
 * sentence. Raises this process's soft limit of open files if it has to.
 */
int uprobes_attach(struct uprobes *, int prog_fd, const char *path, uint32_t pid,
		   const struct uprobe_site *, size_t nr, bool multi, struct err *err);
/* Detaches everything; safe on a zeroed struct. */
void uprobes_release(struct uprobes *);

#endif
