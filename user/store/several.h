/* SPDX-License-Identifier: MIT */
/*
 * several.h - several captures as one: of other processes, other hosts, other times
 *
 *	several_open(&s, paths, nr, &err);
 *	m = model_new(&opts, several_info(s), sinks, sinks_nr);
 *	model_run(m, several_source(s), &err);
 *	several_free(s);
 *
 * Each capture keeps its streams; what its records say of times, processes, threads and CPUs is put
 * into one frame on the way.
 *
 *  - Times are those of the first capture. One of the same host and boot has the same clock: its
 *    CLOCK_MONOTONIC is as far from the time of day. Another one's is set by the time of day, by
 *    the mean of the pairs that were taken at its begin and at its end; how far these disagree,
 *    and within which time they were read, is its error. Whether the hosts agreed on the time of
 *    day is not known.
 *  - Processes and threads of the second capture have SEVERAL_PIDS added to their numbers, those of
 *    the third twice that, and so on: none of two hosts, or of two times, is taken for one.
 *  - CPUs of another host count on from those of the hosts before.
 */
#ifndef CTRACE_SEVERAL_H
#define CTRACE_SEVERAL_H

#include "model/span.h"
#include "source.h"

#define SEVERAL_MAX  256
#define SEVERAL_PIDS 10000000 /* more than any number that Linux gives */

struct err;
struct several;

/* What the files have lost since they were written, all together. */
struct several_damage {
	uint64_t cut_bytes, skipped_bytes, bad_chunks, unknown_chunks, bad_records;
};

int several_open(struct several **s, const char *const *paths, size_t nr, struct err *err);
/* Both are valid until several_free. */
const struct capture_info *several_info(const struct several *s);
const struct source *several_source(struct several *s);
struct several_damage several_damage(const struct several *s);
void several_free(struct several *s); /* NULL is fine */

#endif
