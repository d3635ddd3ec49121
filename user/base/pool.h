/* SPDX-License-Identifier: MIT */
/*
 * pool.h - objects of one size, taken and given back without malloc
 *
 *	struct pool p = { .size = sizeof(struct task) };
 *
 * Memory is what was in use at most; it goes back to the system at pool_release only. Objects are
 * aligned to 16 bytes and come zeroed. Not thread-safe.
 */
#ifndef CTRACE_POOL_H
#define CTRACE_POOL_H

#include <stddef.h>

struct pool_slab;

struct pool {
	size_t size; /* of an object; set before the first pool_get */
	struct pool_slab *slabs;
	void *spare; /* a list through the objects' first word */
};

/* A zeroed object, or NULL without memory. */
void *pool_get(struct pool *p);
/* The same, but it holds what it held: for large ones that are filled in anyway. */
void *pool_get_raw(struct pool *p);
/* NULL is fine. */
void pool_put(struct pool *p, void *obj);
/* Frees every object, given back or not. */
void pool_release(struct pool *p);

#endif
