/* SPDX-License-Identifier: MIT */
/*
 * events.h - the outputs that hold every event: for other tools
 *
 *	const struct events_format *f = events_format("pftrace");
 *	struct events_ctx ctx = {.out = out};
 *	struct sink sink = {f->sink, &ctx};
 *
 *	m = model_new(&opts, info, &sink, 1);
 *	err = model_run(m, source, &e);
 *	events_release(&ctx);
 *
 * Each event is written when it is complete; what is kept in memory does not grow with the length
 * of the capture. Pure, like all of export/: the same capture gives the same bytes.
 */
#ifndef CTRACE_EVENTS_H
#define CTRACE_EVENTS_H

#include <stdio.h>

#include "export/nesting.h"
#include "model/sink.h"

struct otlp;
struct otlp_request;
struct otlp_settings;
struct perfetto;

struct events_ctx {
	FILE *out;
	const struct otlp_settings *otlp_settings;			  /* otlp.h; NULL: none */
	int (*take)(void *to, const struct otlp_request *, struct err *); /* instead of out */
	void *take_to;
	/* The exporter's own, 0 before the run. */
	const struct capture_info *info;
	struct perfetto *perfetto;
	struct otlp *otlp;
	struct nesting nesting;
	uint64_t count;
};

/* What is done to the bytes on their way to the file. */
enum events_coding {
	EVENTS_PLAIN,
	EVENTS_GZIP,
	EVENTS_PACKETS /* of a Perfetto trace, deflated */
};

struct events_format {
	const char *name; /* for --as, and what the name of a file of it ends in: "pftrace" */
	const char *text; /* what it is for */
	const struct sink_ops *sink;
	enum events_coding coding;
};

extern const struct events_format events_formats[];
extern const size_t events_formats_nr;

/* NULL if there is none of that name. */
const struct events_format *events_format(const char *name);
/* The one that a file's name ends in, the longest if there are several; NULL if there is none. */
const struct events_format *events_format_of_file(const char *path);
/* After the run, also one that failed. A zeroed ctx is fine. */
void events_release(struct events_ctx *ctx);

/* What the sinks share: ends a run. Returns 0, or -errno with *err filled: it was not written. */
int events_flush(struct events_ctx *ctx, struct err *err);

/* ns since the trace began. */
uint64_t events_since(const struct events_ctx *ctx, uint64_t ts);
const char *events_waker_ctx(uint8_t ctx); /* of WIRE_WAKER_*: "task" */

extern const struct sink_ops chrome_sink, csv_sink, folded_sink, jsonl_sink, otlp_pb_sink,
	otlp_text_sink;
extern const struct sink_ops perfetto_sink;
void perfetto_release(struct perfetto *p); /* NULL is fine */
void otlp_release(struct otlp *o);	   /* NULL is fine */

#endif
