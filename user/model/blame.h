/* SPDX-License-Identifier: MIT */
/*
 * blame.h - what a time hangs on: from who waited to whoever ended the wait, and on
 *
 *	A  | ran |        waited for a lock         | ran |        B ended A's wait. What B did
 *	B       | ran | waited for C | ran      |wake           meanwhile, A hung on; while B
 *	C            | waited, disk |wake                       waited, both hung on C.
 *
 * A chain goes from a wait to the thread that ended it, for the same stretch of time, and from its
 * waits on. It ends where a thread ran, or lacked a CPU; where an interrupt or a thread that is not
 * traced ended a wait; and where nothing more is known. A task's critical path is that, from the
 * task's end back to its begin. The pieces follow each other backwards in time without a gap, so
 * they add up to the whole.
 *
 * Over a network it is an interrupt that ends a wait. On loopback it is handled within the sender's
 * own call, so that the thread it interrupted is the sender. It is followed if there is reason to
 * believe it: see sender() in blame.c. Such a link is `inferred`.
 */
#ifndef CTRACE_BLAME_H
#define CTRACE_BLAME_H

#include "model/inner.h"

enum {
	BLAME_DEPTH = 16,   /* links of a chain */
	BLAME_PIECES = 128, /* pieces that one wait of the task is taken apart into */
	BLAME_SHARE = 16,   /* waits shorter than such a part of it are not followed */
};

/*
 * A piece of time, and whom it hangs on. The pieces that are given out are ends of chains; `up` is
 * the wait of which this is a part, and so on up to the first one.
 */
struct blame_piece {
	const struct blame_piece *up;  /* NULL: it is the task's, or the waiter's, own */
	const struct blame_piece *own; /* the first one; NULL as `up` */
	const struct past *who;	       /* NULL: nobody is known */
	uint64_t begin, end;
	enum state state;
	enum blame_via via;
	enum blame_end ended;
	uint32_t depth;
	bool inferred;
	bool idle; /* only above others: no thread worked for the task */
	/* Where it was at place_ts, in a piece that is given out; of others blame_place() tells. */
	const struct past_place *place; /* NULL: nowhere, or not looked up */
	uint64_t place_ts;
	const struct name *resource, *by; /* no_name: none */
};

struct blame {
	struct model *m;
	void (*piece)(void *ctx, const struct blame_piece *piece, uint64_t ns);
	void *ctx;
	uint32_t left;	       /* pieces that the current wait may still be taken apart into */
	uint64_t least_ns;     /* that a part of it must last to be followed */
	const struct leg *leg; /* that is looked back upon; NULL: none */
};

/* The critical path of a task that is closed, and paid for. Pieces come from its end to its
 * begin. */
void blame_task(struct blame *b, const struct task *task);
/* The chain of the wait of thread p that began at `begin`, until it was woken. */
void blame_wait(struct blame *b, const struct past *p, uint64_t begin);

/* Where the thread of a piece was, at its end; NULL: nowhere. */
const struct past_place *blame_place(const struct blame_piece *piece);

/* A thread works for a task whose parent's threads may wait for that. Over at ts. */
void blame_helper_begin(struct model *m, const struct thread *th, const struct task *task);
void blame_helper_end(struct model *m, const struct thread *th, const struct task *task,
		      uint64_t ts);

#endif
