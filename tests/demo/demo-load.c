/* SPDX-License-Identifier: MIT */
/*
 * demo-load - asks the demo's frontend, measures how long it takes, checks every answer
 *
 * Open loop: requests are due at random times of a given rate, whatever the service does, and a
 * request's latency counts from when it was due. Closed loop (--closed): each connection asks as
 * soon as it has its answer. One request in --slow-every is marked to be slow, in a way that its
 * number and the seed decide; --truth FILE says which, to compare with what a tracer found. With
 * --traceparent, each request comes from a span of its own, whose ids are made of its number.
 *
 * Invariant: exit status 0 means that every request was answered, rightly and once.
 */
#include "demo.h"

#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define CONNS_MAX   256
#define ANSWER_MAX  32768
#define PATIENCE_NS (10 * SEC) /* for the answers that are still missing at the end */
#define USERS	    50
#define ID_FIRST    1000
#define KINDS_MAX   8
#define ERRORS_MAX  100 /* give up */

struct record {
	uint64_t id, due, sent, done; /* done 0: no right answer */
	const char *kind;	      /* "-": not marked */
	int status;
};

struct conn {
	int fd; /* -1: to be opened */
	bool busy, last;
	size_t record; /* index, while busy */
	size_t n;
	uint64_t asked; /* on this connection */
	char buf[ANSWER_MAX + 1];
};

static long port, conns_nr = 32, rate = 500, seconds = 10, slow_every, seed = 1, reconnect;
static bool closed, traced;
static const char *truth, *kinds_text = "lock,disk,cpu,backend,sleep";
static const char *kinds[KINDS_MAX];
static size_t kinds_nr;

static struct conn conns[CONNS_MAX];
static struct record *records;
static size_t records_nr, records_max, busy_nr;
static uint64_t errors, due; /* due: open loop: of the next request */
static int epoll_fd;
static char stop_tag, timer_tag;

/* --- what is asked --------------------------------------------------------------------------- */

static void parse_kinds(char *text)
{
	for (char *k = strtok(text, ","); k && kinds_nr < KINDS_MAX; k = strtok(NULL, ","))
		kinds[kinds_nr++] = k;
	if (!kinds_nr)
		die("--kinds needs at least one");
}

/* One in each run of slow_every requests, somewhere in it; the kinds take turns. */
static const char *kind_of(uint64_t nr)
{
	uint64_t every = (uint64_t)slow_every, run;

	if (!every)
		return "-";
	run = nr / every;
	if (nr % every != mix64((uint64_t)seed ^ run << 20) % every)
		return "-";
	return kinds[run % kinds_nr];
}

/* Random gaps between 0 and twice the mean. */
static uint64_t next_gap(void)
{
	uint64_t mean = SEC / (uint64_t)rate;

	return mix64((uint64_t)seed * 7919 + records_nr) % (2 * mean + 1);
}

static struct record *new_record(uint64_t due_ns)
{
	struct record *r;

	if (records_nr == records_max) {
		records_max = records_max ? 2 * records_max : 4096;
		records = realloc(records, records_max * sizeof(*records));
		if (!records)
			die("no memory");
	}
	r = &records[records_nr];
	*r = (struct record){.id = ID_FIRST + records_nr, .due = due_ns};
	r->kind = kind_of(records_nr);
	records_nr++;
	return r;
}

/* --- connections ----------------------------------------------------------------------------- */

static void hang_up(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	busy_nr -= c->busy;
	c->busy = false;
}

static void fail(struct conn *c, const char *why)
{
	if (errors++ < 5)
		fprintf(stderr, "demo-load: request %" PRIu64 ": %s\n", records[c->record].id, why);
	hang_up(c);
}

static bool open_conn(struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->fd = connect_local(port);
	c->asked = 0;
	return c->fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) == 0;
}

/* The header of a request that comes from a span of its own. */
static const char *traceparent(char *line, size_t sz, uint64_t id)
{
	if (!traced)
		return "";
	snprintf(line, sz, "traceparent: 00-c7ace0de%024" PRIx64 "-5ba9%012" PRIx64 "-01\r\n", id,
		 id);
	return line;
}

