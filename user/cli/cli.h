/* SPDX-License-Identifier: MIT */
/*
 * cli.h - the subcommands, one a file
 *
 * Each takes its own argv (argv[0] is its name) and returns the exit status: 0 done, 1 failed,
 * 2 wrong usage, 3 done but something was lost (with --strict). stdout is data, stderr is talk.
 */
#ifndef CTRACE_CLI_H
#define CTRACE_CLI_H

#include <stdbool.h>
#include <stdint.h>

struct err;

int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* --from and --to: a part of the trace, in ns since its start. A zeroed struct: none was given. */
struct cli_window {
	bool given;
	uint64_t from_ns, to_ns;
};

/* Takes the value of one of the two. Returns -1 to go on, else the exit status. */
int cli_window(const char *cmd, bool to, const char *arg, struct cli_window *w);
/* Prints "ctrace-bpf: <sentence>" and the hint below it on stderr; returns 1. */
int cli_fail(const struct err *err);
/* Says on stderr that the file at path was written. */
void cli_wrote(const char *path);
/* The same for wrong usage: the sentence, then the command that shows its help; returns 2. */
int cli_usage(const char *cmd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
