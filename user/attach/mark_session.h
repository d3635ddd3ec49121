/* SPDX-License-Identifier: MIT */
/*
 * mark_session.h - tells an object of a process that batches are taken, and under which session
 *
 * Each executable or library with marks has three words (ctrace_probes_v3 in ctrace.h): its two
 * semaphores, its number, and the session. A thread that finds a session it has not seen says where
 * its batch is. The words are written through /proc/PID/mem once the probes are attached, so that
 * no thread says it to nobody.
 */
#ifndef CTRACE_MARK_SESSION_H
#define CTRACE_MARK_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "attach/notes.h"
#include "attach/proc.h"

/* The probes of batches; the one whose semaphore has threads write them. */
#define BATCH_PREFIX "batch__"
#define BATCH_ON     "batch__on"

static inline bool note_is_batch(const struct note *n)
{
	return !strncmp(n->name, BATCH_PREFIX, sizeof(BATCH_PREFIX) - 1);
}

static inline bool note_is_switch(const struct note *n)
{
	return n->sema_off && !strcmp(n->name, BATCH_ON);
}

/* Whether a probe of each mark is of the same object and version as batch__on: their semaphores
 * stand side by side. */
static inline bool note_is_beside(const struct note *n, const struct note *on)
{
	return n->sema_off && n->sema_off + 2 == on->sema_off;
}

/*
 * Gives session (not 0) and number to the object that process pid has mapped by map, and of which
 * on is the note of batch__on. One that has this session already keeps its number; with fresh, one
 * that has any: of two tracers, the one that came last is told. Returns 0 or -errno.
 */
int mark_session_write(uint32_t pid, const struct proc_map *map, const struct note *on,
		       uint32_t session, uint32_t object, bool fresh);

#endif
