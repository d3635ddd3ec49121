/* SPDX-License-Identifier: MIT */
/*
 * demo-call.h - the protocol between the frontend and its backends, and its client side
 *
 *	auth.AccessToken 00f3…9a 1234 - alice\n		name, caller's task, request, hint, argument
 *	OK 42\n<42 bytes>				or BUSY 0\n, or ERR 0\n
 *
 * One call at a time on a connection. The caller's task id travels with the call, so that the
 * backend's task becomes a child of the caller's, across the two processes.
 *
 * Invariant: a connection on which anything went wrong is closed, never used again.
 */
#ifndef DEMO_CALL_H
#define DEMO_CALL_H

#include <inttypes.h>

#include <ctrace/ctrace.h>

#include "demo.h"

#define CALL_LINE_MAX	 255
#define CALL_HEAD_ROOM	 32
#define CALL_PAYLOAD_MAX 16384
#define CALL_BACKOFF_NS	 (30 * MSEC)

/* The fields of a request, each bounded by struct call_request. */
#define CALL_FORMAT "%47s %" SCNx64 " %" SCNu64 " %15s %63s"

struct call_request {
	char name[48];
	uint64_t task, request;
	char hint[16], arg[64];
};

/* A blocking socket and what was received on it but not yet taken. */
struct call_stream {
	int fd;
	size_t off, n;
	char buf[4096];
};

/* Takes n bytes, or with until_newline a line of at most n - 1, its newline replaced by NUL. */
static inline bool call_take(struct call_stream *s, char *out, size_t n, bool until_newline)
{
	for (size_t i = 0; i < n; i++) {
		while (s->off == s->n) {
			ssize_t r = recv(s->fd, s->buf, sizeof(s->buf), 0);

			if (r < 0 && errno == EINTR)
				continue;
			if (r <= 0)
				return false;
			s->off = 0;
			s->n = (size_t)r;
		}
		out[i] = s->buf[s->off++];
		if (until_newline && out[i] == '\n') {
			out[i] = 0;
			return true;
		}
	}
	return !until_newline;
}

/* --- the client side ----------------------------------------------------------------------- */

struct call_client {
	long port;
	bool connected;
	struct call_stream stream;
};

static inline void call_close(struct call_client *c)
{
	if (c->connected)
		close(c->stream.fd);
	c->connected = false;
}

static inline bool call_connect(struct call_client *c)
{
	CTRACE_REGION("backend.connect");

	c->stream = (struct call_stream){.fd = connect_local(c->port)};
	c->connected = c->stream.fd >= 0;
	return c->connected;
}

/* Returns the payload's length, -EAGAIN if the backend is busy, else -EIO. */
static inline int call_exchange(struct call_client *c, const char *line, char *out, size_t out_sz)
{
	char head[64], status[8];
	size_t n;

	if (!send_all(c->stream.fd, line, strlen(line)) ||
	    !call_take(&c->stream, head, sizeof(head), true) ||
	    sscanf(head, "%7s %zu", status, &n) != 2 || n >= out_sz ||
	    !call_take(&c->stream, out, n, false))
		return -EIO;
	out[n] = 0;
	return !strcmp(status, "OK") ? (int)n : !strcmp(status, "BUSY") ? -EAGAIN : -EIO;
}

/*
 * One call, which is a task that the caller has begun and that ends here. A busy backend is asked
 * once more after a pause, a connection that has died meanwhile is made anew once. Returns the
 * payload's length (a NUL follows it in out), or -1.
 */
static inline int call_backend(struct call_client *c, ctrace_task task, uint64_t request,
			       const char *hint, const char *arg, char *out, size_t out_sz)
{
	char line[CALL_LINE_MAX];
	int n = -EIO;

	for (int attempt = 0; attempt < 2 && n < 0; attempt++) {
		if (n == -EAGAIN) {
			CTRACE_REGION("retry.backoff");
			sleep_until(now_ns() + CALL_BACKOFF_NS);
		}
		snprintf(line, sizeof(line), "%s %" PRIx64 " %" PRIu64 " %s %s\n", task.name,
			 task.id, request, n == -EAGAIN ? "-" : hint, arg);
		if (!c->connected && !call_connect(c))
			break;
		n = call_exchange(c, line, out, out_sz);
		if (n == -EIO)
			call_close(c);
	}
	if (n < 0)
		ctrace_task_fail(&task, "the backend does not answer");
	else
		ctrace_task_end(&task);
	return n < 0 ? -1 : n;
}

#endif
