/* SPDX-License-Identifier: MIT */
/*
 * html_strips.h - what each thread did when, in a fixed number of slices of the trace
 *
 * Of each slice and thread, the time in every state is added up; shown is the state of which there
 * was most. Memory: 6 KiB a thread, for HTML_STRIPS_MAX threads. When there are that many, one that
 * begins takes the place of the one that ran least of those that have ended; if all still live, it
 * has no strip. So those that ran longest have one, unless that many others lived when they began.
 */
#ifndef CTRACE_HTML_STRIPS_H
#define CTRACE_HTML_STRIPS_H

#include "base/hash.h"
#include "model/span.h"

enum { HTML_SLICES = 96, HTML_STRIPS_MAX = 1024 };

struct html_strip {
	const void *key; /* of the thread */
	uint32_t pid, tid;
	uint64_t begin, ran_ns;
	size_t at;			      /* where it stands in v, until they are sorted */
	uint32_t time[HTML_SLICES][STATE_NR]; /* ns >> shift */
};

struct html_strips {
	uint64_t start, slice_ns;
	unsigned int shift; /* so that a slice fits into 32 bits */
	struct hash by_key; /* of the thread's key -> struct html_strip */
	struct html_strip *v[HTML_STRIPS_MAX];
	uint64_t ended[HTML_STRIPS_MAX]; /* how long each ran; UINT64_MAX: it lives */
	size_t nr;
};

void html_strips_init(struct html_strips *s, const struct capture_info *info);
/* 0 or -ENOMEM. */
int html_strips_add(struct html_strips *s, const struct span_interval *i);
/* The thread has ended: its strip may go. */
void html_strips_end(struct html_strips *s, const struct span_thread *t);
/* When all are there, so that one can be found. */
void html_strips_sort(struct html_strips *s);
const struct html_strip *html_strips_find(const struct html_strips *s,
					  const struct summary_thread *t);
/* A letter a slice: 'a' for the first state …, '-' where there is none. */
void html_strip_text(const struct html_strip *strip, char text[HTML_SLICES + 1]);
void html_strips_release(struct html_strips *s);

#endif
