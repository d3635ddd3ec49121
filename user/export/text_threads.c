/* SPDX-License-Identifier: MIT */
/*
 * text_threads.c - the threads, a row each, or a row a name if there are many
 *
 * Invariant: the rows together have all the time there is, that of threads left out included.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/text_cell.h"
#include "export/words.h"

/* More threads than this are shown by name. */
#define THREADS_MAX 12
/* The row of those that are not listed. */
#define LEFT_OUT "(exited threads)"

/* A row of the threads' table: one thread, or all whose names are equal but for a number. */
struct thread_row {
	const char *comm;
	bool several; /* names, which differ in a number */
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
	to->over.irq_ns += from->over.irq_ns;
	to->over.softirq_ns += from->over.softirq_ns;
	to->over.gc_ns += from->over.gc_ns;
}

static struct thread_row row_of(const struct summary_thread *th)
{
	return (struct thread_row){.comm = th->comm,
				   .nr = 1,
				   .pid = th->pid,
				   .tid = th->tid,
				   .switches = th->voluntary + th->involuntary,
				   .spent = th->spent};
}

static struct thread_row *row_like(struct thread_row *rows, size_t nr, const struct thread_row *row)
{
	for (size_t i = 0; i < nr; i++)
		if (words_alike(rows[i].comm, row->comm))
			return &rows[i];
	return NULL;
}

/* Fills rows (room for every thread and one more); returns how many. */
static size_t thread_rows(const struct summary *s, struct thread_row *rows)
{
	struct breakdown rest = s->all;
	size_t nr = 0;

	for (size_t i = 0; i < s->threads_nr; i++) {
		const struct summary_thread *th = &s->threads[i];
		const struct thread_row row = row_of(th);
		struct thread_row *like =
			s->threads_nr > THREADS_MAX ? row_like(rows, nr, &row) : NULL;

		for (int st = 0; st < STATE_NR; st++)
			rest.ns[st] -= row.spent.ns[st];
		rest.over.syscalls -= row.spent.over.syscalls;
		if (s->capture->window && th->begin == th->end)
			continue; /* it had ended before, or was not born yet */
		if (!like) {
			rows[nr++] = row;
			continue;
		}
		like->nr++;
		like->several |= strcmp(like->comm, row.comm) != 0;
		like->switches += row.switches;
		breakdown_add(&like->spent, &row.spent);
	}
	if (s->threads_left_out) {
		rows[nr] = (struct thread_row){
			.comm = LEFT_OUT, .nr = s->threads_left_out, .spent = rest};
		nr++;
	}
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
	struct strbuf b;

	strbuf_init(&b, comm, sizeof(comm));
	words_names(&b, row->comm, row->several);
	table_cell(table, "%s", comm);
	cell_id(table, row->pid, row->nr == 1 && pids);
	cell_id(table, row->tid, row->nr == 1);
	text_cell_count(table, row->nr > 1 ? row->nr : 0, false);
	text_cell_ns(table, row->spent.ns[STATE_RUNNING], true);
	text_cell_count(table, row->switches, true);
	text_cell_count(table, row->spent.over.syscalls, false);
	text_cell_shares(table, &row->spent, 0);
}

/* A server that has nothing to do waits for locks or events, too. */
static void footnote_idle(const struct text *t)
{
	const uint64_t *ns = t->s->all.ns;

	if (!ns[STATE_LOCK] && !ns[STATE_POLL] && !ns[STATE_NETWORK])
		return;
	text_sgr(t, "2");
	text_wrap(t, 0, 0, "lock, poll and network include waiting for work to do.");
	text_sgr(t, "0");
}

int text_threads(const struct text *t)
{
	static const struct column columns[] = {
		{.title = "THREADS", .least = 16},
		{.title = "pid", .right = true, .drop = 4},
		{.title = "tid", .right = true, .drop = 3},
		{.title = "threads", .right = true},
		{.title = "on CPU", .right = true},
		{.title = "switches", .right = true, .drop = 9},
		{.title = "syscalls", .right = true, .drop = 8},
		{.title = "where the time went", .least = 34, .want = 42, .items = true},
	};
	struct thread_row *rows;
	struct table table;
	size_t nr;
	int ret;

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
	ret = text_table(t, &table, nr > ROWS_MAX ? nr - ROWS_MAX : 0);
	if (!ret)
		footnote_idle(t);
	return ret;
}
