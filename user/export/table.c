/* SPDX-License-Identifier: MIT */
/*
 * table.c - see table.h
 *
 * Invariant: every row is printed, and no line is wider than asked, unless the columns that may
 * not be dropped need more than that at their very least.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "export/table.h"

#define GAP 2
/* Narrower than this, no column says anything. */
#define LAST_RESORT 8

/* One line's worth of decisions: what each column gets; 0: it is left out. */
struct layout {
	size_t natural[TABLE_COLUMNS_MAX];
	size_t width[TABLE_COLUMNS_MAX];
};

void table_init(struct table *t, const struct column *columns, size_t columns_nr)
{
	*t = (struct table){.columns = columns, .columns_nr = columns_nr};
}

void table_cell(struct table *t, const char *fmt, ...)
{
	char text[TABLE_CELL_SZ];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (t->cells_nr == t->cells_sz) {
		size_t sz = t->cells_sz ? 2 * t->cells_sz : 64;
		char **cells = realloc(t->cells, sz * sizeof(*cells));

		if (!cells) {
			t->no_memory = true;
			return;
		}
		t->cells = cells;
		t->cells_sz = sz;
	}
	t->cells[t->cells_nr] = strdup(text);
	if (t->cells[t->cells_nr])
		t->cells_nr++;
	else
		t->no_memory = true;
}

void table_release(struct table *t)
{
	for (size_t i = 0; i < t->cells_nr; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){0};
}

static size_t min_sz(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void measure(const struct table *t, struct layout *l)
{
	size_t widest[TABLE_COLUMNS_MAX] = {0};

	for (size_t i = 0; i < t->cells_nr; i++) {
		size_t w = utf8_width(t->cells[i]), c = i % t->columns_nr;

		if (w > widest[c])
			widest[c] = w;
	}
	for (size_t c = 0; c < t->columns_nr; c++) {
		const struct column *col = &t->columns[c];
		size_t title = utf8_width(col->title);

		l->natural[c] = widest[c] && widest[c] < title ? title : widest[c];
		if (col->most)
			l->natural[c] = min_sz(l->natural[c], col->most);
		l->width[c] = l->natural[c];
	}
}

static size_t max_sz(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Columns that can give way do so, down to what they want or to the least. */
static void give_way(const struct table *t, struct layout *l, bool least)
{
	for (size_t c = 0; c < t->columns_nr; c++) {
		const struct column *col = &t->columns[c];
		size_t to = least ? col->least : max_sz(col->want, col->least);

		if (to)
			l->width[c] = min_sz(l->width[c], to);
	}
}

static size_t total(const struct table *t, const struct layout *l)
{
	size_t sum = 0;

	for (size_t c = 0; c < t->columns_nr; c++)
		sum += l->width[c] ? l->width[c] + GAP : 0;
	return sum ? sum - GAP : 0;
}

/* The column to do without next, of a drop above `above`; columns_nr: none may go. */
static size_t next_drop(const struct table *t, const struct layout *l, unsigned char above)
{
	size_t drop = t->columns_nr;

	for (size_t c = 0; c < t->columns_nr; c++)
		if (l->width[c] && t->columns[c].drop > above &&
		    (drop == t->columns_nr || t->columns[c].drop > t->columns[drop].drop))
			drop = c;
	return drop;
}

static void drop_until(const struct table *t, struct layout *l, size_t width, unsigned char above)
{
	size_t drop;

	while (total(t, l) > width && (drop = next_drop(t, l, above)) < t->columns_nr)
		l->width[drop] = 0;
}

/* What is left over: to each in turn up to what it wants, then from left to right. */
static void hand_out(const struct table *t, struct layout *l, size_t width)
{
	bool more = true;

	while (more && total(t, l) < width) {
		more = false;
		for (size_t c = 0; c < t->columns_nr && total(t, l) < width; c++)
			if (l->width[c] &&
			    l->width[c] < min_sz(l->natural[c], t->columns[c].want)) {
				l->width[c]++;
				more = true;
			}
	}
	for (size_t c = 0; c < t->columns_nr; c++) {
		size_t used = total(t, l);

		if (l->width[c] && used < width)
			l->width[c] = min_sz(l->natural[c], l->width[c] + width - used);
	}
}

static void fit(const struct table *t, struct layout *l, size_t width)
{
	size_t used;

	measure(t, l);
	give_way(t, l, false);
	drop_until(t, l, width, TABLE_CHEAP);
	if (total(t, l) > width)
		give_way(t, l, true);
	drop_until(t, l, width, 0);
	/* The last resort, from right to left: less than their least. */
	for (size_t c = t->columns_nr; c-- && (used = total(t, l)) > width;)
		if (t->columns[c].least && l->width[c] > LAST_RESORT)
			l->width[c] -= min_sz(l->width[c] - LAST_RESORT, used - width);
	hand_out(t, l, width);
}

#define MORE_ITEMS " …"

/* Cuts a list behind the last item that fits whole, and shows that there were more. */
static void cut_items(char *dst, size_t sz, const char *src, size_t width)
{
	char *end;

	snprintf(dst, sz, "%s", src);
	if (utf8_width(dst) <= width)
		return;
	do {
		for (end = dst + strlen(dst); end > dst && strncmp(end, "  ", 2) != 0; end--)
			;
		if (end == dst) {
			utf8_fit(dst, sz, src, width, UTF8_CUT_END);
			return;
		}
		*end = '\0';
	} while (utf8_width(dst) + utf8_width(MORE_ITEMS) > width);
	snprintf(end, sz - (size_t)(end - dst), "%s", MORE_ITEMS);
}

static void print_cell(FILE *out, const struct column *col, const char *text, size_t width,
		       bool last, const char *color)
{
	char cell[TABLE_CELL_SZ + sizeof(MORE_ITEMS)];
	size_t pad;

	if (col->items)
		cut_items(cell, sizeof(cell), text, width);
	else
		utf8_fit(cell, sizeof(cell), text, width, col->cut);
	pad = width - min_sz(width, utf8_width(cell));
	if (col->right)
		fprintf(out, "%*s", (int)pad, "");
	if (color && cell[0])
		fprintf(out, "\033[%sm%s\033[0m", color, cell);
	else
		fputs(cell, out);
	if (!col->right && !last)
		fprintf(out, "%*s", (int)pad, "");
}

/* cells NULL: the titles. Nothing is printed behind the last text of a line. */
static void print_row(const struct table *t, const struct layout *l, FILE *out, size_t indent,
		      char *const *cells, bool color)
{
	size_t last = 0, before = indent;

	for (size_t c = 0; c < t->columns_nr; c++)
		if (l->width[c] && (!cells || cells[c][0]))
			last = c;
	for (size_t c = 0; c <= last; c++) {
		const struct column *col = &t->columns[c];

		if (!l->width[c])
			continue;
		fprintf(out, "%*s", (int)before, "");
		before = GAP;
		print_cell(out, col, cells ? cells[c] : col->title, l->width[c], c == last,
			   !color  ? NULL
			   : cells ? col->color
				   : "1");
	}
	fputc('\n', out);
}

int table_print(const struct table *t, FILE *out, size_t indent, size_t width, bool color)
{
	struct layout l;

	if (t->no_memory)
		return -ENOMEM;
	fit(t, &l, width > indent ? width - indent : 1);
	print_row(t, &l, out, indent, NULL, color);
	for (size_t i = 0; i + t->columns_nr <= t->cells_nr; i += t->columns_nr)
		print_row(t, &l, out, indent, t->cells + i, color);
	return 0;
}
