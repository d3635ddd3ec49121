/* SPDX-License-Identifier: MIT */
/*
 * hash.h - a map from a 64-bit key to a pointer
 *
 *	struct hash h = { 0 };
 *	hash_put(&h, tid, thread);
 *	thread = hash_get(&h, tid);
 *	hash_release(&h);
 *
 * Open addressing with linear probing, at most half full; deletion shifts back, so there are no
 * tombstones and lookups stay short however long it lives. A zeroed struct is an empty map.
 * Values belong to the caller and are never NULL. Not thread-safe.
 */
#ifndef CTRACE_HASH_H
#define CTRACE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_slot {
	uint64_t key;
	void *val; /* NULL: empty */
};

struct hash {
	struct hash_slot *v;
	size_t cap, nr; /* cap: 0 or a power of two */
};

/* A good 64-bit mixer; also for callers that combine several numbers into a key. */
static inline uint64_t hash_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15ull;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 32;
}

/* Two numbers into one, mixed as well: the two halves of a product of 128 bits. */
static inline uint64_t hash_two(uint64_t a, uint64_t b)
{
	unsigned __int128 p =
		(unsigned __int128)(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xbf58476d1ce4e5b9ull);

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* NULL if there is none. */
static inline void *hash_get(const struct hash *h, uint64_t key)
{
	if (!h->nr)
		return NULL;
	for (size_t i = hash_mix(key) & (h->cap - 1);; i = (i + 1) & (h->cap - 1)) {
		if (!h->v[i].val || h->v[i].key == key)
			return h->v[i].val;
	}
}

/* The key will be looked for soon: its place comes to the cache meanwhile. */
static inline void hash_prefetch(const struct hash *h, uint64_t key)
{
	if (h->cap)
		__builtin_prefetch(&h->v[hash_mix(key) & (h->cap - 1)]);
}

/* Adds or replaces. Returns 0 or -ENOMEM, and then nothing has changed. */
int hash_put(struct hash *h, uint64_t key, void *val);
/* Returns the value that was there, or NULL. */
void *hash_del(struct hash *h, uint64_t key);
/* Walks in no order: *at starts as 0. NULL at the end. The map must not change meanwhile. */
void *hash_next(const struct hash *h, size_t *at);
/* Frees the map, not the values; it is empty then. */
void hash_release(struct hash *h);

#endif
