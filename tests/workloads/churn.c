/* SPDX-License-Identifier: MIT */
/*
 * churn.c - threads that are born in the trace and die in it, children, and exec
 *
 * -n waves of four threads, each of which marks its regions and dies at once, its buffer half
 * full; between the waves a forked child marks its own regions and exits, and another executes
 * a program. In the end the process executes itself (-m again) and goes on marking; with
 * -m thread, a thread that is not its first does that. What the threads of this process did is
 * exact; the children's marks must not be taken for theirs.
 */
#include <sys/wait.h>

#include "workload.h"

#define THREADS 4
#define MARKS	25

static void *born(void *arg)
{
	for (int i = 0; i < MARKS; i++) {
		ctrace_region_begin("born");
		spin_ns(5 * US);
		ctrace_region_end("born");
	}
	return NULL;
}

static void wave(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, born, NULL))
			die("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* The parent's buffer holds its marks of `parent` while it forks: they are not the child's. */
static void fork_one(int exec)
{
	int status = -1;
	pid_t pid;

	ctrace_region_begin("parent");
	pid = fork();
	if (!pid && exec) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	if (!pid) {
		for (int i = 0; i < 3; i++) {
			ctrace_region_begin("in_child");
			ctrace_region_end("in_child");
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ctrace_region_end("parent");
	if (status) {
		printf("child status=%#x\n", status);
		exit(1);
	}
}

static void again(void)
{
	int enabled = 0;

	for (int i = 0; i < 5000 && !(enabled = ctrace_enabled()); i++)
		sleep_ns(200 * US);
	sleep_ns(200 * MS); /* until the other probes are armed, too */
	for (int i = 0; i < 10; i++) {
		ctrace_region_begin("after_exec");
		spin_ns(10 * US);
		ctrace_region_end("after_exec");
	}
	printf("count name=after_exec count=%d\n", enabled ? 10 : 0);
}

static char *self, laps[16];

static void *go_on(void *arg)
{
	execl("/proc/self/exe", self, "-m", "again", "-n", laps, NULL);
	die("exec");
	return arg;
}

int main(int argc, char **argv)
{
	struct workload w = {.laps = 10, .mode = "", .path = "", .wait = 1};
	pthread_t thread;

	workload_options(&w, argc, argv);
	workload_init();
	if (!strcmp(w.mode, "again")) {
		again();
		return workload_end();
	}
	workload_ready();
	workload_await(&w);
	for (int i = 0; i < w.laps; i++) {
		wave();
		fork_one(i % 2);
	}
	printf("count name=born count=%d\n", w.laps * THREADS * MARKS);
	printf("count name=parent count=%d\n", w.laps);
	printf("threads born=%d\n", w.laps * THREADS);
	/* Of a child the tracer may see an end whose begin came before it had armed the probes. */
	printf("children forked=%d\n", w.laps);
	fflush(stdout);
	snprintf(laps, sizeof(laps), "%d", w.laps);
	self = argv[0];
	if (!strcmp(w.mode, "thread") && !pthread_create(&thread, NULL, go_on, NULL))
		pthread_join(thread, NULL); /* which does not return */
	go_on(NULL);
}
