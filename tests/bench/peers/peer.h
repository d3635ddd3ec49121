/* SPDX-License-Identifier: MIT */
/*
 * peer.h - the marked loop, for tracers whose programs have to be built for them
 *
 *	PROGRAM PAIRS		prints "on", then nanoseconds a pair of begin and end, when it has
 *				done so many: the median of 40 slices, as of tests/bench/loop.c
 *
 * Each program defines one_pair() and includes this behind it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SLICES 40

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	const long pairs = argc == 2 ? atol(argv[1]) / SLICES : 0;
	double took[SLICES];

	if (pairs <= 0) {
		fprintf(stderr, "usage: %s PAIRS\n", argv[0]);
		return 2;
	}
	for (int s = 0; s < SLICES; s++) {
		const uint64_t begin = now_ns();

		for (long i = 0; i < pairs; i++)
			one_pair();
		took[s] = (double)(now_ns() - begin) / (double)pairs;
	}
	qsort(took, SLICES, sizeof(took[0]), by_value);
	printf("%.1f\n", took[SLICES / 2]);
	return 0;
}
