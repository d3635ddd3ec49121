/* SPDX-License-Identifier: MIT */
/* losses.c - see losses.h. Invariant: each reason stands once. */
#include <string.h>

#include "attach/losses.h"

void losses_add(struct losses *l, const char *name, uint64_t count)
{
	struct format_loss *at = l->v;
	const size_t most = sizeof(at->name) - 1;

	l->total += count;
	while (at < l->v + l->nr && strncmp(at->name, name, most))
		at++;
	if (!count || at == l->v + LOSSES_MAX)
		return;
	if (at == l->v + l->nr) {
		*at = (struct format_loss){};
		memcpy(at->name, name, strnlen(name, most));
		l->nr++;
	}
	at->count += count;
}
