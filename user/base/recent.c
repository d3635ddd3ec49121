/* SPDX-License-Identifier: MIT */
/*
 * recent.c - see recent.h. Invariant: a slot that is in use is in the index, as its number + 1
 * (slots move when the array grows).
 */
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/recent.h"

struct slot {
	uint64_t key;
	bool used;
	alignas(8) char value[];
};

static size_t stride_of(const struct recent *r)
{
	return sizeof(struct slot) + ((r->size + 7) & ~(size_t)7);
}

static struct slot *slot_at(const struct recent *r, size_t i)
{
	return (struct slot *)(r->slots + i * stride_of(r));
}

static bool grow(struct recent *r)
{
	size_t cap = r->cap ? r->cap * 2 : 16;
	char *slots;

	if (cap > r->max)
		cap = r->max;
	slots = realloc(r->slots, cap * stride_of(r));
	if (!slots)
		return false;
	r->slots = slots;
	r->cap = cap;
	return true;
}

/* The number of a slot to write to: a new one, or the oldest one's. */
static bool take_slot(struct recent *r, size_t *out)
{
	if (r->nr < r->max) {
		if (r->nr == r->cap && !grow(r))
			return false;
		*out = r->nr++;
		return true;
	}
	*out = r->hand;
	r->hand = (r->hand + 1) % r->max;
	if (slot_at(r, *out)->used)
		hash_del(&r->index, slot_at(r, *out)->key);
	/* The one that will have to go next: the index is large, and its place in it far away. */
	hash_prefetch(&r->index, slot_at(r, r->hand)->key);
	return true;
}

void *recent_get(const struct recent *r, uint64_t key)
{
	size_t i = (size_t)(uintptr_t)hash_get(&r->index, key);

	return i ? slot_at(r, i - 1)->value : NULL;
}

void *recent_put(struct recent *r, uint64_t key)
{
	void *old = recent_get(r, key);
	struct slot *s;
	size_t i;

	if (old)
		return old;
	if (!take_slot(r, &i))
		return NULL;
	s = slot_at(r, i);
	memset(s, 0, stride_of(r));
	if (hash_put(&r->index, key, (void *)(uintptr_t)(i + 1)))
		return NULL;
	s->key = key;
	s->used = true;
	return s->value;
}

void recent_del(struct recent *r, uint64_t key)
{
	size_t i = (size_t)(uintptr_t)hash_del(&r->index, key);

	if (i)
		slot_at(r, i - 1)->used = false;
}

void recent_release(struct recent *r)
{
	hash_release(&r->index);
	free(r->slots);
	r->slots = NULL;
	r->nr = r->cap = r->hand = 0;
}
