/* SPDX-License-Identifier: MIT */
/*
 * text_cell.h - cells that the tables of the text report have in common
 *
 * Each adds one cell to the table's current row.
 */
#ifndef CTRACE_TEXT_CELL_H
#define CTRACE_TEXT_CELL_H

#include "export/table.h"
#include "export/text.h"

/* Rows of a table that are worth a screen; -f json has all. */
#define ROWS_MAX 40

/* zero: whether a 0 is shown; a column of nothing but zeros is left out if not. */
void text_cell_count(struct table *t, uint64_t n, bool zero);
/* known: there is at least one to take a time from. */
void text_cell_ns(struct table *t, uint64_t ns, bool known);
/* Any string of a program. */
void text_cell_name(struct table *t, const char *name);
/* "network 61%  lock 22%  running 9%" */
void text_cell_shares(struct table *t, const struct breakdown *spent, uint64_t idle_ns);

/* Prints a blank line and the table, and frees it; left_out: rows that it lacks. 0 or -ENOMEM. */
int text_table(const struct text *t, struct table *table, uint64_t left_out);

#endif
