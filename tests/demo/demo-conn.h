/* SPDX-License-Identifier: MIT */
/*
 * demo-conn.h - the frontend's connections, from accept to the queue and back
 *
 *	acceptor: conn_accept, conn_event, conns_sweep		worker: queue_take ... hand_back
 *
 * Invariants: a connection has one owner. The acceptor owns it until a whole request is there;
 * then a worker, until the answer is sent. Only the acceptor closes. A connection gives at most one
 * request at a time to the queue, so the queue is bounded by the number of connections.
 */
#ifndef DEMO_CONN_H
#define DEMO_CONN_H

#include <inttypes.h>
#include <pthread.h>
#include <sys/epoll.h>

#include <ctrace/ctrace.h>

#include "demo-http.h"
#include "demo.h"

#define CONNS_MAX     512
#define HEAD_ROOM     256
#define IDLE_LIMIT_NS (30 * SEC) /* between two requests */
#define SLOW_LIMIT_NS (5 * SEC)	 /* for the rest of a request, or of a client that is to go */

enum conn_state { CONN_FREE, CONN_HEAD, CONN_BODY, CONN_BUSY, CONN_DRAIN };

struct conn {
	int fd;
	enum conn_state state;
	uint64_t since; /* last sign of life; DRAIN: when that began */
	size_t n, body_left;
	struct http_req req;
	ctrace_task task;
	ctrace_async queued;
	struct conn *next; /* in the queue, or in the list of free ones */
	char buf[HTTP_HEAD_MAX];
};

struct server {
	int epoll_fd, listen_fd;
	struct conn conns[CONNS_MAX], *free;

	pthread_mutex_t lock; /* of the queue, and of state and since of connections going back */
	pthread_cond_t more;
	struct conn *first, **last;
	bool stop;
};

/* --- answers ------------------------------------------------------------------------------- */

/* body has HEAD_ROOM bytes before it, so that head and body go out at once. Returns their sum. */
static inline size_t put_head(const struct http_req *r, int status, char *body, size_t n,
			      char **start)
{
	char head[HEAD_ROOM];
	int head_n =
		snprintf(head, sizeof(head),
			 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			 "X-Request-Id: %" PRIu64 "\r\n%s%s\r\n",
			 status, http_reason(status),
			 status == 200 && n && body[0] == '{' ? "application/json" : "text/plain",
			 n, r->request_id, status == 405 ? "Allow: GET, HEAD\r\n" : "",
			 r->keep_alive ? "" : "Connection: close\r\n");

	*start = body - head_n;
	memcpy(*start, head, (size_t)head_n);
	return (size_t)head_n + (strcmp(r->method, "HEAD") ? n : 0);
}

static inline size_t put_reason(int status, char *body)
{
	return (size_t)snprintf(body, 64, "%s\n", http_reason(status));
}

/* --- the queue, and the workers' side ------------------------------------------------------ */

/* What is left in the buffer may be a whole request: being writable makes the acceptor look. */
static inline void hand_back(struct server *s, struct conn *c, bool keep)
{
	struct epoll_event ev = {.events = EPOLLONESHOT | EPOLLIN | (c->n ? EPOLLOUT : 0),
				 .data.ptr = c};

	if (!keep)
		shutdown(c->fd, SHUT_WR);
	pthread_mutex_lock(&s->lock);
	c->state = keep ? CONN_HEAD : CONN_DRAIN;
	c->since = now_ns();
	epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
	pthread_mutex_unlock(&s->lock);
}

