/* SPDX-License-Identifier: MIT */
/*
 * text_stacks.c - where in the code the time went, for a capture with call stacks
 *
 * A row is read from left to right as a call is looked at: the function that waits or runs, who
 * called it, and so on. The kernel's part is shown where there is no other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/human.h"
#include "base/strbuf.h"
#include "base/term.h"
#include "export/frame_text.h"
#include "export/text_cell.h"

enum { OFF_CPU = 10, ON_CPU = 5, FRAMES = 12 };

static void add_frames(struct strbuf *b, const struct span_frame *frames, size_t nr)
{
	char name[TEXT_NAME_SZ];

	for (size_t i = 0; i < nr && i < FRAMES; i++) {
		/* C++ names have their arguments behind: they are long, and seldom needed. */
		char *args = strchr(frame_text(name, sizeof(name), &frames[i]), '(');

		if (args && args > name)
			*args = '\0';
		if (i)
			strbuf_add(b, " < ");
		strbuf_escaped(b, name);
		if (!i && frames[i].site[0]) {
			strbuf_add(b, " (");
			strbuf_escaped(b, frames[i].site);
			strbuf_add(b, ")");
		}
	}
	if (nr > FRAMES)
		strbuf_add(b, " < …");
}

/* Where a row of the summary was called from, for display. */
static void called_from(char *buf, size_t sz, const struct span_stack *s)
{
	struct strbuf b;

	strbuf_init(&b, buf, sz);
	if (!s->user_nr) {
		strbuf_add(&b, "kernel: ");
		add_frames(&b, s->kernel, s->kernel_nr);
		return;
	}
	add_frames(&b, s->user, s->user_nr);
	if (s->user_cut && s->user_nr <= FRAMES)
		strbuf_add(&b, " < ?");
}

/* One row of the table: those of the summary that differ in what is not shown are one here. */
struct row {
	char *from; /* owned */
	const char *region;
	enum state state;
	bool sampled;
	uint64_t count, ns;
};

struct rows {
	struct row *v; /* room for all of the summary's */
	size_t nr;
	struct hash by_look;
	bool no_memory;
};

static bool is_shown(const struct text *t, const struct summary_stack *r)
{
	const char *only = t->ctx->filter.region;

	if (!r->stack.user_nr && !r->stack.kernel_nr)
		return false;
	return !only || (r->regions_nr && !strcmp(r->regions[r->regions_nr - 1], only));
}

static uint64_t look(const struct row *r)
{
	uint64_t h = (uint64_t)r->state << 1 | r->sampled;

	for (const char *s = r->from; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	h = hash_mix(h);
	for (const char *s = r->region; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return h;
}

static void add_row(struct rows *rows, const struct summary_stack *s)
{
	struct row r =
			   {
				   .region = s->regions_nr ? s->regions[s->regions_nr - 1] : "",
				   .state = s->state,
				   .sampled = s->sampled,
			   },
		   *to;
	char from[TABLE_CELL_SZ];

	called_from(from, sizeof(from), &s->stack);
	r.from = from;
	to = hash_get(&rows->by_look, look(&r));
	if (!to) {
		to = &rows->v[rows->nr];
		*to = r;
		to->from = strdup(from);
		rows->no_memory |= !to->from || hash_put(&rows->by_look, look(&r), to);
		rows->nr++;
	}
	to->count += s->count;
	to->ns += s->ns;
}

static int by_time(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	return strcmp(a->from, b->from);
}

/* Adds at most `most` rows; returns how many were left out. */
static size_t put_rows(struct table *table, const struct rows *rows, bool sampled, size_t most)
{
	size_t nr = 0;

	for (size_t i = 0; i < rows->nr; i++) {
		const struct row *r = &rows->v[i];

		if (r->sampled != sampled || nr++ >= most)
			continue;
		text_cell_name(table, state_names[r->state]);
		table_cell(table, "%s", r->from);
		text_cell_name(table, r->region);
		text_cell_count(table, r->count, true);
		text_cell_ns(table, r->ns, true);
	}
	return nr > most ? nr - most : 0;
}

static void footnote(const struct text *t)
{
	bool cut = false, sampled = false;

	for (size_t i = 0; i < t->s->stacks_nr; i++) {
		cut |= t->s->stacks[i].stack.user_nr && t->s->stacks[i].stack.user_cut;
		sampled |= t->s->stacks[i].sampled;
	}
	text_sgr(t, "2");
	if (sampled)
		text_wrap(t, 0, 0, "running is estimated, from samples; the rest is measured.");
	if (cut)
		text_wrap(t, 0, 0,
			  "?: the callers are not known, since code on the way keeps no frame "
			  "pointers.");
	text_sgr(t, "0");
}

static int put_table(const struct text *t, const struct rows *rows)
{
	static const struct column columns[] = {
		{.title = "STACKS"},
		{.title = "called from", .least = 34, .want = 60, .cut = UTF8_CUT_END},
		{.title = "in region", .least = 14, .most = 32, .drop = 3, .cut = UTF8_CUT_MIDDLE},
		{.title = "count", .right = true, .drop = 4},
		{.title = "total", .right = true},
	};
	struct table table;
	size_t left_out;
	int ret;

	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	left_out = put_rows(&table, rows, false, OFF_CPU);
	left_out += put_rows(&table, rows, true, ON_CPU);
	ret = text_table(t, &table, left_out);
	if (!ret)
		footnote(t);
	return ret;
}

int text_stacks(const struct text *t)
{
	struct rows rows = {.v = calloc(t->s->stacks_nr + 1, sizeof(*rows.v))};
	int ret = 0;

	for (size_t i = 0; rows.v && i < t->s->stacks_nr && !rows.no_memory; i++)
		if (is_shown(t, &t->s->stacks[i]))
			add_row(&rows, &t->s->stacks[i]);
	if (!rows.v || rows.no_memory) {
		ret = -ENOMEM;
	} else if (rows.nr) {
		qsort(rows.v, rows.nr, sizeof(*rows.v), by_time);
		ret = put_table(t, &rows);
	}
	for (size_t i = 0; i < rows.nr; i++)
		free(rows.v[i].from);
	free(rows.v);
	hash_release(&rows.by_look);
	return ret;
}
