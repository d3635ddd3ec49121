/* SPDX-License-Identifier: MIT */
/*
 * json.c - the summary as one JSON object, "ctrace.summary.v1": man/ctrace-bpf.json.5
 *
 * Invariant: every key is always there, and keys are only ever added; numbers are integers; the
 * states of a thread and of a region sum up to its time, as they do in the summary.
 */
#include <string.h>

#include "base/json.h"
#include "ctrace/wire.h"
#include "export/export.h"
#include "export/json_parts.h"
#include "export/text_tracer.h"

static void put_states(struct json *j, const struct breakdown *spent)
{
	json_object(j, "states_ns", JSON_INLINE);
	for (int i = 0; i < STATE_NR; i++)
		json_u64(j, state_names[i], spent->ns[i]);
	json_close(j);
}

static void put_spent(struct json *j, const struct breakdown *spent)
{
	const struct overlays *over = &spent->over;

	put_states(j, spent);
	json_object(j, "overlays_ns", JSON_INLINE);
	json_count(j, "syscall", over->syscall_ns, !(over->absent & OVER_NO_SYSCALLS));
	json_count(j, "irq", over->irq_ns, !(over->absent & OVER_NO_IRQS));
	json_count(j, "softirq", over->softirq_ns, !(over->absent & OVER_NO_IRQS));
	json_u64(j, "gc", over->gc_ns);
	json_close(j);
	json_count(j, "syscalls", over->syscalls, !(over->absent & OVER_NO_SYSCALLS));
	json_count(j, "faults", over->faults, !(over->absent & OVER_NO_FAULTS));
}

void json_durations(struct json *j, const struct percentiles *p)
{
	json_object(j, "duration_ns", JSON_INLINE);
	json_u64(j, "min", p->min);
	json_u64(j, "p50", p->p50);
	json_u64(j, "p90", p->p90);
	json_u64(j, "p95", p->p95);
	json_u64(j, "p99", p->p99);
	json_u64(j, "max", p->max);
	json_u64(j, "mean", p->mean);
	json_close(j);
}

static void put_histogram(struct json *j, const struct hist_bucket *buckets, size_t nr)
{
	json_array(j, "histogram", JSON_INLINE);
	for (size_t i = 0; i < nr; i++) {
		json_object(j, NULL, JSON_INLINE);
		json_u64(j, "lo_ns", buckets[i].lo_ns);
		json_u64(j, "hi_ns", buckets[i].hi_ns);
		json_u64(j, "count", buckets[i].count);
		json_close(j);
	}
	json_close(j);
}

static void put_string_or_null(struct json *j, const char *key, const char *s)
{
	if (s)
		json_string(j, key, s);
	else
		json_null(j, key);
}

static void put_processes(struct json *j, const struct capture_info *c)
{
	json_array(j, "processes", JSON_LINES);
	for (size_t i = 0; i < c->processes_nr; i++) {
		const struct capture_process *p = &c->processes[i];

		json_object(j, NULL, JSON_INLINE);
		json_u64(j, "pid", p->pid);
		json_string(j, "comm", p->comm);
		json_string(j, "exe", p->exe);
		json_u64(j, "threads", p->threads);
		json_close(j);
	}
	json_close(j);
}

/* N.B. A reason's name comes from the file; one that is called "total" must not be a second key. */
static void put_losses(struct json *j, const struct capture_info *c)
{
	json_object(j, "lost", JSON_INLINE);
	json_u64(j, "total", c->lost_total);
	for (size_t i = 0; i < c->losses_nr; i++)
		if (strcmp(c->losses[i].name, "total") != 0)
			json_u64(j, c->losses[i].name, c->losses[i].count);
	json_close(j);
}

