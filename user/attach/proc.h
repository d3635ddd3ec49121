/* SPDX-License-Identifier: MIT */
/*
 * proc.h - what /proc says of a process
 */
#ifndef CTRACE_PROC_H
#define CTRACE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct proc_info {
	uint32_t pid;
	char comm[64];
	char exe[4096];	    /* as readlink gives it; "" if not readable */
	char cmdline[1024]; /* arguments joined by spaces, cut */
	uint32_t threads;
	uint32_t uid;
	bool kernel_thread, zombie, is_32bit;
	uint64_t start_ticks; /* field 22 of stat: tells a reused pid apart */
};

/* Its CLOCK_MONOTONIC minus that of the machine: not 0 in a time namespace. */
int64_t proc_clock_shift(uint32_t pid);
/* -ESRCH with a sentence if there is no such process. */
int proc_read(struct proc_info *out, uint32_t pid, struct err *err);

/* One executable, file-backed mapping. */
struct proc_map {
	uint64_t start, end, file_off;
	uint64_t ino;
	uint32_t dev_major, dev_minor;
	char path[4096]; /* as the maps file has it, " (deleted)" included; untrusted */
};

/*
 * Calls fn for each distinct file (dev, ino) that pid maps executable; fn returning non-zero ends
 * the walk with that value. Returns 0, fn's value, or -errno.
 */
int proc_exec_maps(uint32_t pid, int (*fn)(const struct proc_map *, void *), void *ctx,
		   struct err *err);

/*
 * Calls fn for each executable mapping of pid, also those of no file: ino is 0 then, and path "" or
 * what the kernel calls it, "[vdso]". Returns as proc_exec_maps.
 */
int proc_code_maps(uint32_t pid, int (*fn)(const struct proc_map *, void *), void *ctx,
		   struct err *err);

/*
 * The mapping that addr is in; path is "[heap]", "[stack]" or "" if it is of no file. Returns 0,
 * -ENOENT if nothing is there, or -errno.
 */
int proc_find_map(uint32_t pid, uint64_t addr, struct proc_map *out);

/*
 * Opens the mapped file itself, read-only: through /proc/PID/map_files (right also for deleted
 * files and other mount namespaces), else /proc/PID/root/PATH if dev and ino are the same.
 * out_path, if not NULL, receives the path that was opened (which the kernel can open again to
 * attach a probe). Returns a descriptor or -errno.
 */
int proc_open_map(uint32_t pid, const struct proc_map *, char *out_path, size_t out_sz,
		  struct err *);

/*
 * Resolves what -p was given: "123", "123,456", "nginx", or a mix separated by commas. A name
 * matches comm or the basename of exe exactly. Appends distinct pids to *pids (realloc'ed; the
 * caller frees). self is left out. Returns 0, or -ESRCH / -EINVAL with a sentence.
 */
int proc_resolve(const char *spec, uint32_t self, uint32_t **pids, size_t *nr, struct err *err);

/* pid as the innermost pid namespace of that process numbers it (NSpid); pid itself if unknown. */
uint32_t proc_ns_pid(uint32_t pid);

#endif
