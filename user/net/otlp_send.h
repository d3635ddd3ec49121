/* SPDX-License-Identifier: MIT */
/*
 * otlp_send.h - requests to a receiver of spans, so that nothing is sent twice or lost in silence
 *
 *	struct otlp_send s = {.config = &config, .stop = &stop, .unsent = …, .unsure = …};
 *
 *	otlp_send_open(&s, &err);
 *	ctx.take = otlp_send_take, ctx.take_to = &s;        a request after the other
 *	status = otlp_send_close(&s, &err);                 says on stderr what became of them
 *
 * What becomes of a request:
 *
 *	taken      the receiver said so; what it rejected of it is counted
 *	again      it was surely not taken: no connection, or it was cut before the request's end,
 *	           or the receiver said 429, 502, 503 or 504. It waits (retry.h), and is made again
 *	unsent     refused, or tried often enough: it goes into a file
 *	unsure     sent, but the answer never came. It may have been taken, so it is not made
 *	           again; it goes into another file
 *
 * Once the receiver cannot be reached, or refuses what concerns every request, the rest is not
 * tried. Not thread-safe.
 */
#ifndef CTRACE_OTLP_SEND_H
#define CTRACE_OTLP_SEND_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "export/otlp.h"
#include "net/otlp_config.h"
#include "net/unsent.h"

struct err;
struct http;
struct http_reply;

struct otlp_send {
	const struct otlp_config *config;  /* these are set before use */
	const volatile sig_atomic_t *stop; /* becomes 1: what is not sent by then is not */
	struct unsent unsent, unsure;

	struct http *http;
	struct http_reply *reply;
	unsigned char *packed;
	size_t packed_cap;
	const char *headers[OTLP_HEADERS_MAX + 4];
	uint64_t requests, spans, rejected; /* taken; of those spans, rejected */
	uint32_t failures;		    /* of requests that follow each other */
	bool given_up, unclear;		    /* unclear: an answer that was not understood */
	char why[512];			    /* of the first that failed */
	char said[256];			    /* by the receiver, of what it has taken */
};

/* Returns 0, or -errno with *err filled: nothing can be sent. */
int otlp_send_open(struct otlp_send *s, struct err *err);
/* Fails only if a request can neither be sent nor kept. */
int otlp_send_take(void *s, const struct otlp_request *r, struct err *err);
/*
 * Says what became of all requests; frees what open has made. Returns 0 if each span was taken, 1
 * if not, or -errno with *err filled.
 */
int otlp_send_close(struct otlp_send *s, struct err *err);

#endif
