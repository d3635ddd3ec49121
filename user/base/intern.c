/* SPDX-License-Identifier: MIT */
/* intern.c - see intern.h. Invariant: every name is in the chain of its hash, exactly once. */
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"

static uint64_t text_hash(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ull;
	return h;
}

static const struct name *find(const struct intern *t, const char *text, size_t n, uint64_t hash)
{
	const struct name *name = hash_get(&t->by_hash, hash);

	while (name && (name->len != n || memcmp(name->text, text, n) != 0))
		name = name->same_hash;
	return name;
}

const struct name *intern_find(const struct intern *t, const char *text, size_t n)
{
	n = strnlen(text, n);
	return find(t, text, n, text_hash(text, n));
}

const struct name *intern_get(struct intern *t, const char *text, size_t n)
{
	const struct name *old;
	struct name *name;
	uint64_t hash;

	n = strnlen(text, n);
	hash = text_hash(text, n);
	old = find(t, text, n, hash);
	if (old)
		return old;
	name = malloc(sizeof(*name) + n + 1);
	if (!name)
		return NULL;
	*name = (struct name){.idx = t->nr + 1, .len = (uint32_t)n, .hash = hash};
	name->same_hash = hash_get(&t->by_hash, hash);
	memcpy(name->text, text, n);
	name->text[n] = '\0';
	if (hash_put(&t->by_hash, hash, name)) {
		free(name);
		return NULL;
	}
	t->nr++;
	return name;
}

void intern_release(struct intern *t)
{
	struct name *name;
	size_t at = 0;

	while ((name = hash_next(&t->by_hash, &at))) {
		while (name) {
			struct name *next = (struct name *)name->same_hash;

			free(name);
			name = next;
		}
	}
	hash_release(&t->by_hash);
	t->nr = 0;
}
