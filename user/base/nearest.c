/* SPDX-License-Identifier: MIT */
/*
 * nearest.c - see nearest.h
 *
 * Levenshtein's distance, a row at a time. Invariant: row[i] is the distance of the first i bytes
 * of a to what has been seen of b.
 */
#include <string.h>

#include "base/nearest.h"

enum { NAME_MAX_SZ = 256 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_len, const char *b)
{
	size_t row[NAME_MAX_SZ];

	for (size_t i = 0; i <= a_len; i++)
		row[i] = i;
	for (; *b; b++) {
		size_t before = row[0]++; /* of the row above, one to the left */

		for (size_t i = 1; i <= a_len; i++) {
			const size_t changed = before + (a[i - 1] != *b);

			before = row[i];
			row[i] = least(changed, least(row[i], row[i - 1]) + 1);
		}
	}
	return row[a_len];
}

const char *nearest(const char *asked, const char *const *names, size_t nr)
{
	size_t len = strlen(asked), best = NEAREST_EDITS + 1;
	const char *found = NULL;

	if (len >= NAME_MAX_SZ)
		return NULL;
	for (size_t i = 0; i < nr; i++) {
		size_t n = strlen(names[i]), d;

		if (n > len + NEAREST_EDITS || n + NEAREST_EDITS < len)
			continue;
		d = distance(asked, len, names[i]);
		if (d >= best || d >= len || d >= n)
			continue;
		best = d;
		found = names[i];
	}
	return found;
}
