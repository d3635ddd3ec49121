/* SPDX-License-Identifier: MIT */
/*
 * images.h - what code stood where, in each process, while the trace went on
 *
 *	images_begin(im, pid, ts);      a process is there, or has begun another program
 *	images_fork(im, child, parent, ts);
 *	images_read(im, pid);           what it has mapped by now
 *	…
 *	sp = images_space(im, pid, ts);
 *	i = images_find(im, sp, addr);
 *
 * A file is opened when it is first seen, and held, so that it is there at the end of the trace
 * though the process has gone, or the file has been deleted. What a process had mapped stays known
 * after it has unmapped it; of two mappings at one address, the later one is taken.
 *
 * N.B. OBJECTS_OPEN files are held open; of the others, names are known but no symbols.
 */
#ifndef CTRACE_IMAGES_H
#define CTRACE_IMAGES_H

#include <stddef.h>
#include <stdint.h>

enum { OBJECTS_OPEN = 512, SPACES_MAX = 65536, SPACE_IMAGES_MAX = 16384 };

struct images;

/* A file that is mapped executable, or "[vdso]", or memory of no file: then its path is "". */
struct object {
	uint64_t ino;
	uint32_t dev_major, dev_minor;
	int fd;	    /* -1: it could not be opened */
	char *path; /* as /proc/PID/maps has it; untrusted */
};

struct image {
	uint64_t start, end, file_off;
	size_t object;
};

/* The memory of a process, since from_ts. */
struct space {
	uint32_t pid;
	uint64_t from_ts;
	size_t parent; /* of a fork: the space it was copied from; SIZE_MAX none */
	size_t before; /* what the same pid had before; SIZE_MAX nothing */
	struct image *v;
	size_t nr, cap;
};

/* NULL without memory. */
struct images *images_new(void);
void images_begin(struct images *im, uint32_t pid, uint64_t ts);
void images_fork(struct images *im, uint32_t pid, uint32_t parent, uint64_t ts);
/* Reads /proc/PID/maps. A process that has ended, or memory that is short, leaves it as it was. */
void images_read(struct images *im, uint32_t pid);
/* The number of the space that pid had at ts, or SIZE_MAX. */
size_t images_space(const struct images *im, uint32_t pid, uint64_t ts);
const struct space *images_space_at(const struct images *im, size_t space);
/* NULL: nothing is known to have been there. Valid until the next change. */
const struct image *images_find(const struct images *im, size_t space, uint64_t addr);
const struct object *images_object(const struct images *im, size_t object);
size_t images_objects(const struct images *im);
void images_free(struct images *im); /* NULL is fine */

#endif
