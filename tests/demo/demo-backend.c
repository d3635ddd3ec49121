/* SPDX-License-Identifier: MIT */
/*
 * demo-backend - a backend of the demo: demo-backend --role auth|cache|spanner [--fast]
 *
 * One thread a connection, their number bounded; the frontend holds one connection a worker. Each
 * call is a task of this process whose parent is the caller's task, which lives in another.
 *
 * Invariant: after SIGTERM, a call that was begun is answered.
 */
#include "demo-call.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS_MAX 64
#define STORE_BLOCK 4096
#define STORE_NR    256

enum role { AUTH, CACHE, SPANNER, ROLE_NR };

/* Answers into out, at most CALL_PAYLOAD_MAX bytes; its length, or minus an errno. */
typedef int serve_fn(const struct call_request *rq, char *out);

static int serve_auth(const struct call_request *rq, char *out);
static int serve_cache(const struct call_request *rq, char *out);
static int serve_spanner(const struct call_request *rq, char *out);

/* A function each, so that the marks' names are literals, which a tracer reads only once. */
static ctrace_task begin_auth(const ctrace_task *caller)
{
	return ctrace_task_begin_child(caller, "auth.AccessToken serve");
}

static ctrace_task begin_cache(const ctrace_task *caller)
{
	return ctrace_task_begin_child(caller, "cache.Lookup serve");
}

static ctrace_task begin_spanner(const ctrace_task *caller)
{
	return ctrace_task_begin_child(caller, "spanner.Query serve");
}

static const struct {
	const char *name, *comm;
	ctrace_task (*begin)(const ctrace_task *caller);
	serve_fn *serve;
} roles[ROLE_NR] = {
	[AUTH] = {"auth", "demo-auth", begin_auth, serve_auth},
	[CACHE] = {"cache", "demo-cache", begin_cache, serve_cache},
	[SPANNER] = {"spanner", "demo-spanner", begin_spanner, serve_spanner},
};

/* A connection's thread. fd is -1 while the slot is free; under slots_lock. */
struct slot {
	pthread_t thread;
	int fd;
	bool joinable;
};

static enum role role;
static bool fast;
static atomic_bool stopping;
static int store_fd = -1;
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[THREADS_MAX];

static uint64_t work(uint64_t seed, uint64_t ns)
{
	return work_for(seed, fast ? 0 : ns, 10 * ns);
}

/* --- what each role does ------------------------------------------------------------------- */

static int serve_auth(const struct call_request *rq, char *out)
{
	uint64_t digest;

	{
		CTRACE_REGION("verify");
		digest = work(hash_text(rq->arg), 150000);
	}
	return snprintf(out, CALL_PAYLOAD_MAX, "token=%016" PRIx64 " scope=read", digest);
}

static int serve_cache(const struct call_request *rq, char *out)
{
	uint64_t key = hash_text(rq->arg);
	int n = 0;

	CTRACE_REGION("lookup");
	if (!strcmp(rq->hint, "cold"))
		return -EAGAIN;
	work(key, 50000);
	for (int i = 0; i < 20; i++)
		n += snprintf(out + n, (size_t)(CALL_PAYLOAD_MAX - n), "%u%s",
			      (unsigned int)(mix64(key + (uint64_t)i) >> 40), i < 19 ? "," : "");
	return n;
}

/* A block from the disk itself, where the file system allows it: the page cache would hide it. */
static void read_block(uint64_t key)
{
	_Alignas(STORE_BLOCK) char block[STORE_BLOCK];

	if (pread(store_fd, block, sizeof(block), (off_t)(key % STORE_NR * STORE_BLOCK)) < 0)
		ctrace_log("storage", "block %u cannot be read", (unsigned int)(key % STORE_NR));
}

static int serve_spanner(const struct call_request *rq, char *out)
{
	uint64_t key = hash_text(rq->arg) ^ rq->request;
	int n = 0;

	{
		CTRACE_REGION("plan");
		work(key, 100000);
	}
	if (!strcmp(rq->hint, "stale")) {
		CTRACE_REGION("replica.wait");
		sleep_until(now_ns() + 40 * MSEC);
	}
	if (!fast) {
		CTRACE_REGION("storage.read");
		for (uint64_t i = 0; i < 2; i++)
			read_block(mix64(key + i));
	}
	CTRACE_REGION("rows");
	work(key, 100000);
	for (unsigned int i = 0; i < 20; i++)
		n += snprintf(out + n, (size_t)(CALL_PAYLOAD_MAX - n),
			      "%u\tfrom %s: \"message %016" PRIx64 "\" on page\\%u\n", i, rq->arg,
			      mix64(key + i), i);
	return n;
}

/* --- calls --------------------------------------------------------------------------------- */

/* payload has CALL_HEAD_ROOM bytes before it, so that one send suffices. */
static bool answer(int fd, char *payload, int n)
{
	const char *status = n >= 0 ? "OK" : n == -EAGAIN ? "BUSY" : "ERR";
	size_t payload_n = n >= 0 ? (size_t)n : 0;
	char head[CALL_HEAD_ROOM];
	size_t head_n = (size_t)snprintf(head, sizeof(head), "%s %zu\n", status, payload_n);

	CTRACE_REGION("answer");
	memcpy(payload - head_n, head, head_n);
	return send_all(fd, payload - head_n, head_n + payload_n);
}

