/* SPDX-License-Identifier: MIT */
/*
 * flood.c - four threads that mark -n thousand times a second, for -s seconds, and count it
 *
 * Each works through its share of every millisecond, so that the rate is kept on the whole even
 * if the machine is busy at times. -n 0 is as fast as it can.
 */
#include "workload.h"

#define THREADS 4

static struct workload w;
static uint64_t pairs[THREADS];

static void *flood(void *arg)
{
	uint64_t *done = arg, start = now_ns(), end = start + w.secs * 1000 * MS, due;

	while (now_ns() < end) {
		/* two marks a pair, and a thread's share: n * 1000 / 2 / THREADS a second */
		due = w.laps ? ((now_ns() - start) / MS + 1) * w.laps / (2 * THREADS)
			     : *done + 1000;
		for (; *done < due; (*done)++) {
			ctrace_region_begin("flood");
			ctrace_region_end("flood");
		}
		if (w.laps)
			sleep_ns(MS);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	uint64_t sum = 0;

	workload_start(&w, argc, argv);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, flood, &pairs[i]))
			die("pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += pairs[i];
	}
	printf("count name=flood count=%llu\n", (unsigned long long)sum);
	printf("marks count=%llu\n", (unsigned long long)sum * 2);
	return workload_end();
}