static void ask(struct conn *c, uint64_t due_ns)
{
	struct record *r = new_record(due_ns);
	bool marked = r->kind[0] != '-';
	char text[384], line[96];
	int n;

	c->record = (size_t)(r - records);
	c->busy = true;
	c->n = 0;
	busy_nr++;
	if (c->fd < 0 && !open_conn(c)) {
		fail(c, "cannot connect");
		return;
	}
	c->last = reconnect && ++c->asked >= (uint64_t)reconnect;
	n = snprintf(text, sizeof(text),
		     "GET /messages?user=user-%u%s%s HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\n"
		     "X-Request-Id: %" PRIu64 "\r\n%s%s\r\n",
		     (unsigned int)(mix64(r->id) % USERS), marked ? "&slow=" : "",
		     marked ? r->kind : "", port, r->id, traceparent(line, sizeof(line), r->id),
		     c->last ? "Connection: close\r\n" : "");
	r->sent = now_ns();
	if (!send_all(c->fd, text, (size_t)n))
		fail(c, "cannot be sent");
}

/* --- answers --------------------------------------------------------------------------------- */

/* The header's number, or -1. */
static long header_number(const char *head, const char *name)
{
	const char *p = strcasestr(head, name);

	return p ? strtol(p + strlen(name), NULL, 10) : -1;
}

/* NULL: it is right. */
static const char *check(const struct record *r, const char *head, const char *body, size_t n)
{
	char begin[64];
	int begin_n = snprintf(begin, sizeof(begin), "{\"request\":%" PRIu64 ",", r->id);

	if (r->status != 200)
		return "the status is not 200";
	if (header_number(head, "\r\nX-Request-Id:") != (long)r->id)
		return "the answer is another request's";
	if (n < 64 || strncmp(body, begin, (size_t)begin_n) || memcmp(body + n - 3, "]}\n", 3))
		return "the answer's body is wrong";
	return NULL;
}

/* Looks whether the answer is complete. */
static void take_answer(struct conn *c)
{
	struct record *r = &records[c->record];
	char *body = strstr(c->buf, "\r\n\r\n");
	const char *wrong;
	long n;

	if (!body && c->n < ANSWER_MAX)
		return;
	n = body ? header_number(c->buf, "\r\nContent-Length:") : -1;
	if (n < 0 || n > ANSWER_MAX || sscanf(c->buf, "HTTP/1.1 %d", &r->status) != 1) {
		fail(c, "the answer is not HTTP");
		return;
	}
	body += 4;
	if (c->n < (size_t)(body - c->buf) + (size_t)n)
		return;
	wrong = check(r, c->buf, body, (size_t)n);
	if (wrong || c->n > (size_t)(body - c->buf) + (size_t)n) {
		fail(c, wrong ? wrong : "the answer is too long");
		return;
	}
	r->done = now_ns();
	c->busy = false;
	busy_nr--;
	if (c->last)
		hang_up(c);
}

static void readable(struct conn *c)
{
	ssize_t r = recv(c->fd, c->buf + c->n, ANSWER_MAX - c->n, MSG_DONTWAIT);

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (!c->busy) {
		hang_up(c); /* an idle connection may be closed, and is opened again */
		return;
	}
	if (r <= 0) {
		fail(c, "the connection was closed");
		return;
	}
	c->n += (size_t)r;
	c->buf[c->n] = 0;
	take_answer(c);
}

/* --- the loop -------------------------------------------------------------------------------- */

static struct conn *idle_conn(void)
{
	for (struct conn *c = conns; c < conns + conns_nr; c++)
		if (!c->busy)
			return c;
	return NULL;
}

