/* SPDX-License-Identifier: MIT */
/*
 * text_table.c - tasks, regions and waits, a row each
 *
 * Invariant: a row of a table is never left out for the terminal's width, and if it is for its
 * rank, the line below the table says how many were.
 */
#include <inttypes.h>
#include <string.h>

#include "base/human.h"
#include "base/strbuf.h"
#include "base/term.h"
#include "export/text_cell.h"
#include "export/words.h"

#define WAITS_MAX     10
#define WAITS_OUTSIDE 3 /* of any region, at least, beside WAITS_MAX inside of some */

static void cell_durations(struct table *t, const struct percentiles *p, bool known)
{
	text_cell_ns(t, p->p50, known);
	text_cell_ns(t, p->p95, known);
	text_cell_ns(t, p->p99, known);
	text_cell_ns(t, p->max, known);
}

static uint64_t beyond(size_t nr, size_t shown)
{
	return nr > shown ? nr - shown : 0;
}

/* Says what the column "open" means, even if there was no room for it. */
static void footnote_open(const struct text *t, uint64_t open)
{
	char text[256], n[HUMAN_SZ];

	if (!open)
		return;
	snprintf(text, sizeof(text),
		 "%s %s open when the trace began or ended: the time that was seen counts, the "
		 "duration does not.",
		 human_count(n, open), open == 1 ? "was" : "were");
	text_sgr(t, "2");
	text_wrap(t, 0, 0, text);
	text_sgr(t, "0");
}

int text_tasks(const struct text *t)
{
	static const struct column columns[] = {
		{.title = "TASKS", .least = 14, .want = 24, .most = 40, .cut = UTF8_CUT_MIDDLE},
		{.title = "done", .right = true},
		{.title = "open", .right = true, .drop = 9},
		{.title = "fail", .right = true, .color = "31"},
		{.title = "tainted", .right = true, .color = "31"},
		{.title = "p50", .right = true, .drop = 2},
		{.title = "p95", .right = true, .drop = 8},
		{.title = "p99", .right = true},
		{.title = "max", .right = true, .drop = 4},
		{.title = "where the time went", .least = 34, .want = 42, .items = true},
	};
	struct table table;
	uint64_t open = 0;
	int ret;

	if (!t->s->tasks_nr)
		return 0;
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < t->s->tasks_nr && i < ROWS_MAX; i++) {
		const struct summary_task *task = &t->s->tasks[i];

		open += task->count - task->complete;
		text_cell_name(&table, task->name);
		text_cell_count(&table, task->complete, true);
		text_cell_count(&table, task->count - task->complete, false);
		text_cell_count(&table, task->failed, false);
		text_cell_count(&table, task->tainted, false);
		cell_durations(&table, &task->duration_ns, task->complete);
		text_cell_shares(&table, &task->spent, task->idle_ns);
	}
	ret = text_table(t, &table, beyond(t->s->tasks_nr, ROWS_MAX));
	if (!ret)
		footnote_open(t, open);
	return ret;
}

static void region_row(struct table *table, const struct summary_region *r)
{
	const char *slash = strrchr(r->site, '/');
	char percent[HUMAN_SZ];

	text_cell_name(table, r->name);
	text_cell_name(table, slash ? slash + 1 : r->site);
	text_cell_count(table, r->complete, true);
	text_cell_count(table, r->count - r->complete, false);
	text_cell_count(table, r->tainted, false);
	cell_durations(table, &r->duration_ns, r->complete);
	if (r->async) {
		table_cell(table, "-");
		table_cell(table, "(async: it may cross threads)");
	} else {
		table_cell(table, "%s", human_percent(percent, r->self_ns, r->wall_ns));
		text_cell_shares(table, &r->spent, 0);
	}
}

int text_regions(const struct text *t)
{
	static const struct column columns[] = {
		{.title = "REGIONS", .least = 14, .want = 24, .most = 40, .cut = UTF8_CUT_MIDDLE},
		{.title = "site",
		 .least = 14,
		 .want = 20,
		 .most = 32,
		 .drop = 5,
		 .cut = UTF8_CUT_START},
		{.title = "done", .right = true},
		{.title = "open", .right = true, .drop = 9},
		{.title = "tainted", .right = true, .color = "31"},
		{.title = "p50", .right = true, .drop = 1},
		{.title = "p95", .right = true, .drop = 6},
		{.title = "p99", .right = true},
		{.title = "max", .right = true, .drop = 4},
		{.title = "self", .right = true, .drop = 3},
		{.title = "where the time went", .least = 34, .want = 42, .items = true},
	};
	struct table table;

	if (!t->s->regions_nr)
		return 0;
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < t->s->regions_nr && i < ROWS_MAX; i++)
		region_row(&table, &t->s->regions[i]);
	return text_table(t, &table, beyond(t->s->regions_nr, ROWS_MAX));
}

/* "93% demo-worker-3 in rebuild-index": who ended most of these waits. */
static void cell_ended_by(struct table *table, const struct summary_wait *w)
{
	char text[TEXT_NAME_SZ], percent[HUMAN_SZ];
	struct strbuf b;
	size_t before;

	strbuf_init(&b, text, sizeof(text));
	if (w->wakers_nr) {
		const struct summary_waker *by = &w->wakers[0];
		const struct span_waker waker = {.comm = by->comm,
						 .region = by->region,
						 .task = "",
						 .tid = by->tid,
						 .ctx = by->ctx};

		if (by->count < w->count)
			strbuf_add(&b, "%s ", human_percent(percent, by->count, w->count));
		before = b.len;
		words_waker(&b, &waker);
		if (b.len == before) /* not known */
			text[0] = '\0';
	}
	table_cell(table, "%s", text);
}

static void wait_row(struct table *table, const struct summary_wait *w)
{
	text_cell_name(table, state_names[w->state]);
	text_cell_name(table, strcmp(w->resource, state_names[w->state]) ? w->resource : "");
	text_cell_name(table, w->region);
	text_cell_count(table, w->count, true);
	text_cell_ns(table, w->total_ns, true);
	text_cell_ns(table, w->max_ns, true);
	cell_ended_by(table, w);
}

/* Adds at most `most` rows of waits inside of a region, or outside of any; returns how many. */
static size_t wait_rows(struct table *table, const struct summary *s, bool inside, size_t most)
{
	size_t nr = 0;

	for (size_t i = 0; i < s->waits_nr && nr < most; i++) {
		if (inside != (s->waits[i].region[0] != '\0'))
			continue;
		wait_row(table, &s->waits[i]);
		nr++;
	}
	return nr;
}

/*
 * Waits inside of regions come first: outside, the longest ones are those of threads that have
 * nothing to do.
 */
int text_waits(const struct text *t)
{
	static const struct column columns[] = {
		{.title = "WAITS"},
		{.title = "for", .least = 22, .most = 44, .cut = UTF8_CUT_MIDDLE},
		{.title = "in region", .least = 14, .most = 32, .drop = 2, .cut = UTF8_CUT_MIDDLE},
		{.title = "count", .right = true, .drop = 4},
		{.title = "total", .right = true},
		{.title = "longest", .right = true, .drop = 3},
		{.title = "ended by", .least = 20, .cut = UTF8_CUT_END},
	};
	struct table table;
	size_t nr;

	if (!t->s->waits_nr)
		return 0;
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	nr = wait_rows(&table, t->s, true, WAITS_MAX);
	nr += wait_rows(&table, t->s, false,
			nr + WAITS_OUTSIDE < WAITS_MAX ? WAITS_MAX - nr : WAITS_OUTSIDE);
	return text_table(t, &table, beyond(t->s->waits_nr, nr));
}
