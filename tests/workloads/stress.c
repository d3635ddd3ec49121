/* SPDX-License-Identifier: MIT */
/*
 * stress.c - everything that could lose a batched mark, at once and at random, and counted
 *
 * Each time that a tracer comes, it marks for -n milliseconds from threads that are born and die,
 * from forked, vforked and executed children, and from signal handlers that interrupt marks; then
 * it says how many marks were begun and how many were finished (a thread that dies in the middle of
 * some leaves a difference), and waits until the tracer has gone. It goes on until it is killed.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "workload.h"

#define WORKERS 4
#define BURST	64

/* In memory that all processes of it share, also those that execute another program. */
static struct counts {
	_Atomic uint64_t begun, finished;
} * counts;
static int counts_fd;
static _Atomic int stop;

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* nr times one of most marks: eleven in all. */
static void burst(uint32_t nr)
{
	char own[16];

	counts->begun += 11ull * nr;
	for (uint32_t i = 0; i < nr; i++) {
		ctrace_task t = ctrace_task_begin("task"), old;
		ctrace_async a = ctrace_async_begin("async");

		ctrace_region_begin("stress");
		snprintf(own, sizeof(own), "own %u", i % 7);
		ctrace_region_begin(own);
		ctrace_log("stress", "%u of %u", i, nr);
		ctrace_region_end(own);
		ctrace_region_end("stress");
		old = ctrace_task_enter(&t);
		ctrace_task_leave(&old);
		ctrace_async_end(&a);
		ctrace_task_end(&t);
	}
	counts->finished += 11ull * nr;
}

static void *short_life(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg | 1;

	burst(next(&seed) % BURST);
	if (next(&seed) % 2)
		pthread_exit(NULL);
	return NULL;
}

static void *until_killed(void *arg)
{
	for (;;)
		burst(3);
	return arg;
}

/* Ends the child in one of the ways, sometimes with another thread that is marking. */
static void child_ends(uint32_t *seed)
{
	char fd[16];
	pthread_t thread;

	burst(next(seed) % BURST);
	switch (next(seed) % 5) {
	case 0:
		snprintf(fd, sizeof(fd), "%d", counts_fd);
		execl("/proc/self/exe", "stress", "-u", "-m", fd, NULL);
		break;
	case 1:
		if (!pthread_create(&thread, NULL, until_killed, NULL))
			sleep_ns(MS);
		break;
	case 2:
		raise(SIGKILL);
		break;
	case 3:
		raise(SIGSEGV);
		break;
	default:
		break;
	}
	_exit(0);
}

static __attribute__((noinline)) pid_t vfork_and_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		counts->begun += 2;
		ctrace_region_begin("vforked");
		ctrace_region_end("vforked");
		counts->finished += 2;
		execl("/bin/true", "true", NULL);
		_exit(0);
	}
	return pid;
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

static void *worker(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg * 2654435761u | 1;
	pthread_t thread;
	pid_t pid;

	while (!stop) {
		switch (next(&seed) % 16) {
		case 0:
			pid = fork();
			if (!pid)
				child_ends(&seed);
			if (pid > 0)
				waitpid(pid, NULL, 0);
			break;
		case 1:
			pid = vfork_and_exec();
			if (pid > 0)
				waitpid(pid, NULL, 0);
			break;
		case 2:
		case 3:
			if (!pthread_create(&thread, NULL, short_life,
					    (void *)(uintptr_t)next(&seed)))
				pthread_join(thread, NULL);
			break;
		case 4:
			sleep_ns(next(&seed) % (3 * MS));
			break;
		case 5:
			sched_yield();
			break;
		default:
			burst(next(&seed) % BURST);
			break;
		}
	}
	return NULL;
}

static void handler(int sig)
{
	(void)sig;
	counts->begun += 2;
	ctrace_region_begin("handler");
	ctrace_region_end("handler");
	counts->finished += 2;
}

static void one_round(int ms)
{
	struct itimerspec every = {{0, 300000}, {0, 300000}}, off = {{0, 0}, {0, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	static uint32_t rounds;
	pthread_t threads[WORKERS];
	timer_t timer;

	counts->begun = counts->finished = 0;
	stop = 0;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		die("timer_create");
	for (uintptr_t i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, worker, (void *)(++rounds * 8 + i)))
			die("pthread_create");
	timer_settime(timer, 0, &every, NULL);
	sleep_ns((uint64_t)ms * MS);
	stop = 1;
	timer_settime(timer, 0, &off, NULL);
	timer_delete(timer);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	printf("round begun=%llu finished=%llu\n", (unsigned long long)counts->begun,
	       (unsigned long long)counts->finished);
	fflush(stdout);
}

/* An executed child: it waits until its probes are armed, all of them. */
static int executed(int fd)
{
	counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int i = 0; i < 200 && !ctrace_enabled(); i++)
		sleep_ns(MS);
	if (!ctrace_enabled())
		return 0;
	sleep_ns(50 * MS);
	burst(20);
	return 0;
}

int main(int argc, char **argv)
{
	struct workload w = {.laps = 500, .mode = "", .wait = 0};

	workload_options(&w, argc, argv);
	if (*w.mode)
		return executed(atoi(w.mode));
	workload_init();
	alarm(0);
	counts_fd = memfd_create("counts", 0);
	if (counts_fd < 0 || ftruncate(counts_fd, 4096))
		die("memfd_create");
	counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, counts_fd, 0);
	signal(SIGUSR1, handler);
	workload_ready();
	for (;;) {
		while (!ctrace_enabled())
			sleep_ns(MS);
		say("seen");
		sleep_ns(600 * MS); /* until the trace has begun */
		one_round(w.laps);
		while (ctrace_enabled())
			sleep_ns(MS);
		say("free");
	}
}
