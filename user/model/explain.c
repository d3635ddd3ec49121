/* SPDX-License-Identifier: MIT */
/*
 * explain.c - see explain.h. Invariant: of each name the kept tasks are the slowest complete ones
 * so far, and no other finished task is in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "model/inner.h"
#include "model/tasks.h"

enum { CLIPPED = SPAN_BEGUN_BEFORE | SPAN_UNFINISHED };

static void *new_row(struct model *m, struct hash *rows, uint64_t key, size_t sz)
{
	void *row = arena_get(&m->explain.arena, 1, sz);

	if (!row || hash_put(rows, key, row)) {
		model_no_memory(m);
		return NULL;
	}
	return row;
}

static struct task_row *task_row(struct model *m, const struct name *name)
{
	struct explain *x = &m->explain;
	struct task_row *row = hash_get(&x->tasks, name->idx);

	if (row)
		return row;
	if (x->tasks.nr >= EXPLAIN_ROWS && name != m->other_names)
		return task_row(m, m->other_names);
	row = new_row(m, &x->tasks, name->idx, sizeof(*row));
	if (!row)
		return NULL;
	row->name = name;
	row->slowest = arena_get(&x->arena, m->opts.slowest, sizeof(void *));
	if (!row->slowest)
		model_no_memory(m);
	return row;
}

static struct region_row *region_row(struct model *m, const struct name *name,
				     const struct name *site, bool async)
{
	struct explain *x = &m->explain;
	uint64_t key = (uint64_t)name->idx << 32 | (uint64_t)site->idx << 1 | async;
	struct region_row *row = hash_get(&x->regions, key);

	if (row)
		return row;
	if (x->regions.nr >= EXPLAIN_ROWS && name != m->other_names)
		return region_row(m, m->other_names, m->no_name, async);
	row = new_row(m, &x->regions, key, sizeof(*row));
	if (!row)
		return NULL;
	row->name = name;
	row->site = site;
	row->async = async;
	return row;
}

/* True if the task is among the slowest; *out is the one that it puts out, or NULL. */
static bool keep(const struct model *m, struct task_row *row, struct task *t, struct task **out)
{
	uint64_t ns = t->end - t->begin;
	uint32_t max = row->slowest ? m->opts.slowest : 0, i = row->slowest_nr;

	*out = NULL;
	if (!max || (i == max && ns <= row->slowest[i - 1]->end - row->slowest[i - 1]->begin))
		return false;
	if (i == max)
		*out = row->slowest[--i];
	else
		row->slowest_nr++;
	for (; i && row->slowest[i - 1]->end - row->slowest[i - 1]->begin < ns; i--)
		row->slowest[i] = row->slowest[i - 1];
	row->slowest[i] = t;
	return true;
}

/* Whether a name is not the only one that is listed; then it is remembered, if there is room. */
static bool is_unlisted(const struct name *only, const struct name *name, struct unlisted *u)
{
	if (!only || name == only)
		return false;
	for (size_t i = 0; i < u->nr; i++)
		if (u->v[i] == name)
			return true;
	if (u->nr < UNLISTED_MAX)
		u->v[u->nr++] = name;
	return true;
}

bool explain_task(struct model *m, struct task *t)
{
	struct explain *x = &m->explain;
	uint64_t ns = t->end - t->begin;
	struct task_row *row;
	struct task *out;
	bool kept;

	if (is_unlisted(x->only_task, t->name, &x->unlisted_tasks))
		return false;
	if (ns < m->opts.min_ns) {
		x->unlisted_max_ns = ns > x->unlisted_max_ns ? ns : x->unlisted_max_ns;
		return false;
	}
	row = task_row(m, t->name);
	if (!row)
		return false;
	t->row = row->name;
	row->count++;
	row->failed += !!(t->flags & SPAN_FAILED);
	row->tainted += !!(t->flags & SPAN_TAINTED);
	row->wall_ns += ns;
	row->idle_ns += t->idle_ns;
	breakdown_add(&row->spent, &t->spent);
	critical_add(m, &row->path, t);
	if (t->flags & CLIPPED)
		return false;
	row->complete++;
	if (hist_add(&row->hist, ns))
		model_no_memory(m);
	kept = keep(m, row, t, &out);
	if (kept)
		critical_tell(m, t);
	tasks_free(m, out);
	return kept;
}

