/* SPDX-License-Identifier: MIT */
/*
 * perfetto_tracks.h - what the events of a Perfetto trace are shown on
 *
 *	process
 *	  tasks        a group: tracks called like a root task; it, and the tasks inside of it
 *	  async        a group: tracks called like an async region
 *	  thread       its regions, nested, and its logs
 *	    waits      why it was off its CPU, one slice a wait
 *
 * Slices of one track must nest. A region that cannot (it crosses another, or was begun before
 * the trace around others) gets a track below its thread, a task that outlives its parent one
 * beside it. Viewers show tracks of one name and parent as one, in as many lanes as it takes.
 *
 * Memory: threads and tasks that are open, and the processes seen last, PROCESSES_MAX of them. One
 * that was forgotten is described again.
 */
#ifndef CTRACE_PERFETTO_TRACKS_H
#define CTRACE_PERFETTO_TRACKS_H

#include "base/hash.h"
#include "base/pool.h"
#include "base/recent.h"
#include "export/nesting.h"
#include "export/perfetto_out.h"
#include "model/span.h"

enum {
	PROCESSES_MAX = 4096,
	LANES_MAX = 64,	     /* of one group that are looked at */
	LANES_ALL = 1 << 16, /* that are kept; beyond, each slice has a track of its own */
};

/* A track whose slices follow each other. */
struct lane {
	uint64_t uuid;
	uint64_t name;	   /* TEXT_NAME */
	uint64_t parent;   /* uuid */
	uint64_t last_end; /* nothing is on it from then on … */
	struct open_task
		*top; /* … but for this one, which is open, and those that it is inside of */
	struct lane *next;
};

/* A task that has begun. */
struct open_task {
	uint32_t pid, tid; /* of the thread that began it */
	uint64_t begin;
	struct lane *lane;	 /* NULL: none is kept for it */
	struct open_task *under; /* on its lane */
	bool flows;		 /* arrows lead from it */
	const void *thread;	 /* key of the thread that an arrow led to last */
};

struct thread_tracks {
	uint64_t thread, waits; /* uuids */
	/* Of the regions at each depth: how long those were that the next one around them will
	 * hold; and, a bit each, whether one of them is drawn elsewhere. */
	uint64_t inside[NESTING_DEEP];
	uint32_t odd;
};

struct perfetto_tracks {
	struct perfetto_out *out;
	struct hash threads;	 /* by key */
	struct hash tasks;	 /* open ones by nr */
	struct recent processes; /* by pid */
	struct hash lanes;	 /* by group, each a list */
	struct pool thread_pool, task_pool, lane_pool;
	size_t lanes_nr;
	struct nesting nesting;
	uint64_t uuids; /* given out so far */
};

void perfetto_tracks_init(struct perfetto_tracks *t, struct perfetto_out *out);
void perfetto_tracks_release(struct perfetto_tracks *t);
/* Describes a thread and its process, also if they are known already: it may have a new name. */
void perfetto_track_name(struct perfetto_tracks *t, const struct span_thread *th);
void perfetto_track_thread_end(struct perfetto_tracks *t, const struct span_thread *th);
/* Each returns the uuid of a track that has been described. */
uint64_t perfetto_track_waits(struct perfetto_tracks *t, const struct span_thread *th);
uint64_t perfetto_track_thread(struct perfetto_tracks *t, const struct span_thread *th);
/* The waits of the thread of that key; 0 if it is not alive. */
uint64_t perfetto_track_waits_of(struct perfetto_tracks *t, uint64_t key);
/* *self: whether a viewer sees how long it was without the regions inside of it. */
uint64_t perfetto_track_region(struct perfetto_tracks *t, const struct span_region *r, bool *self);
uint64_t perfetto_track_async(struct perfetto_tracks *t, const struct span_async *a);
uint64_t perfetto_track_lost(struct perfetto_tracks *t, uint64_t begin, uint64_t end);
/* One that belongs to no process; counter: one of numbers. */
uint64_t perfetto_track_top(struct perfetto_tracks *t, const char *name, bool counter);

/* A task has begun: a lane is kept for it. */
void perfetto_track_task_begin(struct perfetto_tracks *t, const struct span_task *task);
/* The open task of that nr, or NULL. */
struct open_task *perfetto_track_open(struct perfetto_tracks *t, uint64_t nr);
/* A task is over; *flows: whether arrows lead from it. */
uint64_t perfetto_track_task(struct perfetto_tracks *t, const struct span_task *task, bool *flows);

#endif
