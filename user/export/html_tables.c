/* SPDX-License-Identifier: MIT */
/*
 * html_tables.c - of a page, the summary and its details: see html_page.h
 *
 * The summary is that of ctrace-bpf.json(5), without the stories and the call stacks, which have
 * pieces of their own. Invariant: the first rows of every table, processes among them, and how many
 * rows are not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "export/html_page.h"
#include "export/html_rows.h"
#include "export/json_parts.h"

enum { ROWS_MAX = 1 << 14 };

/* The first `rows` of each table. */
static int write_summary(void *ctx, size_t rows, FILE *f, struct err *err)
{
	const struct html_page *p = ctx;
	struct summary s = *p->s;
	struct capture_info capture = *s.capture;
	struct summary_task *tasks;
	struct summary_wait *waits;
	struct json j;
	int rc = -ENOMEM;

	s.tasks_nr = html_least(s.tasks_nr, rows);
	s.regions_nr = html_least(s.regions_nr, rows);
	s.waits_nr = html_least(s.waits_nr, rows);
	s.threads_nr = html_least(s.threads_nr, rows);
	s.stacks_nr = 0;
	capture.processes_nr = html_least(capture.processes_nr, rows);
	s.capture = &capture;
	tasks = calloc(s.tasks_nr + 1, sizeof(*tasks));
	waits = calloc(s.waits_nr + 1, sizeof(*waits));
	if (tasks && waits) {
		for (size_t i = 0; i < s.tasks_nr; i++) {
			tasks[i] = s.tasks[i];
			tasks[i].slowest_nr = 0;
		}
		for (size_t i = 0; i < s.waits_nr; i++) {
			waits[i] = s.waits[i];
			waits[i].stacks_nr = 0;
		}
		s.tasks = tasks;
		s.waits = waits;
		json_init(&j, f);
		json_object(&j, NULL, JSON_LINES);
		json_summary(&j, &s, &p->ctx->filter, &p->ctx->damage);
		json_close(&j);
		rc = json_finish(&j, NULL);
	}
	free(tasks);
	free(waits);
	return rc ? err_set(err, rc, "not enough memory for the page") : 0;
}

/* [lo, hi, count, wall, idle, system calls, a time per state]: there may be thousands. */
static void put_bin(struct json *j, const struct html_bin *b)
{
	json_array(j, NULL, JSON_INLINE);
	json_u64(j, NULL, b->lo);
	json_u64(j, NULL, b->hi);
	json_u64(j, NULL, b->count);
	json_u64(j, NULL, b->wall_ns);
	json_u64(j, NULL, b->idle_ns);
	json_u64(j, NULL, b->spent.over.syscall_ns);
	for (int i = 0; i < STATE_NR; i++)
		json_u64(j, NULL, b->spent.ns[i]);
	json_close(j);
}

static int put_bins(const struct html_page *p, struct json *j, const struct summary_task *t)
{
	const struct html_name *n = html_rows_find(p->ctx->rows, t->name);
	struct html_bin **bins = NULL;
	long nr = n ? html_rows_bins(n, &bins) : 0;

	if (nr < 0)
		return -ENOMEM;
	json_object(j, NULL, JSON_LINES);
	json_string(j, "name", t->name);
	json_array(j, "bins", JSON_LINES);
	for (long i = 0; i < nr; i++)
		put_bin(j, bins[i]);
	json_close(j);
	json_close(j);
	free(bins);
	return 0;
}

/* Of the threads that are in the page. */
static void put_strips(const struct html_page *p, struct json *j, size_t rows)
{
	const struct html_strips *strips = &p->ctx->rows->strips;
	char text[HTML_SLICES + 1];

	json_u64(j, "slice_ns", strips->slice_ns);
	json_array(j, "strips", JSON_LINES);
	for (size_t i = 0; i < html_least(p->s->threads_nr, rows); i++) {
		const struct html_strip *strip = html_strips_find(strips, &p->s->threads[i]);

		if (!strip)
			continue;
		html_strip_text(strip, text);
		json_object(j, NULL, JSON_INLINE);
		json_u64(j, "pid", strip->pid);
		json_u64(j, "tid", strip->tid);
		json_u64(j, "start_ns",
			 strip->begin > strips->start ? strip->begin - strips->start : 0);
		json_string(j, "slices", text);
		json_close(j);
	}
	json_close(j);
}

/* Threads that are in the page without a strip, though they have lived. */
static uint64_t strips_out(const struct html_page *p, size_t rows)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < html_least(p->s->threads_nr, rows); i++) {
		const struct summary_thread *t = &p->s->threads[i];

		nr += t->end > t->begin && !html_strips_find(&p->ctx->rows->strips, t);
	}
	return nr;
}

/* The page tells them by these keys: they are words. */
static void put_left_out(const struct html_page *p, struct json *j, size_t rows)
{
	const struct summary *s = p->s;
	const struct {
		const char *what;
		size_t nr;
	} v[] = {{"tasks", s->tasks_nr},
		 {"regions", s->regions_nr},
		 {"waits", s->waits_nr},
		 {"threads", s->threads_nr},
		 {"processes", s->capture->processes_nr}};

	json_object(j, "left_out", JSON_INLINE);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		json_u64(j, v[i].what, v[i].nr - html_least(v[i].nr, rows));
	json_u64(j, "strips", strips_out(p, rows));
	json_u64(j, "stories", p->stories_out);
	json_close(j);
}

static int write_details(void *ctx, size_t rows, FILE *f, struct err *err)
{
	const struct html_page *p = ctx;
	struct json j;
	int rc = 0;

	json_init(&j, f);
	json_object(&j, NULL, JSON_LINES);
	json_string(&j, "schema", "ctrace.page.v1");
	json_array(&j, "states", JSON_INLINE);
	for (int i = 0; i < STATE_NR; i++)
		json_string(&j, NULL, state_names[i]);
	json_close(&j);
	put_left_out(p, &j, rows);
	put_strips(p, &j, rows);
	json_array(&j, "buckets", JSON_LINES);
	for (size_t i = 0; i < html_least(p->s->tasks_nr, rows) && !rc; i++)
		rc = put_bins(p, &j, &p->s->tasks[i]);
	if (rc)
		return err_set(err, rc, "not enough memory for the page");
	json_close(&j);
	json_close(&j);
	return json_finish(&j, err);
}

/* As many rows of each table as fit. */
int html_page_tables(struct html_page *p, size_t room, struct err *err)
{
	int rc;

	for (p->rows = ROWS_MAX;; p->rows /= 2) {
		rc = html_part_fit(&p->summary, write_summary, p, &p->rows, room, err);
		if (!rc)
			rc = html_page_details(p, err);
		if (rc || !p->rows || p->summary.page_sz + p->details.page_sz <= room)
			return rc;
	}
}

int html_page_details(struct html_page *p, struct err *err)
{
	return html_part_make(&p->details, write_details, p, p->rows, err);
}
