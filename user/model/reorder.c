/* SPDX-License-Identifier: MIT */
/*
 * reorder.c - see reorder.h. Invariant: the last keys of the runs strictly decrease with the
 * run's number, so the first run that can take a record is the one with the closest last key.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/reorder.h"

/* Where the head is, if not in a run. A zeroed struct is empty, so 0 has to be "look for it". */
enum { HEAD_LOOK = 0, HEAD_NONE = -1, HEAD_MISFIT = -2, HEAD_RUN = 1 /* + the run's number */ };

/* Blocks are aligned to their size: a record's block is found from its address. */
struct reorder_block {
	uint32_t used, live; /* bytes given out; records not yet freed */
	struct reorder_block *next;
};

static struct reorder_block *block_of(const struct wire_hdr *rec)
{
	return (struct reorder_block *)((uintptr_t)rec & ~(uintptr_t)(REORDER_BLOCK_SZ - 1));
}

static struct heap_item *run_at(const struct reorder_run *run, uint32_t i)
{
	return &run->v[(run->head + i) & (run->cap - 1)];
}

static void recycle(struct reorder *r, struct reorder_block *b)
{
	b->next = r->spare;
	r->spare = b;
	r->blocks--;
}

static int new_block(struct reorder *r)
{
	struct reorder_block *b = r->spare;

	if (b)
		r->spare = b->next;
	else
		b = aligned_alloc(REORDER_BLOCK_SZ, REORDER_BLOCK_SZ);
	if (!b)
		return -ENOMEM;
	*b = (struct reorder_block){.used = sizeof(*b)};
	if (r->cur && !r->cur->live)
		recycle(r, r->cur);
	r->cur = b;
	r->blocks++;
	return 0;
}

static struct wire_hdr *copy_in(struct reorder *r, const struct wire_hdr *rec)
{
	struct wire_hdr *copy;

	if ((!r->cur || r->cur->used + rec->len > REORDER_BLOCK_SZ) && new_block(r))
		return NULL;
	copy = (struct wire_hdr *)((char *)r->cur + r->cur->used);
	memcpy(copy, rec, rec->len);
	r->cur->used += rec->len;
	r->cur->live++;
	return copy;
}

void reorder_free_record(struct reorder *r, const struct wire_hdr *rec)
{
	struct reorder_block *b = block_of(rec);

	if (--b->live)
		return;
	if (b == r->cur)
		b->used = sizeof(*b);
	else
		recycle(r, b);
}

static int run_append(struct reorder_run *run, struct heap_item item)
{
	if (run->nr == run->cap) {
		uint32_t cap = run->cap ? run->cap * 2 : 64;
		struct heap_item *v = malloc(cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		for (uint32_t i = 0; i < run->nr; i++)
			v[i] = *run_at(run, i);
		free(run->v);
		*run = (struct reorder_run){.v = v, .nr = run->nr, .cap = cap};
	}
	run->nr++;
	*run_at(run, run->nr - 1) = item;
	return 0;
}

/* Returns the run that took it, HEAD_RUN and up, HEAD_MISFIT, or -ENOMEM. */
static int place(struct reorder *r, struct heap_item item)
{
	int i;

	for (i = 0; i < r->runs_nr; i++) {
		if (run_at(&r->runs[i], r->runs[i].nr - 1)->key <= item.key)
			return run_append(&r->runs[i], item) ? -ENOMEM : HEAD_RUN + i;
	}
	if (i == REORDER_RUNS)
		return heap_push(&r->misfits, item) ? -ENOMEM : HEAD_MISFIT;
	if (run_append(&r->runs[i], item))
		return -ENOMEM;
	r->runs_nr++;
	return HEAD_RUN + i;
}

static void find_head(struct reorder *r)
{
	const struct heap_item *best = r->misfits.nr ? r->misfits.v : NULL;

	r->head = best ? HEAD_MISFIT : HEAD_NONE;
	for (int i = 0; i < r->runs_nr; i++) {
		const struct heap_item *head = run_at(&r->runs[i], 0);

		if (!best || heap_less(head, best)) {
			best = head;
			r->head = HEAD_RUN + i;
		}
	}
}

const struct heap_item *reorder_head(struct reorder *r)
{
	if (r->head == HEAD_LOOK)
		find_head(r);
	if (r->head == HEAD_NONE)
		return NULL;
	return r->head == HEAD_MISFIT ? r->misfits.v : run_at(&r->runs[r->head - HEAD_RUN], 0);
}

int reorder_push(struct reorder *r, uint64_t key, const struct wire_hdr *rec)
{
	const struct heap_item *head = reorder_head(r);
	bool first = !head || key < head->key;
	struct wire_hdr *copy = copy_in(r, rec);
	int at;

	if (!copy)
		return -ENOMEM;
	at = place(r, (struct heap_item){.key = key, .tie = r->arrivals, .val = copy});
	if (at == -ENOMEM) {
		reorder_free_record(r, copy);
		return -ENOMEM;
	}
	if (first)
		r->head = at;
	r->arrivals++;
	r->nr++;
	if (key > r->max_key)
		r->max_key = key;
	return 0;
}

const struct wire_hdr *reorder_pop(struct reorder *r)
{
	const struct heap_item *head = reorder_head(r);
	const struct wire_hdr *rec;
	struct reorder_run *run;
	int at = r->head;

	if (!head)
		return NULL;
	r->nr--;
	r->head = HEAD_LOOK;
	if (at == HEAD_MISFIT)
		return heap_pop(&r->misfits).val;
	rec = head->val;
	run = &r->runs[at - HEAD_RUN];
	run->head = (run->head + 1) & (run->cap - 1);
	if (!--run->nr)
		r->runs_nr--; /* the last one: all its keys are below the others' last keys */
	return rec;
}

size_t reorder_bytes(const struct reorder *r)
{
	return r->blocks * REORDER_BLOCK_SZ;
}

static void free_blocks(struct reorder_block *b)
{
	while (b) {
		struct reorder_block *next = b->next;

		free(b);
		b = next;
	}
}

void reorder_release(struct reorder *r)
{
	const struct wire_hdr *rec;

	while ((rec = reorder_pop(r)))
		reorder_free_record(r, rec);
	free(r->cur);
	free_blocks(r->spare);
	heap_release(&r->misfits);
	for (int i = 0; i < REORDER_RUNS; i++)
		free(r->runs[i].v);
	*r = (struct reorder){0};
}
