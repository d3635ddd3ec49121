/* SPDX-License-Identifier: MIT */
/*
 * child.c - waits for a child process to end: child
 *
 * The child stamps its last instant into shared memory; the kernel needs a little longer to take
 * it apart, so the stamp is a floor.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "workload.h"

int main(int argc, char **argv)
{
	uint64_t *stamp =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct account a = {.name = "child", .state = "child"};
	struct workload w;
	struct lap lap;

	workload_start(&w, argc, argv);
	for (int i = 0; i < w.laps; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			sleep_ns(15 * MS);
			*stamp = now_ns();
			_exit(0);
		}
		MEASURED_LAP(&lap, &a, "child", pid = waitpid(pid, NULL, 0));
		if (pid < 0)
			die("waitpid");
		a.blocked_ns += *stamp - lap.in0;
	}
	account_print(&a);
	return workload_end();
}
