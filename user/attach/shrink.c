/* SPDX-License-Identifier: MIT */
/* shrink.c - see shrink.h. Invariant: a length that does not fit its record leaves it as it is. */
#include <stdint.h>
#include <string.h>

#include "attach/shrink.h"

/* The first `used` bytes. */
static size_t cut(void *to, const struct wire_hdr *rec, size_t used)
{
	const size_t len = (used + WIRE_ALIGN - 1) & ~(size_t)(WIRE_ALIGN - 1);
	struct wire_hdr h = *rec;

	if (len >= rec->len)
		return 0;
	h.len = (uint16_t)len;
	memcpy(to, rec, len);
	memcpy(to, &h, sizeof(h));
	return len;
}

/* Entries are where their threads' hashes put them: most are empty. */
static size_t close_up(void *to, const struct wire_ran *rec)
{
	const struct wire_ran_by *from = (const struct wire_ran_by *)(rec + 1);
	struct wire_ran_by *kept = (struct wire_ran_by *)((struct wire_ran *)to + 1);
	const size_t room = (rec->h.len - sizeof(*rec)) / sizeof(*from);
	struct wire_ran *r = to;
	uint32_t nr = 0;

	if (rec->nr > room || rec->h.len > WIRE_REC_MAX)
		return 0;
	for (uint32_t i = 0; i < rec->nr; i++)
		if (from[i].tid)
			kept[nr++] = from[i];
	if (nr == room)
		return 0;
	*r = *rec;
	r->nr = nr;
	r->h.len = (uint16_t)(sizeof(*r) + nr * sizeof(*kept));
	return r->h.len;
}

size_t shrink(void *to, const struct wire_hdr *rec)
{
	const struct wire_string *string = (const struct wire_string *)rec;
	const struct wire_log *log = (const struct wire_log *)rec;

	switch (rec->kind) {
	case WIRE_STRING:
		return cut(to, rec, sizeof(*string) + string->n);
	case WIRE_LOG:
		return cut(to, rec, sizeof(*log) + log->category_n + log->message_n);
	case WIRE_RAN:
		return close_up(to, (const struct wire_ran *)rec);
	default:
		return 0;
	}
}
