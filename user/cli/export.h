/* SPDX-License-Identifier: MIT */
/*
 * export.h - writes the events of a capture for other tools
 *
 *	struct export_output out = {.path = "x.pftrace"};
 *
 *	if (export_format(&out, NULL, &err) || export_capture("x.ctrace", &out, 1, &files, &err))
 *		return cli_fail(&err);
 */
#ifndef CTRACE_CLI_EXPORT_H
#define CTRACE_CLI_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct events_format;
struct otlp_request;
struct reader_window;

#define EXPORTS_MAX 8 /* not fewer than OUTPUTS_MAX of record_opts.h */

struct export_output {
	const char *path; /* "-": stdout */
	const struct events_format *format;
	/* Takes requests of OTLP, instead of the file: events.h. */
	int (*take)(void *to, const struct otlp_request *, struct err *);
	void *take_to;
};

/* How files are made. */
struct export_files {
	bool overwrite;
	uid_t uid; /* whose they are; -1: ours */
	gid_t gid;
	const struct reader_window *window; /* of the capture; NULL: all of it */
};

/* Sets out->format: as is its name, or, if it is NULL, what out->path ends in. */
int export_format(struct export_output *out, const char *as, struct err *err);
/*
 * Reads the capture once and writes all nr outputs, at most EXPORTS_MAX. If it fails, no file is
 * left behind. Returns 0, or -errno with *err filled.
 */
int export_captures(const char *const *paths, size_t paths_nr, const struct export_output *outputs,
		    size_t nr, const struct export_files *files, struct err *err);
int export_capture(const char *path, const struct export_output *outputs, size_t nr,
		   const struct export_files *files, struct err *err);

#endif
