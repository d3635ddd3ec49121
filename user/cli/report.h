/* SPDX-License-Identifier: MIT */
/*
 * report.h - explains a capture
 *
 *	struct report_opts opts = {.format = REPORT_JSON};
 *	if (report_capture("x.ctrace", &opts, stdout, &err))
 *		return cli_fail(&err);
 *
 * A trace that has just been recorded and one of last year are explained by the same call, so
 * what they print is the same.
 */
#ifndef CTRACE_REPORT_H
#define CTRACE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_HTML };
#define REPORT_FORMATS "text, json and html"

struct report_opts {
	enum report_format format;
	const char *task, *region; /* only those of this name; NULL: all */
	uint64_t min_ns;	   /* only tasks at least this long; 0: all */
	bool window;
	uint64_t from_ns, to_ns; /* of the trace, if window */
	uint32_t slowest;	 /* slow tasks a name that are told or listed; 0: the default */
};

/* False if there is no format of that name; *format is as it was then. */
bool report_format(const char *name, enum report_format *format);
/*
 * Text is as wide as the terminal (COLUMNS overrides), 100 columns without one, and coloured if
 * out is a terminal. out is flushed. Returns 0, or -errno with *err filled.
 */
int report_captures(const char *const *paths, size_t nr, const struct report_opts *opts, FILE *out,
		    struct err *err);
int report_capture(const char *path, const struct report_opts *opts, FILE *out, struct err *err);
/* What tracing took, as the capture says. Returns as report_capture does. */
int report_stats(const char *path, FILE *out, struct err *err);

#endif
