/* SPDX-License-Identifier: MIT */
/*
 * model.c - see model.h: the pipeline put together
 *
 *	source -> merge (decode) -> one handler a kind -> sinks, summary
 *
 * Invariant: handlers see records in the order of time, as far as the merge can tell, and none of
 * a mark that was made after the trace ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/asyncs.h"
#include "model/critical.h"
#include "model/inner.h"
#include "model/join.h"
#include "model/logs.h"
#include "model/names.h"
#include "model/regions.h"
#include "model/summary.h"
#include "model/tasks.h"
#include "model/threads.h"

/* How late a record may come, if the capture does not say it: a thread that never leaves its CPU is
 * asked for its marks every 100 ms, and the collector sleeps for that long at most. */
#define LATENESS_NS 400000000ull

enum { SLOWEST = 3, SLOWEST_MAX = 1000, STEPS = 64, STEPS_MAX = 10000, THREADS_LISTED = 4096 };
enum { STRANGERS = 65536, DEAD = 65536, ENDED = 65536, HELPED = 16384 };

/* No clock is that far ahead: a record from later than that is damaged. */
#define FUTURE_NS 60000000000ull

void model_fail(struct model *m, int rc)
{
	if (rc && !m->rc)
		m->rc = rc;
}

void model_no_memory(struct model *m)
{
	if (!m->rc)
		m->rc = err_set(m->err, -ENOMEM, "out of memory while explaining the trace");
}

/* What the model has becomes what that part has left, and the other way round. */
static void change_places(struct model *m, struct part_state *p)
{
	struct part_state was = {m->loss, m->resources.known, m->resources.derived};

	m->loss = p->loss;
	m->resources.known = p->known;
	m->resources.derived = p->derived;
	*p = was;
}

void model_enter_part(struct model *m, int part)
{
	const struct source_part *p;

	if (!m->parts || part == m->part)
		return;
	p = &m->src->parts[part];
	change_places(m, &m->parts[m->part]);
	change_places(m, &m->parts[part]);
	m->part = part;
	m->start_ts = p->start_ts;
	m->stop_ts = p->stop_ts > p->start_ts ? p->stop_ts : p->start_ts;
	if (m->calls.machine != p->machine)
		calls_init(&m->calls, p->machine);
}

/* Before the first record, the model is in a part of its own, behind the others. */
static int set_parts(struct model *m, const struct source *src)
{
	struct resources fresh = {0};

	m->src = src;
	if (!src->parts)
		return 0;
	m->parts = calloc((size_t)src->parts_nr + 1, sizeof(*m->parts));
	if (!m->parts) {
		model_no_memory(m);
		return m->rc;
	}
	resources_init(&fresh);
	for (int i = 0; i <= src->parts_nr; i++)
		m->parts[i] = (struct part_state){.known = fresh.known, .derived = fresh.derived};
	m->part = src->parts_nr;
	return 0;
}

static void release_parts(struct model *m)
{
	for (int i = 0; m->parts && i <= m->src->parts_nr; i++) {
		loss_release(&m->parts[i].loss);
		recent_release(&m->parts[i].known);
		recent_release(&m->parts[i].derived);
	}
	free(m->parts);
}

static void set_options(struct model *m, const struct model_opts *opts)
{
	struct model_opts *o = &m->opts;

	*o = *opts;
	if (!o->lateness_ns && m->info->late_known)
		o->lateness_ns = m->info->late_ns + 1;
	if (!o->lateness_ns)
		o->lateness_ns = LATENESS_NS;
	if (!o->slowest)
		o->slowest = SLOWEST;
	if (o->slowest > SLOWEST_MAX)
		o->slowest = SLOWEST_MAX;
	if (!o->steps)
		o->steps = STEPS;
	if (o->steps > STEPS_MAX)
		o->steps = STEPS_MAX;
	if (!o->threads_max)
		o->threads_max = THREADS_LISTED;
}

static const struct name *filter(struct model *m, const char *name)
{
	const struct name *n = name ? intern_get(&m->names, name, strlen(name)) : NULL;

	if (name && !n)
		model_no_memory(m);
	return n;
}

static void set_containers(struct model *m)
{
	m->thread_pool.size = sizeof(struct thread);
	m->process_pool.size = sizeof(struct process);
	m->frame_pool.size = sizeof(struct frame);
	m->task_pool.size = sizeof(struct task);
	m->path_pool.size = critical_about_size();
	m->async_pool.size = sizeof(struct async);
	m->ran_pool.size = sizeof(struct ran);
	m->strangers = (struct recent){.size = sizeof(struct stranger), .max = STRANGERS};
	m->dead = (struct recent){.size = sizeof(uint64_t), .max = DEAD};
	m->helpers = (struct recent){.size = sizeof(struct helpers), .max = HELPED};
	m->ended = (struct recent){.size = sizeof(struct ended), .max = ENDED};
	stories_init(&m->stories, m->opts.steps);
	resources_init(&m->resources);
}

