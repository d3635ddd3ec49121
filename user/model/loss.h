/* SPDX-License-Identifier: MIT */
/*
 * loss.h - the stretches of time in which records were lost
 *
 * A zeroed struct has none. Windows that touch are one. N.B. at most LOSS_WINDOWS are kept apart;
 * then neighbours are joined, which taints more than need be, never less.
 */
#ifndef CTRACE_LOSS_H
#define CTRACE_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOSS_WINDOWS = 4096 };

struct loss_window {
	uint64_t from, to; /* both ends belong to it */
};

struct loss {
	struct loss_window *v; /* sorted, disjoint */
	size_t nr, cap;
};

/* Returns 0 or -ENOMEM. */
int loss_add(struct loss *l, uint64_t from, uint64_t to);
/* The first window that has a time in [begin, end]; NULL if there is none. */
const struct loss_window *loss_in(const struct loss *l, uint64_t begin, uint64_t end);
void loss_release(struct loss *l);

#endif
