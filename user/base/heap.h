/* SPDX-License-Identifier: MIT */
/*
 * heap.h - a binary heap of (key, tie) pairs, the least on top
 *
 * Of equal keys the lower tie is on top, so that a caller who numbers its items gets them back in
 * that order. A zeroed struct is an empty heap. Not thread-safe.
 */
#ifndef CTRACE_HEAP_H
#define CTRACE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_item {
	uint64_t key, tie;
	void *val;
};

struct heap {
	struct heap_item *v;
	size_t nr, cap;
};

static inline bool heap_less(const struct heap_item *a, const struct heap_item *b)
{
	return a->key != b->key ? a->key < b->key : a->tie < b->tie;
}

/* Returns 0 or -ENOMEM, and then nothing has changed. */
int heap_push(struct heap *h, struct heap_item item);
/* Removes the top; the heap must not be empty. */
struct heap_item heap_pop(struct heap *h);
/* Like pop and push, but with one walk; the heap must not be empty. */
void heap_replace_top(struct heap *h, struct heap_item item);
void heap_release(struct heap *h);

#endif
