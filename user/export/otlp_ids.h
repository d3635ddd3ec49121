/* SPDX-License-Identifier: MIT */
/*
 * otlp_ids.h - ids of traces and spans
 *
 * Those that the application has not given are made of the capture's own random id and the span's
 * number. So they are random to everybody else, yet the same whenever this capture is exported:
 * what was exported twice can be told.
 */
#ifndef CTRACE_OTLP_IDS_H
#define CTRACE_OTLP_IDS_H

#include <stdbool.h>

#include "model/span.h"

struct otlp_ids {
	uint64_t seed[4];
};

struct otlp_trace {
	uint8_t id[16];
	uint8_t flags; /* W3C's: TRACE_SAMPLED … */
};

void otlp_ids_init(struct otlp_ids *ids, const struct capture_info *info);
/* Not all zero; of different numbers they differ. nr is not 0. */
void otlp_span_id(const struct otlp_ids *ids, uint64_t nr, uint8_t id[8]);
struct otlp_trace otlp_trace_of_span(const struct otlp_ids *ids, uint64_t nr);
/* A trace for the children of a task that is known by its id alone. */
struct otlp_trace otlp_trace_of_task_id(const struct otlp_ids *ids, uint64_t task_id);
/* A valid W3C traceparent, in lower case, as the model hands it on. */
void otlp_traceparent(const char *text, struct otlp_trace *trace, uint8_t parent_id[8]);

#endif
