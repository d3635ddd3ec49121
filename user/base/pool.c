/* SPDX-License-Identifier: MIT */
/* pool.c - see pool.h. Invariant: an object is either the caller's or on the spare list. */
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

enum { SLAB_BYTES = 32768 };

struct pool_slab {
	struct pool_slab *next;
	alignas(16) char bytes[];
};

static size_t stride_of(const struct pool *p)
{
	return (p->size + 15) & ~(size_t)15;
}

static int add_slab(struct pool *p)
{
	size_t stride = stride_of(p), nr = SLAB_BYTES / stride ? SLAB_BYTES / stride : 1;
	struct pool_slab *slab = malloc(sizeof(*slab) + nr * stride);

	if (!slab)
		return -1;
	slab->next = p->slabs;
	p->slabs = slab;
	while (nr--)
		pool_put(p, slab->bytes + nr * stride);
	return 0;
}

void *pool_get_raw(struct pool *p)
{
	void *obj;

	if (!p->spare && add_slab(p))
		return NULL;
	obj = p->spare;
	memcpy(&p->spare, obj, sizeof(p->spare));
	return obj;
}

void *pool_get(struct pool *p)
{
	void *obj = pool_get_raw(p);

	return obj ? memset(obj, 0, p->size) : NULL;
}

void pool_put(struct pool *p, void *obj)
{
	if (!obj)
		return;
	memcpy(obj, &p->spare, sizeof(p->spare));
	p->spare = obj;
}

void pool_release(struct pool *p)
{
	while (p->slabs) {
		struct pool_slab *slab = p->slabs;

		p->slabs = slab->next;
		free(slab);
	}
	p->spare = NULL;
}
