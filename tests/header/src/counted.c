/* SPDX-License-Identifier: MIT */
/*
 * counted.c - marks a known number of times, while somebody traces it
 *
 * counted SITES: waits until SITES of its probes are armed, which it sees in the semaphore, says
 * "armed", waits for a line on stdin, marks as ROUNDS says, says "done" and waits until no probe
 * is armed. It waits for 30 s at most, then it fails. Linux counts a semaphore up once for each
 * armed site.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ctrace/ctrace.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS 50

static int wait_for(int sites)
{
	int i;

	for (i = 0; i < 3000; i++) {
		if ((ctrace_probes_v3[0] & 0xffff) == (uint32_t)sites)
			return 0;
		usleep(10000);
	}
	fprintf(stderr, "semaphore is %d, not %d\n", (int)(ctrace_probes_v3[0] & 0xffff), sites);
	return 1;
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

static void round_of_marks(int i)
{
	ctrace_task t = ctrace_task_begin("GET /messages"), c, old;
	ctrace_async a;

	CTRACE_REGION("block");
	ctrace_task_traceparent(&t, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	c = ctrace_task_begin_child(&t, "child");
	old = ctrace_task_enter(&c);
	a = ctrace_async_begin("queue");
	ctrace_region_begin("parse");
	ctrace_region_end("parse");
	ctrace_log("test", "round %d", i);
	ctrace_async_end(&a);
	ctrace_task_fail(&c, "on purpose");
	ctrace_task_leave(&old);
	ctrace_task_end(&t);
}

int main(int argc, char **argv)
{
	int i;

	if (argc != 2 || wait_for(atoi(argv[1])))
		return 1;
	say("armed");
	alarm(30);
	if (getchar() == EOF)
		return 1;
	for (i = 0; i < ROUNDS; i++)
		round_of_marks(i);
	say("done");
	return wait_for(0);
}
