/* SPDX-License-Identifier: MIT */
/*
 * tracer.h - what tracing took, as lines of a META chunk
 *
 *	tracer_write(writer, &tracer, &err);         when the trace is over, before its END
 *	if (tracer_line(&tracer, key, value)) …      for each line of META that is read
 *
 * The keys are man/ctrace-bpf.data.5's: "tracer.cpu_ns" and the other numbers that stand alone, and
 * a row each in "tracer.record.KIND", "tracer.program.NAME" and "tracer.spill.CPU".
 */
#ifndef CTRACE_STORE_TRACER_H
#define CTRACE_STORE_TRACER_H

#include <stdbool.h>

#include "model/span.h"

struct err;
struct writer;

/* Numbers that are 0 are left out, but for the first: it says that the rest is known. */
int tracer_write(struct writer *, const struct capture_tracer *, struct err *);
/*
 * Takes a line of META, hostile input. Returns whether its key is one of these; a value that is
 * not what it should be, and rows beyond TRACER_ROWS_MAX, are left out.
 */
bool tracer_line(struct capture_tracer *, const char *key, const char *value);

#endif
