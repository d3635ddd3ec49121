/* SPDX-License-Identifier: MIT */
/* cli.c - how every subcommand says that it could not do what it was asked. */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
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
