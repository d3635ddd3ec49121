/* SPDX-License-Identifier: MIT */
/*
 * contend.c - two threads want one CPU: preempted, yield and runnable
 *
 * Both are bound to the same CPU, in three rounds that begin together. "push": both spin, and
 * take the CPU from each other. "give": one spins, the other calls sched_yield as often as it
 * can. "wake": one spins, the other sleeps shortly; being SCHED_BATCH, it may not push the
 * spinner off when it wakes, so it stands ready without a CPU. In each round the kernel's own
 * run_delay says how long.
 */
#include <sched.h>
#include <stdatomic.h>

#include "workload.h"

static struct workload w;
static pthread_barrier_t barrier;
static atomic_int round_over;

static void bind_to_last_cpu(void)
{
	int last = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		die("sched_getaffinity");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			last = i;
	CPU_ZERO(&set);
	CPU_SET(last, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static void yield_ns(uint64_t ns)
{
	for (uint64_t end = now_ns() + ns; now_ns() < end;)
		sched_yield();
}

/* The other spins until this one has ended its round, and so is never off the CPU by choice. */
static void *other(void *arg)
{
	struct account push = {.name = "push2", .state = "preempted"};

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < w.laps; i++)
		MEASURED(&push, "push2", spin_ns(40 * MS));
	for (int round = 0; round < 2; round++) {
		pthread_barrier_wait(&barrier);
		while (atomic_load(&round_over) <= round)
			;
	}
	account_print(&push);
	return NULL;
}

int main(int argc, char **argv)
{
	struct account push = {.name = "push", .state = "preempted"};
	struct account give = {.name = "give", .state = "yield"};
	struct account wake = {.name = "wake", .state = "runnable"};
	struct sched_param param = {0};
	pthread_t thread;

	bind_to_last_cpu();
	workload_start(&w, argc, argv);
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, other, NULL))
		die("pthread_create");
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < w.laps; i++)
		MEASURED(&push, "push", spin_ns(40 * MS));
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < w.laps; i++)
		MEASURED(&give, "give", yield_ns(20 * MS));
	atomic_store(&round_over, 1);
	pthread_barrier_wait(&barrier);
	if (sched_setscheduler(0, SCHED_BATCH, &param))
		die("sched_setscheduler");
	for (int i = 0; i < w.laps; i++) {
		MEASURED(&wake, "wake", sleep_ns(2 * MS));
		wake.blocked_ns += 2 * MS;
	}
	atomic_store(&round_over, 2);
	pthread_join(thread, NULL);
	account_print(&push);
	account_print(&give);
	account_print(&wake);
	return workload_end();
}
