/* SPDX-License-Identifier: MIT */
/*
 * text_path.c - what the critical paths of tasks hung on
 *
 *     CRITICAL PATHS  share     each  hung on
 *     GET /messages     60%  2.91 ms  network (socket [inet] fd 9) in reply
 *                       15%   730 us  running in rebuild-index by demo-worker-3, behind lock in
 * cache.Lookup
 *
 * Invariant: the rows of a task stand together, largest first; a share is one of the task's wall
 * time.
 */
#include "base/human.h"
#include "base/strbuf.h"
#include "export/blame_words.h"
#include "export/text_cell.h"

/* Names with a path; causes of each, and from which share on, in percent. */
#define NAMES_SHOWN  8
#define CAUSES_SHOWN 5
#define SHARE_SHOWN  3

static void path_rows(struct table *table, const struct summary_task *task)
{
	char text[TEXT_NAME_SZ], percent[HUMAN_SZ];
	struct strbuf b;

	for (size_t i = 0; i < task->path.parts_nr && i < CAUSES_SHOWN; i++) {
		const struct span_blame *p = &task->path.parts[i];

		if (i && p->ns < task->wall_ns / 100 * SHARE_SHOWN)
			return;
		text_cell_name(table, i ? "" : task->name);
		table_cell(table, "%s", human_percent(percent, p->ns, task->wall_ns));
		text_cell_ns(table, p->ns / task->count, true);
		strbuf_init(&b, text, sizeof(text));
		words_blame(&b, p);
		table_cell(table, "%s", text);
	}
}

int text_paths(const struct text *t)
{
	static const struct column columns[] = {
		{.title = "CRITICAL PATHS",
		 .least = 14,
		 .want = 20,
		 .most = 32,
		 .cut = UTF8_CUT_MIDDLE},
		{.title = "share", .right = true},
		{.title = "each", .right = true, .drop = 3},
		{.title = "hung on", .least = 24, .cut = UTF8_CUT_END},
	};
	struct table table;
	size_t shown = 0;

	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < t->s->tasks_nr && shown < NAMES_SHOWN; i++) {
		if (!t->s->tasks[i].path.parts_nr)
			continue;
		path_rows(&table, &t->s->tasks[i]);
		shown++;
	}
	if (!shown) {
		table_release(&table);
		return 0;
	}
	return text_table(t, &table, t->s->tasks_nr - shown);
}
