/* SPDX-License-Identifier: MIT */
/*
 * past.h - what each thread did lately, to be looked back upon when somebody waited for it
 *
 *	off[]      its stretches off CPU, oldest first: why, who ended them. Between two it ran
 *	places[]   since when it was in which region, and for which task
 *
 *	known                                                    now
 *	  |  ran  | off | ran | off  off | ran            | off  | ran …
 *
 * Both are rings that grow with what happens, up to a bound for a thread and one for all threads;
 * then the oldest entry is forgotten, and `known` says since when the past is whole. A thread's
 * past outlives it for a while: who waits for a thread to end is woken when it has. Not
 * thread-safe.
 */
#ifndef CTRACE_PAST_H
#define CTRACE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/intern.h"
#include "model/span.h"

enum { PAST_OFF_MAX = 2048, PAST_PLACES_MAX = 2048, PAST_GRAVES = 1024 };

/* One stretch off CPU, blocked until woken, then ready until end. */
struct past_off {
	uint64_t begin, woken, end;
	const struct name *resource;  /* NULL: none */
	uint32_t waker_tid, prev_tid; /* as in wire_offcpu; 0: not seen, or idle */
	uint32_t waker_off;	      /* a hint: off_nr of the waker when this was noted */
	uint32_t place;		      /* likewise: places_nr; past_add_off fills it in */
	uint8_t state, ready_state;   /* enum state */
	uint8_t reach;		      /* enum reach of resources.h: of a socket */
	uint8_t ctx;		      /* WIRE_WAKER_* */
	bool waits;		      /* for something: not only for a CPU */
	bool open;		      /* it outlived the trace */
};

struct past_place {
	uint64_t ts;
	const struct name *region, *task; /* NULL: none */
	uint64_t task_id;
};

struct past {
	uint32_t tid, pid;
	const struct name *comm, *group; /* the last one; "worker-*" of worker-3 */
	uint32_t parent_tid;		 /* who made it, if that was seen */
	uint64_t begin, end;		 /* its life; end 0: it lives */
	uint64_t known;			 /* off[] is whole from here on */
	uint64_t known_acc[STATE_NR];	 /* its time by state from begin to known */
	struct past_off *off;
	uint32_t off_cap, off_nr; /* nr: of all that ever were; the last cap of them are there */
	struct past_place *places;
	uint32_t places_cap, places_nr;
};

struct pasts {
	size_t bytes, bytes_max; /* of rings; bytes_max 0: 64 MiB */
	struct past *graves[PAST_GRAVES];
	uint32_t graves_first, graves_nr; /* of all that ever were: the oldest there is, the next */
	struct hash dead;		  /* by tid, the last of that tid */
};

/* NULL without memory. */
struct past *past_new(struct pasts *all, uint32_t tid, uint32_t pid, uint64_t begin);
/* off must begin where or after the last one ended. Without memory it is forgotten. */
void past_add_off(struct pasts *all, struct past *p, const struct past_off *off);
/* From ts on the thread is there; an earlier ts than the last one's counts as that. */
void past_add_place(struct pasts *all, struct past *p, const struct past_place *place);
/* Where it was at ts; NULL: nowhere, or it was too long ago. */
const struct past_place *past_place(const struct past *p, uint64_t ts);

/*
 * Entries are numbered from 0; those from past_off_first to off_nr - 1 are there.
 * past_off_before: the number after the last one that begins before ts.
 */
static inline uint32_t past_off_first(const struct past *p)
{
	return p->off_nr > p->off_cap ? p->off_nr - p->off_cap : 0;
}

static inline const struct past_off *past_off(const struct past *p, uint32_t i)
{
	return &p->off[i & (p->off_cap - 1)];
}

uint32_t past_off_before(const struct past *p, uint64_t ts);
/* The same, begun at an entry that may be near. */
uint32_t past_off_near(const struct past *p, uint64_t ts, uint32_t hint);

/* The same of places; past_places_until: the number after the last one at or before ts. */
static inline uint32_t past_places_first(const struct past *p)
{
	return p->places_nr > p->places_cap ? p->places_nr - p->places_cap : 0;
}

static inline const struct past_place *past_place_nr(const struct past *p, uint32_t i)
{
	return &p->places[i & (p->places_cap - 1)];
}

uint32_t past_places_until(const struct past *p, uint64_t ts);
/* The same, begun at an entry that may be near. */
uint32_t past_places_near(const struct past *p, uint64_t ts, uint32_t hint);

/* The thread has ended: from now on p belongs to `all`. NULL is fine. */
void past_bury(struct pasts *all, struct past *p, uint64_t end);
/*
 * The last dead thread of that tid, if it lived at ts, or was still dying: what it does until its last
 * switch, as to free its memory and to wake its parent, is after its end as the trace knows it. NULL;
 * valid until the next past_bury.
 */
const struct past *past_of_dead(const struct pasts *all, uint32_t tid, uint64_t ts);
void past_free(struct pasts *all, struct past *p);
void pasts_release(struct pasts *all);

#endif
