/* SPDX-License-Identifier: MIT */
/*
 * otlp_config.h - where spans are sent, and how: from --otlp and OpenTelemetry's variables
 *
 *	struct otlp_config c;
 *
 *	if (otlp_config_read(&c, url, get, ctx, &err)) …
 *	use(c.url, c.headers[0]);
 *	otlp_config_release(&c);
 *
 * The variables that every OpenTelemetry program reads: of two, OTEL_EXPORTER_OTLP_TRACES_* goes
 * before OTEL_EXPORTER_OTLP_*. What is wrong with one is said, not passed over: who has set it
 * wants it to count. Pure: `get` is getenv, or a test's.
 */
#ifndef CTRACE_OTLP_CONFIG_H
#define CTRACE_OTLP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/otlp.h"

struct err;

enum { OTLP_HEADERS_MAX = 32, OTLP_ATTRIBUTES_MAX = 64 };

/* "env" instead of a URL: the variables say it. */
#define OTLP_URL_ENV "env"

struct otlp_config {
	char url[2048];			     /* of the traces; no user or password is in it */
	char *headers[OTLP_HEADERS_MAX + 1]; /* "name: value"; owned, NULL-terminated */
	size_t headers_nr;
	uint64_t timeout_ms; /* of one request */
	bool gzip;
	const char *ca, *cert, *key; /* files, as `get` gave them; NULL: the default, none, none */
};

/* Returns 0, or -errno with *err filled, and then nothing is to be released. */
int otlp_config_read(struct otlp_config *c, const char *url,
		     const char *(*get)(void *ctx, const char *name), void *ctx, struct err *err);
void otlp_config_release(struct otlp_config *c); /* a zeroed struct is fine */

/* What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say of the traced services. */
struct otlp_resource {
	struct otlp_attribute v[OTLP_ATTRIBUTES_MAX];
	struct otlp_settings settings; /* of v */
	char *text;		       /* owned: what v points into */
};

int otlp_resource_read(struct otlp_resource *r, const char *(*get)(void *ctx, const char *name),
		       void *ctx, struct err *err);
void otlp_resource_release(struct otlp_resource *r); /* a zeroed struct is fine */

#endif