static void put_tracer_rows(struct json *j, const struct capture_tracer *t)
{
	json_array(j, "spills", JSON_INLINE);
	for (size_t i = 0; i < t->spills_nr; i++) {
		json_object(j, NULL, JSON_INLINE);
		json_u64(j, "cpu", t->spills[i].cpu);
		json_u64(j, "count", t->spills[i].count);
		json_close(j);
	}
	json_close(j);
	json_array(j, "records", JSON_LINES);
	for (size_t i = 0; i < t->kinds_nr; i++) {
		json_object(j, NULL, JSON_INLINE);
		json_string(j, "kind", tracer_kind_name(t->kinds[i].kind));
		json_u64(j, "count", t->kinds[i].count);
		json_u64(j, "bytes", t->kinds[i].bytes);
		json_u64(j, "stored_bytes", t->kinds[i].stored);
		json_close(j);
	}
	json_close(j);
	json_array(j, "programs", JSON_LINES);
	for (size_t i = 0; i < t->programs_nr; i++) {
		json_object(j, NULL, JSON_INLINE);
		json_string(j, "name", t->programs[i].name);
		json_u64(j, "runs", t->programs[i].runs);
		json_u64(j, "time_ns", t->programs[i].ns);
		json_close(j);
	}
	json_close(j);
}

static void put_tracer(struct json *j, const struct capture_tracer *t)
{
	if (!t) {
		json_null(j, "tracer");
		return;
	}
	json_object(j, "tracer", JSON_LINES);
#define NUMBER(name) json_u64(j, #name, t->name);
	TRACER_NUMBERS(NUMBER)
#undef NUMBER
	put_tracer_rows(j, t);
	json_close(j);
}

void json_damage(struct json *j, const struct export_damage *d)
{
	json_object(j, "damage", JSON_INLINE);
	json_u64(j, "cut_bytes", d->cut_bytes);
	json_u64(j, "skipped_bytes", d->skipped_bytes);
	json_u64(j, "bad_chunks", d->bad_chunks);
	json_u64(j, "unknown_chunks", d->unknown_chunks);
	json_u64(j, "bad_records", d->bad_records);
	json_close(j);
}

void json_window(struct json *j, const struct capture_info *c)
{
	if (!c->window)
		return;
	json_object(j, "window", JSON_INLINE);
	json_u64(j, "from_ns", c->start_ts - c->trace_start_ts);
	json_u64(j, "to_ns", c->stop_ts - c->trace_start_ts);
	json_u64(j, "trace_ns", c->trace_stop_ts - c->trace_start_ts);
	json_close(j);
}

static void put_capture(struct json *j, const struct summary *s, const struct export_damage *d)
{
	const struct capture_info *c = s->capture;

	json_object(j, "capture", JSON_LINES);
	json_string(j, "host", c->host);
	json_string(j, "kernel", c->kernel);
	json_string(j, "command", c->command);
	json_string(j, "version", c->version);
	json_u64(j, "machine", c->machine);
	json_u64(j, "cpus", c->cpus);
	json_u64(j, "start_unix_ns", c->start_unix_ns);
	json_u64(j, "duration_ns", c->stop_ts - c->start_ts);
	json_window(j, c);
	if (c->parts_nr)
		json_captures(j, c, JSON_LINES);
	json_string(j, "end_reason", c->end_reason);
	json_bool(j, "cut", c->cut);
	json_count(j, "newer_format_minor", c->newer_minor, c->newer_minor);
	put_processes(j, c);
	json_u64(j, "events", c->window ? s->events : c->events);
	put_losses(j, c);
	json_u64(j, "late", s->late);
	json_u64(j, "unknown_kinds", s->unknown_kinds);
	json_u64(j, "bad_records", s->bad_records);
	json_damage(j, d);
	put_tracer(j, c->tracer);
	json_close(j);
}

void json_filter(struct json *j, const struct export_filter *f)
{
	json_object(j, "filter", JSON_INLINE);
	put_string_or_null(j, "task", f->task);
	put_string_or_null(j, "region", f->region);
	json_u64(j, "min_ns", f->min_ns);
	json_close(j);
}

static const char *waker_ctx(uint8_t ctx)
{
	static const char *const names[] = {
		[WIRE_WAKER_NONE] = "none",	  [WIRE_WAKER_TASK] = "task",
		[WIRE_WAKER_SOFTIRQ] = "softirq", [WIRE_WAKER_HARDIRQ] = "hardirq",
		[WIRE_WAKER_NMI] = "nmi",	  [WIRE_WAKER_UNKNOWN] = "unknown",
	};

	return ctx < sizeof(names) / sizeof(names[0]) ? names[ctx] : "unknown";
}

