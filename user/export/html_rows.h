/* SPDX-License-Identifier: MIT */
/*
 * html_rows.h - what a page shows of single tasks, gathered while they end
 *
 * For each of the summary's rows, by name, and each bucket of latency: how many tasks, where the
 * time of all of them went, and a few of them in full, as JSON, called as their row is; their
 * sentence has their own name. The buckets are those of the summary's histograms. Of the
 * slowest tasks, the children that took long for their name are kept, too, to be unfolded in them:
 * they end before their parent, so the last HTML_RECENT of such children wait for theirs. Memory: a
 * bin per non-empty bucket of those rows, whose number the model bounds, and at most HTML_HELD_MAX
 * bytes of samples and of children, whatever is traced.
 */
#ifndef CTRACE_HTML_ROWS_H
#define CTRACE_HTML_ROWS_H

#include "base/hash.h"
#include "base/intern.h"
#include "export/html_strips.h"
#include "model/span.h"

enum { HTML_SAMPLES = 3, HTML_HELD_MAX = 16 << 20, HTML_RECENT = 256 };

struct html_sample {
	char *text; /* the JSON object */
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
	unsigned int held, slots; /* samples: those that there are, and may be */
};

struct html_child {
	struct html_sample task; /* text NULL: none */
	const struct name *name;
	uint64_t parent_id;
};

struct html_name {
	const struct name *name;
	uint64_t count, wall_ns;
	struct hash bins; /* by lo */
};

struct html {
	const struct capture_info *info;
	struct html_strips strips;
	struct intern names;
	struct hash by_name; /* idx -> struct html_name */
	size_t held;	     /* bytes of samples, and of children that are kept */
	struct html_child recent[HTML_RECENT];
	size_t recent_at;
	struct html_child *children; /* whose parents were among the slowest when they ended */
	size_t children_nr, children_cap;
	uint64_t children_out;	 /* that there was no memory for */
	struct html_bin **spare; /* the bins with more samples than one */
	size_t spare_nr, spare_cap;
	uint64_t random; /* seeded alike in each run: the same capture gives the same page */
};

/* Counts a complete task that has a row; 0 or -ENOMEM. */
int html_rows_add(struct html *h, const struct span_task *t);
/* NULL if there was none of a row of that name. */
const struct html_name *html_rows_find(const struct html *h, const char *name);
/* The bins by lo; the caller frees *out. Their number, or -ENOMEM. */
long html_rows_bins(const struct html_name *n, struct html_bin ***out);
/* The task as a JSON object in memory that the caller frees; NULL without memory. */
char *html_story(const struct capture_info *info, const struct span_task *t, bool slowest,
		 size_t *sz);
void html_rows_release(struct html *h);

#endif
