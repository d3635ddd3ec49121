/* SPDX-License-Identifier: MIT */
/*
 * workload.h - a program that knows what it did, so that a trace of it can be judged
 *
 *	struct account a = { .name = "sleep", .state = "sleep" };
 *
 *	workload_start(&w, argc, argv);              says "ready", waits until a tracer has attached
 *	for (int i = 0; i < w.laps; i++)
 *		MEASURED(&a, "sleep", sleep_ns(20 * MS));
 *	account_print(&a);
 *	return workload_end();                       says "done", waits for SIGTERM
 *
 * Every lap is made while the tracer is attached, so the trace holds each of them whole and its
 * count is exact. Around each mark stand two clock readings: what a tracer says of the region must
 * lie between inside and outside, whatever the machine does meanwhile. Output is lines of
 * "kind key=value ...". A workload ends with its parent, and by itself after ten minutes.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ctrace/ctrace.h"

#define US 1000ull
#define MS 1000000ull

struct workload {
	int laps;	  /* -n */
	const char *mode; /* -m: what to do, if there is more than one thing; "" if not given */
	const char
		*path; /* -f: a file, directory or library, whichever it needs; "" if not given */
	int secs;      /* -s */
	int wait;      /* 0 with -u: do not wait for a tracer */
};

/* What the laps of one region took, added up. */
struct account {
	const char *name;  /* of the region */
	const char *state; /* the state that it should be in mostly */
	uint64_t count;
	uint64_t in_ns, out_ns;		/* wall time within the marks, and around them */
	uint64_t min_in_ns, min_out_ns; /* the shortest lap */
	uint64_t max_in_ns, max_out_ns; /* the longest lap */
	uint64_t cpu_ns;		/* CPU time around the marks */
	uint64_t delay_ns;		/* the kernel's run_delay: was ready, but had no CPU */
	uint64_t edge_ns;    /* around the marks, where cpu_ns and delay_ns may grow too */
	uint64_t blocked_ns; /* what the workload knows to be blocked; 0 not known */
};

struct lap {
	uint64_t start, out0, in0, in1, out1;
	uint64_t cpu0, delay0;
};

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static inline uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline pid_t tid(void)
{
	return syscall(SYS_gettid);
}