struct model *model_new(const struct model_opts *opts, const struct capture_info *info,
			const struct sink *sinks, size_t sinks_nr)
{
	static const char other[] = "(other names)";
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->info = info;
	m->sinks = sinks;
	m->sinks_nr = sinks_nr;
	m->start_ts = info->start_ts;
	m->stop_ts = info->stop_ts > info->start_ts ? info->stop_ts : info->start_ts;
	m->stacks.wanted = info->stacks;
	for (size_t i = 0; i < sinks_nr; i++) {
		m->wants_intervals |= !!sinks[i].ops->interval;
		m->wants_tasks |= !!sinks[i].ops->task;
		m->wants_steps |= sinks[i].ops->steps;
		m->stacks.wanted |= sinks[i].ops->stacks;
	}
	set_options(m, opts);
	set_containers(m);
	calls_init(&m->calls, info->machine);
	m->no_name = intern_get(&m->names, "", 0);
	m->other_names = intern_get(&m->names, other, sizeof(other));
	m->explain.only_task = filter(m, opts->task);
	m->explain.only_region = filter(m, opts->region);
	m->steps_room = calloc(m->opts.steps, sizeof(*m->steps_room));
	if (m->rc || !m->no_name || !m->other_names || !m->steps_room) {
		model_free(m);
		return NULL;
	}
	return m;
}

/* --- records ------------------------------------------------------------------------------- */

static void on_thread(struct model *m, const struct wire_hdr *h)
{
	threads_thread(m, (const struct wire_thread *)h);
}

static void on_totals(struct model *m, const struct wire_hdr *h)
{
	threads_totals(m, (const struct wire_totals *)h);
}

static void on_comm(struct model *m, const struct wire_hdr *h)
{
	threads_comm_record(m, (const struct wire_comm *)h);
}

/* One of an earlier version is shorter: what it lacks is not known. */
static void short_offcpu(struct model *m, const struct wire_hdr *h)
{
	struct wire_offcpu r = {.ready_fd = -1};

	memcpy(&r, h, WIRE_OFFCPU_LEAST);
	join_offcpu(m, &r);
}

static void on_offcpu(struct model *m, const struct wire_hdr *h)
{
	if (h->len >= sizeof(struct wire_offcpu))
		join_offcpu(m, (const struct wire_offcpu *)h);
	else
		short_offcpu(m, h);
}

static void on_resource(struct model *m, const struct wire_hdr *h)
{
	resources_record(m, (const struct wire_resource *)h);
}

static void on_ran(struct model *m, const struct wire_hdr *h)
{
	ran_record(m, (const struct wire_ran *)h);
}

static void on_stolen(struct model *m, const struct wire_hdr *h)
{
	join_stolen(m, (const struct wire_stolen *)h);
}

static void on_holder(struct model *m, const struct wire_hdr *h)
{
	resources_holder(m, (const struct wire_holder *)h);
}

static void on_string(struct model *m, const struct wire_hdr *h)
{
	names_string(m, (const struct wire_string *)h);
}

static void on_stack(struct model *m, const struct wire_hdr *h)
{
	stacks_stack(m, (const struct wire_stack *)h);
}

static void on_blocked_at(struct model *m, const struct wire_hdr *h)
{
	stacks_blocked_at(m, (const struct wire_blocked_at *)h);
}

static bool is_outside(const struct model *m, const struct wire_hdr *h)
{
	return m->info->window && (h->ts < m->start_ts || h->ts > m->stop_ts);
}

static void on_sample(struct model *m, const struct wire_hdr *h)
{
	if (is_outside(m, h))
		return;
	stacks_sample(m, (const struct wire_sample *)h);
}

static void on_lost(struct model *m, const struct wire_hdr *h)
{
	join_lost(m, (const struct wire_lost *)h);
}

/*
 * Of what was marked outside of a window some is read, as it comes: not all, so that begins would
 * lack their ends. It is left out. Returns whether the mark is to be looked at.
 */
static bool take_mark(struct model *m, const struct wire_hdr *h)
{
	if (is_outside(m, h))
		return false;
	m->marks++;
	return h->ts <= m->stop_ts;
}

static void on_used(struct model *m, const struct wire_hdr *h)
{
	struct thread *th = threads_find(m, h->tid);

	if (!th || h->ts > m->stop_ts)
		return;
	join_advance(m, th, h->ts);
	join_used(m, th, &((const struct wire_usage *)h)->used);
}

