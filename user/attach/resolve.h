/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - from addresses to names
 */
#ifndef CTRACE_RESOLVE_H
#define CTRACE_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

struct images;

#define RESOLVE_KERNEL (SIZE_MAX - 1) /* a space like those of images.h: the kernel's */

struct resolve_addr {
	size_t space;
	uint64_t addr;
};

/* What stands there. What is not known is "". */
struct resolve_symbol {
	const char *name, *module, *site;
	uint64_t off; /* from the function's begin; without a name, in the file */
};

typedef int (*resolve_fn)(void *ctx, const struct resolve_addr *a, const struct resolve_symbol *s);

/*
 * Calls fn for each of v, which is sorted by space and address, in that order: once, and once more
 * for each function that is inlined there, the innermost first. fn returning non-zero ends it.
 */
void resolve(const struct resolve_addr *v, size_t nr, const struct images *im, resolve_fn fn,
	     void *ctx);

#endif
