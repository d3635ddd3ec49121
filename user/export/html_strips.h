/* SPDX-License-Identifier: MIT */
/*
 * html_strips.h - what each thread did when, in a fixed number of slices of the trace
 *
 * Of each slice and thread, the time in every state is added up; shown is the state of which there
 * was most. Memory: 6 KiB a thread, for the first HTML_STRIPS_MAX threads; the others have none.
 */
#ifndef CTRACE_HTML_STRIPS_H
#define CTRACE_HTML_STRIPS_H

#include "base/hash.h"
#include "model/span.h"

enum { HTML_SLICES = 96, HTML_STRIPS_MAX = 1024 };

struct html_strip {
	uint32_t pid, tid;
	uint64_t begin;
	uint32_t time[HTML_SLICES][STATE_NR]; /* ns >> shift */
};

struct html_strips {
	uint64_t start, slice_ns;
	unsigned int shift;		       /* so that a slice fits into 32 bits */
	struct hash by_key;		       /* of the thread's key -> struct html_strip */
	struct html_strip *v[HTML_STRIPS_MAX]; /* in the order of their first intervals */
	size_t nr;
};

void html_strips_init(struct html_strips *s, const struct capture_info *info);
/* 0 or -ENOMEM. */
int html_strips_add(struct html_strips *s, const struct span_interval *i);
/* A letter a slice: 'a' for the first state …, '-' where there is none. */
void html_strip_text(const struct html_strip *strip, char text[HTML_SLICES + 1]);
void html_strips_release(struct html_strips *s);

#endif
