/* SPDX-License-Identifier: MIT */
/*
 * reorder.c - see reorder.h. Invariant: the last keys of the runs strictly decrease with the
 * run's number, so the first run that can take a record is the one with the closest last key, and
 * of records of equal key the one in the lower run came first, a misfit last.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/reorder.h"

/* Blocks are aligned to their size: a record's block is found from its address. */
struct reorder_block {
	uint32_t used, live; /* bytes given out; records not yet freed */
	struct reorder_block *next;
};

static struct reorder_block *block_of(const struct wire_hdr *rec)
{
	return (struct reorder_block *)((uintptr_t)rec & ~(uintptr_t)(REORDER_BLOCK_SZ - 1));
}

static struct reorder_entry *run_at(const struct reorder_run *run, uint32_t i)
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

static int run_append(struct reorder_run *run, struct reorder_entry entry)
{
	if (run->nr == run->cap) {
		uint32_t cap = run->cap ? run->cap * 2 : 64;
		struct reorder_entry *v = malloc(cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		for (uint32_t i = 0; i < run->nr; i++)
			v[i] = *run_at(run, i);
		free(run->v);
		*run = (struct reorder_run){.v = v, .nr = run->nr, .cap = cap};
	}
	run->nr++;
	*run_at(run, run->nr - 1) = entry;
	return 0;
}

/* Returns the run that took it, REORDER_IN_RUN and up, REORDER_MISFIT, or -ENOMEM. */
static int place(struct reorder *r, uint64_t key, struct wire_hdr *rec)
{
	int i = 0;

	while (i < r->runs_nr && r->last_keys[i] > key)
		i++;
	if (i == REORDER_RUNS) {
		struct heap_item item = {.key = key, .tie = r->arrivals++, .val = rec};

		return heap_push(&r->misfits, item) ? -ENOMEM : REORDER_MISFIT;
	}
	if (run_append(&r->runs[i], (struct reorder_entry){key, rec}))
		return -ENOMEM;
	r->last_keys[i] = key;
	if (r->runs[i].nr == 1)
		r->first_keys[i] = key;
	if (i == r->runs_nr)
		r->runs_nr++;
	return REORDER_IN_RUN + i;
}

void reorder_look(struct reorder *r)
{
	uint64_t least = UINT64_MAX;
	int at = REORDER_NONE;

	for (int i = 0; i < r->runs_nr; i++) {
		if (r->first_keys[i] < least || at == REORDER_NONE) {
			least = r->first_keys[i];
			at = REORDER_IN_RUN + i;
		}
	}
	if (r->misfits.nr && (at == REORDER_NONE || r->misfits.v->key < least)) {
		least = r->misfits.v->key;
		at = REORDER_MISFIT;
	}
	r->head = at;
	r->head_key = least;
}

int reorder_push(struct reorder *r, uint64_t key, const struct wire_hdr *rec)
{
	struct wire_hdr *copy = copy_in(r, rec);
	uint64_t head;
	int at;

	if (!copy)
		return -ENOMEM;
	at = place(r, key, copy);
	if (at == -ENOMEM) {
		reorder_free_record(r, copy);
		return -ENOMEM;
	}
	if (r->head != REORDER_LOOK && (!reorder_head(r, &head) || key < head)) {
		r->head = at;
		r->head_key = key;
	}
	r->nr++;
	if (key > r->max_key)
		r->max_key = key;
	return 0;
}

const struct wire_hdr *reorder_pop(struct reorder *r)
{
	const struct wire_hdr *rec;
	struct reorder_run *run;
	uint64_t key;
	int at;

	if (!reorder_head(r, &key))
		return NULL;
	at = r->head;
	r->nr--;
	r->head = REORDER_LOOK;
	if (at == REORDER_MISFIT)
		return heap_pop(&r->misfits).val;
	at -= REORDER_IN_RUN;
	run = &r->runs[at];
	rec = run_at(run, 0)->rec;
	run->head = (run->head + 1) & (run->cap - 1);
	if (!--run->nr) {
		r->runs_nr--; /* the last one: all its keys are below the others' last keys */
		return rec;
	}
	r->first_keys[at] = run_at(run, 0)->key;
	__builtin_prefetch(run_at(run, 0)->rec); /* its turn comes soon */
	return rec;
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
