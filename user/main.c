/* SPDX-License-Identifier: MIT */
/*
 * main.c - picks the subcommand; without one, it is a trace
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/cli.h"
#include "store/reader.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"record", cmd_record}, {"report", cmd_report}, {"export", cmd_export},
	{"list", cmd_list},	{"doctor", cmd_doctor},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int (*find(const char *name))(int argc, char **argv)
{
	for (int i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run;
	return NULL;
}

static int version(void)
{
	printf("ctrace-bpf %s\n", CTRACE_VERSION);
	return 0;
}

static bool is_capture(const char *path)
{
	struct reader *r = NULL;
	int rc = reader_open(&r, path, NULL);

	reader_free(r);
	return !rc;
}

/* The subcommand that somebody may have meant; NULL: none is like it. */
static const char *nearest_command(const char *asked)
{
	const char *names[COMMANDS + 2] = {"help", "version"};

	for (int i = 0; i < COMMANDS; i++)
		names[i + 2] = commands[i].name;
	return nearest(asked, names, COMMANDS + 2);
}

/* Of a subcommand, if one is named. */
static int help(int argc, char **argv)
{
	int (*run)(int argc, char **argv) = argc > 1 ? find(argv[1]) : NULL;
	char opt[] = "-h", *ask[] = {argv[0], opt, NULL};
	const char *meant;

	if (run || argc < 2)
		return run ? run(2, ask) : cmd_record(2, ask);
	meant = nearest_command(argv[1]);
	return cli_usage("", "there is no subcommand %s%s%s%s", argv[1],
			 meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

/* What somebody who typed no subcommand and no option may have meant. */
static int no_command(int argc, char **argv)
{
	const char *meant;

	if (is_capture(argv[1]))
		return cli_usage("", "ctrace-bpf report %s explains it", argv[1]);
	meant = nearest_command(argv[1]);
	if (meant)
		return cli_usage("", "there is no subcommand %s; did you mean %s?", argv[1], meant);
	return cmd_record(argc, argv); /* says what else is wrong with it */
}

int main(int argc, char **argv)
{
	int (*run)(int argc, char **argv) = argc > 1 ? find(argv[1]) : NULL;

	if (run)
		return run(argc - 1, argv + 1);
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V") ||
			 !strcmp(argv[1], "version")))
		return version();
	if (argc > 1 && !strcmp(argv[1], "help"))
		return help(argc - 1, argv + 1);
	if (argc > 1 && argv[1][0] != '-')
		return no_command(argc, argv);
	return cmd_record(argc, argv);
}
