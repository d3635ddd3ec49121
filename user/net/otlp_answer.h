/* SPDX-License-Identifier: MIT */
/*
 * otlp_answer.h - what a receiver of spans answers
 *
 * Its bytes are hostile: from an ExportTraceServiceResponse or, of an error, a google.rpc.Status, a
 * number and a text are taken; what is no such message is itself the text, if it is one. Pure.
 */
#ifndef CTRACE_OTLP_ANSWER_H
#define CTRACE_OTLP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct otlp_answer {
	uint64_t rejected; /* spans */
	char text[256];	   /* "" none; escaped for a terminal */
};

/* The answer to a request that was taken, perhaps in part. False if it is no such message. */
bool otlp_answer_partial(struct otlp_answer *a, const void *bytes, size_t n);
/* The body of an error. */
void otlp_answer_error(struct otlp_answer *a, const void *bytes, size_t n);

#endif
