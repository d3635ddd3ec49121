/* SPDX-License-Identifier: MIT */
/*
 * otlp.h - sends the spans of a capture to a receiver of OTLP
 *
 *	struct otlp_sender s;
 *
 *	if (otlp_sender_open(&s, "http://localhost:4318", &err)) …
 *	status = otlp_sender_send(&s, "x.ctrace", &files, &err);
 *	otlp_sender_release(&s);
 *
 * What is wrong with the URL, the variables or the machine is said by open: before a trace.
 */
#ifndef CTRACE_CLI_OTLP_H
#define CTRACE_CLI_OTLP_H

#include "cli/export.h"
#include "net/otlp_config.h"
#include "net/otlp_send.h"

struct otlp_sender {
	struct otlp_config config;
	struct otlp_send send;
	char base[256]; /* what files of unsent spans are called */
};

/* Returns 0, or -errno with *err filled. */
int otlp_sender_open(struct otlp_sender *s, const char *url, struct err *err);
/* Whether it is no capture, but a file of spans, as is left when some could not be sent. */
bool otlp_is_spans(const char *path);
/*
 * Reads the capture, or the file of spans, once. SIGINT and SIGTERM end the sending: what is not
 * sent by then is kept in a file. Returns 0, 1 if not all was taken, as stderr says, or -errno with
 * *err filled. Call it once.
 */
int otlp_sender_send(struct otlp_sender *s, const char *capture, const struct export_files *files,
		     struct err *err);
void otlp_sender_release(struct otlp_sender *s); /* a zeroed struct is fine */

/* getenv, as the readers of OpenTelemetry's variables want it. */
const char *otlp_getenv(void *ctx, const char *name);

#endif
