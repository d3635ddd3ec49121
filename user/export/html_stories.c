/* SPDX-License-Identifier: MIT */
/*
 * html_stories.c - of a page, single tasks: see html_page.h
 *
 * Invariant: slow ones first, each with its children, then one of each bucket, then more of both
 * while there is room. What there is none for, here or in memory before, is counted, whatever row
 * it belongs to. None is there twice.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "export/html_page.h"
#include "export/html_rows.h"

struct stories {
	struct html_page *p;
	FILE *f;
	size_t room, nr;
	struct hash have; /* the samples and children that are in, or counted */
	struct hash rows; /* index of a name in html_rows -> summary_task */
	int rc;
};

static size_t names(const struct stories *st)
{
	return html_least(st->p->s->tasks_nr, st->p->rows);
}

static void add_story(struct stories *st, const struct summary_task *t, const char *text, size_t sz)
{
	size_t need = html_part_size(text, sz) + 1;

	if (need > st->room || (size_t)(t - st->p->s->tasks) >= names(st)) {
		st->p->stories_out++;
		return;
	}
	st->room -= need;
	fputs(st->nr++ ? ",\n" : "", st->f);
	fwrite(text, 1, sz, st->f);
}

static bool is_same(const struct span_task *t, const struct html_sample *x)
{
	return t->pid == x->pid && t->id == x->id && t->begin == x->begin;
}

static bool is_slowest(const struct summary_task *t, const struct html_sample *x)
{
	for (size_t i = 0; i < t->slowest_nr; i++) {
		if (is_same(&t->slowest[i], x))
			return true;
	}
	return false;
}

/* Whether the slow task is one of the bucket, and not its sample. */
static bool is_in(const struct span_task *t, const struct html_bin *b)
{
	uint64_t ns = t->end - t->begin;

	if (ns < b->lo || ns >= b->hi)
		return false;
	for (unsigned int k = 0; k < b->held; k++) {
		if (is_same(t, &b->samples[k]))
			return false;
	}
	return true;
}

/* A sample or a child, unless it is there, or comes as one of the slowest of its name. */
static void add_sample(struct stories *st, const struct summary_task *t,
		       const struct html_sample *x)
{
	size_t row = (size_t)(t - st->p->s->tasks);
	uint64_t key =
		hash_mix(hash_mix(hash_mix(x->id) ^ x->begin) ^ (uint64_t)row << 32 ^ x->pid);

	if (is_slowest(t, x) || hash_get(&st->have, key))
		return;
	if (hash_put(&st->have, key, st)) {
		st->rc = -ENOMEM;
		return;
	}
	add_story(st, t, x->text, x->sz);
}

static void add_child(struct stories *st, const struct html_child *c)
{
	const struct summary_task *t = hash_get(&st->rows, c->name->idx);

	if (t)
		add_sample(st, t, &c->task);
}

static void add_children(struct stories *st, const struct span_task *of)
{
	const struct html *h = st->p->ctx->rows;

	for (size_t i = 0; i < h->children_nr; i++) {
		if (h->children[i].parent_id == of->id)
			add_child(st, &h->children[i]);
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
			add_story(st, t, text, sz);
			free(text);
			add_children(st, &t->slowest[k]);
		}
	}
	return 0;
}

/* Samples of the bucket that there was no memory for, but for those that are among the slowest. */
static uint64_t missing(const struct summary_task *t, const struct html_bin *b)
{
	uint64_t want = b->count < HTML_SAMPLES ? b->count : HTML_SAMPLES, have = b->held;

	for (size_t i = 0; i < t->slowest_nr && have < want; i++)
		have += is_in(&t->slowest[i], b);
	return want - have;
}

/* The k-th sample of each bucket, of the rows from `from` to before `to`. */
static int add_samples(struct stories *st, size_t from, size_t to, unsigned int k)
{
	const struct summary *s = st->p->s;

	for (size_t i = from; i < to; i++) {
		const struct html_name *n = html_rows_find(st->p->ctx->rows, s->tasks[i].name);
		struct html_bin **bins = NULL;
		long nr = n ? html_rows_bins(n, &bins) : 0;

		if (nr < 0)
			return -ENOMEM;
		for (long b = 0; b < nr; b++) {
			if (k < bins[b]->held)
				add_sample(st, &s->tasks[i], &bins[b]->samples[k]);
			if (!k)
				st->p->stories_out += missing(&s->tasks[i], bins[b]);
		}
		free(bins);
	}
	return 0;
}

/* What has not come up: of rows that are not in the page, and children whose parents are not. */
static int count_others(struct stories *st)
{
	const struct html *h = st->p->ctx->rows;
	const struct summary *s = st->p->s;
	int rc = 0;

	st->room = 0;
	for (size_t i = names(st); i < s->tasks_nr; i++)
		st->p->stories_out += s->tasks[i].slowest_nr;
	for (unsigned int k = 0; k < HTML_SAMPLES && !rc; k++)
		rc = add_samples(st, names(st), s->tasks_nr, k);
	for (size_t i = 0; i < h->children_nr; i++)
		add_child(st, &h->children[i]);
	st->p->stories_out += h->children_out;
	return rc;
}

static int index_rows(struct stories *st)
{
	const struct summary *s = st->p->s;

	for (size_t i = 0; i < s->tasks_nr; i++) {
		const struct html_name *n = html_rows_find(st->p->ctx->rows, s->tasks[i].name);

		if (n && hash_put(&st->rows, n->name->idx, (void *)&s->tasks[i]))
			return -ENOMEM;
	}
	return 0;
}

/* `room` stands for rows here. */
static int write_stories(void *ctx, size_t room, FILE *f, struct err *err)
{
	struct stories st = {.p = ctx, .f = f, .room = room > 2 ? room - 2 : 0};
	int rc = index_rows(&st);

	fputc('[', f);
	rc = rc ? rc : add_slowest(&st, 0, 3);
	for (unsigned int k = 0; k < HTML_SAMPLES && !rc; k++) {
		rc = add_samples(&st, 0, names(&st), k);
		if (!rc && !k)
			rc = add_slowest(&st, 3, 1000);
	}
	rc = rc ? rc : count_others(&st);
	fputc(']', f);
	hash_release(&st.have);
	hash_release(&st.rows);
	rc = rc ? rc : st.rc;
	return rc ? err_set(err, rc, "not enough memory for the page") : 0;
}

int html_page_stories(struct html_page *p, size_t room, struct err *err)
{
	return html_part_make(&p->stories, write_stories, p, room, err);
}
