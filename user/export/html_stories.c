/* SPDX-License-Identifier: MIT */
/*
 * html_stories.c - of a page, single tasks: see html_page.h
 *
 * Invariant: slow ones first, each with its children, then one of each bucket, then more of both
 * while there is room; what there is none for is counted. None is there twice.
 */
#include <errno.h>
#include <stdlib.h>

#include <string.h>

#include "base/err.h"
#include "export/html_page.h"
#include "export/html_rows.h"

struct stories {
	struct html_page *p;
	FILE *f;
	size_t room, nr;
	struct hash have; /* the samples and children that are in */
	int rc;
};

static size_t names(const struct stories *st)
{
	return html_least(st->p->s->tasks_nr, st->p->rows);
}

static void add_story(struct stories *st, const char *text, size_t sz)
{
	size_t need = html_part_size(text, sz) + 1;

	if (need > st->room) {
		st->p->stories_out++;
		return;
	}
	st->room -= need;
	fputs(st->nr++ ? ",\n" : "", st->f);
	fwrite(text, 1, sz, st->f);
}

static bool is_slowest(const struct summary_task *t, const struct html_sample *x)
{
	for (size_t i = 0; i < t->slowest_nr; i++) {
		const struct span_task *s = &t->slowest[i];

		if (s->pid == x->pid && s->id == x->id && s->begin == x->begin)
			return true;
	}
	return false;
}

/* A sample or a child, unless it is there, or comes as one of the slowest of its name. */
static void add_sample(struct stories *st, const struct summary_task *t,
		       const struct html_sample *x)
{
	size_t row = (size_t)(t - st->p->s->tasks);
	uint64_t key =
		hash_mix(hash_mix(hash_mix(x->id) ^ x->begin) ^ (uint64_t)row << 32 ^ x->pid);

	if (!x->text || is_slowest(t, x) || hash_get(&st->have, key))
		return;
	if (hash_put(&st->have, key, st)) {
		st->rc = -ENOMEM;
		return;
	}
	add_story(st, x->text, x->sz);
}

static void add_children(struct stories *st, const struct span_task *of)
{
	const struct html *h = st->p->ctx->rows;

	for (size_t i = 0; i < h->children_nr; i++) {
		const struct html_child *c = &h->children[i];

		if (c->parent_id != of->id)
			continue;
		for (size_t k = 0; k < names(st); k++) {
			if (!strcmp(st->p->s->tasks[k].name, c->name->text))
				add_sample(st, &st->p->s->tasks[k], &c->task);
		}
	}
}

/* The slowest of each name from `from` to before `to`; first those of all names that come first. */
static int add_slowest(struct stories *st, size_t from, size_t to)
{
	const struct summary *s = st->p->s;

	for (size_t k = from; k < to; k++) {
		for (size_t i = 0; i < names(st); i++) {
			const struct summary_task *t = &s->tasks[i];
			size_t sz;
			char *text;

			if (k >= t->slowest_nr)
				continue;
			text = html_story(s->capture, &t->slowest[k], true, &sz);
			if (!text)
				return -ENOMEM;
			add_story(st, text, sz);
			free(text);
			add_children(st, &t->slowest[k]);
		}
	}
	return 0;
}

static int add_samples(struct stories *st, int k)
{
	const struct summary *s = st->p->s;

	for (size_t i = 0; i < names(st); i++) {
		const struct html_name *n = html_rows_find(st->p->ctx->rows, s->tasks[i].name);
		struct html_bin **bins = NULL;
		long nr = n ? html_rows_bins(n, &bins) : 0;

		if (nr < 0)
			return -ENOMEM;
		for (long b = 0; b < nr; b++)
			add_sample(st, &s->tasks[i], &bins[b]->samples[k]);
		free(bins);
	}
	return 0;
}

/* `room` stands for rows here. */
static int write_stories(void *ctx, size_t room, FILE *f, struct err *err)
{
	struct stories st = {.p = ctx, .f = f, .room = room > 2 ? room - 2 : 0};
	int rc;

	fputc('[', f);
	rc = add_slowest(&st, 0, 3);
	for (int k = 0; k < HTML_SAMPLES && !rc; k++) {
		rc = add_samples(&st, k);
		if (!rc && !k)
			rc = add_slowest(&st, 3, 1000);
	}
	fputc(']', f);
	hash_release(&st.have);
	rc = rc ? rc : st.rc;
	return rc ? err_set(err, rc, "not enough memory for the page") : 0;
}

int html_page_stories(struct html_page *p, size_t room, struct err *err)
{
	return html_part_make(&p->stories, write_stories, p, room, err);
}
