/* SPDX-License-Identifier: MIT */
/*
 * demo-messages.h - the frontend's one real handler: GET /messages?user=NAME[&slow=KIND]
 *
 * It asks three backends, looks at the table of sessions, makes JSON of the answer and appends to
 * a log that is on the disk before the client gets its answer. With slow=KIND the request meets
 * one of five troubles that real services have.
 *
 * Invariant: no mark names the trouble. A tracer has to find it by itself, and the load
 * generator's list of what it asked for is the answer to compare with.
 */
#ifndef DEMO_MESSAGES_H
#define DEMO_MESSAGES_H

#include "demo-call.h"
#include "demo-http.h"
#include "demo-index.h"

#define MESSAGES_BODY_MAX 65536
#define SPOOL_CHUNK	  (8u << 20)
#define SPOOL_CHUNKS_MAX  16
#define LOG_MAX		  (64 << 20)

enum slow { SLOW_NONE, SLOW_LOCK, SLOW_DISK, SLOW_CPU, SLOW_BACKEND, SLOW_SLEEP, SLOW_NR };

static const char *const slow_names[SLOW_NR] = {"", "lock", "disk", "cpu", "backend", "sleep"};

/* What all workers share. */
struct messages {
	struct index index;
	const char *dir;
	int log_fd, spool_fd;
	char *spool;
	bool fast;
};

/* What each worker has for itself. */
struct messages_worker {
	struct messages *shared;
	struct call_client auth, cache, spanner;
	char rows[CALL_PAYLOAD_MAX];
};

struct messages_query {
	char user[32];
	enum slow slow;
};

static inline int messages_open(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	if (fd < 0 && errno == EINVAL)
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (flags & ~O_DIRECT), 0600);
	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	return fd;
}

static inline void messages_start(struct messages *m)
{
	m->log_fd = messages_open(m->dir, "frontend.log", O_APPEND);
	m->spool_fd = messages_open(m->dir, "frontend.spool", O_DIRECT);
	m->spool = aligned_alloc(4096, SPOOL_CHUNK);
	if (!m->spool)
		die("no memory");
	memset(m->spool, 's', SPOOL_CHUNK);
	index_start(&m->index, m->fast);
}

static inline void messages_stop(struct messages *m)
{
	index_stop(&m->index);
	close(m->log_fd);
	close(m->spool_fd);
	free(m->spool);
}

/* --- the steps of a request ---------------------------------------------------------------- */

static inline bool messages_parse(const struct messages *m, const struct http_req *r,
				  struct messages_query *q)
{
	char slow[16] = "";
	int has_user, has_slow;

	CTRACE_REGION("parse");
	has_user = http_query(r, "user", q->user, sizeof(q->user));
	has_slow = http_query(r, "slow", slow, sizeof(slow));
	if (!has_user)
		strcpy(q->user, "nobody");
	if (has_user < 0 || has_slow < 0 || !http_is_token(q->user, strlen(q->user)))
		return false;
	for (q->slow = 0; q->slow < SLOW_NR; q->slow++)
		if (!strcmp(slow, slow_names[q->slow]))
			break;
	if (q->slow == SLOW_NR)
		return false;
	if (m->fast)
		q->slow = SLOW_NONE;
	return true;
}

/* A JSON string's inside. The rows come from elsewhere: nothing in them is taken on trust. */
static inline size_t json_escape(const char *s, size_t n, char *out, size_t out_sz)
{
	size_t k = 0;

	for (size_t i = 0; i < n && k + 7 < out_sz; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < ' ' || c >= 127) {
			k += (size_t)snprintf(out + k, out_sz - k, "\\u%04x", c);
			continue;
		}
		if (c == '"' || c == '\\')
			out[k++] = '\\';
		out[k++] = (char)c;
	}
	return k;
}

