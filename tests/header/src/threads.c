/* SPDX-License-Identifier: MIT */
/*
 * threads.c - all marks from several threads at once, and from a signal handler
 *
 * For most of the time the semaphores are up, so that batches are written and the probes executed,
 * too (nobody listens: they are nops). Built with sanitizers: they, and the invariants that the handler checks, are the test.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ctrace/ctrace.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SIGNALS
#define SIGNALS 100 /* 0: the thread sanitizer delivers none to a loop without library calls */
#endif
#define THREADS 4
#define ROUNDS	3000
#define FORKS	16

static ctrace_task shared_task;
static ctrace_async handed[THREADS];
static pthread_barrier_t barrier;

static void *worker(void *arg)
{
	long self = (long)arg;
	char own[16];
	int i;

	snprintf(own, sizeof(own), "own %ld", self);
	for (i = 0; i < ROUNDS; i++) {
		ctrace_task outer = ctrace_task_begin("outer"), inner = ctrace_task_begin(own);
		ctrace_task child = ctrace_task_begin_child(&shared_task, "child");
		ctrace_task old = ctrace_task_enter(&child);
		CTRACE_REGION(own);

		ctrace_log("worker", "%ld %d", self, i);
		ctrace_task_leave(&old);
		ctrace_task_traceparent(&inner, "00-");
		ctrace_region_begin("region");
		ctrace_task_end(&outer); /* out of order */
		ctrace_region_end("region");
		ctrace_task_fail(&inner, own);
		ctrace_task_end(&child);
	}
	handed[self] = ctrace_async_begin("handed over");
	pthread_barrier_wait(&barrier);
	ctrace_async_end(&handed[(self + 1) % THREADS]);
	ctrace_task_end(&shared_task); /* all of them end it */
	return NULL;
}

static volatile sig_atomic_t handled, torn;
static uint64_t handlers_ids[SIGNALS + 1];

/* Sees "outer", which has no parent, or "inner", which has one, or none: never a mixture. */
static void handler(int sig)
{
	ctrace_task t = ctrace_task_begin("in the handler"), old;
	CTRACE_REGION("handler");

	(void)sig;
	ctrace_task_end(&t);
	old = ctrace_task_enter(NULL);
	ctrace_task_leave(&old);
	if (old.id != t.parent || (old.id && (old.parent != 0) != !strcmp(old.name, "inner")))
		torn = 1;
	if (handled < SIGNALS)
		handlers_ids[handled] = t.id;
	handled = handled + 1;
}

/* Every id of this thread is used once, by it or by the handler. Returns the number of faults. */
static int check_signals(void)
{
	struct itimerval timer = {{0, 50}, {0, 50}}, off = {{0, 0}, {0, 0}};
	ctrace_async first, last;
	struct sigaction action;
	uint64_t taken = 0;
	int i, faults = 0;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	handled = 0;
	first = ctrace_async_begin("first");
	if (sigaction(SIGPROF, &action, NULL) || setitimer(ITIMER_PROF, &timer, NULL))
		return 1;
	while (handled < SIGNALS) {
		ctrace_task outer = ctrace_task_begin("outer"), inner = ctrace_task_begin("inner");

		faults += inner.id <= outer.id || inner.parent != outer.id;
		taken += 2;
		ctrace_task_end(&inner);
		ctrace_task_end(&outer);
	}
	setitimer(ITIMER_PROF, &off, NULL);
	last = ctrace_async_begin("last");
	for (i = 1; i < SIGNALS; i++)
		faults += handlers_ids[i] <= handlers_ids[i - 1];
	faults += last.id - first.id != taken + (uint64_t)handled + 1;
	return faults + torn;
}

/* Children of a process that has begun no task begin with ids of their own. */
static int check_forks(void)
{
	uint64_t ids[FORKS];
	int ends[2], i, j;

	if (pipe(ends))
		return 1;
	for (i = 0; i < FORKS; i++) {
		if (!fork()) {
			ctrace_task t = ctrace_task_begin("forked");

			_exit(write(ends[1], &t.id, sizeof(t.id)) != sizeof(t.id));
		}
	}
	for (i = 0; i < FORKS; i++)
		if (read(ends[0], &ids[i], sizeof(ids[i])) != sizeof(ids[i]))
			return 1;
	while (wait(NULL) > 0)
		;
	for (i = 0; i < FORKS; i++)
		for (j = 0; j < i; j++)
			if (ids[i] == ids[j])
				return 1;
	return 0;
}

int main(void)
{
	static const uint32_t ways[] = {0, 1, 1u << 16,
					1 | 1u << 16}; /* none, direct, batched, both */
	pthread_t threads[THREADS];
	int traced;

	if (check_forks()) {
		fprintf(stderr, "forked children share ids\n");
		return 1;
	}
	for (traced = 0; traced < 4; traced++) {
		ctrace_probes_v3[2] = (uint32_t)traced; /* a session */
		ctrace_probes_v3[0] = ways[traced];
		shared_task = ctrace_task_begin("shared");
		pthread_barrier_init(&barrier, NULL, THREADS);
		for (long i = 0; i < THREADS; i++)
			if (pthread_create(&threads[i], NULL, worker, (void *)i))
				return 1;
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&barrier);
		ctrace_task_end(&shared_task);
		if (SIGNALS && check_signals()) {
			fprintf(stderr, "a signal handler saw what it should not%s\n",
				traced ? ", traced" : "");
			return 1;
		}
	}
	return 0;
}
