/* SPDX-License-Identifier: MIT */
/*
 * merge.h - k nearly sorted streams become one order of time
 *
 *	merge_init(&m, source, &opts, &err);
 *	while ((rc = merge_next(&m, &rec, &err)) > 0)
 *		…                                  rec is checked (decode.h)
 *	merge_release(&m);
 *
 * A stream's records are held until it has shown one that is `lateness_ns` younger, so that what
 * comes late (a mark whose thread lost its CPU between stamp and ring, a batch of marks) finds
 * its place. The order is by time; of equal times strings, stacks and the like go first, then by
 * stream, then as they
 * came. A record that is later than that is delivered at once and counted. Memory is bounded: when
 * a stream holds its share of bytes_max, its oldest record goes early.
 *
 * A WIRE_LOST is placed at the begin of its window rather than at its end: who follows must know
 * of it before the records that it may have made wrong.
 */
#ifndef CTRACE_MERGE_H
#define CTRACE_MERGE_H

#include <stdint.h>

#include "base/heap.h"
#include "ctrace/wire.h"
#include "model/reorder.h"
#include "source.h"

struct err;

struct merge_opts {
	uint64_t lateness_ns;
	uint64_t ts_max;  /* a record later than that is bad; 0: no bound */
	size_t bytes_max; /* of records held, all streams together; 0: 64 MiB */
};

struct merge_stream {
	struct reorder held;
	bool ended;
};

struct merge {
	const struct source *src;
	struct merge_opts opts;
	struct merge_stream *streams;
	struct heap order;	      /* the streams' heads */
	const struct wire_hdr *given; /* by the last merge_next */
	int given_stream;
	uint64_t last_key;
	size_t share; /* of bytes_max, for a stream */
	uint64_t records, late, bad_records, unknown_kinds;
};

/* src must outlive m. Returns 0 or -errno with *err filled; then m needs no release. */
int merge_init(struct merge *m, const struct source *src, const struct merge_opts *opts,
	       struct err *err);
/* 1: *rec is the next record, valid until the next call. 0: the end. Else -errno, *err filled. */
int merge_next(struct merge *m, const struct wire_hdr **rec, struct err *err);
void merge_release(struct merge *m);

#endif