static inline size_t messages_json(const char *rows, uint64_t request, const char *user, char *out)
{
	size_t max = MESSAGES_BODY_MAX - 8, n;
	const char *nl;

	n = (size_t)snprintf(out, max, "{\"request\":%" PRIu64 ",\"user\":\"", request);
	n += json_escape(user, strlen(user), out + n, max - n);
	n += (size_t)snprintf(out + n, max - n, "\",\"messages\":[");
	for (const char *p = rows; (nl = strchr(p, '\n')) && n + 16 < max; p = nl + 1) {
		if (p != rows)
			out[n++] = ',';
		out[n++] = '"';
		n += json_escape(p, (size_t)(nl - p), out + n, max - n - 8);
		out[n++] = '"';
	}
	memcpy(out + n, "]}\n", 3);
	return n + 3;
}

/* The same answer again and again, until it has cost as much as a big one would. */
static inline size_t messages_serialize(const struct messages_worker *w, uint64_t request,
					const struct messages_query *q, char *out)
{
	uint64_t cpu_ns = w->shared->fast ? 0 : q->slow == SLOW_CPU ? 30 * MSEC : 250000;
	uint64_t cpu_end, wall_end;
	size_t n;

	CTRACE_REGION("serialize");
	cpu_end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + cpu_ns;
	wall_end = now_ns() + 3 * cpu_ns;
	do {
		/* Several times a look at the clock, which is a system call. */
		for (int i = 0; i < (cpu_ns ? 16 : 1); i++)
			n = messages_json(w->rows, request, q->user, out);
	} while (cpu_ns && clock_ns(CLOCK_THREAD_CPUTIME_ID) < cpu_end && now_ns() < wall_end);
	return n;
}

/*
 * Around the page cache where the file system allows it: copying would be work, not waiting.
 * N.B. on a file system in memory nothing of this waits.
 */
static inline bool messages_spool(struct messages *m)
{
	uint64_t end = now_ns() + 40 * MSEC;

	for (int i = 0; i < SPOOL_CHUNKS_MAX && now_ns() < end; i++)
		if (pwrite(m->spool_fd, m->spool, SPOOL_CHUNK, 0) != SPOOL_CHUNK ||
		    fdatasync(m->spool_fd))
			return false;
	return true;
}

static inline void messages_log(struct messages *m, uint64_t request,
				const struct messages_query *q, size_t bytes)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%" PRIu64 " GET /messages %" PRIu64 " %s %zu\n",
			 clock_ns(CLOCK_REALTIME), request, q->user, bytes);
	bool ok;

	CTRACE_REGION("log.append");
	ok = write(m->log_fd, line, (size_t)n) == n;
	if (!m->fast)
		ok = fdatasync(m->log_fd) == 0 && ok;
	if (q->slow == SLOW_DISK)
		ok = messages_spool(m) && ok;
	if (lseek(m->log_fd, 0, SEEK_CUR) > LOG_MAX)
		ok = ftruncate(m->log_fd, 0) == 0 && ok;
	if (!ok)
		ctrace_log("log", "cannot write: %s", strerror(errno));
}

/* Returns the status; for 200, with the answer in body (MESSAGES_BODY_MAX bytes) and *n. */
static inline int messages_get(struct messages_worker *w, const struct http_req *r, char *body,
			       size_t *n)
{
	uint64_t request = r->request_id, ticket = 0;
	struct messages_query q;
	char scratch[1024];

	if (!messages_parse(w->shared, r, &q))
		return 400;
	ctrace_log("request", "id=%" PRIu64 " user=%s", request, q.user);
	if (q.slow == SLOW_LOCK)
		ticket = index_expire(&w->shared->index);
	if (call_backend(&w->auth, ctrace_task_begin("auth.AccessToken"), request, "-", q.user,
			 scratch, sizeof(scratch)) < 0)
		return 502;
	index_touch(&w->shared->index, hash_text(q.user), ticket);
	if (call_backend(&w->cache, ctrace_task_begin("cache.Lookup"), request,
			 q.slow == SLOW_SLEEP ? "cold" : "-", q.user, scratch,
			 sizeof(scratch)) < 0 ||
	    call_backend(&w->spanner, ctrace_task_begin("spanner.Query"), request,
			 q.slow == SLOW_BACKEND ? "stale" : "-", q.user, w->rows,
			 sizeof(w->rows)) < 0)
		return 502;
	*n = messages_serialize(w, request, &q, body);
	messages_log(w->shared, request, &q, *n);
	return 200;
}

#endif
