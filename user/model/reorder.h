/* SPDX-License-Identifier: MIT */
/*
 * reorder.h - puts one nearly sorted stream in order
 *
 * Records are copied in and come out by key, those of equal key in the order in which they came.
 * They are held in sorted runs: a record goes to the end of the first run whose last key is not
 * above its own, so a sorted stream is one run and costs O(1) a record, and a batch of old
 * records (a thread's marks that come late, in order among themselves) is one more run. What
 * would need more runs than REORDER_RUNS goes to a heap.
 *
 *	run 0   …  70  80  90 100      <- the stream
 *	run 1   …  31  33  34          <- a batch that came late
 *	misfits    heap
 *
 * Not thread-safe.
 */
#ifndef CTRACE_REORDER_H
#define CTRACE_REORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "ctrace/wire.h"

enum { REORDER_RUNS = 24, REORDER_BLOCK_SZ = 16384 };

struct reorder_block;

/* A sorted queue: entries [head, head + nr), modulo cap, a power of two. */
struct reorder_run {
	struct heap_item *v; /* tie: order of arrival; val: the record */
	uint32_t head, nr, cap;
};

struct reorder {
	struct reorder_run runs[REORDER_RUNS];
	int runs_nr;
	struct heap misfits;
	int head; /* cached: the run that has the head, or one of reorder.c's HEAD_* */
	uint64_t arrivals, max_key;
	size_t nr;
	struct reorder_block *cur;   /* being filled */
	struct reorder_block *spare; /* empty ones */
	size_t blocks;		     /* all of this stream's, spare ones not */
};

/* Copies rec (a checked record). Returns 0 or -ENOMEM, and then nothing has changed. */
int reorder_push(struct reorder *r, uint64_t key, const struct wire_hdr *rec);
/* The record with the least key, or NULL. Valid until it is released. */
const struct heap_item *reorder_head(struct reorder *r);
/* Removes the head from the order; its bytes stay until reorder_free_record. */
const struct wire_hdr *reorder_pop(struct reorder *r);
void reorder_free_record(struct reorder *r, const struct wire_hdr *rec);
/* Bytes of memory in which records stand. */
size_t reorder_bytes(const struct reorder *r);
void reorder_release(struct reorder *r);

#endif
