/* SPDX-License-Identifier: MIT */
/*
 * otlp.h - spans for backends of distributed traces, in OpenTelemetry's protocol
 *
 *	struct events_ctx ctx = {.take = send, .to = client, .otlp = &settings};
 *	struct sink sink = {&otlp_pb_sink, &ctx};
 *	struct otlp_left_out left;
 *
 *	model_run(…);
 *	otlp_left_out(&ctx, &left);
 *	events_release(&ctx);
 *
 * Tasks are spans; regions, child tasks and async regions spans below them; waits and logs events
 * of the innermost span. A request, of a bounded size, is an ExportTraceServiceRequest: given to
 * `take` if there is one, else written to ctx.out. There, as JSON, each is a line; as protobuf they
 * follow each other, which together is one request again.
 */
#ifndef CTRACE_OTLP_H
#define CTRACE_OTLP_H

#include <stddef.h>
#include <stdint.h>

struct events_ctx;

struct otlp_attribute {
	const char *key, *value; /* unique keys, none empty */
};

/* What the user says of the services: it goes before what the capture knows. */
struct otlp_settings {
	const struct otlp_attribute *attributes;
	size_t nr;
};

struct otlp_request {
	const void *bytes; /* until `take` returns */
	size_t n;
	size_t spans;
};

/* What is not in the requests, or not where it should be. */
struct otlp_left_out {
	uint64_t unsampled; /* spans of traces that the application does not sample */
	uint64_t late;	    /* tasks linked to a trace, not part of it: its traceparent came late */
	uint64_t logs;	    /* logs outside of any span */
	uint64_t spans;	    /* that are in */
};

/* Before events_release. */
void otlp_left_out(const struct events_ctx *ctx, struct otlp_left_out *left);

#endif
