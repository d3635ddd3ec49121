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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "ctrace/wire.h"

enum { REORDER_RUNS = 24, REORDER_BLOCK_SZ = 16384 };

struct reorder_block;

struct reorder_entry {
	uint64_t key;
	struct wire_hdr *rec;
};

/* A sorted queue: entries [head, head + nr), modulo cap, a power of two. */
struct reorder_run {
	struct reorder_entry *v;
	uint32_t head, nr, cap;
};

/* Where the head is. A zeroed struct is empty, so 0 has to be "look for it". */
enum {
	REORDER_LOOK = 0,
	REORDER_NONE = -1,
	REORDER_MISFIT = -2,
	REORDER_IN_RUN = 1 /* + the run's number */
};

struct reorder {
	/* The keys at the two ends of each run, side by side: each record goes through them. */
	uint64_t first_keys[REORDER_RUNS], last_keys[REORDER_RUNS];
	struct reorder_run runs[REORDER_RUNS];
	int runs_nr;
	struct heap misfits; /* tie: order of arrival; val: the record */
	int head;	     /* REORDER_*; cached */
	uint64_t head_key;
	uint64_t arrivals, max_key;
	size_t nr;
	struct reorder_block *cur;   /* being filled */
	struct reorder_block *spare; /* empty ones */
	size_t blocks;		     /* all of this stream's, spare ones not */
};

/* Copies rec (a checked record). Returns 0 or -ENOMEM, and then nothing has changed. */
int reorder_push(struct reorder *r, uint64_t key, const struct wire_hdr *rec);
/* Finds out where the head is: r->head is not REORDER_LOOK then. */
void reorder_look(struct reorder *r);
/* The least key of all; false if there is no record. */
static inline bool reorder_head(struct reorder *r, uint64_t *key)
{
	if (r->head == REORDER_LOOK)
		reorder_look(r);
	*key = r->head_key;
	return r->head != REORDER_NONE;
}
/* Removes the head from the order; its bytes stay until reorder_free_record. */
const struct wire_hdr *reorder_pop(struct reorder *r);
void reorder_free_record(struct reorder *r, const struct wire_hdr *rec);
/* Bytes of memory in which records stand. */
static inline size_t reorder_bytes(const struct reorder *r)
{
	return r->blocks * REORDER_BLOCK_SZ;
}
void reorder_release(struct reorder *r);

#endif
