/* SPDX-License-Identifier: MIT */
/*
 * toc.h - a capture's table of contents, so that a window of it is read without the rest
 *
 * Writing: each chunk is noted, and the records that later ones rely on (names, threads, exits) are
 * told apart, so that the writer can put copies of them together.
 *
 *	toc_add(&t, &chunk, off, reach_ts);
 *
 * Reading: the END chunk, at the very end of a file that is whole, says where the table is.
 *
 *	rc = toc_read(&t, &chunks, size, &err);       1: it is there
 *	for (i = 0; i < t.nr; i++)
 *		if (toc_overlaps(&t.v[i], from_ts, to_ts))
 *			…
 *	toc_release(&t);
 */
#ifndef CTRACE_TOC_H
#define CTRACE_TOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctrace/format.h"
#include "ctrace/wire.h"
#include "store/chunks.h"

struct toc {
	struct format_entry *v;
	size_t nr, cap;
};

/* Returns 0 or -ENOMEM. */
int toc_add(struct toc *t, const struct format_chunk *c, uint64_t off, uint64_t reach_ts);
/* The earliest time that the record tells of; rec: a whole one. */
uint64_t toc_reach(const void *rec);
/* Whether later records rely on this one. */
bool toc_is_name(const struct wire_hdr *h);

/*
 * c is moved. Returns 1, 0 if the file has no table, or none that is sound (then all of the file is
 * to be read), or -errno with *err filled.
 */
int toc_read(struct toc *t, struct chunks *c, struct err *err);
/* Whether records of that chunk tell of that time. */
bool toc_overlaps(const struct format_entry *e, uint64_t from_ts, uint64_t to_ts);
void toc_release(struct toc *t); /* a zeroed struct is fine */

#endif
