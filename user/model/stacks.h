/* SPDX-License-Identifier: MIT */
/*
 * stacks.h - time by process, regions, state and call stack
 *
 * Time off CPU is what the threads' accounts say, to the nanosecond: the rows of a state add up to
 * it. Time on CPU is what samples stand for.
 *
 * N.B. STACK_ROWS_MAX rows are told apart; the rest is one row a process, state and kind, without
 * regions and stack. Of stacks, STACK_BYTES_MAX bytes are kept; the others have no frames.
 */
#ifndef CTRACE_STACKS_H
#define CTRACE_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/pool.h"
#include "ctrace/wire.h"
#include "model/span.h"

enum {
	STACK_ROWS_MAX = 65536,
	STACK_BYTES_MAX = 16 << 20,
	WAIT_STACKS_KNOWN = 16,
	WAIT_STACKS_LISTED = 3,
};

struct model;
struct name;
struct thread;

/* Where a thread was: ids of the two parts of a stack; 0: none. */
struct stack_ids {
	uint64_t user, kernel;
};

/* The stacks of one kind of waits. */
struct wait_stacks {
	struct {
		struct stack_ids at;
		uint64_t count, ns;
	} v[WAIT_STACKS_KNOWN];
	unsigned int nr;
	uint64_t others_ns; /* of those that found no room */
};

/* A region and those around it, as a path from the inside out. */
struct place;

struct stacks {
	bool wanted;	    /* rows are made */
	struct hash stacks; /* by id */
	size_t bytes;
	struct hash places, rows;
	struct pool rows_pool;
	struct arena arena; /* stacks, places */
	uint32_t places_nr;
	uint64_t lost; /* stacks that found no room */
};

void stacks_stack(struct model *m, const struct wire_stack *r);
/* The next interval off CPU of the thread, if it ends at the same time, was at these. */
void stacks_blocked_at(struct model *m, const struct wire_blocked_at *r);
void stacks_sample(struct model *m, const struct wire_sample *r);
/* The ids for an interval off CPU that ends at ts. */
struct stack_ids stacks_of_interval(const struct thread *th, uint64_t ts);
/* The thread was ns in a state that is not running, at th->at. */
void stacks_time(struct model *m, struct thread *th, enum state state, uint64_t ns);
void stacks_of_wait(struct wait_stacks *to, struct stack_ids at, uint64_t ns);

/* Fills what the summary says of stacks. Views into the model. */
void stacks_summary(struct model *m, struct summary *s);
size_t stacks_of_wait_summary(struct model *m, const struct wait_stacks *w,
			      const struct summary_wait_stack **out);
void stacks_release(struct stacks *s);

#endif
