/* SPDX-License-Identifier: MIT */
/*
 * text_table.c - tasks, regions, threads and waits, a row each
 *
 * Invariant: a row of a table is never left out for the terminal's width, and if it is for its
 * rank, the line below the table says how many were.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/strbuf.h"
#include "base/term.h"
#include "export/table.h"
#include "export/text.h"
#include "export/words.h"

/* Rows that are worth a screen; -f json has all. */
#define ROWS_MAX      40
#define WAITS_MAX     10
#define WAITS_OUTSIDE 3 /* of any region, at least, beside WAITS_MAX inside of some */
/* States in a row, however little time there is in them. */
#define SHARES_SHOWN 3
/* More threads than this are shown by name. */
#define THREADS_MAX 12

/* zero: whether a 0 is shown; a column of nothing but zeros is left out if not. */
static void cell_count(struct table *t, uint64_t n, bool zero)
{
	char buf[HUMAN_SZ];

	table_cell(t, "%s", n || zero ? human_count(buf, n) : "");
}

/* known: there is at least one to take a time from. */
static void cell_ns(struct table *t, uint64_t ns, bool known)
{
	char buf[HUMAN_SZ];

	table_cell(t, "%s", known ? human_ns(buf, ns) : "-");
}

static void cell_name(struct table *t, const char *name)
{
	char buf[TEXT_NAME_SZ];

	table_cell(t, "%s", term_escape(buf, sizeof(buf), name));
}

static void cell_shares(struct table *t, const struct breakdown *spent, uint64_t idle_ns)
{
	const struct shares shares = shares_of(spent, idle_ns);
	char text[TEXT_NAME_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	words_shares(&b, &shares, "  ", SHARES_SHOWN);
	table_cell(t, "%s", text);
}

static void cell_durations(struct table *t, const struct percentiles *p, bool known)
{
	cell_ns(t, p->p50, known);
	cell_ns(t, p->p95, known);
	cell_ns(t, p->p99, known);
	cell_ns(t, p->max, known);
}

/* Prints and frees the table; left_out: rows that it does not have. */
static int finish(const struct text *t, struct table *table, uint64_t left_out)
{
	char n[HUMAN_SZ];
	int ret;

	fputc('\n', t->out);
	ret = table_print(table, t->out, 0, t->width, t->ctx->color);
	table_release(table);
	if (!ret && left_out)
		fprintf(t->out, "… and %s more\n", human_count(n, left_out));
	return ret;
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
		{.title = "TASKS", .least = 14, .most = 40, .cut = UTF8_CUT_MIDDLE},
		{.title = "done", .right = true},
		{.title = "open", .right = true, .drop = 5},
		{.title = "fail", .right = true, .color = "31"},
		{.title = "tainted", .right = true, .color = "31"},
		{.title = "p50", .right = true, .drop = 2},
		{.title = "p95", .right = true, .drop = 4},
		{.title = "p99", .right = true},
		{.title = "max", .right = true, .drop = 3},
		{.title = "where the time went", .least = 34, .items = true},
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
		cell_name(&table, task->name);
		cell_count(&table, task->complete, true);
		cell_count(&table, task->count - task->complete, false);
		cell_count(&table, task->failed, false);
		cell_count(&table, task->tainted, false);
		cell_durations(&table, &task->duration_ns, task->complete);
		cell_shares(&table, &task->spent, task->idle_ns);
	}
	ret = finish(t, &table, beyond(t->s->tasks_nr, ROWS_MAX));
	if (!ret)
		footnote_open(t, open);
	return ret;
}

static void region_row(struct table *table, const struct summary_region *r)
{
	char percent[HUMAN_SZ];

	cell_name(table, r->name);
	cell_name(table, r->site);
	cell_count(table, r->complete, true);
	cell_count(table, r->count - r->complete, false);
	cell_count(table, r->tainted, false);
	cell_durations(table, &r->duration_ns, r->complete);
	if (r->async) {
		table_cell(table, "-");
		table_cell(table, "(async: it may cross threads)");
	} else {
		table_cell(table, "%s", human_percent(percent, r->self_ns, r->wall_ns));
		cell_shares(table, &r->spent, 0);
	}
}

int text_regions(const struct text *t)
{
	static const struct column columns[] = {
		{.title = "REGIONS", .least = 14, .most = 40, .cut = UTF8_CUT_MIDDLE},
		{.title = "site", .least = 12, .most = 28, .drop = 6, .cut = UTF8_CUT_START},
		{.title = "done", .right = true},
		{.title = "open", .right = true, .drop = 5},
		{.title = "tainted", .right = true, .color = "31"},
		{.title = "p50", .right = true, .drop = 1},
		{.title = "p95", .right = true, .drop = 4},
		{.title = "p99", .right = true},
		{.title = "max", .right = true, .drop = 2},
		{.title = "self", .right = true, .drop = 3},
		{.title = "where the time went", .least = 34, .items = true},
	};
	struct table table;

	if (!t->s->regions_nr)
		return 0;
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < t->s->regions_nr && i < ROWS_MAX; i++)
		region_row(&table, &t->s->regions[i]);
	return finish(t, &table, beyond(t->s->regions_nr, ROWS_MAX));
}

