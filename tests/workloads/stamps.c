/* SPDX-License-Identifier: MIT */
/*
 * stamps.c - marks between two readings of the clock, on one CPU after the other: stamps -s SECS
 *
 * A thousand a second. Each is a line "at BEFORE AFTER", in ns of CLOCK_MONOTONIC.
 */
#include <sched.h>

#include "workload.h"

int main(int argc, char **argv)
{
	struct account a = {.name = "stamp", .state = "sleep"};
	uint64_t before, after, end;
	cpu_set_t may, one;
	struct workload w;
	int cpu = 0;

	workload_start(&w, argc, argv);
	if (sched_getaffinity(0, sizeof(may), &may))
		die("sched_getaffinity");
	end = now_ns() + (uint64_t)w.secs * 1000 * MS;
	for (int i = 0; now_ns() < end; i++) {
		if (i % 50 == 0) {
			do
				cpu = (cpu + 1) % CPU_SETSIZE;
			while (!CPU_ISSET(cpu, &may));
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
		}
		before = now_ns();
		ctrace_region_begin("stamp");
		after = now_ns();
		ctrace_region_end("stamp");
		printf("at %llu %llu\n", (unsigned long long)before, (unsigned long long)after);
		a.count++;
		sleep_ns(MS);
	}
	account_print(&a);
	return workload_end();
}