static inline struct conn *queue_take(struct server *s)
{
	struct conn *c;

	pthread_mutex_lock(&s->lock);
	while (!s->first && !s->stop)
		pthread_cond_wait(&s->more, &s->lock);
	c = s->first;
	if (c) {
		s->first = c->next;
		if (!s->first)
			s->last = &s->first;
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}

/* --- the acceptor's side ------------------------------------------------------------------- */

static inline void conn_close(struct server *s, struct conn *c)
{
	close(c->fd);
	c->state = CONN_FREE;
	c->next = s->free;
	s->free = c;
}

static inline void conn_drain(struct conn *c)
{
	shutdown(c->fd, SHUT_WR);
	c->state = CONN_DRAIN;
	c->since = now_ns();
}

/* What is to be done next with a connection. GIVEN: it is a worker's, and not to be touched. */
enum step { STEP_AGAIN, STEP_READ, STEP_GIVEN, STEP_CLOSE };

/* Answers that cost nothing. Sent without waiting: who does not read them is cut off. */
static inline enum step answer_here(struct conn *c, int status)
{
	char room[HEAD_ROOM + 64], *body = room + HEAD_ROOM, *start;
	size_t n = status == 200 ? (size_t)sprintf(body, "ok\n") : put_reason(status, body);

	n = put_head(&c->req, status, body, n, &start);
	if (send(c->fd, start, n, MSG_NOSIGNAL) != (ssize_t)n)
		return STEP_CLOSE;
	if (c->req.keep_alive)
		c->state = CONN_HEAD;
	else
		conn_drain(c);
	return STEP_AGAIN;
}

static inline enum step dispatch(struct server *s, struct conn *c)
{
	ctrace_task old;

	c->state = CONN_BUSY;
	c->next = NULL;
	c->task = ctrace_task_begin_child(NULL, "GET /messages");
	if (c->req.traceparent[0])
		ctrace_task_traceparent(&c->task, c->req.traceparent);
	old = ctrace_task_enter(&c->task);
	c->queued = ctrace_async_begin("queue");
	ctrace_task_leave(&old);
	pthread_mutex_lock(&s->lock);
	*s->last = c;
	s->last = &c->next;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	return STEP_GIVEN;
}

/* The whole request is there. */
static inline enum step route(struct server *s, struct conn *c)
{
	bool messages = http_path_is(&c->req, "/messages");
	bool known = messages || http_path_is(&c->req, "/healthz");
	bool can = !strcmp(c->req.method, "GET") || !strcmp(c->req.method, "HEAD");

	if (!known || !can || !messages)
		return answer_here(c, !known ? 404 : !can ? 405 : 200);
	return dispatch(s, c);
}

static inline enum step read_head(struct server *s, struct conn *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	int n = http_parse(c->buf, c->n, &c->req);

	if (n == 0)
		return STEP_READ;
	if (n < 0) {
		c->req.keep_alive = false;
		return answer_here(c, -n);
	}
	c->n -= (size_t)n;
	memmove(c->buf, c->buf + n, c->n);
	c->body_left = c->req.body_sz;
	c->state = CONN_BODY;
	if (c->req.expects_continue && c->body_left > c->n &&
	    send(c->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL) < 0)
		return STEP_CLOSE;
	return STEP_AGAIN;
}

/* A body means nothing to any path here, but it has to be read. */
static inline enum step read_body(struct server *s, struct conn *c)
{
	size_t n = c->n < c->body_left ? c->n : c->body_left;

	c->n -= n;
	c->body_left -= n;
	memmove(c->buf, c->buf + n, c->n);
	return c->body_left ? STEP_READ : route(s, c);
}

static inline enum step drain(struct server *s, struct conn *c)
{
	c->n = 0;
	return STEP_READ;
}

/* Does what the buffered bytes allow. */
static inline enum step conn_run(struct server *s, struct conn *c)
{
	static enum step (*const run[])(struct server *, struct conn *) = {
		[CONN_HEAD] = read_head,
		[CONN_BODY] = read_body,
		[CONN_DRAIN] = drain,
	};
	enum step next;

	do
		next = run[c->state](s, c);
	while (next == STEP_AGAIN);
	return next;
}

static inline enum step conn_read(struct server *s, struct conn *c)
{
	ssize_t r = recv(c->fd, c->buf + c->n, sizeof(c->buf) - c->n, 0);

	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? STEP_READ : STEP_CLOSE;
	if (c->state == CONN_HEAD && !c->n)
		c->since = now_ns(); /* a request begins */
	c->n += (size_t)r;
	return r ? conn_run(s, c) : STEP_CLOSE;
}

/* One read an event, so that no client keeps the others waiting. */
static inline void conn_event(struct server *s, struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};
	enum step next;

	pthread_mutex_lock(&s->lock); /* the worker that armed it has let go of it */
	pthread_mutex_unlock(&s->lock);
	next = conn_run(s, c);
	if (next == STEP_READ)
		next = conn_read(s, c);
	if (next == STEP_READ && epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev))
		next = STEP_CLOSE;
	if (next == STEP_CLOSE)
		conn_close(s, c);
}

static inline void conn_accept(struct server *s)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT};
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *c = s->free;

	CTRACE_REGION("connection.init");
	if (fd < 0)
		return;
	set_timeouts(fd, 0);
	if (!c) {
		close(fd);
		return;
	}
	s->free = c->next;
	c->fd = fd;
	c->n = 0;
	c->state = CONN_HEAD;
	c->since = now_ns();
	ev.data.ptr = c;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		conn_close(s, c);
}

/* Closes those that have been silent, or slow, for too long. */
static inline void conns_sweep(struct server *s)
{
	uint64_t now = now_ns();

	pthread_mutex_lock(&s->lock);
	for (struct conn *c = s->conns; c < s->conns + CONNS_MAX; c++) {
		bool idle = c->state == CONN_HEAD && !c->n;

		if (c->state != CONN_FREE && c->state != CONN_BUSY &&
		    now - c->since > (idle ? IDLE_LIMIT_NS : SLOW_LIMIT_NS))
			conn_close(s, c);
	}
	pthread_mutex_unlock(&s->lock);
}

static inline void server_init(struct server *s)
{
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	s->last = &s->first;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		die("epoll_create: %s", strerror(errno));
	for (struct conn *c = s->conns; c < s->conns + CONNS_MAX; c++) {
		c->next = s->free;
		s->free = c;
	}
}

#endif
