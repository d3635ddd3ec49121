/* SPDX-License-Identifier: MIT */
/*
 * text_diff.c - two traces compared, for a reader at a terminal
 *
 *     TASKS          count           p50              p99         each  what changed, of each
 *     GET /messages  121 → 118  3.2 ms → 3.3 ms  34 ms → 80 ms  +610 us  lock +700 us  network -90
 * us
 *
 * Invariant: what changed most is first; what may be chance is at the end, and is said to be.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/human.h"
#include "base/strbuf.h"
#include "export/diff_out.h"
#include "export/text_cell.h"
#include "model/diff.h"

/* States that are named, from which part of the whole change on. */
#define CHANGES_SHOWN 4
#define CHANGE_PART   20

/* "+1.20 ms" */
static void add_change(struct strbuf *b, uint64_t from, uint64_t to)
{
	char ns[HUMAN_SZ];

	strbuf_add(b, "%s%s", to >= from ? "+" : "-",
		   human_ns(ns, to >= from ? to - from : from - to));
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool is_same(const struct diff_row *row, const uint64_t *from, const uint64_t *to)
{
	return row->a.each_ns == row->b.each_ns && !memcmp(from, to, (STATE_NR + 1) * sizeof(*to));
}

/* "lock +1.20 ms  disk -80.0 us": what of each one changed most. */
static void cell_changes(struct table *table, const struct diff_row *row)
{
	uint64_t from[STATE_NR + 1], to[STATE_NR + 1], most = 0;
	bool done[STATE_NR + 1] = {false};
	char text[TEXT_NAME_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	if (!row->a.there || !row->b.there) {
		table_cell(table, "only in %s", row->a.there ? "the first" : "the second");
		return;
	}
	memcpy(from, row->a.each_states_ns, sizeof(row->a.each_states_ns));
	memcpy(to, row->b.each_states_ns, sizeof(row->b.each_states_ns));
	from[STATE_NR] = row->a.each_idle_ns;
	to[STATE_NR] = row->b.each_idle_ns;
	if (row->noise)
		strbuf_add(&b, "%s", is_same(row, from, to) ? "nothing" : "may be chance");
	for (int nr = 0; nr < CHANGES_SHOWN; nr++) {
		int top = -1;

		for (int i = 0; i <= STATE_NR; i++) {
			if (!done[i] && from[i] != to[i] &&
			    (top < 0 || distance(from[i], to[i]) > distance(from[top], to[top])))
				top = i;
		}
		if (top < 0 || (nr && distance(from[top], to[top]) < most / CHANGE_PART))
			break;
		most = nr ? most : distance(from[top], to[top]);
		done[top] = true;
		strbuf_add(&b, "%s%s ", b.len ? "  " : "",
			   top == STATE_NR ? "idle" : state_names[top]);
		add_change(&b, from[top], to[top]);
	}
	table_cell(table, "%s", text);
}

static void cell_counts(struct table *table, const struct diff_row *row)
{
	char a[HUMAN_SZ], b[HUMAN_SZ];

	table_cell(table, "%s → %s", human_count(a, row->a.count), human_count(b, row->b.count));
}

static void cell_times(struct table *table, const struct diff_row *row, uint64_t a_ns,
		       uint64_t b_ns)
{
	char a[HUMAN_SZ], b[HUMAN_SZ];

	table_cell(table, "%s → %s", row->a.complete ? human_ns(a, a_ns) : "-",
		   row->b.complete ? human_ns(b, b_ns) : "-");
}

static void diff_row(struct table *table, const struct diff_row *row)
{
	const char *slash = strrchr(row->site, '/');
	char text[HUMAN_SZ * 2];
	struct strbuf b;

	text_cell_name(table, row->name);
	text_cell_name(table, slash ? slash + 1 : row->site);
	cell_counts(table, row);
	cell_times(table, row, row->a.duration_ns.p50, row->b.duration_ns.p50);
	cell_times(table, row, row->a.duration_ns.p99, row->b.duration_ns.p99);
	strbuf_init(&b, text, sizeof(text));
	if (row->a.there && row->b.there)
		add_change(&b, row->a.each_ns, row->b.each_ns);
	table_cell(table, "%s", text);
	cell_changes(table, row);
}

#define DIFF_COLUMNS(what)                                                                    \
	{                                                                                     \
		{.title = what, .least = 14, .want = 24, .most = 40, .cut = UTF8_CUT_MIDDLE}, \
			{.title = "site",                                                     \
			 .least = 14,                                                         \
			 .want = 20,                                                          \
			 .most = 32,                                                          \
			 .drop = 9,                                                           \
			 .cut = UTF8_CUT_START},                                              \
			{.title = "count", .right = true, .drop = 5},                         \
			{.title = "p50", .right = true, .drop = 4},                           \
			{.title = "p99", .right = true}, {.title = "each", .right = true},    \
			{.title = "what changed", .least = 16, .want = 42, .items = true},    \
	}

static int table_of(const struct text *t, const struct diff *d, bool regions)
{
	static const struct column task_columns[] = DIFF_COLUMNS("TASKS");
	static const struct column region_columns[] = DIFF_COLUMNS("REGIONS");
	struct table table;
	size_t nr = 0;

	table_init(&table, regions ? region_columns : task_columns,
		   sizeof(task_columns) / sizeof(task_columns[0]));
	for (size_t i = 0; i < d->rows_nr; i++) {
		if (d->rows[i].region == regions && nr++ < ROWS_MAX)
			diff_row(&table, &d->rows[i]);
	}
	if (!nr) {
		table_release(&table);
		return 0;
	}
	return text_table(t, &table, nr > ROWS_MAX ? nr - ROWS_MAX : 0);
}

static void print_trace(const struct text *t, const char *which, const struct summary *s)
{
	const struct capture_info *c = s->capture;
	char text[2 * TEXT_NAME_SZ], ns[HUMAN_SZ], utc[HUMAN_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	strbuf_add(&b, "%s", which);
	strbuf_escaped(&b, c->processes_nr ? c->processes[0].comm : "no process");
	if (c->processes_nr > 1)
		strbuf_add(&b, " and %s more", human_count(ns, c->processes_nr - 1));
	strbuf_add(&b, ", traced for %s", human_ns(ns, c->stop_ts - c->start_ts));
	strbuf_add(&b, " from %s UTC", human_utc(utc, c->start_unix_ns));
	if (c->lost_total)
		strbuf_add(&b, "; %s records were lost: its figures may be wrong",
			   human_count(ns, c->lost_total));
	text_wrap(t, 0, 0, text);
}

/* Who and when, and what is to be known before its figures are read. */
static void print_side(const struct text *all, const char *which, const struct summary *s,
		       const struct export_damage *damage)
{
	struct text_ctx ctx = *all->ctx;
	struct text t = *all;

	ctx.damage = *damage;
	t.ctx = &ctx;
	t.s = s;
	print_trace(&t, which, s);
	if (s->capture->window)
		text_window(&t);
	text_loss_reasons(&t);
	text_damage(&t);
	text_no_names(&t);
}

int diff_text(const struct text_ctx *ctx, const struct diff *d, const struct diff_damage *damage,
	      struct err *err)
{
	struct text t = {.ctx = ctx, .s = d->a, .out = ctx->out, .width = (size_t)ctx->width};
	const struct export_filter *f = &ctx->filter;
	const bool tasks = f->task || f->min_ns;
	int ret;

	if (t.width < TEXT_WIDTH_MIN)
		t.width = TEXT_WIDTH_MIN;
	print_side(&t, "First:  ", d->a, &damage->a);
	print_side(&t, "Second: ", d->b, &damage->b);
	text_filter(&t, tasks && f->region ? NULL
			: tasks		   ? "REGIONS cover the whole traces"
					   : "TASKS cover the whole traces");
	if (!d->rows_nr)
		text_wrap(&t, 0, 0, "Neither has a task or a region to compare.");
	ret = table_of(&t, d, false);
	if (!ret)
		ret = table_of(&t, d, true);
	if (ret)
		return err_set(err, ret, "not enough memory for the comparison");
	errno = 0;
	if (fflush(ctx->out) || ferror(ctx->out)) {
		ret = errno ? -errno : -EIO;
		return err_set(err, ret, "cannot write the comparison: %s", strerror(-ret));
	}
	return 0;
}