/* N.B. at least ns: an interrupted sleep goes on. */
static inline void sleep_ns(uint64_t ns)
{
	struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

static inline void spin_ns(uint64_t ns)
{
	for (uint64_t end = now_ns() + ns; now_ns() < end;)
		;
}

/* The second figure of /proc/PID/task/TID/schedstat: ns spent ready without a CPU. */
static inline uint64_t run_delay_ns(void)
{
	static _Thread_local int fd;
	char text[96], *end;
	ssize_t n;

	if (!fd) {
		snprintf(text, sizeof(text), "/proc/self/task/%d/schedstat", tid());
		fd = open(text, O_RDONLY | O_CLOEXEC);
	}
	n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = 0;
	strtoull(text, &end, 10);
	return strtoull(end, NULL, 10);
}

static inline void lap_begin(struct lap *l)
{
	l->start = now_ns();
	l->delay0 = run_delay_ns();
	l->cpu0 = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	l->out0 = now_ns();
}

static inline void lap_end(struct lap *l, struct account *a)
{
	uint64_t in = l->in1 - l->in0, out;

	l->out1 = now_ns();
	a->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - l->cpu0;
	a->delay_ns += run_delay_ns() - l->delay0;
	a->edge_ns += now_ns() - l->start - in;
	out = l->out1 - l->out0;
	a->in_ns += in;
	a->out_ns += out;
	if (!a->count || in < a->min_in_ns)
		a->min_in_ns = in;
	if (!a->count || out < a->min_out_ns)
		a->min_out_ns = out;
	if (in > a->max_in_ns)
		a->max_in_ns = in;
	if (out > a->max_out_ns)
		a->max_out_ns = out;
	a->count++;
}

/* One lap: code inside region name. Leaves its struct lap in *lap. The name is a literal. */
#define MEASURED_LAP(lap, acct, name, code) \
	do {                                \
		lap_begin(lap);             \
		ctrace_region_begin(name);  \
		(lap)->in0 = now_ns();      \
		code;                       \
		(lap)->in1 = now_ns();      \
		ctrace_region_end(name);    \
		lap_end(lap, acct);         \
	} while (0)

#define MEASURED(acct, name, code)                     \
	do {                                           \
		struct lap lap_;                       \
		MEASURED_LAP(&lap_, acct, name, code); \
	} while (0)

static inline void account_print(const struct account *a)
{
	printf("region name=%s state=%s count=%llu in_ns=%llu out_ns=%llu min_in_ns=%llu "
	       "min_out_ns=%llu max_in_ns=%llu max_out_ns=%llu cpu_ns=%llu delay_ns=%llu "
	       "edge_ns=%llu blocked_ns=%llu\n",
	       a->name, a->state, (unsigned long long)a->count, (unsigned long long)a->in_ns,
	       (unsigned long long)a->out_ns, (unsigned long long)a->min_in_ns,
	       (unsigned long long)a->min_out_ns, (unsigned long long)a->max_in_ns,
	       (unsigned long long)a->max_out_ns, (unsigned long long)a->cpu_ns,
	       (unsigned long long)a->delay_ns, (unsigned long long)a->edge_ns,
	       (unsigned long long)a->blocked_ns);
}

/* Steal time of the whole machine so far: it is in wall time, but on no thread's CPU clock. */
static inline uint64_t steal_ns(void)
{
	unsigned long long steal = 0;
	FILE *f = fopen("/proc/stat", "re");

	if (!f)
		return 0;
	if (fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		steal = 0;
	fclose(f);
	return steal * 1000000000ull / sysconf(_SC_CLK_TCK);
}

static uint64_t workload_steal_ns; /* at the start */
static int workload_exits;	   /* -x: it ends by itself, instead of waiting for SIGTERM */

static inline void workload_options(struct workload *w, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:m:f:s:ux")) != -1)
		switch (c) {
		case 'n':
			w->laps = atoi(optarg);
			break;
		case 'm':
			w->mode = optarg;
			break;
		case 'f':
			w->path = optarg;
			break;
		case 's':
			w->secs = atoi(optarg);
			break;
		case 'u':
			w->wait = 0;
			break;
		case 'x':
			workload_exits = 1;
			break;
		default:
			exit(2);
		}
}

static inline void workload_ready(void)
{
	printf("ready pid=%d\n", getpid());
	fflush(stdout);
}

/*
 * A tracer arms one probe after the other. The first one that it arms shows here, so there is a
 * pause until it has surely done the last.
 */
static inline void workload_await(const struct workload *w)
{
	const char *ms = getenv("WORKLOAD_SETTLE_MS");

	while (w->wait && !ctrace_enabled())
		sleep_ns(200 * US);
	if (w->wait)
		sleep_ns(MS * (ms ? atoi(ms) : 200));
	workload_steal_ns = steal_ns();
}

/* Only what every process here needs: it dies with its parent, sleeps exactly, and is ended by
 * a SIGTERM that no thread takes by accident. */
static inline void workload_init(void)
{
	sigset_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1);
	alarm(600);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static inline void workload_start(struct workload *w, int argc, char **argv)
{
	*w = (struct workload){.laps = 40, .mode = "", .path = "", .secs = 3, .wait = 1};
	workload_options(w, argc, argv);
	workload_init();
	workload_ready();
	workload_await(w);
}

static inline void workload_wait_term(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &sig);
}

static inline int workload_end(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	printf("process pid=%d steal_ns=%llu minflt=%ld majflt=%ld nvcsw=%ld nivcsw=%ld\n",
	       getpid(), (unsigned long long)(steal_ns() - workload_steal_ns), r.ru_minflt,
	       r.ru_majflt, r.ru_nvcsw, r.ru_nivcsw);
	printf("done\n");
	fflush(stdout);
	if (!workload_exits)
		workload_wait_term();
	return 0;
}

/*
 * Another thread that, each time it is asked, waits and then lets the asking thread go on. It
 * stamps the instant just before it does so: until then the other was blocked, by somebody who
 * knows.
 */
struct partner {
	pthread_t thread;
	sem_t asked, taken;
	uint64_t wait_ns;
	void (*take)(void *ctx);    /* before `taken` is said; NULL none */
	void (*release)(void *ctx); /* lets the other go on */
	void *ctx;
	uint64_t released_ns;
};

static inline void *partner_main(void *arg)
{
	struct partner *p = arg;

	for (;;) {
		while (sem_wait(&p->asked))
			;
		if (p->take)
			p->take(p->ctx);
		sem_post(&p->taken);
		sleep_ns(p->wait_ns);
		p->released_ns = now_ns();
		p->release(p->ctx);
	}
	return NULL;
}

static inline void partner_start(struct partner *p)
{
	sem_init(&p->asked, 0, 0);
	sem_init(&p->taken, 0, 0);
	errno = pthread_create(&p->thread, NULL, partner_main, p);
	if (errno)
		die("pthread_create");
}

/* Returns when the partner has taken what the caller is about to wait for. */
static inline void partner_ask(struct partner *p)
{
	sem_post(&p->asked);
	while (sem_wait(&p->taken))
		;
}

/* After a lap: the part of it that the partner made the caller wait. */
static inline uint64_t partner_blocked_ns(const struct partner *p, const struct lap *l)
{
	return p->released_ns > l->in0 ? p->released_ns - l->in0 : 0;
}

#endif
