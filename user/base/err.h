/* SPDX-License-Identifier: MIT */
/*
 * err.h - an error as one whole sentence
 *
 * Lower layers never print. They return -errno and fill a struct err with a sentence that names
 * the thing and what is wrong with it; main prints it. On success nothing is touched.
 *
 *	if (fd < 0)
 *		return err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
 */
#ifndef CTRACE_ERR_H
#define CTRACE_ERR_H

#include <stdarg.h>

struct err {
	int code;	/* -errno, or 0 */
	char text[512]; /* no newline, no final stop; untrusted bytes are escaped by err_set */
	char hint[256]; /* what the user can do next; empty if nothing is known */
};

/* Returns code (negative). err may be NULL. The text is cut to fit; control bytes become \xNN. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sets the hint alone; returns err->code. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
