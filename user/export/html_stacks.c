/* SPDX-License-Identifier: MIT */
/*
 * html_stacks.c - of a page, time by call stack: see html_page.h
 *
 *	{"texts": ["main", …], "frames": [[text, module, kind], …],
 *	 "rows": [[process, state, flags, count, ns, [region, …], [frame, …]], …],
 *	 "waits": [[[flags, count, ns, [frame, …]], …], …],
 *	 "left_out": …, "left_out_ns": …, "lost": …}
 *
 * Every text and every frame stands there once, and is a number else. Frames go from the outermost
 * in; "waits" has an entry for each of the summary's. Invariant: rows, and what left_out_ns has,
 * add up to what the summary says of their states.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/intern.h"
#include "base/json.h"
#include "ctrace/wire.h"
#include "export/frame_text.h"
#include "export/html_page.h"

enum { ROWS_MAX = 1 << 14, TEXT_SZ = 2 * WIRE_REC_MAX };
/* Kinds of frames; flags of rows. */
enum { USER, KERNEL, INLINED };
enum { SAMPLED = 1, OTHERS = 2, USER_CUT = 4, KERNEL_CUT = 8, LOST = 16 };

/* In the order of their numbers, for they are written when all are known. */
struct list {
	struct intern names;
	const struct name **v;
	size_t cap;
};

struct tables {
	struct list texts, frames; /* a frame's name is its three numbers */
	bool no_memory;
};

static size_t number(struct tables *t, struct list *l, const char *text, size_t n)
{
	const struct name *name = intern_get(&l->names, text, n);

	if (name && name->idx > l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 256;
		const struct name **v = realloc(l->v, cap * sizeof(*v));

		if (!v)
			name = NULL;
		l->v = v ? v : l->v;
		l->cap = v ? cap : l->cap;
	}
	if (!name) {
		t->no_memory = true;
		return 0;
	}
	l->v[name->idx - 1] = name;
	return name->idx - 1;
}

static size_t text_number(struct tables *t, const char *text)
{
	return number(t, &t->texts, text, strlen(text));
}

static size_t frame_number(struct tables *t, const struct span_frame *f, int kind)
{
	char text[TEXT_SZ], key[80];
	int n = snprintf(key, sizeof(key), "[%zu, %zu, %d]",
			 text_number(t, frame_text(text, sizeof(text), f)),
			 text_number(t, f->module), f->inlined ? INLINED : kind);

	return number(t, &t->frames, key, (size_t)n);
}

static void put_frames(struct json *j, struct tables *t, const struct span_stack *s)
{
	json_array(j, NULL, JSON_INLINE);
	for (size_t i = s->user_nr; i--;)
		json_u64(j, NULL, frame_number(t, &s->user[i], USER));
	for (size_t i = s->kernel_nr; i--;)
		json_u64(j, NULL, frame_number(t, &s->kernel[i], KERNEL));
	json_close(j);
}

static uint64_t flags_of(const struct span_stack *s)
{
	return (s->user_nr && s->user_cut ? USER_CUT : 0) |
	       (s->kernel_nr && s->kernel_cut ? KERNEL_CUT : 0) |
	       (s->user_lost || s->kernel_lost ? LOST : 0);
}

static void put_row(struct json *j, struct tables *t, const struct summary_stack *r)
{
	json_array(j, NULL, JSON_INLINE);
	json_u64(j, NULL, text_number(t, r->process));
	json_u64(j, NULL, r->state);
	json_u64(j, NULL,
		 flags_of(&r->stack) | (r->sampled ? SAMPLED : 0) | (r->others ? OTHERS : 0));
	json_u64(j, NULL, r->count);
	json_u64(j, NULL, r->ns);
	json_array(j, NULL, JSON_INLINE);
	for (size_t i = 0; i < r->regions_nr; i++)
		json_u64(j, NULL, text_number(t, r->regions[i]));
	json_close(j);
	put_frames(j, t, &r->stack);
	json_close(j);
}

static void put_wait(struct json *j, struct tables *t, const struct summary_wait *w)
{
	json_array(j, NULL, JSON_INLINE);
	for (size_t i = 0; i < w->stacks_nr; i++) {
		json_array(j, NULL, JSON_INLINE);
		json_u64(j, NULL, flags_of(&w->stacks[i].stack));
		json_u64(j, NULL, w->stacks[i].count);
		json_u64(j, NULL, w->stacks[i].ns);
		put_frames(j, t, &w->stacks[i].stack);
		json_close(j);
	}
	json_close(j);
}

static void put_tables(struct json *j, struct tables *t)
{
	json_array(j, "texts", JSON_INLINE);
	for (size_t i = 0; i < t->texts.names.nr; i++)
		json_string(j, NULL, t->texts.v[i]->text);
	json_close(j);
	json_array(j, "frames", JSON_LINES);
	for (size_t i = 0; i < t->frames.names.nr; i++)
		json_raw(j, NULL, t->frames.v[i]->text, t->frames.v[i]->len);
	json_close(j);
}

static void put_rows(struct json *j, struct tables *t, const struct summary *s, size_t rows)
{
	size_t nr = html_least(s->stacks_nr, rows);
	uint64_t left_out_ns = 0;

	json_array(j, "rows", JSON_LINES);
	for (size_t i = 0; i < nr; i++)
		put_row(j, t, &s->stacks[i]);
	json_close(j);
	json_array(j, "waits", JSON_LINES);
	for (size_t i = 0; i < s->waits_nr && i < rows; i++)
		put_wait(j, t, &s->waits[i]);
	json_close(j);
	for (size_t i = nr; i < s->stacks_nr; i++)
		left_out_ns += s->stacks[i].ns;
	json_u64(j, "left_out", s->stacks_nr - nr);
	json_u64(j, "left_out_ns", left_out_ns);
	json_u64(j, "lost", s->stacks_lost);
}

static int write_stacks(void *ctx, size_t rows, FILE *f, struct err *err)
{
	const struct html_page *p = ctx;
	struct tables t = {0};
	struct json j;
	int rc;

	json_init(&j, f);
	json_object(&j, NULL, JSON_LINES);
	put_rows(&j, &t, p->s, p->s->capture->stacks ? rows : 0);
	put_tables(&j, &t);
	json_close(&j);
	rc = json_finish(&j, NULL);
	intern_release(&t.texts.names);
	intern_release(&t.frames.names);
	free(t.texts.v);
	free(t.frames.v);
	if (rc || t.no_memory)
		return err_set(err, -ENOMEM, "not enough memory for the page");
	return 0;
}

int html_page_stacks(struct html_page *p, size_t room, struct err *err)
{
	size_t rows = ROWS_MAX;

	return html_part_fit(&p->stacks, write_stacks, p, &rows, room, err);
}
