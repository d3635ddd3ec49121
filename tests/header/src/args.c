/* SPDX-License-Identifier: MIT */
/*
 * args.c - every mark, traced by trap.h: prints what stood in each probe's registers
 *
 * Is both C and C++, and the same output is expected of every compiler, optimisation and linkage:
 * tests/header/args.expected. Ids are printed as #1, #2 … in the order of their first appearance.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ctrace/ctrace.h>
#include <errno.h>
#include <stdio.h>
#include "trap.h"

static int id_nr(uint64_t id)
{
	static uint64_t seen[64];
	int i = 0;

	if (!id)
		return 0;
	while (seen[i] && seen[i] != id)
		i++;
	seen[i] = id;
	return i + 1;
}

static void print(const struct trap_hit *hit)
{
	const char *site = strrchr(hit->text[1], '/');

	printf("%-17s", hit->probe);
	if (!strncmp(hit->probe, "region__", 8))
		printf(" %s at %s task #%d of #%d '%s' flags %d\n", hit->text[0],
		       site ? site + 1 : hit->text[1], id_nr(hit->arg[2]), id_nr(hit->arg[3]),
		       hit->text[4], (int)hit->arg[5]);
	else if (!strncmp(hit->probe, "async__", 7))
		printf(" %s at %s #%d task #%d %d flags %d\n", hit->text[0],
		       site ? site + 1 : hit->text[1], id_nr(hit->arg[2]), id_nr(hit->arg[3]),
		       (int)hit->arg[4], (int)hit->arg[5]);
	else if (!strcmp(hit->probe, "log"))
		printf(" %s: %s (%d, %d bytes) task #%d flags %d\n", hit->text[0], hit->text[1],
		       (int)hit->arg[3], (int)hit->arg[4], id_nr(hit->arg[2]), (int)hit->arg[5]);
	else if (!strcmp(hit->probe, "task__traceparent"))
		printf(" #%d %s\n", id_nr(hit->arg[0]), hit->text[1]);
	else if (!strcmp(hit->probe, "task__end"))
		printf(" #%d of #%d '%s' flags %d '%s'\n", id_nr(hit->arg[0]), id_nr(hit->arg[1]),
		       hit->text[2], (int)hit->arg[3], hit->text[4]);
	else
		printf(" #%d of #%d '%s' flags %d\n", id_nr(hit->arg[0]), id_nr(hit->arg[1]),
		       hit->text[2], (int)hit->arg[3]);
}

/* The sites below are in the expected output. */
#line 1 "args.c"
static void regions(const char *name)
{
	CTRACE_REGION("block");
	ctrace_region_begin("parse");
	ctrace_region_end("parse");
	ctrace_region_begin(name);
	ctrace_region_end(name);
}

#ifndef MAIN /* call.c wants another name */
#define MAIN main
#endif
__attribute__((visibility("default"))) int MAIN(void);

int MAIN(void)
{
	char own[32], own_message[32], long_message[300];
	const char *volatile name = own, *volatile message = own_message;
	ctrace_task a, b, old;
	ctrace_async q;
	int i;

	strcpy(own, "own name");
	strcpy(own_message, "own message");
	memset(long_message, 'x', sizeof(long_message) - 1);
	long_message[sizeof(long_message) - 1] = 0;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);

	a = ctrace_task_begin("early"); /* before anyone looks */
	if (trap_start())
		return 77;
	regions(name);
	ctrace_task_traceparent(&a, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	b = ctrace_task_begin(name);
	regions(name);
	ctrace_task_fail(&b, "no luck");
	b = ctrace_task_begin_child(&a, "child");
	old = ctrace_task_enter(&b);
	q = ctrace_async_begin("queue");
	ctrace_log("test", "%d and %s", 42, "more");
	ctrace_task_leave(&old);
	ctrace_async_end(&q);
	ctrace_task_fail(&b, message);
	b = ctrace_task_begin_child(NULL, name);
	ctrace_task_fail(&b, NULL);
	ctrace_task_end(&a);
	old = ctrace_task_enter(NULL);
	ctrace_task_leave(&old);
	q = ctrace_async_begin(name);
	ctrace_async_end(&q);
	errno = 1234;
	ctrace_log(name, "%s", long_message);
	ctrace_log("not ASCII", "%ls", L"\xdc80"); /* an error, and in errno */
	ctrace_log("errno", "%d", errno);

	for (i = 0; i < trap_nr_hits; i++)
		print(&trap_hits[i]);
	return 0;
}
