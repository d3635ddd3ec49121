/* SPDX-License-Identifier: MIT */
/*
 * intern.h - each distinct string once
 *
 * Equal texts have equal pointers, so names compare and hash as numbers. A name lives as long as
 * the table. A zeroed struct is an empty table. Not thread-safe.
 */
#ifndef CTRACE_INTERN_H
#define CTRACE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct name {
	uint32_t idx; /* counts up from 1 */
	uint32_t len;
	uint64_t hash; /* of the text */
	const struct name *same_hash;
	char text[]; /* NUL-terminated */
};

struct intern {
	struct hash by_hash; /* -> struct name, chained by same_hash */
	uint32_t nr;
};

/* The name of text (n bytes, cut at its first NUL), or NULL if it is not there. */
const struct name *intern_find(const struct intern *t, const char *text, size_t n);
/* The same, added if need be; NULL without memory. */
const struct name *intern_get(struct intern *t, const char *text, size_t n);
void intern_release(struct intern *t);

#endif
