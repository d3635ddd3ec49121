/* SPDX-License-Identifier: MIT */
/*
 * main.c - picks the subcommand; without one, it is a trace
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"record", cmd_record},
	{"report", cmd_report},
	{"export", cmd_export},
	{"list", cmd_list},
	{"doctor", cmd_doctor},
};

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		printf("ctrace-bpf %s\n", CTRACE_VERSION);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return cmd_record(argc, argv);
}
