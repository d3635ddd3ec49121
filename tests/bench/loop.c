/* SPDX-License-Identifier: MIT */
/*
 * loop.c - a thing done over and over, and what one of it takes
 *
 *	loop mark|switch|syscall FILE
 *
 * Until it is killed, it appends "<monotonic ns> <ns each>" to FILE for each slice of about 10 ms.
 * The script that attaches tracers meanwhile picks the slices that lie within its own stamps, so
 * that what is compared ran in turns on the same machine. mark: a region's begin and end count as
 * two. switch: two threads hand a byte to and fro through pipes, on one CPU: four switches a round,
 * counted as such. syscall: getppid.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ctrace/ctrace.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int to_other[2], to_me[2];

static void *other(void *arg)
{
	char c;

	while (read(to_other[0], &c, 1) == 1 && write(to_me[1], &c, 1) == 1)
		;
	return arg;
}

static void start_other(void)
{
	pthread_t thread;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (pipe(to_other) || pipe(to_me) || pthread_create(&thread, NULL, other, NULL))
		exit(1);
}

/* Each returns how many things it did. */
static int do_marks(void)
{
	for (int i = 0; i < 500; i++) {
		ctrace_region_begin("work");
		ctrace_region_end("work");
	}
	return 1000;
}

static int do_switches(void)
{
	char c = 0;

	for (int i = 0; i < 100; i++)
		if (write(to_other[1], &c, 1) != 1 || read(to_me[0], &c, 1) != 1)
			exit(1);
	return 200;
}

static int do_syscalls(void)
{
	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
	return 1000;
}

int main(int argc, char **argv)
{
	int (*work)(void) = do_marks;
	FILE *out = argc == 3 ? fopen(argv[2], "w") : NULL;

	if (!out) {
		fprintf(stderr, "usage: loop mark|switch|syscall FILE\n");
		return 2;
	}
	if (!strcmp(argv[1], "switch")) {
		start_other();
		work = do_switches;
	} else if (!strcmp(argv[1], "syscall")) {
		work = do_syscalls;
	}
	for (;;) {
		uint64_t begin = now_ns(), end, nr = 0;

		do {
			nr += (uint64_t)work();
			end = now_ns();
		} while (end - begin < 10000000);
		fprintf(out, "%llu %.3f\n", (unsigned long long)begin,
			(double)(end - begin) / (double)nr);
		fflush(out);
	}
}
