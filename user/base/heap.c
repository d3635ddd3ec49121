/* SPDX-License-Identifier: MIT */
/* heap.c - see heap.h. Invariant: no item is less than its parent, at (i - 1) / 2. */
#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"

int heap_push(struct heap *h, struct heap_item item)
{
	size_t i;

	if (h->nr == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : 16;
		struct heap_item *v = realloc(h->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		h->v = v;
		h->cap = cap;
	}
	for (i = h->nr++; i && heap_less(&item, &h->v[(i - 1) / 2]); i = (i - 1) / 2)
		h->v[i] = h->v[(i - 1) / 2];
	h->v[i] = item;
	return 0;
}

void heap_replace_top(struct heap *h, struct heap_item item)
{
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < h->nr; i = child) {
		if (child + 1 < h->nr && heap_less(&h->v[child + 1], &h->v[child]))
			child++;
		if (!heap_less(&h->v[child], &item))
			break;
		h->v[i] = h->v[child];
	}
	h->v[i] = item;
}

struct heap_item heap_pop(struct heap *h)
{
	struct heap_item top = h->v[0];

	if (--h->nr)
		heap_replace_top(h, h->v[h->nr]);
	return top;
}

void heap_release(struct heap *h)
{
	free(h->v);
	*h = (struct heap){0};
}