static void put_link(struct json *j, const struct span_link *l)
{
	json_object(j, NULL, JSON_INLINE);
	json_u64(j, "depth", l->depth);
	json_string(j, "comm", l->comm);
	json_u64(j, "pid", l->pid);
	json_u64(j, "tid", l->tid);
	json_string(j, "via", blame_via_names[l->via]);
	json_bool(j, "inferred", l->inferred);
	json_string(j, "state", state_names[l->state]);
	json_string(j, "resource", l->resource);
	json_string(j, "region", l->region);
	json_string(j, "task", l->task);
	json_u64(j, "ns", l->ns);
	json_u64(j, "self_ns", l->self_ns);
	json_u64(j, "count", l->count);
	json_string(j, "ended", l->self_ns ? blame_end_names[l->ended] : "");
	json_string(j, "by", l->by);
	json_close(j);
}

static void put_blame(struct json *j, const struct span_blame *b)
{
	json_object(j, NULL, JSON_INLINE);
	json_u64(j, "ns", b->ns);
	json_u64(j, "count", b->count);
	json_string(j, "comm", b->comm);
	json_u64(j, "pid", b->pid);
	json_string(j, "state", state_names[b->state]);
	json_string(j, "resource", b->resource);
	json_string(j, "region", b->region);
	json_string(j, "ended", blame_end_names[b->ended]);
	json_string(j, "by", b->by);
	json_bool(j, "inferred", b->inferred);
	json_string(j, "behind", b->idle ? "idle" : b->behind ? state_names[b->own_state] : "");
	json_string(j, "behind_region", b->own_region);
	json_close(j);
}

static void put_path(struct json *j, const struct span_path *p)
{
	json_object(j, "critical_path_ns", JSON_INLINE);
	for (int i = 0; i < STATE_NR; i++)
		json_u64(j, state_names[i], p->ns[i]);
	json_close(j);
	json_array(j, "critical_path", JSON_LINES);
	for (size_t i = 0; i < p->parts_nr; i++)
		put_blame(j, &p->parts[i]);
	json_close(j);
	json_u64(j, "critical_path_others_ns", p->others_ns);
}

/* A task's path over its time. */
static void put_stretches(struct json *j, const struct span_task *task)
{
	const struct span_path *p = &task->path;

	json_array(j, "critical_path_stretches", JSON_LINES);
	for (size_t i = 0; i < p->stretches_nr; i++) {
		const struct span_stretch *s = &p->stretches[i];

		json_object(j, NULL, JSON_INLINE);
		json_u64(j, "offset_ns", s->begin - task->begin);
		json_u64(j, "duration_ns", s->end - s->begin);
		json_string(j, "state", state_names[s->state]);
		json_string(j, "comm", s->comm);
		json_u64(j, "pid", s->pid);
		json_u64(j, "tid", s->tid);
		json_u64(j, "depth", s->depth);
		if (s->part < p->parts_nr)
			json_u64(j, "part", s->part);
		else
			json_null(j, "part");
		json_close(j);
	}
	json_close(j);
	json_u64(j, "critical_path_stretches_left_out", p->stretches_left_out);
}

static void put_wait(struct json *j, const struct span_wait *w)
{
	json_object(j, "wait", JSON_INLINE);
	json_string(j, "state", state_names[w->state]);
	json_u64(j, "woken_ns", w->woken > w->begin ? w->woken - w->begin : 0);
	json_string(j, "syscall", w->syscall);
	json_string(j, "resource", w->resource);
	json_wait_parties(j, w);
	json_object(j, "waker", JSON_INLINE);
	json_string(j, "comm", w->waker.comm);
	json_u64(j, "pid", w->waker.pid);
	json_u64(j, "tid", w->waker.tid);
	json_string(j, "ctx", waker_ctx(w->waker.ctx));
	json_string(j, "softirq", w->waker.softirq);
	json_string(j, "region", w->waker.region);
	json_string(j, "task", w->waker.task);
	json_close(j);
	json_u64(j, "prev_tid", w->prev_tid);
	json_string(j, "prev_comm", w->prev_comm);
	json_array(j, "chain", JSON_INLINE);
	for (size_t i = 0; i < w->chain_nr; i++)
		put_link(j, &w->chain[i]);
	json_close(j);
	json_culprits(j, w->culprits, w->culprits_nr, w->culprits_others_ns, w->cpu_idle_ns);
	json_close(j);
}

