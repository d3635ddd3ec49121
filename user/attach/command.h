/* SPDX-License-Identifier: MIT */
/*
 * command.h - a command that is started to be traced, held just before its exec
 */
#ifndef CTRACE_COMMAND_H
#define CTRACE_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct command {
	pid_t pid;	 /* 0: none */
	int gate;	 /* closing it lets the command go */
	char path[4096]; /* of the executable, as exec will find it; "" unknown */
};

/* Forks; the child waits. argv[0] is looked up in PATH. -ENOENT with a sentence if not found. */
int command_hold(struct command *c, char *const *argv, struct err *err);
void command_go(struct command *c);
/* Whether it has ended; then *status is its wait status. */
bool command_ended(struct command *c, int *status);
/* Kills a command that was never let go. Safe on a zeroed struct. */
void command_release(struct command *c);

#endif