static bool serve_one(struct call_stream *s)
{
	char line[CALL_LINE_MAX], out[CALL_HEAD_ROOM + CALL_PAYLOAD_MAX];
	struct call_request rq;
	ctrace_task caller = {0}, task, old;
	bool ok;

	if (!call_take(s, line, sizeof(line), true) ||
	    sscanf(line, CALL_FORMAT, rq.name, &rq.task, &rq.request, rq.hint, rq.arg) != 5)
		return false;
	caller.id = rq.task;
	task = roles[role].begin(&caller);
	old = ctrace_task_enter(&task);
	ctrace_log("call", "request=%" PRIu64 " %s", rq.request, rq.name);
	ok = answer(s->fd, out + CALL_HEAD_ROOM, roles[role].serve(&rq, out + CALL_HEAD_ROOM));
	ctrace_task_leave(&old);
	if (ok)
		ctrace_task_end(&task);
	else
		ctrace_task_fail(&task, "the caller has gone");
	return ok;
}

static void *serve_connection(void *arg)
{
	struct slot *slot = arg;
	struct call_stream s = {.fd = slot->fd};

	while (!atomic_load(&stopping) && serve_one(&s))
		;
	pthread_mutex_lock(&slots_lock);
	close(slot->fd);
	slot->fd = -1;
	pthread_mutex_unlock(&slots_lock);
	return NULL;
}

/* --- connections --------------------------------------------------------------------------- */

static struct slot *free_slot(void)
{
	for (int i = 0; i < THREADS_MAX; i++) {
		if (slots[i].fd >= 0)
			continue;
		if (slots[i].joinable)
			pthread_join(slots[i].thread, NULL);
		slots[i].joinable = false;
		return &slots[i];
	}
	return NULL;
}

static void accept_one(int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct slot *slot;
	char name[16];

	if (fd < 0)
		return;
	pthread_mutex_lock(&slots_lock);
	slot = free_slot();
	if (!slot) {
		close(fd);
	} else {
		set_timeouts(fd, 0);
		slot->fd = fd;
		if (pthread_create(&slot->thread, NULL, serve_connection, slot)) {
			close(fd);
			slot->fd = -1;
		} else {
			slot->joinable = true;
			snprintf(name, sizeof(name), "%s-%u", roles[role].name,
				 (unsigned int)(slot - slots));
			pthread_setname_np(slot->thread, name);
		}
	}
	pthread_mutex_unlock(&slots_lock);
}

/* No more calls are read; those begun are answered, since only the receiving side is shut. */
static void stop_connections(void)
{
	atomic_store(&stopping, true);
	pthread_mutex_lock(&slots_lock);
	for (int i = 0; i < THREADS_MAX; i++)
		if (slots[i].fd >= 0)
			shutdown(slots[i].fd, SHUT_RD);
	pthread_mutex_unlock(&slots_lock);
	for (int i = 0; i < THREADS_MAX; i++)
		if (slots[i].joinable)
			pthread_join(slots[i].thread, NULL);
}

/* --- start --------------------------------------------------------------------------------- */

static void open_store(const char *dir)
{
	static _Alignas(STORE_BLOCK) char block[STORE_BLOCK];
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.store", dir, roles[role].name);
	store_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_DIRECT, 0600);
	if (store_fd < 0 && errno == EINVAL)
		store_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 0; i < STORE_NR && store_fd >= 0; i++)
		if (pwrite(store_fd, block, sizeof(block), i * STORE_BLOCK) != sizeof(block))
			die("cannot write %s: %s", path, strerror(errno));
	if (store_fd < 0 || fsync(store_fd))
		die("cannot make %s: %s", path, strerror(errno));
}

static enum role role_named(const char *text)
{
	for (int i = 0; i < ROLE_NR; i++)
		if (!strcmp(text, roles[i].name))
			return (enum role)i;
	die("--role is auth, cache or spanner, not '%s'", text);
}

static void accept_until_stopped(int listen_fd, int stop_fd)
{
	for (;;) {
		struct pollfd p[] = {{.fd = listen_fd, .events = POLLIN},
				     {.fd = stop_fd, .events = POLLIN}};

		if (poll(p, 2, -1) < 0) {
			if (errno != EINTR)
				die("poll: %s", strerror(errno));
		} else if (p[1].revents) {
			return;
		} else if (p[0].revents) {
			accept_one(listen_fd);
		}
	}
}

int main(int argc, char **argv)
{
	const char *role_name = "", *port_file = NULL, *dir = ".";
	long port = 0;
	const struct option_row options[] = {
		{"role", .text = &role_name, .help = "auth, cache or spanner"},
		{"port", .number = &port, .hi = 65535, .help = "listen there; 0: on a free one"},
		{"port-file", .text = &port_file, .help = "write the port into this file"},
		{"dir", .text = &dir, .help = "directory for files"},
		{"fast", .flag = &fast, .help = "no disk, and as little work as possible"},
		{0},
	};
	int stop_fd = demo_born(), listen_fd;

	options_parse(options, argv);
	role = role_named(role_name);
	prctl(PR_SET_NAME, roles[role].comm);
	for (int i = 0; i < THREADS_MAX; i++)
		slots[i].fd = -1;
	if (role == SPANNER)
		open_store(dir);
	listen_fd = listen_local(&port);
	announce_port(port, port_file);
	accept_until_stopped(listen_fd, stop_fd);
	close(listen_fd);
	stop_connections();
	return 0;
}
