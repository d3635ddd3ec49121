/* SPDX-License-Identifier: MIT */
/*
 * runs.h - a tape through the whole model, and its summary looked up by name
 */
#ifndef CTRACE_RUNS_H
#define CTRACE_RUNS_H

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "model/inner.h"
#include "unit/records.h"

struct run {
	struct capture_info info;
	struct model *m;
	const struct summary *s;
};

static inline struct run run_tape(struct tape *t, uint64_t start, uint64_t stop,
				  const struct model_opts *opts, const struct sink *sinks,
				  size_t sinks_nr)
{
	static const struct model_opts none;
	struct source src = tape_source(t);
	struct err err = {0};
	struct run run = {.info = {.machine = EM_X86_64, .start_ts = start, .stop_ts = stop}};

	run.m = model_new(opts ? opts : &none, &run.info, sinks, sinks_nr);
	assert_non_null(run.m);
	assert_int_equal(model_run(run.m, &src, &err), 0);
	assert_int_equal(run.m->broken, 0);
	run.s = model_summary(run.m);
	return run;
}

static inline uint64_t misuse_of(const struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->misuse_nr; i++) {
		if (!strcmp(s->misuse[i].name, name))
			return s->misuse[i].count;
	}
	return 0;
}

static inline const struct summary_task *task_of(const struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->tasks_nr; i++) {
		if (!strcmp(s->tasks[i].name, name))
			return &s->tasks[i];
	}
	fail_msg("no task %s", name);
	return NULL;
}

static inline const struct summary_region *region_of(const struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->regions_nr; i++) {
		if (!strcmp(s->regions[i].name, name))
			return &s->regions[i];
	}
	fail_msg("no region %s", name);
	return NULL;
}

static inline const struct summary_thread *thread_of(const struct summary *s, uint32_t tid)
{
	for (size_t i = 0; i < s->threads_nr; i++) {
		if (s->threads[i].tid == tid)
			return &s->threads[i];
	}
	fail_msg("no thread %u", tid);
	return NULL;
}

#endif
