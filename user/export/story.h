/* SPDX-License-Identifier: MIT */
/*
 * story.h - why one task took so long, in words
 *
 *	char why[STORY_SZ];
 *	story_sentence(why, sizeof(why), &summary->tasks[0].slowest[0]);
 *	puts(why);
 *
 * prints, for example: GET /messages took 84.2 ms; 84% of it was one wait: 71.0 ms for a lock
 * (futex 0x7f12a4c0) in region cache.Lookup. The wait was ended by demo-worker-3, then in region
 * rebuild-index.
 */
#ifndef CTRACE_EXPORT_STORY_H
#define CTRACE_EXPORT_STORY_H

#include <stddef.h>

#include "model/span.h"

#define STORY_SZ 1024

/*
 * One or two whole sentences, for display (names are escaped). They rely on the steps, and do
 * with less if there are none. Cut if sz is too small (STORY_SZ holds all but absurd names).
 * Returns the length.
 */
int story_sentence(char *buf, size_t sz, const struct span_task *task);

#endif
