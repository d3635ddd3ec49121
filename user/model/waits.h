/* SPDX-License-Identifier: MIT */
/*
 * waits.h - all waits of a trace, by what was waited for and where in the program
 *
 * N.B. at most WAITS_MAX different ones are told apart; then the half that took least time is
 * given up, and counted.
 */
#ifndef CTRACE_WAITS_H
#define CTRACE_WAITS_H

#include "base/hash.h"
#include "base/intern.h"
#include "base/pool.h"
#include "ctrace/wire.h"
#include "model/span.h"
#include "model/resources.h"
#include "model/stacks.h"
#include "model/wait.h"

enum { WAITS_MAX = 4096, WAKERS_KNOWN = 16, WAKERS_LISTED = 8 };
enum { HOLDERS_KNOWN = 8, CULPRITS_KNOWN = 24, CULPRITS_LISTED = 8 };

struct model;
struct thread;

struct wait_waker {
	uint32_t pid, tid;
	uint8_t ctx, softirq;
	char comm[WIRE_COMM_SZ];
	const struct name *region; /* NULL: none */
	uint64_t count, ns;
};

struct wait_culprit {
	uint32_t pid, tid;
	char comm[WIRE_COMM_SZ];
	uint64_t ns;
};

/* What each wait of the row changes comes first, and then who is known by name. */
struct wait_row {
	uint64_t key;
	uint64_t count, total_ns, max_ns;
	uint64_t culprits_others_ns, cpu_idle_ns;
	enum state state;
	uint32_t wakers_nr, holders_nr, culprits_nr;
	struct wait_waker wakers[WAKERS_KNOWN];
	struct wait_waker holders[HOLDERS_KNOWN];
	struct wait_culprit culprits[CULPRITS_KNOWN];
	uint64_t wakers_others, holders_others;
	struct wait_stacks stacks;
	const char *resource;	 /* points to buf, or to a name */
	const struct name *name; /* of the resource, set by who needs it; NULL: nobody yet */
	char buf[RESOURCE_TEXT_SZ];
	struct peer peer;
	const struct name *region; /* NULL: none */
};

struct waits {
	struct hash rows; /* by key. N.B. two waits whose 64-bit keys collide are one row */
	struct pool pool;
	uint64_t left_out; /* waits, not rows */
};

/* Who ran on the CPU that was waited for: as span_wait has it. */
struct wait_queue {
	const struct span_culprit *culprits;
	size_t nr;
	uint64_t others_ns, idle_ns;
};

/* A wait to be added: of a thread of process pid, inside region (NULL: none), for ns. */
struct wait_event {
	const struct wire_offcpu *r;
	const struct wait_why *why;
	uint32_t pid;
	const struct name *region;
	uint64_t ns;
	struct stack_ids at;
	const struct name *what; /* the resource; NULL: it has no name */
	const struct peer *peer; /* NULL: not known */
	const char *waker_comm;
	const struct name *waker_region;
	const struct thread *holder; /* NULL none */
	const struct name *holder_region;
	const struct wait_queue *queue; /* NULL: it is no wait for a CPU */
};

/* Before each interval, whose waits are added then: gives up the smaller half of too many rows. */
void waits_make_room(struct waits *w);
/* Its row, valid until room is made; NULL without memory. */
struct wait_row *waits_add(struct waits *w, const struct calls *c, const struct wait_event *e);
/* Most total time first; views into w and the model. NULL without memory. */
const struct summary_wait *waits_summary(const struct waits *w, struct model *m);
void waits_release(struct waits *w);

#endif
