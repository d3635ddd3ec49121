/* SPDX-License-Identifier: MIT */
/*
 * hash.c - see hash.h. Invariant: from a key's home slot to where it is, no slot is empty.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

enum { HASH_FIRST_CAP = 16 };

static struct hash_slot *slot_of(const struct hash *h, uint64_t key)
{
	size_t i = hash_mix(key) & (h->cap - 1);

	while (h->v[i].val && h->v[i].key != key)
		i = (i + 1) & (h->cap - 1);
	return &h->v[i];
}

static int grow(struct hash *h)
{
	struct hash bigger = {.cap = h->cap ? h->cap * 2 : HASH_FIRST_CAP, .nr = h->nr};

	bigger.v = calloc(bigger.cap, sizeof(*bigger.v));
	if (!bigger.v)
		return -ENOMEM;
	for (size_t i = 0; i < h->cap; i++) {
		if (h->v[i].val)
			*slot_of(&bigger, h->v[i].key) = h->v[i];
	}
	free(h->v);
	*h = bigger;
	return 0;
}

int hash_put(struct hash *h, uint64_t key, void *val)
{
	struct hash_slot *s;

	if ((h->nr + 1) * 2 > h->cap && grow(h))
		return -ENOMEM;
	s = slot_of(h, key);
	h->nr += !s->val;
	*s = (struct hash_slot){key, val};
	return 0;
}

void *hash_del(struct hash *h, uint64_t key)
{
	size_t mask = h->cap - 1, hole, i;
	struct hash_slot *s;
	void *val;

	if (!h->nr)
		return NULL;
	s = slot_of(h, key);
	val = s->val;
	if (!val)
		return NULL;
	/* Whoever could not get a place before the hole since it was taken moves back into it. */
	hole = (size_t)(s - h->v);
	for (i = (hole + 1) & mask; h->v[i].val; i = (i + 1) & mask) {
		size_t home = hash_mix(h->v[i].key) & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			h->v[hole] = h->v[i];
			hole = i;
		}
	}
	h->v[hole].val = NULL;
	h->nr--;
	return val;
}

void *hash_next(const struct hash *h, size_t *at)
{
	while (*at < h->cap) {
		void *val = h->v[(*at)++].val;

		if (val)
			return val;
	}
	return NULL;
}

void hash_release(struct hash *h)
{
	free(h->v);
	*h = (struct hash){0};
}
