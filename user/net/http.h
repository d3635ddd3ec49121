/* SPDX-License-Identifier: MIT */
/*
 * http.h - one POST after the other, by libcurl
 *
 *	struct http *h;
 *
 *	if (http_open(&h, &err)) …                       there is no libcurl
 *	http_post(h, &request, &reply);
 *	http_free(h);
 *
 * libcurl is opened when it is needed, not linked: a tracer that sends nothing does not load a TLS
 * library as root. Each request has a connection of its own, since libcurl makes a request again by
 * itself when a connection that it kept turns out to be closed; whether that is right, only the
 * caller knows. Redirections are not followed. Not thread-safe.
 */
#ifndef CTRACE_HTTP_H
#define CTRACE_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http;

enum { HTTP_ANSWER_MAX = 1 << 16 }; /* of an answer, as much is kept; beyond 4 MiB it is cut off */

struct http_request {
	const char *url;
	const char *const *headers; /* "name: value", NULL-terminated */
	const void *body;
	size_t body_n;
	uint64_t timeout_ms;
	const char *ca, *cert, *key;	   /* files of TLS; NULL: the default, none, none */
	const volatile sig_atomic_t *stop; /* NULL, or: the request ends when it becomes 1 */
};

struct http_reply {
	int status; /* 0: no answer */
	uint64_t retry_after_s;
	bool sent; /* the whole request was handed to the network: it may have been taken */
	bool stopped;
	char error[256]; /* why there is no answer, or not a whole one; "" if there is */
	unsigned char body[HTTP_ANSWER_MAX];
	size_t body_n;
};

int http_open(struct http **h, struct err *err);
void http_post(struct http *h, const struct http_request *q, struct http_reply *reply);
void http_free(struct http *h); /* NULL is fine */

#endif
