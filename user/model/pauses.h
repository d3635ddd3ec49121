/* SPDX-License-Identifier: MIT */
/*
 * pauses.h - when a process's runtime collected garbage, as far as its marks say
 *
 * The program marks a pause as an async region called "gc": whichever thread collects, all may feel
 * it. Of a thread's time, and so of its regions and tasks, as much counts as it overlapped: an
 * overlay, in whatever state the thread was meanwhile. A pause whose begin was not seen counts not.
 *
 * Invariant: pauses_ns of the latest time is exact, and never falls; of earlier times it may be
 * too much.
 */
#ifndef CTRACE_PAUSES_H
#define CTRACE_PAUSES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct pauses {
	uint32_t open;	/* several may be: what they overlap counts once */
	uint64_t since; /* while any is open */
	uint64_t ns;	/* of those that are over */
};

static inline bool pauses_is_one(const char *async)
{
	return !strcmp(async, "gc");
}

/* How long the process was in pauses up to ts. */
static inline uint64_t pauses_ns(const struct pauses *p, uint64_t ts)
{
	return p->ns + (p->open && ts > p->since ? ts - p->since : 0);
}

static inline void pauses_begin(struct pauses *p, uint64_t ts)
{
	if (!p->open++)
		p->since = ts;
}

static inline void pauses_end(struct pauses *p, uint64_t ts)
{
	if (p->open == 1)
		p->ns = pauses_ns(p, ts);
	p->open -= p->open != 0;
}

#endif
