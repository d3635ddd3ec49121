/* SPDX-License-Identifier: MIT */
/*
 * otlp_send.c - see otlp_send.h. Invariant: each request that is taken in is counted as one of
 * taken, unsent or unsure, and no request is made again that may have been taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <zlib.h>

#include "base/err.h"
#include "base/human.h"
#include "base/term.h"
#include "net/http.h"
#include "net/otlp_answer.h"
#include "net/otlp_send.h"
#include "net/retry.h"

enum { GZIP_WINDOW = 15 + 16, FAILURES_MAX = 3 };

enum fate { TAKEN, AGAIN, REFUSED, UNSURE };

int otlp_send_open(struct otlp_send *s, struct err *err)
{
	size_t nr = 0;
	int rc = http_open(&s->http, err);

	if (rc)
		return rc;
	s->reply = malloc(sizeof(*s->reply));
	if (!s->reply) {
		http_free(s->http);
		return err_set(err, -ENOMEM, "out of memory");
	}
	s->headers[nr++] = "Content-Type: application/x-protobuf";
	s->headers[nr++] =
		"User-Agent: ctrace-bpf/" CTRACE_VERSION " OTel-OTLP-Exporter-C/" CTRACE_VERSION;
	if (s->config->gzip)
		s->headers[nr++] = "Content-Encoding: gzip";
	for (size_t i = 0; i < s->config->headers_nr; i++)
		s->headers[nr++] = s->config->headers[i];
	s->headers[nr] = NULL;
	return 0;
}

/* --- one request --------------------------------------------------------------------------- */

/* Returns 0 or -ENOMEM; *n: of s->packed. */
static int pack(struct otlp_send *s, const struct otlp_request *r, size_t *n)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)r->bytes, .avail_in = (uInt)r->n};
	size_t cap;
	int rc;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	cap = deflateBound(&z, (uLong)r->n);
	if (cap > s->packed_cap) {
		free(s->packed);
		s->packed = malloc(cap);
		s->packed_cap = s->packed ? cap : 0;
	}
	z.next_out = s->packed;
	z.avail_out = (uInt)s->packed_cap;
	rc = s->packed ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	*n = z.total_out;
	deflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : -ENOMEM;
}

static enum fate fate_of(const struct http_reply *r)
{
	switch (r->status) {
	case 0:
		return r->sent ? UNSURE : AGAIN;
	case 429:
	case 502:
	case 503:
	case 504:
		return AGAIN;
	default:
		return r->status < 300 ? TAKEN : REFUSED;
	}
}

/* What concerns this request alone: the next one may be taken. */
static bool is_of_this_request(const struct http_reply *r)
{
	return r->status == 400 || r->status == 413 || r->status == 422;
}

static uint64_t random_number(void)
{
	uint64_t v = 0;

	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != (ssize_t)sizeof(v))
		v = (uint64_t)time(NULL);
	return v;
}

static void wait_for(const struct otlp_send *s, uint64_t ms)
{
	while (ms && !*s->stop) {
		uint64_t step = ms < 100 ? ms : 100; /* a signal may come right before the sleep */
		struct timespec t = {.tv_nsec = (long)step * 1000000};

		nanosleep(&t, NULL);
		ms -= step;
	}
}

static void explain(struct otlp_send *s)
{
	const struct http_reply *r = s->reply;
	struct otlp_answer answer;
	char shown[512];

	if (s->why[0])
		return;
	if (!r->status) {
		term_escape(shown, sizeof(shown), r->error);
		snprintf(s->why, sizeof(s->why), "%s", *s->stop ? "it was interrupted" : shown);
		return;
	}
	otlp_answer_error(&answer, r->body, r->body_n);
	snprintf(s->why, sizeof(s->why), "the receiver answered %d%s%s", r->status,
		 answer.text[0] ? ": " : "", answer.text);
}

/* Sends it, as often as that makes sense. */
static enum fate post(struct otlp_send *s, const void *body, size_t n)
{
	const struct otlp_config *c = s->config;
	const struct http_request q = {
		.url = c->url,
		.headers = s->headers,
		.body = body,
		.body_n = n,
		.timeout_ms = c->timeout_ms,
		.ca = c->ca,
		.cert = c->cert,
		.key = c->key,
		.stop = s->stop,
	};
	struct retry retry = {0};
	enum fate fate;
	uint64_t ms;

	for (;;) {
		http_post(s->http, &q, s->reply);
		fate = fate_of(s->reply);
		if (fate != AGAIN || *s->stop ||
		    !retry_next(&retry, random_number(), s->reply->retry_after_s, &ms))
			return fate;
		wait_for(s, ms);
		if (*s->stop)
			return fate;
	}
}