static void put_step(struct json *j, const struct span_task *task, const struct story_step *step)
{
	static const char *const kinds[] = {
		[STORY_REGION] = "region", [STORY_WAIT] = "wait",   [STORY_LOG] = "log",
		[STORY_CHILD] = "child",   [STORY_ENTER] = "enter",
	};

	json_object(j, NULL, JSON_INLINE);
	json_string(j, "kind", kinds[step->kind]);
	json_u64(j, "offset_ns", step->begin > task->begin ? step->begin - task->begin : 0);
	json_u64(j, "duration_ns", step->end - step->begin);
	json_u64(j, "depth", step->depth);
	json_u64(j, "tid", step->tid);
	json_string(j, "comm", step->comm);
	json_string(j, "name", step->name);
	json_string(j, "detail", step->detail);
	if (step->spent)
		put_states(j, step->spent);
	if (step->wait)
		put_wait(j, step->wait);
	json_close(j);
}

void json_story(struct json *j, const struct capture_info *c, const struct span_task *task)
{
	json_u64(j, "id", task->id);
	json_u64(j, "parent_id", task->parent_id);
	json_string(j, "parent_name", task->parent_name);
	json_string(j, "traceparent", task->traceparent);
	json_u64(j, "start_ns", task->begin > c->start_ts ? task->begin - c->start_ts : 0);
	json_u64(j, "duration_ns", task->end - task->begin);
	json_u64(j, "idle_ns", task->idle_ns);
	json_u64(j, "pid", task->pid);
	json_u64(j, "tid", task->tid);
	json_u64(j, "threads", task->threads);
	json_bool(j, "failed", task->flags & SPAN_FAILED);
	json_string(j, "fail_message", task->fail_message);
	json_bool(j, "tainted", task->flags & SPAN_TAINTED);
	put_spent(j, task->spent);
	put_path(j, &task->path);
	put_stretches(j, task);
	json_array(j, "steps", JSON_LINES);
	for (size_t i = 0; i < task->steps_nr; i++)
		put_step(j, task, &task->steps[i]);
	json_close(j);
	json_u64(j, "steps_left_out", task->steps_left_out);
}

static void put_task(struct json *j, const struct capture_info *c, const struct summary_task *task)
{
	json_object(j, NULL, JSON_LINES);
	json_string(j, "name", task->name);
	json_u64(j, "count", task->count);
	json_u64(j, "complete", task->complete);
	json_u64(j, "failed", task->failed);
	json_u64(j, "tainted", task->tainted);
	json_durations(j, &task->duration_ns);
	json_u64(j, "wall_ns", task->wall_ns);
	json_u64(j, "idle_ns", task->idle_ns);
	put_spent(j, &task->spent);
	put_path(j, &task->path);
	put_histogram(j, task->histogram, task->histogram_nr);
	json_array(j, "slowest", JSON_LINES);
	for (size_t i = 0; i < task->slowest_nr; i++) {
		json_object(j, NULL, JSON_LINES);
		json_story(j, c, &task->slowest[i]);
		json_close(j);
	}
	json_close(j);
	json_close(j);
}

static void put_region(struct json *j, const struct summary_region *region)
{
	json_object(j, NULL, JSON_LINES);
	json_string(j, "name", region->name);
	json_string(j, "site", region->site);
	json_bool(j, "async", region->async);
	json_u64(j, "count", region->count);
	json_u64(j, "complete", region->complete);
	json_u64(j, "tainted", region->tainted);
	json_durations(j, &region->duration_ns);
	json_u64(j, "wall_ns", region->wall_ns);
	json_u64(j, "self_ns", region->self_ns);
	put_spent(j, &region->spent);
	put_histogram(j, region->histogram, region->histogram_nr);
	json_close(j);
}

static void put_thread(struct json *j, const struct capture_info *c,
		       const struct summary_thread *thread)
{
	json_object(j, NULL, JSON_LINES);
	json_u64(j, "pid", thread->pid);
	json_u64(j, "tid", thread->tid);
	json_string(j, "comm", thread->comm);
	json_u64(j, "start_ns", thread->begin > c->start_ts ? thread->begin - c->start_ts : 0);
	json_u64(j, "lifetime_ns", thread->end - thread->begin);
	json_bool(j, "exited", thread->exited);
	json_bool(j, "clipped", thread->clipped);
	put_spent(j, &thread->spent);
	json_object(j, "switches", JSON_INLINE);
	json_u64(j, "voluntary", thread->voluntary);
	json_u64(j, "involuntary", thread->involuntary);
	json_close(j);
	json_u64(j, "migrations", thread->migrations);
	if (thread->oracle) {
		json_object(j, "kernel", JSON_INLINE);
		json_u64(j, "cpu_ns", thread->kernel_cpu_ns);
		json_u64(j, "run_delay_ns", thread->kernel_run_delay_ns);
		json_close(j);
	} else {
		json_null(j, "kernel");
	}
	json_close(j);
}

