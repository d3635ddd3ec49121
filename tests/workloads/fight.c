/* SPDX-License-Identifier: MIT */
/*
 * fight.c - two processes want one CPU; only this one is traced
 *
 * Both are bound to the same CPU and spin. While this one is in its region it never blocks: so all
 * the CPU time that the other one gets meanwhile, by its own clock, is time that this one waited.
 *
 *	rival pid=4711 comm=rival cpu_ns=1503000000
 */
#include <sched.h>
#include <sys/wait.h>

#include "workload.h"

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

int main(int argc, char **argv)
{
	struct workload w = {.mode = "", .path = "", .secs = 2, .wait = 1};
	uint64_t before, after;
	clockid_t clock;
	int go[2];
	pid_t pid;
	char c;

	workload_options(&w, argc, argv);
	workload_init();
	bind_to_last_cpu();
	if (pipe(go))
		die("pipe");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, "rival");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpriority(PRIO_PROCESS, 0, -15);
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		for (;;)
			;
	}
	if (pid < 0 || clock_getcpuclockid(pid, &clock))
		die("fork");
	workload_ready();
	workload_await(&w);
	/* Others that want this CPU, too, get next to nothing of it meanwhile. */
	setpriority(PRIO_PROCESS, 0, -15);
	if (write(go[1], "x", 1) != 1)
		die("write");
	ctrace_region_begin("fight");
	before = clock_ns(clock);
	spin_ns(w.secs * 1000 * MS);
	after = clock_ns(clock);
	ctrace_region_end("fight");
	printf("rival pid=%d comm=rival cpu_ns=%llu\n", pid, (unsigned long long)(after - before));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return workload_end();
}
