/* SPDX-License-Identifier: MIT */
/*
 * sleep.c - sleeps that were asked for: sleep
 *
 * The kernel never wakes earlier than asked, so the request is a floor of the sleep state.
 */
#include "workload.h"

int main(int argc, char **argv)
{
	struct account a = {.name = "sleep", .state = "sleep"};
	struct workload w;

	workload_start(&w, argc, argv);
	for (int i = 0; i < w.laps; i++) {
		MEASURED(&a, "sleep", sleep_ns(20 * MS));
		a.blocked_ns += 20 * MS;
	}
	account_print(&a);
	return workload_end();
}
