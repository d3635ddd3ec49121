/* SPDX-License-Identifier: MIT */
/*
 * perfetto_tracks.h - what the events of a Perfetto trace are shown on
 *
 *	process
 *	  tasks        a group: one track a task, those of one name side by side
 *	  async        one track an async region, likewise
 *	  thread       its regions, nested, and its logs
 *	    state      what it did, one slice an interval
 *
 * Slices of one track must nest. A region that cannot (it crosses another, or was begun before
 * the trace around others) gets a track of its own below its thread. Viewers show tracks of one
 * name and parent as one, in as many lanes as it takes.
 *
 * Memory: the threads and processes seen last, TRACKS_MAX of each. One that was forgotten is
 * described again, which changes nothing.
 */
#ifndef CTRACE_PERFETTO_TRACKS_H
#define CTRACE_PERFETTO_TRACKS_H

#include "base/protobuf.h"
#include "base/recent.h"
#include "export/nesting.h"
#include "model/span.h"

enum { TRACKS_MAX = 16384 };

struct perfetto_tracks {
	struct recent threads, processes;
	const struct capture_info *info;
	struct nesting nesting;
	uint64_t own; /* given out so far */
};

void perfetto_tracks_init(struct perfetto_tracks *t, const struct capture_info *info);
void perfetto_tracks_release(struct perfetto_tracks *t);
/* Describes a thread and its process, also if they are known already: it may have a new name. */
void perfetto_track_name(struct perfetto_tracks *t, struct pb *pb, const struct span_thread *th);
/* Each returns the uuid of a track that has been described. */
uint64_t perfetto_track_state(struct perfetto_tracks *t, struct pb *pb,
			      const struct span_thread *th);
uint64_t perfetto_track_log(struct perfetto_tracks *t, struct pb *pb, const struct span_thread *th);
uint64_t perfetto_track_region(struct perfetto_tracks *t, struct pb *pb,
			       const struct span_region *r);
uint64_t perfetto_track_task(struct perfetto_tracks *t, struct pb *pb,
			     const struct span_task *task);
uint64_t perfetto_track_async(struct perfetto_tracks *t, struct pb *pb, const struct span_async *a);
/* One that belongs to no process. */
uint64_t perfetto_track_top(struct perfetto_tracks *t, struct pb *pb, const char *name);

/* A packet of our one sequence: what is written in between is in it. */
size_t perfetto_packet(struct pb *pb, uint32_t flags);

#endif
