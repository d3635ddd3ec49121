/* SPDX-License-Identifier: MIT */
/*
 * table.h - rows of text in columns that fit a terminal
 *
 *	static const struct column columns[] = {
 *		{.title = "task", .least = 12},
 *		{.title = "p95", .right = true, .drop = 2},
 *	};
 *	table_init(&t, columns, 2);
 *	table_cell(&t, "%s", name);               row by row, from left to right
 *	table_cell(&t, "%s", human_ns(buf, p95));
 *	ret = table_print(&t, out, 0, 80, false);
 *	table_release(&t);
 *
 * A column without any text is left out. If the rest is too wide, columns give way down to what
 * they `want`, cheap ones go, the others give way to their `least`, go by their `drop`, and give
 * way further; rows never go. Cells are for display already: escaped, UTF-8.
 */
#ifndef CTRACE_TABLE_H
#define CTRACE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/utf8.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_CHEAP	  7
#define TABLE_CELL_SZ	  1024

struct column {
	const char *title;
	bool right;	     /* aligned to the right */
	unsigned char drop;  /* the highest goes first; 0: never goes */
	unsigned char least; /* columns it needs, if it has that much text; 0: all its text */
	unsigned char want;  /* for so many, columns of a drop above TABLE_CHEAP go; 0: least */
	unsigned char most;  /* it takes no more; 0: no limit */
	bool items; /* a list, items two spaces apart: only whole items are shown, and " …" */
	enum utf8_cut cut;
	const char *color; /* SGR parameters: "1" is bold; NULL */
};

struct table {
	const struct column *columns;
	size_t columns_nr;
	char **cells;
	size_t cells_nr, cells_sz;
	bool no_memory;
};

/* columns: at most TABLE_COLUMNS_MAX, and they outlive the table. */
void table_init(struct table *t, const struct column *columns, size_t columns_nr);
/* The next cell. What does not fit in TABLE_CELL_SZ is cut. */
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Each line is `indent` spaces in, at most `width` columns wide. Returns 0 or -ENOMEM. */
int table_print(const struct table *t, FILE *out, size_t indent, size_t width, bool color);
void table_release(struct table *t);

#endif
