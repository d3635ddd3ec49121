/* SPDX-License-Identifier: MIT */
/*
 * demo-neighbour - a process that wants the CPU, for a part of the time
 *
 * Invariant: it sleeps for its share of every period, whatever the machine's load, so the service
 * is slowed down and never starved.
 */
#include "demo.h"

#include <pthread.h>

#define THREADS_MAX 64

static long duty = 50, period_ms = 40;

static void *spin(void *arg)
{
	uint64_t seed = (uint64_t)(uintptr_t)arg, begin = now_ns();

	for (;;) {
		uint64_t busy = (uint64_t)(period_ms * duty) * MSEC / 100;

		seed = work_for(seed, busy, busy);
		begin += (uint64_t)period_ms * MSEC;
		if (begin < now_ns())
			begin = now_ns() + (uint64_t)(period_ms * (100 - duty)) * MSEC / 100;
		sleep_until(begin);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long nr = 1;
	const struct option_row options[] = {
		{"threads", .number = &nr, .lo = 1, .hi = THREADS_MAX, .help = "that spin"},
		{"duty", .number = &duty, .lo = 1, .hi = 95, .help = "percent of the time"},
		{"period", .number = &period_ms, .lo = 1, .hi = 10000, .help = "milliseconds"},
		{0},
	};
	int stop_fd = demo_born();
	struct pollfd p = {.fd = stop_fd, .events = POLLIN};
	pthread_t thread;

	options_parse(options, argv);
	for (long i = 0; i < nr; i++)
		if (pthread_create(&thread, NULL, spin, (void *)(uintptr_t)(i + 1)))
			die("cannot make a thread");
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	return 0;
}