static void put_wakers(struct json *j, const char *key, const struct summary_waker *v, size_t nr)
{
	json_array(j, key, JSON_LINES);
	for (size_t i = 0; i < nr; i++) {
		const struct summary_waker *by = &v[i];

		json_object(j, NULL, JSON_INLINE);
		json_string(j, "comm", by->comm);
		json_u64(j, "pid", by->pid);
		json_u64(j, "tid", by->tid);
		json_string(j, "ctx", waker_ctx(by->ctx));
		json_string(j, "softirq", by->softirq);
		json_string(j, "region", by->region);
		json_u64(j, "count", by->count);
		json_u64(j, "total_ns", by->ns);
		json_close(j);
	}
	json_close(j);
}

static void put_summary_wait(struct json *j, const struct summary_wait *wait)
{
	json_object(j, NULL, JSON_LINES);
	json_string(j, "state", state_names[wait->state]);
	json_string(j, "resource", wait->resource);
	json_peer(j, &wait->peer);
	json_string(j, "region", wait->region);
	json_u64(j, "count", wait->count);
	json_u64(j, "total_ns", wait->total_ns);
	json_u64(j, "max_ns", wait->max_ns);
	put_wakers(j, "wakers", wait->wakers, wait->wakers_nr);
	json_u64(j, "wakers_others", wait->wakers_others);
	put_wakers(j, "holders", wait->holders, wait->holders_nr);
	json_u64(j, "holders_others", wait->holders_others);
	json_culprits(j, wait->culprits, wait->culprits_nr, wait->culprits_others_ns,
		      wait->cpu_idle_ns);
	json_wait_stacks(j, wait);
	json_close(j);
}

static void put_misuse(struct json *j, const struct summary *s)
{
	json_array(j, "misuse", JSON_LINES);
	for (size_t i = 0; i < s->misuse_nr; i++) {
		json_object(j, NULL, JSON_INLINE);
		json_string(j, "name", s->misuse[i].name);
		json_u64(j, "count", s->misuse[i].count);
		json_close(j);
	}
	json_close(j);
}

static int json_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	return 0;
}

void json_summary(struct json *j, const struct summary *s, const struct export_filter *filter,
		  const struct export_damage *damage)
{
	json_string(j, "schema", "ctrace.summary.v1");
	put_capture(j, s, damage);
	json_u64(j, "marks", s->marks);
	json_filter(j, filter);
	json_array(j, "tasks", JSON_LINES);
	for (size_t i = 0; i < s->tasks_nr; i++)
		put_task(j, s->capture, &s->tasks[i]);
	json_close(j);
	json_array(j, "regions", JSON_LINES);
	for (size_t i = 0; i < s->regions_nr; i++)
		put_region(j, &s->regions[i]);
	json_close(j);
	json_array(j, "threads", JSON_LINES);
	for (size_t i = 0; i < s->threads_nr; i++)
		put_thread(j, s->capture, &s->threads[i]);
	json_close(j);
	json_u64(j, "threads_left_out", s->threads_left_out);
	json_object(j, "all_threads", JSON_LINES);
	put_spent(j, &s->all);
	json_close(j);
	json_array(j, "waits", JSON_LINES);
	for (size_t i = 0; i < s->waits_nr; i++)
		put_summary_wait(j, &s->waits[i]);
	json_close(j);
	json_u64(j, "waits_left_out", s->waits_left_out);
	json_stacks(j, s);
	put_misuse(j, s);
}

static int json_end(void *ctx, const struct summary *s, struct err *err)
{
	const struct json_ctx *c = ctx;
	struct json j;

	json_init(&j, c->out);
	json_object(&j, NULL, JSON_LINES);
	json_summary(&j, s, &c->filter, &c->damage);
	json_close(&j);
	return json_finish(&j, err);
}

const struct sink_ops json_sink = {
	.name = "json",
	.begin = json_begin,
	.end = json_end,
};
