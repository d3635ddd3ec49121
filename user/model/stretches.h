/* SPDX-License-Identifier: MIT */
/*
 * stretches.h - a critical path as stretches of time, the longest of them
 *
 *	struct stretches s = {0};
 *	stretches_add(&s, &(struct stretch){.begin = 90, .end = 100, .key = 7, …});
 *	stretches_add(&s, &(struct stretch){.begin = 50, .end = 90, .key = 7, …});
 *						is one with it
 *	stretches_finish(&s);
 *	use(s.v, s.nr);
 *
 * They are added from a path's end to its begin, and are in the order of time when it is finished.
 * Once there are STRETCHES_MAX, the shortest goes for a longer one, and is counted in left_out.
 */
#ifndef CTRACE_STRETCHES_H
#define CTRACE_STRETCHES_H

#include "base/intern.h"
#include "model/span.h"

enum { STRETCHES_MAX = 64 };

struct stretch {
	uint64_t begin, end;
	uint64_t key; /* of its cause */
	const struct name *comm;
	enum state state;
	uint32_t pid, tid, depth;
};

struct stretches {
	struct stretch v[STRETCHES_MAX];
	struct stretch last; /* the one that may still grow: not in v; end 0: none */
	size_t nr;
	uint64_t left_out;
};

void stretches_add(struct stretches *s, const struct stretch *add);
void stretches_finish(struct stretches *s);

#endif
