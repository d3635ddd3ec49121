/* SPDX-License-Identifier: MIT */
/*
 * batch_text.h - what stands at the addresses that batched marks name, by process
 *
 * A thread says once what a literal is, and relies on it from then on; a child of fork relies on
 * what its parent said. The capture wants each once a process, not later than the first mark that
 * needs it. A tag is an address | the number of its object << 48: another library at the same place
 * has other tags. Pure; not thread-safe.
 */
#ifndef CTRACE_BATCH_TEXT_H
#define CTRACE_BATCH_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/intern.h"
#include "base/pool.h"

/* N.B. of more literals than that in a process, the others are told each time. */
enum { BATCH_TEXTS_MAX = 1 << 16 };

struct batch_text {
	const struct name *name;
	bool cut;	  /* the application's is longer */
	uint64_t told_ts; /* the earliest time at which the capture has it */
};

struct batch_process {
	uint32_t pid, parent; /* parent: 0 none known */
	int64_t clock_shift;  /* its CLOCK_MONOTONIC minus ours */
	struct hash texts;    /* tag -> struct batch_text */
};

struct batch_texts {
	struct hash processes;
	struct intern names;
	struct pool text_pool, process_pool;
};

void batch_texts_init(struct batch_texts *);
/* Made if there is none; NULL without memory. */
struct batch_process *batch_process_get(struct batch_texts *, uint32_t pid);
void batch_process_drop(struct batch_texts *, uint32_t pid);
/* What the process, or who forked it, said of tag; NULL if nobody did. */
struct batch_text *batch_text_find(struct batch_texts *, struct batch_process *, uint64_t tag);
/* Notes it. NULL: no room for it (or no memory). A text that was there is replaced. */
struct batch_text *batch_text_put(struct batch_texts *, struct batch_process *, uint64_t tag,
				  const char *s, uint32_t n, bool cut);
void batch_texts_release(struct batch_texts *);

#endif
