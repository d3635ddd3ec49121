/* SPDX-License-Identifier: MIT */
/*
 * text_table.c - tasks, regions and waits, a row each
 *
 * Invariant: a row of a table is never left out for the terminal's width, and if it is for its
 * rank, the line below the table says how many were.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/strbuf.h"
#include "base/term.h"
#include "ctrace/wire.h"
#include "export/text_cell.h"
#include "export/words.h"

/* Wakers and culprits of a wait that the summary lists. */
#define WAKERS_MAX     8
#define WAITS_MAX      10
#define CULPRITS_SHOWN 3
#define WAITS_OUTSIDE  3 /* of any region, at least, beside WAITS_MAX inside of some */

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

static void footnote(const struct text *t, const char *text)
{
	text_sgr(t, "2");
	text_wrap(t, 0, 0, text);
	text_sgr(t, "0");
}

/* Says what the column "open" means, even if there was no room for it. */
static void footnote_open(const struct text *t, uint64_t open)
{
	const bool ends_lost = !text_is_whole(t) || t->s->capture->lost_total;
	char text[256], n[HUMAN_SZ];

	if (!open)
		return;
	snprintf(text, sizeof(text),
		 "%s %s open when the trace began or ended%s: the time that was seen counts, the "
		 "duration does not.",
		 human_count(n, open), open == 1 ? "was" : "were",
		 !ends_lost  ? ""
		 : open == 1 ? ", or its end was lost"
			     : ", or their ends were lost");
	footnote(t, text);
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

/* Threads that ended waits in the same region, and whose names differ in a number at most. */
struct wakers {
	const struct summary_waker *first;
	bool several; /* names */
	uint64_t count;
};

static bool same_wakers(const struct summary_waker *a, const struct summary_waker *b)
{
	return a->ctx == b->ctx && !strcmp(a->softirq, b->softirq) &&
	       !strcmp(a->region, b->region) && words_alike(a->comm, b->comm) &&
	       (a->comm[0] || a->tid == b->tid);
}

static int most_first(const void *pa, const void *pb)
{
	const struct wakers *a = pa, *b = pb;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first; /* both are in the summary's array */
}

/* Returns how many groups there are, the most frequent first. */
static size_t group_wakers(const struct summary_wait *w, struct wakers *groups)
{
	size_t nr = 0;

	for (size_t i = 0; i < w->wakers_nr && i < WAKERS_MAX; i++) {
		const struct summary_waker *by = &w->wakers[i];
		size_t k = 0;

		while (k < nr && !same_wakers(groups[k].first, by))
			k++;
		if (k == nr)
			groups[nr++] = (struct wakers){.first = by};
		groups[k].several |= strcmp(groups[k].first->comm, by->comm) != 0;
		groups[k].count += by->count;
	}
	qsort(groups, nr, sizeof(*groups), most_first);
	return nr;
}

/* "93% demo-worker-3 in rebuild-index"; false if it is not known, or says nothing. */
static bool add_wakers(struct strbuf *b, const struct summary_wait *w, const struct wakers *g)
{
	const struct summary_waker *by = g->first;
	size_t before = b->len, who;
	char percent[HUMAN_SZ];

	if (!words_waker_tells(w->state, by->ctx))
		return false;
	strbuf_add(b, "%s", before ? ", " : "");
	if (g->count < w->count)
		strbuf_add(b, "%s ", human_percent(percent, g->count, w->count));
	who = b->len;
	if (g->several)
		words_names(b, by->comm, true);
	else
		words_who(b, by->comm, by->tid, by->ctx, by->softirq);
	if (b->len == who) {
		b->s[b->len = before] = '\0';
		return false;
	}
	if (by->ctx == WIRE_WAKER_TASK && by->region[0]) {
		strbuf_add(b, " in ");
		strbuf_escaped(b, by->region);
	}
	return true;
}

/*
 * "93% demo-worker-3 in rebuild-index": who ended most of these waits; two if none ended half of
 * them; three if it was asked for all of them.
 */
static void cell_ended_by(struct table *table, const struct summary_wait *w, bool all)
{
	struct wakers groups[WAKERS_MAX];
	size_t nr = group_wakers(w, groups);
	char text[TEXT_NAME_SZ];
	struct strbuf b;

	if (nr > (all ? 3 : 2))
		nr = all ? 3 : 2;
	if (nr && !all && 2 * groups[0].count >= w->count)
		nr = 1;
	strbuf_init(&b, text, sizeof(text));
	for (size_t i = 0; i < nr && add_wakers(&b, w, &groups[i]); i++)
		;
	table_cell(table, "%s", text);
}

/* Time for which it is not known who had the CPU. */
static uint64_t ran_unknown(const struct summary_wait *w)
{
	uint64_t known = w->culprits_others_ns + w->cpu_idle_ns;

	for (size_t i = 0; i < w->culprits_nr; i++)
		known += w->culprits[i].ns;
	return known < w->total_ns ? w->total_ns - known : 0;
}

/* Threads that had the CPU, and whose names differ in a number at most. */
struct culprits {
	const char *comm;
	bool several; /* names */
	uint64_t ns;
};

static int longest_first(const void *pa, const void *pb)
{
	const struct culprits *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return strcmp(a->comm, b->comm);
}

/* Returns how many groups there are, those that had it longest first. */
static size_t group_culprits(const struct summary_wait *w, struct culprits *groups)
{
	size_t nr = 0;

	for (size_t i = 0; i < w->culprits_nr && i < WAKERS_MAX; i++) {
		const char *comm = w->culprits[i].comm;
		size_t k = 0;

		while (k < nr && !words_alike(groups[k].comm, comm))
			k++;
		if (k == nr)
			groups[nr++] = (struct culprits){.comm = comm};
		groups[k].several |= strcmp(groups[k].comm, comm) != 0;
		groups[k].ns += w->culprits[i].ns;
	}
	qsort(groups, nr, sizeof(*groups), longest_first);
	return nr;
}

/* "ran stress-ng 61%, cc1 20%": who had the CPU, as shares of the time it was waited for. */
static void cell_ran(struct table *table, const struct summary_wait *w)
{
	char text[TEXT_NAME_SZ], percent[HUMAN_SZ];
	uint64_t unknown = ran_unknown(w), worth = w->total_ns / 20;
	struct culprits groups[WAKERS_MAX];
	size_t nr = group_culprits(w, groups);
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	if (unknown > worth)
		strbuf_add(&b, "%s unknown; ", human_percent(percent, unknown, w->total_ns));
	for (size_t i = 0; i < nr && i < CULPRITS_SHOWN; i++) {
		const struct culprits *by = &groups[i];

		if (i && by->ns < worth)
			break;
		strbuf_add(&b, "%s", i ? ", " : "ran ");
		words_names(&b, by->comm[0] ? by->comm : "a thread", by->several);
		strbuf_add(&b, " %s", human_percent(percent, by->ns, w->total_ns));
	}
	table_cell(table, "%s", text);
}

static void cell_resource(struct table *table, const struct summary_wait *w)
{
	char text[TEXT_NAME_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	strbuf_escaped(&b, strcmp(w->resource, state_names[w->state]) ? w->resource : "");
	words_peer(&b, &w->peer);
	table_cell(table, "%s", text);
}

static void wait_row(struct table *table, const struct summary_wait *w, bool all_wakers)
{
	text_cell_name(table, state_names[w->state]);
	cell_resource(table, w);
	text_cell_name(table, w->region);
	text_cell_count(table, w->count, true);
	text_cell_ns(table, w->total_ns, true);
	text_cell_ns(table, w->max_ns, true);
	if (w->culprits_nr)
		cell_ran(table, w);
	else
		cell_ended_by(table, w, all_wakers);
}

/*
 * Adds at most `most` rows of waits inside of a region, or outside of any, but none outside of the
 * one that was asked for; returns how many there are, *shown how many it added.
 */
static size_t wait_rows(const struct text *t, struct table *table, bool inside, size_t most,
			size_t *shown)
{
	const char *only = t->ctx->filter.region;
	size_t nr = 0;

	*shown = 0;
	for (size_t i = 0; i < t->s->waits_nr; i++) {
		const struct summary_wait *w = &t->s->waits[i];

		if (inside != (w->region[0] != '\0') || (only && strcmp(w->region, only) != 0))
			continue;
		if (nr++ >= most)
			continue;
		wait_row(table, w, only);
		++*shown;
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
		{.title = "in region", .least = 14, .most = 32, .cut = UTF8_CUT_MIDDLE},
		{.title = "count", .right = true, .drop = 4},
		{.title = "total", .right = true},
		{.title = "longest", .right = true, .drop = 3},
		{.title = "ended by", .least = 20, .drop = 2, .cut = UTF8_CUT_END},
	};
	size_t nr, inside, outside;
	struct table table;
	int ret;

	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	nr = wait_rows(t, &table, true, WAITS_MAX, &inside);
	nr += wait_rows(t, &table, false,
			inside + WAITS_OUTSIDE < WAITS_MAX ? WAITS_MAX - inside : WAITS_OUTSIDE,
			&outside);
	if (!nr) {
		table_release(&table);
		return 0;
	}
	ret = text_table(t, &table, beyond(nr, inside + outside));
	if (!ret && inside && outside)
		footnote(t, "Waits in regions come first; below them, the longest outside of any.");
	return ret;
}
