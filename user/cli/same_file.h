/* SPDX-License-Identifier: MIT */
/*
 * same_file.h - whether two paths are one file, so that what is read is not written over
 *
 *	if (same_file_of(out, inputs, nr))
 *		return cli_usage("report", "%s is an input: it would be overwritten", out);
 *
 * "-", stdout, is no file. What is found may be outdated as soon as it is known: this is for
 * mistakes, not for attacks. create.h never writes into what exists.
 */
#ifndef CTRACE_SAME_FILE_H
#define CTRACE_SAME_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Also by another path, through a symbolic link, and as another link of the same file. */
bool same_file_of(const char *path, const char *const *others, size_t nr);
/* Whether both name one entry of one folder; neither need exist. */
bool same_file_name(const char *a, const char *b);

#endif
