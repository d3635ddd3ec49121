/* SPDX-License-Identifier: MIT */
/*
 * stacks.c - waits and runs in functions whose names are known; as C, and as C++
 *
 * stacks [LAPS [PLUGIN]]: with a plugin, that is loaded when the laps have begun. The file is
 * removed first if its name ends in "-gone". tests/live/stacks.sh builds it in several ways.
 *
 * Each wait is two functions deep, so that nothing depends on the C library's own.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctrace/ctrace.h"

#define NOINLINE     __attribute__((noinline, noclone))
#define NO_TAIL_CALL __asm__ volatile("")

#ifdef __cplusplus
#undef NOINLINE
#define NOINLINE __attribute__((noinline))
namespace app
{
#endif

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int over;

NOINLINE void sleep_here(int ms)
{
	struct timespec t = {0, ms * 1000000L};

	nanosleep(&t, NULL);
	NO_TAIL_CALL;
}

NOINLINE void sleep_outer(int ms)
{
	sleep_here(ms);
	NO_TAIL_CALL;
}

NOINLINE void lock_here(void)
{
	pthread_mutex_lock(&mutex);
	NO_TAIL_CALL;
}

NOINLINE void lock_outer(void)
{
	lock_here();
	pthread_mutex_unlock(&mutex);
	NO_TAIL_CALL;
}

NOINLINE void burn_here(int ms)
{
	struct timespec t;
	long end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms;
	do {
		for (volatile int i = 0; i < 200000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	} while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < end);
}

NOINLINE void *holder(void *arg)
{
	while (!over) {
		pthread_mutex_lock(&mutex);
		usleep(3000);
		pthread_mutex_unlock(&mutex);
		usleep(200);
	}
	return arg;
}

NOINLINE void lap(void (*plugin)(void))
{
	ctrace_region_begin("sleeping");
	sleep_outer(4);
	ctrace_region_end("sleeping");
	ctrace_region_begin("locking");
	lock_outer();
	ctrace_region_end("locking");
	ctrace_region_begin("burning");
	burn_here(6);
	ctrace_region_end("burning");
	if (plugin)
		plugin();
	NO_TAIL_CALL;
}

#ifdef __cplusplus
}
using namespace app;
#endif

int main(int argc, char **argv)
{
	int laps = argc > 1 ? atoi(argv[1]) : 100;
	size_t n = strlen(argv[0]);
	void (*plugin)(void) = NULL;
	pthread_t t;

	if (n > 5 && !strcmp(argv[0] + n - 5, "-gone"))
		unlink(argv[0]);
	pthread_create(&t, NULL, holder, NULL);
	for (int i = 0; i < laps; i++) {
		if (i == 2 && argc > 2) {
			void *lib = dlopen(argv[2], RTLD_NOW);

			*(void **)&plugin = lib ? dlsym(lib, "plugin_outer") : NULL;
			if (!plugin)
				return 1;
		}
		lap(plugin);
	}
	over = 1;
	pthread_join(t, NULL);
	return 0;
}