/* A row of the threads' table: one thread, or all whose names are equal but for a number. */
struct thread_row {
	const char *comm;
	size_t comm_len; /* without the number */
	bool numbered;
	uint64_t nr;
	uint32_t pid, tid; /* if nr is 1 */
	uint64_t switches;
	struct breakdown spent;
};

static void breakdown_add(struct breakdown *to, const struct breakdown *from)
{
	for (int i = 0; i < STATE_NR; i++)
		to->ns[i] += from->ns[i];
	to->over.syscall_ns += from->over.syscall_ns;
	to->over.syscalls += from->over.syscalls;
	to->over.faults += from->over.faults;
}

/* "worker-12" and "worker-3" are both "worker-". */
static struct thread_row row_of(const struct summary_thread *th)
{
	size_t len = strlen(th->comm), stem = len;

	while (stem && th->comm[stem - 1] >= '0' && th->comm[stem - 1] <= '9')
		stem--;
	return (struct thread_row){.comm = th->comm,
				   .comm_len = stem ? stem : len,
				   .numbered = stem && stem < len,
				   .nr = 1,
				   .pid = th->pid,
				   .tid = th->tid,
				   .switches = th->voluntary + th->involuntary,
				   .spent = th->spent};
}

static struct thread_row *row_like(struct thread_row *rows, size_t nr, const struct thread_row *row)
{
	for (size_t i = 0; i < nr; i++)
		if (rows[i].comm_len == row->comm_len && rows[i].numbered == row->numbered &&
		    !memcmp(rows[i].comm, row->comm, row->comm_len))
			return &rows[i];
	return NULL;
}

/* Fills rows (room for every thread and one more); returns how many. */
static size_t thread_rows(const struct summary *s, struct thread_row *rows)
{
	struct breakdown rest = s->all;
	size_t nr = 0;

	for (size_t i = 0; i < s->threads_nr; i++) {
		const struct thread_row row = row_of(&s->threads[i]);
		struct thread_row *like =
			s->threads_nr > THREADS_MAX ? row_like(rows, nr, &row) : NULL;

		for (int st = 0; st < STATE_NR; st++)
			rest.ns[st] -= row.spent.ns[st];
		rest.over.syscalls -= row.spent.over.syscalls;
		if (!like) {
			rows[nr++] = row;
			continue;
		}
		like->nr++;
		like->switches += row.switches;
		breakdown_add(&like->spent, &row.spent);
	}
	if (s->threads_left_out)
		rows[nr++] = (struct thread_row){.comm = "(exited threads)",
						 .comm_len = strlen("(exited threads)"),
						 .nr = s->threads_left_out,
						 .spent = rest};
	return nr;
}

static int busiest_first(const void *a, const void *b)
{
	const struct thread_row *x = a, *y = b;
	uint64_t rx = x->spent.ns[STATE_RUNNING], ry = y->spent.ns[STATE_RUNNING];

	if (rx != ry)
		return rx < ry ? 1 : -1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static void cell_id(struct table *t, uint32_t id, bool shown)
{
	char buf[16] = "";

	if (shown)
		snprintf(buf, sizeof(buf), "%" PRIu32, id);
	table_cell(t, "%s", buf);
}

static void thread_row(struct table *table, const struct thread_row *row, bool pids)
{
	char comm[TEXT_NAME_SZ];

	term_escape(comm, sizeof(comm), row->comm);
	if (row->nr > 1 && row->numbered)
		table_cell(table, "%.*s*", (int)row->comm_len, comm);
	else
		table_cell(table, "%s", comm);
	cell_id(table, row->pid, row->nr == 1 && pids);
	cell_id(table, row->tid, row->nr == 1);
	cell_count(table, row->nr > 1 ? row->nr : 0, false);
	cell_ns(table, row->spent.ns[STATE_RUNNING], true);
	cell_count(table, row->switches, true);
	cell_count(table, row->spent.over.syscalls, false);
	cell_shares(table, &row->spent, 0);
}

int text_threads(const struct text *t)
{
	static const struct column columns[] = {
		{.title = "THREADS", .least = 16},
		{.title = "pid", .right = true, .drop = 3},
		{.title = "tid", .right = true, .drop = 2},
		{.title = "threads", .right = true},
		{.title = "on CPU", .right = true},
		{.title = "switches", .right = true, .drop = 5},
		{.title = "syscalls", .right = true, .drop = 4},
		{.title = "where the time went", .least = 34, .items = true},
	};
	struct thread_row *rows;
	struct table table;
	size_t nr;

	if (!t->s->threads_nr && !t->s->threads_left_out)
		return 0;
	rows = calloc(t->s->threads_nr + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	nr = thread_rows(t->s, rows);
	qsort(rows, nr, sizeof(*rows), busiest_first);
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < nr && i < ROWS_MAX; i++)
		thread_row(&table, &rows[i], t->s->capture->processes_nr > 1);
	free(rows);
	return finish(t, &table, beyond(nr, ROWS_MAX));
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
	cell_name(table, state_names[w->state]);
	cell_name(table, strcmp(w->resource, state_names[w->state]) ? w->resource : "");
	cell_name(table, w->region);
	cell_count(table, w->count, true);
	cell_ns(table, w->total_ns, true);
	cell_ns(table, w->max_ns, true);
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
	return finish(t, &table, beyond(t->s->waits_nr, nr));
}
