/* SPDX-License-Identifier: MIT */
/*
 * ranges.h - what is where in the memory of a process: mappings and symbols
 *
 * A zeroed struct is empty. A range that is added takes the place of those that it overlaps. At
 * most RANGES_MAX are kept. Not thread-safe.
 */
#ifndef CTRACE_RANGES_H
#define CTRACE_RANGES_H

#include <stddef.h>
#include <stdint.h>

enum { RANGES_MAX = 8192 };

struct name;

struct range {
	uint64_t begin, end;
	uint64_t offset; /* of begin, in the file */
	const struct name *name;
};

struct ranges {
	struct range *v; /* by begin; they do not overlap */
	size_t nr, cap;
};

/* The range that addr is in, or NULL; valid until the next ranges_add. */
const struct range *ranges_find(const struct ranges *r, uint64_t addr);
/* Returns 0 or -ENOMEM. One that is empty, or beyond the bound, is left out. */
int ranges_add(struct ranges *r, const struct range *range);
void ranges_release(struct ranges *r);

#endif
