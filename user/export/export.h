/* SPDX-License-Identifier: MIT */
/*
 * export.h - the outputs, one sink a file
 *
 *	struct text_ctx ctx = {.out = stdout, .width = term_width(1), .color = term_color(1)};
 *	struct sink sink = {&text_sink, &ctx};
 *	m = model_new(&opts, info, &sink, 1);
 *
 * Each writes to a FILE that the caller opens, and closes after the run. All are pure: what they
 * write depends on the spans and on their ctx alone, so the same capture gives the same bytes.
 * A ctx must outlive the run and is not changed by the caller meanwhile. text_sink and json_sink
 * need no event: their end() may be called alone, with the summary of a model that had no sinks.
 */
#ifndef CTRACE_EXPORT_H
#define CTRACE_EXPORT_H

#include <stdint.h>
#include <stdio.h>

#include "model/sink.h"

/* What the model was asked to leave out, to be said in the output. */
struct export_filter {
	const char *task, *region; /* NULL: none */
	uint64_t min_ns;	   /* 0: none */
};

/* What a capture file has lost since it was written; all 0: nothing. */
struct export_damage {
	uint64_t cut_bytes;	 /* at its end, of a chunk that is not whole */
	uint64_t skipped_bytes;	 /* between whole chunks */
	uint64_t bad_chunks;	 /* with a wrong checksum */
	uint64_t unknown_chunks; /* of a newer version */
	uint64_t bad_records;	 /* of an impossible length */
};

/* The explanation, for a reader at a terminal. */
struct text_ctx {
	FILE *out;
	int width;	      /* columns of the terminal */
	bool color;	      /* escape sequences for bold, dim and colours may be used */
	unsigned int slowest; /* stories a task name; 0: one each, for the five slowest names */
	struct export_filter filter;
	struct export_damage damage;
};
extern const struct sink_ops text_sink;

/* The summary of ctrace-bpf.json(5). */
struct json_ctx {
	FILE *out;
	struct export_filter filter;
	struct export_damage damage;
};
extern const struct sink_ops json_sink;

/*
 * One HTML page to look at. html_sink gathers what is shown of single tasks; once the run
 * is over, and the output is open, html_write makes the page of it and of the summary.
 */
struct html_ctx {
	FILE *out;
	struct export_filter filter;
	struct export_damage damage;
	size_t max_bytes;  /* of the page; 0: the default, 5 MiB */
	struct html *rows; /* owned; 0 before the run, html_release frees it */
};
extern const struct sink_ops html_sink;
int html_write(struct html_ctx *ctx, const struct summary *s, struct err *err);
void html_release(struct html_ctx *ctx);

#endif
