/* SPDX-License-Identifier: MIT */
/*
 * report_output.h - where `ctrace-bpf report` writes to, and what
 */
#ifndef CTRACE_REPORT_OUTPUT_H
#define CTRACE_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/report.h"

#define REPORT_OUTPUTS_MAX 8

struct report_output {
	const char *path; /* "-": stdout */
	enum report_format format;
};

/*
 * Sets the format of each: what the name ends in, else *given, which may be NULL: text. Refuses
 * names of what no report is, and a file that is an input or another output. Returns -1 to go on,
 * else the exit status.
 */
int report_outputs_check(struct report_output *v, size_t nr, const enum report_format *given,
			 const char *const *inputs, size_t inputs_nr);
/* -EEXIST, with *err filled, if one of the files exists. */
int report_outputs_new(const struct report_output *v, size_t nr, struct err *err);

/* Makes the file, which belongs to the user who called sudo. Returns 0, or -errno with *err
 * filled. */
int report_output_open(const struct report_output *o, bool force, FILE **out, struct err *err);

#endif
