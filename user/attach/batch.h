/* SPDX-License-Identifier: MIT */
/*
 * batch.h - the marks that threads write into their own memory become records of a capture
 *
 *	batch_new(&ops)
 *	batch_take(b, stream, rec)      each WIRE_BATCH, in the order in which the rings gave them
 *	batch_round(b)                  when whatever was in a ring at the last one was taken
 *	batch_free(b)
 *
 * A thread's copies come through the rings of the CPUs that it was on, so not always in order, and
 * some twice; each says from where to where it goes. They are put in order here, given out once,
 * and what is missing is counted to the mark. Pure; not thread-safe.
 */
#ifndef CTRACE_BATCH_H
#define CTRACE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctrace/wire.h"

struct batch;

struct batch_ops {
	/* Whole records of wire.h, for a stream of the capture. */
	void (*records)(void *ctx, uint32_t stream, const void *records, size_t n);
	/* Reads up to n bytes at addr in process pid; how many, or -1: it cannot be read. */
	ssize_t (*text)(void *ctx, uint32_t pid, uint64_t addr, char *to, size_t n);
	/* CLOCK_MONOTONIC at a count of rdtsc, of which the low 44 bits are given. False: not known. */
	bool (*tsc)(void *ctx, uint64_t count, uint64_t *ns);
	void *ctx;
};

struct batch_counts {
	uint64_t marks;	     /* given out */
	uint64_t full;	     /* overwritten before there was room for them in a ring */
	uint64_t missing;    /* sent, and never came: there is no way to that, or a bad one */
	uint64_t bad;	     /* stretches that made no sense, and marks in them */
	uint64_t texts_lost; /* names of literals that could not be read any more */
};

/* A batch that may hold more than was given out. */
struct batch_view {
	uint64_t id, addr;
	uint64_t seen;		/* pos up to which it was given out */
	uint64_t taken_ts;	/* when it was last looked at */
	uint64_t mark_ts;	/* of the last mark given out */
	uint64_t looked_pos;	/* where it stood when the collector looked last … */
	uint64_t looked_rounds; /* … and for how many rounds it has stood there */
	uint32_t pid, tid, nonce;
};

struct batch *batch_new(const struct batch_ops *ops); /* NULL without memory */
/* rec: n bytes, of which nothing is trusted but that they are there. */
void batch_take(struct batch *, uint32_t stream, const struct wire_batch *rec, size_t n);
void batch_round(struct batch *);
/* No more copies will come: what waits for others does so in vain. */
void batch_finish(struct batch *);
void batch_forked(struct batch *, uint32_t child, uint32_t parent);
/* Process pid's CLOCK_MONOTONIC is ours plus shift: it is in a time namespace. */
void batch_clock(struct batch *, uint32_t pid, int64_t shift);
/* Process pid has ended, or its memory is another (exec); what is in the rings still counts. */
void batch_gone(struct batch *, uint32_t pid);
/* Records were lost somewhere: what a thread has used is wanted with its next copy. */
void batch_loss(struct batch *);
/* Copies up to max of process pid's batches that were not looked at since `before`. */
size_t batch_list(const struct batch *, uint32_t pid, uint64_t before, struct batch_view *v,
		  size_t max);
/* The collector has found it at pos, at ts. */
void batch_looked(struct batch *, uint64_t id, uint64_t pos, uint64_t ts);
struct batch_counts batch_counts(const struct batch *);
void batch_free(struct batch *);

#endif