static void ask_what_is_due(int timer_fd)
{
	struct itimerspec t = {0};
	struct conn *c;

	while (errors < ERRORS_MAX && (c = idle_conn()) && (closed || due <= now_ns())) {
		ask(c, closed ? now_ns() : due);
		due += closed ? 0 : next_gap();
	}
	t.it_value.tv_sec = (time_t)(due / SEC);
	t.it_value.tv_nsec = (long)(due % SEC);
	if (!closed)
		timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

/* Handles what happens within a tenth of a second. False: SIGTERM or SIGINT came. */
static bool wait_a_while(int stop_fd, int timer_fd)
{
	struct epoll_event evs[64];
	int n = epoll_wait(epoll_fd, evs, 64, 100);
	uint64_t expired;
	bool go_on = true;

	for (int i = 0; i < n; i++) {
		if (evs[i].data.ptr == &stop_tag)
			go_on = read(stop_fd, &(struct signalfd_siginfo){0},
				     sizeof(struct signalfd_siginfo)) <= 0;
		else if (evs[i].data.ptr != &timer_tag)
			readable(evs[i].data.ptr);
		else if (read(timer_fd, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
			die("timer: %s", strerror(errno));
	}
	return go_on;
}

/* Asks until the time is over or a signal comes, then waits for what is missing. */
static void run(int stop_fd, int timer_fd)
{
	uint64_t end = now_ns() + (uint64_t)seconds * SEC;

	due = now_ns();
	do
		ask_what_is_due(timer_fd);
	while (wait_a_while(stop_fd, timer_fd) && errors < ERRORS_MAX && now_ns() < end);
	end = now_ns() + PATIENCE_NS;
	while (busy_nr && now_ns() < end)
		wait_a_while(stop_fd, timer_fd);
	for (struct conn *c = conns; c < conns + conns_nr; c++)
		if (c->busy)
			fail(c, "no answer");
}

static void watch(int fd, void *tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = tag};

	if (fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		die("epoll: %s", strerror(errno));
}

/* --- results --------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_results(double elapsed_s)
{
	uint64_t *ns = calloc(records_nr + 1, sizeof(*ns));
	static const double at[] = {0.5, 0.9, 0.95, 0.99, 1};
	static const char *const names[] = {"p50", "p90", "p95", "p99", "max"};
	size_t n = 0;

	if (!ns)
		die("no memory");
	for (size_t i = 0; i < records_nr; i++)
		if (records[i].done)
			ns[n++] = records[i].done - records[i].due;
	qsort(ns, n, sizeof(*ns), by_size);
	printf("%zu requests in %.1f s: %.0f/s, %" PRIu64 " errors\n", records_nr, elapsed_s,
	       (double)records_nr / elapsed_s, errors);
	printf("latency in ms:");
	for (int i = 0; i < 5 && n; i++)
		printf(" %s %.2f", names[i], (double)ns[(size_t)((double)(n - 1) * at[i])] / 1e6);
	printf("\n");
	for (size_t k = 0; k < kinds_nr && slow_every; k++) {
		size_t marked = 0;

		for (size_t i = 0; i < records_nr; i++)
			marked += !strcmp(records[i].kind, kinds[k]);
		printf("%s%s %zu", k ? ", " : "made slow: ", kinds[k], marked);
	}
	printf("%s", slow_every ? "\n" : "");
	free(ns);
}

/* Times are CLOCK_MONOTONIC ns; the first line's number, added, gives CLOCK_REALTIME. */
static void write_truth(void)
{
	FILE *f = fopen(truth, "we");

	if (!f)
		die("cannot write %s: %s", truth, strerror(errno));
	fprintf(f, "# realtime-offset %" PRIu64 "\n# id kind status due sent done\n",
		clock_ns(CLOCK_REALTIME) - now_ns());
	for (const struct record *r = records; r < records + records_nr; r++)
		fprintf(f, "%" PRIu64 " %s %d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", r->id,
			r->kind, r->status, r->due, r->sent, r->done);
	if (fclose(f))
		die("cannot write %s: %s", truth, strerror(errno));
}

int main(int argc, char **argv)
{
	const struct option_row options[] = {
		{"port", .number = &port, .lo = 1, .hi = 65535, .help = "of the frontend"},
		{"connections", .number = &conns_nr, .lo = 1, .hi = CONNS_MAX, .help = "at once"},
		{"rate", .number = &rate, .lo = 1, .hi = 1000000, .help = "requests a second"},
		{"traceparent", .flag = &traced, .help = "each request is part of a trace"},
		{"closed", .flag = &closed, .help = "no rate: each connection as fast as it can"},
		{"seconds", .number = &seconds, .lo = 1, .hi = 86400, .help = "how long"},
		{"slow-every", .number = &slow_every, .hi = 1000000,
		 .help = "mark one in N; 0: none"},
		{"kinds", .text = &kinds_text, .help = "of slowness: lock,disk,cpu,backend,sleep"},
		{"seed", .number = &seed, .hi = LONG_MAX, .help = "decides which are marked"},
		{"reconnect", .number = &reconnect, .hi = LONG_MAX,
		 .help = "after N requests; 0: never"},
		{"truth", .text = &truth,
		 .help = "write each request, its mark and times to this file"},
		{0},
	};
	int stop_fd = demo_born(), timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t begin = now_ns();

	options_parse(options, argv);
	if (!port)
		die("--port is needed (see --help)");
	parse_kinds(strdup(kinds_text));
	for (int i = 0; i < CONNS_MAX; i++)
		conns[i].fd = -1;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch(stop_fd, &stop_tag);
	watch(timer_fd, &timer_tag);
	run(stop_fd, timer_fd);
	print_results((double)(now_ns() - begin) / 1e9);
	if (truth)
		write_truth();
	return errors || !records_nr;
}
