/* SPDX-License-Identifier: MIT */
/*
 * demo.h - what the demo's programs share: their life, time, sockets and options
 *
 * Invariant: no program outlives the script that started it, and none is ended by a signal that
 * it did not expect. SIGPIPE is ignored, SIGTERM and SIGINT are blocked and read from a signalfd,
 * and the kernel kills the program when its parent dies.
 */
#ifndef DEMO_H
#define DEMO_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MSEC 1000000ull
#define SEC  1000000000ull

__attribute__((format(printf, 1, 2), noreturn)) static inline void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- time ---------------------------------------------------------------------------------- */

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SEC + (uint64_t)t.tv_nsec;
}

static inline uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline void sleep_until(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / SEC), .tv_nsec = (long)(ns % SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static inline uint64_t mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static inline uint64_t hash_text(const char *s)
{
	uint64_t h = 0;

	while (*s)
		h = mix64(h ^ (unsigned char)*s++);
	return h;
}

/*
 * Works until the thread has had cpu_ns of CPU time, or wall_ns have gone by: the same load on
 * any machine. 0: as little as possible. Returns the digest, so that the work cannot be optimised
 * away.
 */
static inline uint64_t work_for(uint64_t seed, uint64_t cpu_ns, uint64_t wall_ns)
{
	uint64_t cpu_end, wall_end;

	if (!cpu_ns)
		return mix64(seed);
	cpu_end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + cpu_ns;
	wall_end = now_ns() + wall_ns;
	do {
		for (int i = 0; i < 16000; i++)
			seed = mix64(seed);
	} while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < cpu_end && now_ns() < wall_end);
	return seed;
}

/* --- life ---------------------------------------------------------------------------------- */

/* Call it first, before any thread is made. Returns a signalfd that gives SIGTERM and SIGINT. */
static inline int demo_born(void)
{
	pid_t parent = getppid();
	sigset_t set;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		exit(1);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("signalfd: %s", strerror(errno));
	return fd;
}

/* --- options ------------------------------------------------------------------------------- */

/* One row an option; exactly one of flag, number and text is set. A name of NULL ends the table. */
struct option_row {
	const char *name;
	bool *flag;
	long *number;
	const char **text;
	long lo, hi; /* of number */
	const char *help;
};

static inline void options_usage(const struct option_row *o, FILE *f)
{
	fprintf(f, "usage: %s [OPTION]...\n", program_invocation_short_name);
	for (; o->name; o++)
		fprintf(f, "  --%-12s %-5s %s\n", o->name,
			o->flag	    ? ""
			: o->number ? "N"
				    : "TEXT",
			o->help);
}

static inline void option_set(const struct option_row *o, const char *value)
{
	char *end;
	long v;

	if (o->text) {
		*o->text = value;
		return;
	}
	errno = 0;
	v = strtol(value, &end, 10);
	if (errno || end == value || *end || v < o->lo || v > o->hi)
		die("--%s takes a number from %ld to %ld, not '%s'", o->name, o->lo, o->hi, value);
	*o->number = v;
}

static inline void options_parse(const struct option_row *table, char **argv)
{
	for (char **a = argv + 1; *a; a++) {
		const struct option_row *o = table;

		if (!strcmp(*a, "--help")) {
			options_usage(table, stdout);
			exit(0);
		}
		while (o->name && (strncmp(*a, "--", 2) || strcmp(*a + 2, o->name)))
			o++;
		if (!o->name || (!o->flag && !a[1])) {
			options_usage(table, stderr);
			exit(2);
		}
		if (o->flag)
			*o->flag = true;
		else
			option_set(o, *++a);
	}
}

/* --- sockets ------------------------------------------------------------------------------- */

static inline struct sockaddr_in local_addr(long port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Listens on 127.0.0.1, on a free port if *port is 0, and puts the port into *port. */
static inline int listen_local(long *port)
{
	struct sockaddr_in a = local_addr(*port);
	socklen_t len = sizeof(a);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 256) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		die("cannot listen on 127.0.0.1:%ld: %s", *port, strerror(errno));
	*port = ntohs(a.sin_port);
	return fd;
}

static inline void set_timeouts(int fd, int seconds)
{
	struct timeval tv = {.tv_sec = seconds};
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* Returns a blocking socket, or -1. */
static inline int connect_local(long port)
{
	struct sockaddr_in a = local_addr(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	set_timeouts(fd, 5);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Sends all of it, on a blocking or a non-blocking socket. False if the peer is gone or stuck. */
static inline bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		struct pollfd pfd = {.fd = fd, .events = POLLOUT};
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL);

		if (r > 0) {
			p += r;
			n -= (size_t)r;
		} else if (r < 0 && errno == EAGAIN) {
			r = poll(&pfd, 1, 2000);
			if (r == 0 || (r < 0 && errno != EINTR))
				return false;
		} else if (r == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* Tells where it listens: on stdout and, complete or not at all, in a file if one is given. */
static inline void announce_port(long port, const char *file)
{
	char tmp[PATH_MAX];
	FILE *f;

	printf("listening on 127.0.0.1:%ld\n", port);
	fflush(stdout);
	if (!file)
		return;
	snprintf(tmp, sizeof(tmp), "%s.new", file);
	f = fopen(tmp, "we");
	if (!f || fprintf(f, "%ld\n", port) < 0 || fclose(f) || rename(tmp, file))
		die("cannot write %s: %s", file, strerror(errno));
}

#endif
