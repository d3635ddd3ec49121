/* SPDX-License-Identifier: MIT */
/*
 * record_opts.h - what the user asked a trace to be
 */
#ifndef CTRACE_RECORD_OPTS_H
#define CTRACE_RECORD_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach/session.h"
#include "cli/report.h"

#define OUTPUTS_MAX 8

struct output {
	const char *path; /* "-": stdout */
	const char *as;	  /* the name of its format; NULL: as the path says */
	enum report_format format;
	const struct events_format *events; /* not NULL: instead of a report */
};

struct record_opts {
	uint32_t *pids; /* owned */
	size_t pids_nr;
	char **command;	      /* of argv; NULL: none */
	uint64_t duration_ns; /* 0: until it is stopped */
	const char *capture;  /* of argv; NULL: a name is made */
	const char *otlp;     /* where spans are sent to; NULL: nowhere */
	struct output outputs[OUTPUTS_MAX];
	size_t outputs_nr;
	struct report_opts report;
	uint64_t ring_sz, slow_ns;
	int compress;
	bool overwrite, strict, quiet, stats, no_follow, syscalls, stacks, irq, direct_marks;
	enum session_clock mark_clock;
	bool force_hash, force_perf; /* CTRACE_FORCE, for tests */
};

/* Returns -1 to go on, else the exit status of a run that is over (-h, wrong usage). */
int record_opts_parse(struct record_opts *o, int argc, char **argv);
void record_opts_release(struct record_opts *o);

#endif
