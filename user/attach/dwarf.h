/* SPDX-License-Identifier: MIT */
/*
 * dwarf.h - source lines and inlined functions, from a file's debug information
 *
 * By elfutils' libdw, if ctrace-bpf was built where that is; else nothing is found.
 */
#ifndef CTRACE_DWARF_H
#define CTRACE_DWARF_H

#include <stddef.h>
#include <stdint.h>

struct dwarf;

enum { DWARF_INLINED_MAX = 16 };

struct dwarf_frame {
	char *name; /* of an inlined function, owned; NULL: the function that is not inlined */
	char *site; /* "file:line", owned; NULL: not known */
};

/* path: of the file open at fd, for messages. debug_fd: of its debug file, or -1. Both stay the
 * caller's. NULL: it has none, or is not understood. */
struct dwarf *dwarf_open(const char *path, int fd, int debug_fd);
/*
 * What stands at a link-time address: the innermost function first. Returns how many, 0 if nothing
 * is known. The strings are the caller's to free.
 */
size_t dwarf_frames(struct dwarf *d, uint64_t vaddr, struct dwarf_frame v[DWARF_INLINED_MAX]);
void dwarf_close(struct dwarf *d); /* NULL is fine */

#endif
