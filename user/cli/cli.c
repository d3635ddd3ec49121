/* SPDX-License-Identifier: MIT */
/* cli.c - how every subcommand says that it could not do what it was asked. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/duration.h"
#include "base/err.h"
#include "base/human.h"
#include "base/term.h"
#include "cli/cli.h"

int cli_fail(const struct err *err)
{
	char text[2 * sizeof(err->text)];

	if (err->text[0])
		fprintf(stderr, "ctrace-bpf: %s\n", term_escape(text, sizeof(text), err->text));
	if (err->hint[0])
		fprintf(stderr, "  try: %s\n", term_escape(text, sizeof(text), err->hint));
	return 1;
}

int cli_usage(const char *cmd, const char *fmt, ...)
{
	char raw[512], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	fprintf(stderr, "ctrace-bpf: %s\n", term_escape(text, sizeof(text), raw));
	fprintf(stderr, "  try: ctrace-bpf %s%s-h\n", cmd, *cmd ? " " : "");
	return 2;
}

int cli_window(const char *cmd, bool to, const char *arg, struct cli_window *w)
{
	struct err err = {0};

	if (!w->given)
		*w = (struct cli_window){.given = true, .to_ns = UINT64_MAX};
	if (!to && !strcmp(arg, "0")) /* a duration is never 0 */
		w->from_ns = 0;
	else if (duration_parse(arg, to ? &w->to_ns : &w->from_ns, &err))
		return cli_usage(cmd, "--%s: %s", to ? "to" : "from", err.text);
	return -1;
}

void cli_wrote(const char *path)
{
	char abs[4096], shown[8192], size[HUMAN_SZ];
	struct stat st;

	if (stat(path, &st))
		return;
	term_escape(shown, sizeof(shown), realpath(path, abs) ? abs : path);
	fprintf(stderr, "Wrote %s (%s).\n", shown, human_bytes(size, (uint64_t)st.st_size));
}