static void taken(struct otlp_send *s, const struct otlp_request *r)
{
	struct otlp_answer answer;
	bool clear = otlp_answer_partial(&answer, s->reply->body, s->reply->body_n);

	s->unclear |= !clear || s->reply->error[0];
	s->requests++;
	s->spans += r->spans;
	s->rejected += answer.rejected < r->spans ? answer.rejected : r->spans;
	s->failures = 0;
	if (answer.text[0] && !s->said[0])
		snprintf(s->said, sizeof(s->said), "%s", answer.text);
}

static void not_taken(struct otlp_send *s, enum fate fate)
{
	explain(s);
	if (fate == AGAIN || (fate == REFUSED && !is_of_this_request(s->reply)) ||
	    ++s->failures == FAILURES_MAX)
		s->given_up = true;
}

int otlp_send_take(void *ctx, const struct otlp_request *r, struct err *err)
{
	struct otlp_send *s = ctx;
	const void *body = r->bytes;
	size_t n = r->n;
	enum fate fate = REFUSED;

	if (s->config->gzip && pack(s, r, &n))
		return err_set(err, -ENOMEM, "not enough memory to send spans");
	if (s->config->gzip)
		body = s->packed;
	if (*s->stop) {
		if (!s->why[0])
			snprintf(s->why, sizeof(s->why), "it was interrupted");
		s->given_up = true;
	}
	if (!s->given_up) {
		fate = post(s, body, n);
		if (fate == TAKEN)
			taken(s, r);
		else
			not_taken(s, fate);
	}
	if (fate == TAKEN)
		return 0;
	return unsent_add(fate == UNSURE ? &s->unsure : &s->unsent, r->bytes, r->n, r->spans, err);
}

/* --- what became of them ------------------------------------------------------------------- */

static const char *count(char text[HUMAN_SZ + 8], uint64_t n)
{
	char number[HUMAN_SZ];

	human_count(number, n);
	snprintf(text, HUMAN_SZ + 8, "%s span%s", number, n == 1 ? "" : "s");
	return text;
}

static void say_kept(const struct otlp_send *s, const struct unsent *u, const char *what)
{
	char shown[8192], spans[HUMAN_SZ + 8];

	if (!u->spans)
		return;
	fprintf(stderr, "ctrace-bpf: %s %s: %s\n", count(spans, u->spans), what, s->why);
	fprintf(stderr, "Wrote them to %s.\n", term_escape(shown, sizeof(shown), u->path));
	if (u == &s->unsent)
		fprintf(stderr, "  try: ctrace-bpf export %s --otlp URL, when it can take them\n",
			shown);
}

static void say(const struct otlp_send *s)
{
	char shown[4096], spans[HUMAN_SZ + 8], requests[HUMAN_SZ], rejected[HUMAN_SZ + 8];

	if (s->spans) {
		human_count(requests, s->requests);
		fprintf(stderr, "Sent %s to %s in %s request%s.\n", count(spans, s->spans),
			term_escape(shown, sizeof(shown), s->config->url), requests,
			s->requests == 1 ? "" : "s");
	} else if (!s->unsent.spans && !s->unsure.spans) {
		fprintf(stderr, "There was no span to send.\n");
	}
	if (s->rejected)
		fprintf(stderr, "ctrace-bpf: the receiver rejected %s of these%s%s\n",
			count(rejected, s->rejected), s->said[0] ? ": " : "", s->said);
	else if (s->said[0])
		fprintf(stderr, "ctrace-bpf: the receiver says: %s\n", s->said);
	if (s->unclear)
		fprintf(stderr, "ctrace-bpf: an answer of the receiver was cut off, or not "
				"understood: it may have rejected some of these\n");
	say_kept(s, &s->unsent, s->unsent.spans == 1 ? "was not sent" : "were not sent");
	say_kept(s, &s->unsure, "may have arrived or not, and are not sent again");
}

int otlp_send_close(struct otlp_send *s, struct err *err)
{
	int rc = unsent_close(&s->unsent, err), rc2 = unsent_close(&s->unsure, rc ? NULL : err);

	http_free(s->http);
	free(s->reply);
	free(s->packed);
	s->http = NULL;
	s->reply = NULL;
	s->packed = NULL;
	if (rc || rc2)
		return rc ? rc : rc2;
	say(s);
	return s->rejected || s->unsent.spans || s->unsure.spans;
}
