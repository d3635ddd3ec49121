/* SPDX-License-Identifier: MIT */
/*
 * otlp_batch.h - complete spans, put together to requests
 *
 *	struct otlp_batch b = {.take = take, .to = x};
 *
 *	otlp_batch_init(&b, &code, info, settings);
 *	otlp_batch_add(&b, pid, span, n, &err);          hands a full batch on
 *	otlp_batch_flush(&b, &err);                      the rest
 *	otlp_batch_release(&b);
 *
 * A request has a bounded number of spans and, but for one that is larger by itself, of bytes.
 * Spans of a process are together in it, below what is known of the process: its resource.
 */
#ifndef CTRACE_OTLP_BATCH_H
#define CTRACE_OTLP_BATCH_H

#include "base/hash.h"
#include "export/otlp.h"
#include "export/otlp_code.h"
#include "model/span.h"

enum { BATCH_SPANS = 1024, BATCH_BYTES = 1 << 20, RESOURCE_MAX = 128 };

struct otlp_process;

struct otlp_batch {
	int (*take)(void *to, const struct otlp_request *r, struct err *err); /* set before use */
	void *to;
	struct otlp_code *code;
	const struct capture_info *info;
	const struct otlp_settings *settings; /* NULL: none */
	struct hash processes;		      /* by pid */
	struct otlp_process *first, *last;    /* those that have spans in this batch */
	size_t spans, bytes;
	const char *said[RESOURCE_MAX]; /* keys of the resource that is being written */
	size_t said_nr;
	char environment[4096];
};

void otlp_batch_init(struct otlp_batch *b, struct otlp_code *code, const struct capture_info *info,
		     const struct otlp_settings *settings);
/* The name of a process's main thread, for processes that the capture does not list. */
int otlp_batch_name(struct otlp_batch *b, uint32_t pid, const char *comm, struct err *err);
int otlp_batch_add(struct otlp_batch *b, uint32_t pid, const void *span, size_t n, struct err *err);
int otlp_batch_flush(struct otlp_batch *b, struct err *err);
void otlp_batch_release(struct otlp_batch *b);

#endif
