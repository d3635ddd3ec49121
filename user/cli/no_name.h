/* SPDX-License-Identifier: MIT */
/*
 * no_name.h - says on stderr that nothing has the name that was asked for
 *
 * The report says it, too, but who reads JSON by a script sees but empty lists.
 */
#ifndef CTRACE_NO_NAME_H
#define CTRACE_NO_NAME_H

#include <stddef.h>

struct report_opts;
struct summary;

/* A line for the task and one for the region, if none of the nr traces has it. */
void no_name_say(const struct report_opts *opts, const struct summary *const *traces, size_t nr);

#endif