void explain_region(struct model *m, const struct span_region *span, const struct name *name,
		    const struct name *site)
{
	struct explain *x = &m->explain;
	uint64_t ns = span->end - span->begin;
	struct region_row *row;

	if (is_unlisted(x->only_region, name, &x->unlisted_regions))
		return;
	row = region_row(m, name, site, false);
	if (!row)
		return;
	row->count++;
	row->tainted += !!(span->flags & SPAN_TAINTED);
	row->wall_ns += ns;
	row->self_ns += span->self_ns;
	breakdown_add(&row->spent, span->spent);
	if (span->flags & CLIPPED)
		return;
	row->complete++;
	if (hist_add(&row->hist, ns))
		model_no_memory(m);
}

void explain_async(struct model *m, const struct span_async *span, const struct name *name,
		   const struct name *site)
{
	struct explain *x = &m->explain;
	struct region_row *row;

	if (is_unlisted(x->only_region, name, &x->unlisted_regions))
		return;
	row = region_row(m, name, site, true);
	if (!row)
		return;
	row->count++;
	row->tainted += !!(span->flags & SPAN_TAINTED);
	row->wall_ns += span->end - span->begin;
	if (span->flags & CLIPPED)
		return;
	row->complete++;
	if (hist_add(&row->hist, span->end - span->begin))
		model_no_memory(m);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static struct summary_thread thread_summary(const struct model *m, const struct thread *th,
					    bool exited)
{
	struct summary_thread row = {
		.pid = th->view.pid,
		.tid = th->view.tid,
		.begin = th->view.begin,
		.end = th->last_ts,
		.spent = th->acc,
		.voluntary = th->voluntary,
		.involuntary = th->involuntary,
		.migrations = th->migrations,
		.exited = exited,
		.clipped = th->lived_before,
	};
	const struct wire_totals *t = &th->totals;

	if (th->totals_split) /* its marks know of a part of them at most */
		row.spent.over.absent |= OVER_NO_SYSCALLS | OVER_NO_FAULTS;
	if (!th->totals_known)
		return row;
	if (m->loss.nr) {
		row.voluntary = t->nvcsw;
		row.involuntary = t->nivcsw;
	}
	row.spent.over.syscall_ns = t->used.sys_ns;
	row.spent.over.syscalls = t->used.syscalls;
	row.spent.over.faults = (uint64_t)t->min_flt + t->maj_flt;
	/* The totals say what batched marks do not. */
	row.spent.over.absent &= ~(uint32_t)(OVER_NO_SYSCALLS | OVER_NO_FAULTS);
	row.spent.over.absent |= m->info->no_syscalls ? OVER_NO_SYSCALLS : 0;
	row.oracle = th->exec_known && t->exec_ns >= th->exec_from;
	if (row.oracle) {
		row.kernel_cpu_ns = less(t->exec_ns - th->exec_from, th->outside_run);
		row.kernel_run_delay_ns = less(t->run_delay_ns, th->outside_delay);
	}
	return row;
}

void explain_thread(struct model *m, const struct thread *th, bool exited)
{
	struct explain *x = &m->explain;
	struct thread_row row = {.row = thread_summary(m, th, exited)};

	memcpy(row.comm, th->comm, sizeof(row.comm));
	breakdown_add(&x->all, &row.row.spent);
	if (exited && x->exited_nr >= m->opts.threads_max) {
		x->threads_left_out++;
		return;
	}
	x->exited_nr += exited;
	if (x->threads_nr == x->threads_cap) {
		size_t cap = x->threads_cap ? x->threads_cap * 2 : 64;
		struct thread_row *v = realloc(x->threads, cap * sizeof(*v));

		if (!v) {
			model_no_memory(m);
			return;
		}
		x->threads = v;
		x->threads_cap = cap;
	}
	x->threads[x->threads_nr++] = row;
}

void explain_release(struct model *m)
{
	struct explain *x = &m->explain;
	struct region_row *region;
	struct task_row *task;
	size_t at = 0;

	while ((task = hash_next(&x->tasks, &at))) {
		hist_release(&task->hist);
		critical_release(m, &task->path);
		for (uint32_t i = 0; i < task->slowest_nr; i++)
			tasks_free(m, task->slowest[i]);
	}
	at = 0;
	while ((region = hash_next(&x->regions, &at)))
		hist_release(&region->hist);
	hash_release(&x->tasks);
	hash_release(&x->regions);
	free(x->threads);
	arena_release(&x->arena);
}
