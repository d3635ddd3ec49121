/* SPDX-License-Identifier: MIT */
/*
 * marks.h - finds the marker probes of processes and attaches the programs to them
 */
#ifndef CTRACE_MARKS_H
#define CTRACE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct marks;

struct mark_prog {
	const char *probe; /* of provider ctrace: "region__begin" */
	int fd;		   /* of the loaded program */
};

struct marks_opts {
	int linker_prog;  /* for the dynamic linker, see linker.h */
	bool multi;	  /* uprobe_multi can be used */
	bool direct;	  /* attach to each mark's own probe, also where there are batches */
	uint32_t session; /* that the objects are told; not 0 */
};

/*
 * progs are attached to each file in the order given: ends before begins, so that a mark pair that
 * is under way shows up as an end without a beginning, which is honest and harmless. progs must
 * outlive the result. linker_prog is attached where a dynamic linker says that it has loaded a
 * library. NULL without memory.
 */
struct marks *marks_new(const struct mark_prog *progs, size_t nr, const struct marks_opts *);
/*
 * Attaches to all files that process pid has mapped executable now and that were not attached for
 * it before. Call it again after the process mapped more. Files that cannot be read are counted in
 * marks_skipped; a process that is gone is no error. Returns the number of new sites, or -errno.
 */
int marks_attach(struct marks *, uint32_t pid, struct err *err);
/* The same for a file that process pid will execute. */
int marks_attach_file(struct marks *, uint32_t pid, const char *path, struct err *err);
/* Detaches what is attached for process pid, which has ended: its pid may come back. */
void marks_forget(struct marks *, uint32_t pid);
/* Files with marks that are taken in batches, and by a probe each, over all processes. */
uint32_t marks_batched(const struct marks *);
uint32_t marks_direct(const struct marks *);
uint32_t marks_sites(const struct marks *);   /* attached, over all processes */
uint32_t marks_skipped(const struct marks *); /* files and notes that could not be used */
void marks_free(struct marks *);	      /* detaches; NULL is fine */

#endif
