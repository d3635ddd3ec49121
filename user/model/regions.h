/* SPDX-License-Identifier: MIT */
/*
 * regions.h - the open regions of each thread, and async regions
 *
 * A region ends with the innermost open one of its name on its thread. Programs get this wrong
 * (an early return, an end on another thread), so nothing here trusts the nesting: what does not
 * match is counted, and the rest goes on.
 */
#ifndef CTRACE_REGIONS_H
#define CTRACE_REGIONS_H

#include "model/inner.h"

void regions_region(struct model *m, const struct wire_region *r);
/* What is open is unfinished: the thread, its image or the trace ends. */
void regions_close_all(struct model *m, struct thread *th);

/* Innermost open region's name, or NULL. */
static inline const struct name *regions_innermost(const struct thread *th)
{
	return th->regions_nr ? th->regions[th->regions_nr - 1].name : NULL;
}

/* The number of the innermost region, if it was begun for that task, else the task's. */
uint64_t regions_span(const struct thread *th, uint64_t task_nr);

#endif
