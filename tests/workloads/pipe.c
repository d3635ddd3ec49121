/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - reads an empty pipe until another thread writes: ipc
 */
#include "workload.h"

static int fds[2];

static void release(void *ctx)
{
	if (write(fds[1], "x", 1) != 1)
		die("write");
}

int main(int argc, char **argv)
{
	static struct partner writer = {.wait_ns = 15 * MS, .release = release};
	struct account a = {.name = "pipe", .state = "ipc"};
	struct workload w;
	struct lap lap;
	char c;

	if (pipe(fds))
		die("pipe");
	workload_start(&w, argc, argv);
	partner_start(&writer);
	for (int i = 0; i < w.laps; i++) {
		ssize_t n;

		partner_ask(&writer);
		MEASURED_LAP(&lap, &a, "pipe", n = read(fds[0], &c, 1));
		if (n != 1)
			die("read");
		a.blocked_ns += partner_blocked_ns(&writer, &lap);
	}
	account_print(&a);
	return workload_end();
}
