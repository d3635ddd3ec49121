/* SPDX-License-Identifier: MIT */
/* perfetto_lanes.h - what perfetto_lanes.c and perfetto_tracks.c share */
#ifndef CTRACE_PERFETTO_LANES_H
#define CTRACE_PERFETTO_LANES_H

#include "export/perfetto_tracks.h"

/* A lane of that name below a track on which there is nothing from `begin` on, or NULL: no more are
 * kept. */
struct lane *lanes_free(struct perfetto_tracks *t, uint64_t parent, const char *name,
			uint64_t begin);
/* Describes a new track; its uuid. */
uint64_t perfetto_describe(struct perfetto_tracks *t, uint64_t parent, const char *name);
/* The track of a process's tasks, or of its async regions. */
uint64_t perfetto_group(struct perfetto_tracks *t, uint32_t pid, bool async);

#endif
