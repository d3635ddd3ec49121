/* SPDX-License-Identifier: MIT */
/*
 * recent.h - a map that remembers the last N keys it was given
 *
 *	struct recent r = { .size = sizeof(struct x), .max = 4096 };
 *
 * When it is full, the key that was added first is forgotten. Values are copies of `size` bytes
 * inside; a pointer to one is valid until the next recent_put. Not thread-safe.
 */
#ifndef CTRACE_RECENT_H
#define CTRACE_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct recent {
	size_t size, max; /* set before use */
	struct hash index;
	char *slots;
	size_t nr, cap, hand;
};

/* The value of key, added (zeroed) if it is not there; NULL without memory. */
void *recent_put(struct recent *r, uint64_t key);
/* NULL if it is not there, or was forgotten. */
void *recent_get(const struct recent *r, uint64_t key);
void recent_del(struct recent *r, uint64_t key);
void recent_release(struct recent *r);

#endif
