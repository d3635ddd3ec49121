/* SPDX-License-Identifier: MIT */
/*
 * model.h - from records to an explanation
 *
 *	struct model *m = model_new(&opts, &info, sinks, sinks_nr);
 *	err = model_run(m, &source, &e);         reads the source to its end, feeds the sinks
 *	model_free(m);
 *
 * Pure: no libbpf, no system call, no clock, no global state. Memory grows with what is open,
 * and with the number of names, never with the length of the capture.
 */
#ifndef CTRACE_MODEL_H
#define CTRACE_MODEL_H

#include "model/sink.h"
#include "model/span.h"
#include "source.h"

struct model;

struct model_opts {
	uint64_t lateness_ns; /* how late a record may come in its stream; 0: as the capture says */
	uint32_t slowest;     /* tasks kept with their story, per name; 0: the default, 3 */
	uint32_t steps;	      /* steps kept per story; 0: the default, 64 */
	uint32_t threads_max; /* exited threads listed one by one; 0: the default, 4096 */
	const char *task;     /* only tasks of this name are listed (and kept); NULL: all */
	const char *region;   /* only regions of this name are listed; NULL: all */
	uint64_t min_ns;      /* only tasks at least this long are counted and kept; 0: all */
};

/*
 * info must outlive the model; sinks too. Returns NULL without memory.
 */
struct model *model_new(const struct model_opts *opts, const struct capture_info *info,
			const struct sink *sinks, size_t sinks_nr);
/* Returns 0, or -errno with *err filled (by the source or by a sink). Call it once. */
int model_run(struct model *m, const struct source *src, struct err *err);
/* The summary, valid until model_free. Only after model_run has returned 0. */
const struct summary *model_summary(const struct model *m);
void model_free(struct model *m);

#endif
