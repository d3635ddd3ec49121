/* SPDX-License-Identifier: MIT */
/*
 * story.h - what happened in a task, in a bounded number of steps
 *
 * A story keeps its longest steps: once it is full, a step must outweigh the lightest one to get
 * in. Steps are taken from a pool whose size is bounded too. Not thread-safe.
 */
#ifndef CTRACE_STORY_H
#define CTRACE_STORY_H

#include "base/intern.h"
#include "base/pool.h"
#include "ctrace/wire.h"
#include "model/span.h"
#include "model/wait.h"

enum { STORY_TEXT_SZ = 224, STEP_CULPRITS = 3 };

/* A wait that can outlive the record it came from: its texts are inside. */
struct step_wait {
	struct span_wait wait;
	char resource[RESOURCE_TEXT_SZ];
	char waker_comm[WIRE_COMM_SZ], prev_comm[WIRE_COMM_SZ];
	char holder_comm[WIRE_COMM_SZ], peer_comm[WIRE_COMM_SZ];
	struct span_culprit culprits[STEP_CULPRITS]; /* those that had it longest */
	char culprit_comms[STEP_CULPRITS][WIRE_COMM_SZ];
};

struct step {
	enum story_kind kind;
	uint32_t depth, tid;
	uint64_t begin, end;
	uint64_t weight; /* who is lightest goes first */
	char comm[WIRE_COMM_SZ];
	const struct name *name, *site; /* site: of a region */
	union {
		struct breakdown spent;	  /* STORY_REGION */
		struct step_wait wait;	  /* STORY_WAIT */
		char text[STORY_TEXT_SZ]; /* STORY_LOG: the message. N.B. cut to fit */
	};
};

struct story {
	uint32_t nr, logs;
	uint64_t left_out;
	struct step *v[]; /* once it is full, a heap: the lightest is v[0] */
};

struct stories {
	uint32_t max;	    /* steps of one story */
	uint64_t steps_max; /* of all stories together */
	uint64_t steps;
	struct pool story_pool, step_pool;
};

void stories_init(struct stories *p, uint32_t max);
/*
 * Room for a step of this weight, with kind, begin, end, name and site (NULL) and weight filled in;
 * the rest holds anything. *s is made if it is NULL. NULL if the step is too light or there is no
 * memory: then it is counted as left out.
 */
struct step *story_add(struct stories *p, struct story **s, enum story_kind kind, uint64_t begin,
		       uint64_t end);
/* Fills out (room for s->nr steps) in the order of time; views into s. s may be NULL. */
size_t story_view(const struct story *s, struct story_step *out);
void story_free(struct stories *p, struct story *s); /* NULL is fine */
void stories_release(struct stories *p);

#endif
