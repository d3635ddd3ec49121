/* SPDX-License-Identifier: MIT */
/*
 * demo-frontend - an HTTP/1.1 service: GET /messages (a task), GET /healthz
 *
 *      clients ==> acceptor thread ---- queue ----> worker threads ==> auth, cache, spanner
 *                  epoll, frames requests           answer, then arm the connection again
 *
 * Invariant: every request that was begun is answered, also after SIGTERM; an answer is given by
 * the worker that took the request, and no worker reads from a client.
 */
#include "demo-conn.h"
#include "demo-messages.h"

#define WORKERS_MAX 64
#define SWEEP_MS    500

struct worker {
	pthread_t thread;
	struct messages_worker messages;
	char out[HEAD_ROOM + MESSAGES_BODY_MAX];
};

static struct server server;
static struct messages messages;

/* --- workers ------------------------------------------------------------------------------- */

static bool answer(struct worker *w, struct conn *c, int status, size_t n)
{
	char *body = w->out + HEAD_ROOM, *start;

	CTRACE_REGION("respond");
	if (status != 200)
		n = put_reason(status, body);
	n = put_head(&c->req, status, body, n, &start);
	return send_all(c->fd, start, n);
}

static void serve(struct worker *w, struct conn *c)
{
	ctrace_task old;
	size_t n = 0;
	int status;
	bool sent;

	ctrace_async_end(&c->queued);
	old = ctrace_task_enter(&c->task);
	status = messages_get(&w->messages, &c->req, w->out + HEAD_ROOM, &n);
	sent = answer(w, c, status, n);
	ctrace_task_leave(&old);
	if (status == 200 && sent)
		ctrace_task_end(&c->task);
	else
		ctrace_task_fail(&c->task, sent ? http_reason(status) : "the client has gone");
	hand_back(&server, c, sent && c->req.keep_alive);
}

static void *worker_thread(void *arg)
{
	struct worker *w = arg;
	struct conn *c;

	while ((c = queue_take(&server)))
		serve(w, c);
	call_close(&w->messages.auth);
	call_close(&w->messages.cache);
	call_close(&w->messages.spanner);
	return NULL;
}

/* --- start and stop ------------------------------------------------------------------------ */

static void watch(int fd, void *tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = tag};

	if (epoll_ctl(server.epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		die("epoll_ctl: %s", strerror(errno));
}

static void accept_until_stopped(int stop_fd)
{
	static char stop_tag;
	struct epoll_event evs[64];
	uint64_t swept = now_ns();

	watch(server.listen_fd, &server.listen_fd);
	watch(stop_fd, &stop_tag);
	for (;;) {
		int n = epoll_wait(server.epoll_fd, evs, 64, SWEEP_MS);

		if (n < 0 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++) {
			if (evs[i].data.ptr == &stop_tag)
				return;
			if (evs[i].data.ptr == &server.listen_fd)
				conn_accept(&server);
			else
				conn_event(&server, evs[i].data.ptr);
		}
		if (now_ns() - swept > SWEEP_MS * MSEC) {
			conns_sweep(&server);
			swept = now_ns();
		}
	}
}

static struct worker *workers_start(long nr, const long *ports)
{
	struct worker *workers = calloc((size_t)nr, sizeof(*workers));
	char name[16];

	if (!workers)
		die("no memory");
	for (long i = 0; i < nr; i++) {
		struct messages_worker *m = &workers[i].messages;

		m->shared = &messages;
		m->auth.port = ports[0];
		m->cache.port = ports[1];
		m->spanner.port = ports[2];
		if (pthread_create(&workers[i].thread, NULL, worker_thread, &workers[i]))
			die("cannot make a thread");
		snprintf(name, sizeof(name), "worker-%u", (unsigned int)i % 1000);
		pthread_setname_np(workers[i].thread, name);
	}
	return workers;
}

/* What is in the queue is still answered. */
static void workers_stop(struct worker *workers, long nr)
{
	pthread_mutex_lock(&server.lock);
	server.stop = true;
	pthread_cond_broadcast(&server.more);
	pthread_mutex_unlock(&server.lock);
	for (long i = 0; i < nr; i++)
		pthread_join(workers[i].thread, NULL);
	free(workers);
}

int main(int argc, char **argv)
{
	const char *port_file = NULL;
	long port = 0, nr = 8, ports[3] = {0};
	const struct option_row options[] = {
		{"auth", .number = &ports[0], .lo = 1, .hi = 65535, .help = "port of that backend"},
		{"cache", .number = &ports[1], .lo = 1, .hi = 65535, .help = "the same"},
		{"spanner", .number = &ports[2], .lo = 1, .hi = 65535, .help = "the same"},
		{"port", .number = &port, .hi = 65535, .help = "listen there; 0: on a free one"},
		{"port-file", .text = &port_file, .help = "write the port into this file"},
		{"dir", .text = &messages.dir, .help = "directory for log and spool"},
		{"workers", .number = &nr, .lo = 1, .hi = WORKERS_MAX, .help = "threads"},
		{"fast", .flag = &messages.fast, .help = "no troubles, no disk, little work"},
		{0},
	};
	struct worker *workers;
	int stop_fd = demo_born();

	messages.dir = ".";
	options_parse(options, argv);
	if (!ports[0] || !ports[1] || !ports[2])
		die("--auth, --cache and --spanner are needed (see --help)");
	server_init(&server);
	messages_start(&messages);
	workers = workers_start(nr, ports);
	server.listen_fd = listen_local(&port);
	announce_port(port, port_file);
	accept_until_stopped(stop_fd);
	close(server.listen_fd);
	workers_stop(workers, nr);
	messages_stop(&messages);
	return 0;
}
