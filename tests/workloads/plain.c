/* SPDX-License-Identifier: MIT */
/*
 * plain.c - a program without a single probe: it works a little and sleeps a little
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(180);
	printf("ready pid=%d\n", getpid());
	fflush(stdout);
	for (;;) {
		for (volatile int i = 0; i < 100000; i++)
			;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}
