/* SPDX-License-Identifier: MIT */
/*
 * html_rows.h - what a page shows of single tasks, gathered while they end
 *
 * For each name and each bucket of latency: how many tasks, where the time of all of them went,
 * and a few of them in full, as JSON. The buckets are those of the summary's histograms. Memory:
 * a bin per non-empty bucket, and at most HTML_HELD_MAX bytes of samples, whatever is traced.
 */
#ifndef CTRACE_HTML_ROWS_H
#define CTRACE_HTML_ROWS_H

#include "base/hash.h"
#include "base/intern.h"
#include "export/html_strips.h"
#include "model/span.h"

enum { HTML_SAMPLES = 3, HTML_NAMES_MAX = 4096, HTML_HELD_MAX = 16 << 20 };

struct html_sample {
	char *text; /* the JSON object; NULL: none */
	size_t sz;
	uint32_t pid;
	uint64_t id, begin; /* with pid: which task it is */
	bool steps;
};

struct html_bin {
	uint64_t lo, hi; /* lo <= duration < hi */
	uint64_t count, wall_ns, idle_ns;
	struct breakdown spent;
	uint64_t candidates; /* for a sample, with steps */
	struct html_sample samples[HTML_SAMPLES];
};

struct html_name {
	const struct name *name;
	struct hash bins; /* by lo */
};

struct html {
	const struct capture_info *info;
	struct html_strips strips;
	struct intern names;
	struct hash by_name; /* idx -> struct html_name */
	size_t held;	     /* bytes of samples */
	uint64_t random;     /* seeded alike in each run: the same capture gives the same page */
};

/* Counts a complete task; 0 or -ENOMEM. */
int html_rows_add(struct html *h, const struct span_task *t);
/* NULL if there was none of that name. */
const struct html_name *html_rows_find(const struct html *h, const char *name);
/* The bins by lo; the caller frees *out. Their number, or -ENOMEM. */
long html_rows_bins(const struct html_name *n, struct html_bin ***out);
/* The task as a JSON object in memory that the caller frees; NULL without memory. */
char *html_story(const struct capture_info *info, const struct span_task *t, bool slowest,
		 size_t *sz);
void html_rows_release(struct html *h);

#endif
