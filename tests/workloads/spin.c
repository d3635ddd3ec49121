/* SPDX-License-Identifier: MIT */
/*
 * spin.c - busy on a CPU for a known time: running
 *
 * The loop makes no system call (the clock is in the vDSO), so what is not CPU time in it was
 * taken by others, and the kernel counts it in run_delay.
 */
#include "workload.h"

int main(int argc, char **argv)
{
	struct account a = {.name = "spin", .state = "running"};
	struct workload w;

	workload_start(&w, argc, argv);
	for (int i = 0; i < w.laps; i++)
		MEASURED(&a, "spin", spin_ns(20 * MS));
	account_print(&a);
	return workload_end();
}