static void on_task(struct model *m, const struct wire_hdr *h)
{
	bool wanted = take_mark(m, h);

	/* SEEN is a finding of the tracer. */
	m->marks -= (h->flags & WIRE_MARK_OP) == WIRE_MARK_SEEN && !is_outside(m, h);
	if (wanted)
		tasks_task(m, (const struct wire_task *)h);
}

static void on_region(struct model *m, const struct wire_hdr *h)
{
	if (take_mark(m, h))
		regions_region(m, (const struct wire_region *)h);
}

static void on_async(struct model *m, const struct wire_hdr *h)
{
	if (take_mark(m, h))
		asyncs_async(m, (const struct wire_async *)h);
}

static void on_log(struct model *m, const struct wire_hdr *h)
{
	if (take_mark(m, h))
		logs_log(m, (const struct wire_log *)h);
}

static void on_parent(struct model *m, const struct wire_hdr *h)
{
	if (take_mark(m, h))
		logs_parent(m, (const struct wire_parent *)h);
}

/* SYSCALL and MAP say nothing that the other records do not: offcpu has the call. */
static void (*const handlers[WIRE_KIND_NR])(struct model *, const struct wire_hdr *) = {
	[WIRE_THREAD] = on_thread,
	[WIRE_TOTALS] = on_totals,
	[WIRE_COMM] = on_comm,
	[WIRE_OFFCPU] = on_offcpu,
	[WIRE_STRING] = on_string,
	[WIRE_TASK] = on_task,
	[WIRE_REGION] = on_region,
	[WIRE_ASYNC] = on_async,
	[WIRE_LOG] = on_log,
	[WIRE_PARENT] = on_parent,
	[WIRE_LOST] = on_lost,
	[WIRE_STACK] = on_stack,
	[WIRE_BLOCKED_AT] = on_blocked_at,
	[WIRE_SAMPLE] = on_sample,
	[WIRE_RESOURCE] = on_resource,
	[WIRE_RAN] = on_ran,
	[WIRE_STOLEN] = on_stolen,
	[WIRE_HOLDER] = on_holder,
	[WIRE_USED] = on_used,
};

static int read_all(struct model *m, struct merge *merge)
{
	const struct wire_hdr *h;
	int rc = 0;

	while (!m->rc && (rc = merge_next(merge, &h, m->err)) > 0) {
		m->records++;
		if (m->parts)
			model_enter_part(m, m->src->part_of[merge->given_stream]);
		m->inside += !is_outside(m, h);
		if (handlers[h->kind])
			handlers[h->kind](m, h);
	}
	m->late = merge->late;
	m->bad_records += merge->bad_records;
	m->unknown_kinds = merge->unknown_kinds;
	return m->rc ? m->rc : rc;
}

static int begin_sinks(struct model *m)
{
	for (size_t i = 0; i < m->sinks_nr && !m->rc; i++)
		model_fail(m, m->sinks[i].ops->begin(m->sinks[i].ctx, m->info, m->err));
	return m->rc;
}

/* A thread that slept through the end of a window is told of when it is back. */
static uint64_t latest(const struct model *m)
{
	uint64_t stop = m->info->window ? m->info->trace_stop_ts : m->stop_ts;

	return stop < UINT64_MAX - FUTURE_NS ? stop + FUTURE_NS : UINT64_MAX;
}

int model_run(struct model *m, const struct source *src, struct err *err)
{
	struct merge_opts opts = {
		.lateness_ns = m->opts.lateness_ns,
		.ts_max = latest(m),
	};
	struct merge merge;
	int rc;

	m->err = err;
	if (set_parts(m, src) || begin_sinks(m))
		return m->rc;
	rc = merge_init(&merge, src, &opts, err);
	if (rc)
		return rc;
	rc = read_all(m, &merge);
	merge_release(&merge);
	if (rc)
		return rc;
	threads_finish(m);
	if (!m->rc)
		summary_build(m);
	for (size_t i = 0; i < m->sinks_nr && !m->rc; i++)
		model_fail(m, m->sinks[i].ops->end(m->sinks[i].ctx, &m->explain.summary, err));
	return m->rc;
}

const struct summary *model_summary(const struct model *m)
{
	return &m->explain.summary;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	explain_release(m);
	tasks_release(m);
	asyncs_release(m);
	threads_release(m);
	pasts_release(&m->pasts);
	pool_release(&m->path_pool);
	waits_release(&m->waits);
	stacks_release(&m->stacks);
	resources_release(&m->resources);
	pool_release(&m->ran_pool);
	stories_release(&m->stories);
	loss_release(&m->loss);
	release_parts(m);
	intern_release(&m->names);
	free(m->steps_room);
	free(m);
}
