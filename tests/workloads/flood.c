/* SPDX-License-Identifier: MIT */
/*
 * flood.c - four threads that mark -n thousand times a second, for -s seconds, and count it
 *
 * Each works through its share of every millisecond, so that the rate is kept on the whole even
 * if the machine is busy at times. -n 0 is as fast as it can. With
 * -m waves, -n waves of threads mark all at once and end, and their memory lies still for a while.
 */
#include "workload.h"

#define THREADS 4

static struct workload w;
static uint64_t pairs[THREADS];

static void *pairs_of(void *nr)
{
	for (uint64_t i = *(uint64_t *)nr; i; i--) {
		ctrace_region_begin("flood");
		ctrace_region_end("flood");
	}
	return NULL;
}

static uint64_t waves(void)
{
	pthread_t threads[64];
	uint64_t nr = 25;

	for (int i = 0; i < w.laps; i++) {
		for (int j = 0; j < 64; j++)
			if (pthread_create(&threads[j], NULL, pairs_of, &nr))
				die("pthread_create");
		for (int j = 0; j < 64; j++)
			pthread_join(threads[j], NULL);
		sleep_ns(200 * MS);
	}
	return (uint64_t)w.laps * 64 * nr;
}

static void *flood(void *arg)
{
	uint64_t *done = arg, start = now_ns(), end = start + w.secs * 1000 * MS, due;

	while (now_ns() < end) {
		/* two marks a pair, and a thread's share: n * 1000 / 2 / THREADS a second */
		due = w.laps ? ((now_ns() - start) / MS + 1) * w.laps / (2 * THREADS)
			     : *done + 1000;
		due = due > *done ? due - *done : 0;
		pairs_of(&due);
		*done += due;
		if (w.laps)
			sleep_ns(MS);
	}
	return NULL;
}

static uint64_t floods(void)
{
	pthread_t threads[THREADS];
	uint64_t sum = 0;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, flood, &pairs[i]))
			die("pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += pairs[i];
	}
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t sum;

	workload_start(&w, argc, argv);
	sum = strcmp(w.mode, "waves") ? floods() : waves();
	printf("count name=flood count=%llu\n", (unsigned long long)sum);
	printf("marks count=%llu\n", (unsigned long long)sum * 2);
	return workload_end();
}
