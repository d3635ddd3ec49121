/* SPDX-License-Identifier: MIT */
/*
 * diff.c - see diff.h. Invariant: each row of both summaries is in exactly one row of the diff.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/diff.h"

/* Averages that are so many standard errors apart are not called noise. */
enum { SIGMAS = 3 };

static void set_each(struct diff_side *s, const struct breakdown *spent, uint64_t idle_ns)
{
	if (!s->count)
		return;
	s->each_ns = s->wall_ns / s->count;
	s->each_idle_ns = idle_ns / s->count;
	for (int i = 0; i < STATE_NR; i++)
		s->each_states_ns[i] = spent->ns[i] / s->count;
}

static struct diff_side of_task(const struct summary_task *t)
{
	struct diff_side s = {.there = true,
			      .count = t->count,
			      .complete = t->complete,
			      .duration_ns = t->duration_ns,
			      .wall_ns = t->wall_ns};

	set_each(&s, &t->spent, t->idle_ns);
	return s;
}

static struct diff_side of_region(const struct summary_region *r)
{
	struct diff_side s = {.there = true,
			      .count = r->count,
			      .complete = r->complete,
			      .duration_ns = r->duration_ns,
			      .wall_ns = r->wall_ns};

	set_each(&s, &r->spent, 0);
	return s;
}

/* --- what a difference weighs --------------------------------------------------------------- */

static double seconds(const struct summary *s)
{
	uint64_t ns = s->capture->stop_ts - s->capture->start_ts;

	return ns ? (double)ns / 1e9 : 1e-9;
}

/* The square of the standard error of an average, from the histogram of what it is of. */
static double error_squared(const struct hist_bucket *v, size_t nr, double mean)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < nr; i++) {
		double mid = (double)v[i].lo_ns + (double)(v[i].hi_ns - v[i].lo_ns) / 2 - mean;

		sum += mid * mid * (double)v[i].count;
		n += (double)v[i].count;
	}
	return n > 1 ? sum / (n - 1) / n : 0;
}

static void weigh(const struct diff *d, struct diff_row *row, double error2)
{
	const struct diff_side *a = &row->a, *b = &row->b;
	double change = (double)b->each_ns - (double)a->each_ns;
	double rate = (double)a->count / seconds(d->a) + (double)b->count / seconds(d->b);
	double weight;

	change = change < 0 ? -change : change;
	weight = change * (a->there && b->there ? rate / 2 : rate);
	row->weight_ns = weight < 1.8e19 ? (uint64_t)weight : UINT64_MAX;
	row->noise = a->there && b->there && change * change <= SIGMAS * SIGMAS * error2;
	/* Of one alone nothing is known about how they vary. */
	if (a->there && b->there && (a->complete < 2 || b->complete < 2))
		row->noise = true;
}

static struct diff_row *new_row(struct diff *d, bool region, const char *name, const char *site)
{
	struct diff_row *row = &d->rows[d->rows_nr++];

	*row = (struct diff_row){.region = region, .name = name, .site = site};
	return row;
}

/* --- tasks ----------------------------------------------------------------------------------- */

static void add_task(struct diff *d, const struct summary_task *a, const struct summary_task *b)
{
	struct diff_row *row = new_row(d, false, a ? a->name : b->name, "");
	double error2 = 0;

	if (a) {
		row->a = of_task(a);
		error2 += error_squared(a->histogram, a->histogram_nr, (double)a->duration_ns.mean);
	}
	if (b) {
		row->b = of_task(b);
		error2 += error_squared(b->histogram, b->histogram_nr, (double)b->duration_ns.mean);
	}
	weigh(d, row, error2);
}

static const struct summary_task *task_in(const struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->tasks_nr; i++) {
		if (!strcmp(s->tasks[i].name, name))
			return &s->tasks[i];
	}
	return NULL;
}

static void add_tasks(struct diff *d)
{
	for (size_t i = 0; i < d->a->tasks_nr; i++)
		add_task(d, &d->a->tasks[i], task_in(d->b, d->a->tasks[i].name));
	for (size_t i = 0; i < d->b->tasks_nr; i++) {
		if (!task_in(d->a, d->b->tasks[i].name))
			add_task(d, NULL, &d->b->tasks[i]);
	}
}

/* --- regions --------------------------------------------------------------------------------- */

static void add_region(struct diff *d, const struct summary_region *a,
		       const struct summary_region *b)
{
	const struct summary_region *r = b ? b : a;
	struct diff_row *row = new_row(d, true, r->name, r->site);
	double error2 = 0;

	if (a) {
		row->a = of_region(a);
		error2 += error_squared(a->histogram, a->histogram_nr, (double)a->duration_ns.mean);
	}
	if (b) {
		row->b = of_region(b);
		error2 += error_squared(b->histogram, b->histogram_nr, (double)b->duration_ns.mean);
	}
	weigh(d, row, error2);
}

/* The region of that name and kind, if there is one of them only. */
static const struct summary_region *only_one(const struct summary *s,
					     const struct summary_region *like)
{
	const struct summary_region *found = NULL;

	for (size_t i = 0; i < s->regions_nr; i++) {
		if (strcmp(s->regions[i].name, like->name) || s->regions[i].async != like->async)
			continue;
		if (found)
			return NULL;
		found = &s->regions[i];
	}
	return found;
}

/* The one in `in` that is the same as r of `of`. */
static const struct summary_region *region_in(const struct summary *in, const struct summary *of,
					      const struct summary_region *r)
{
	for (size_t i = 0; i < in->regions_nr; i++) {
		const struct summary_region *q = &in->regions[i];

		if (!strcmp(q->name, r->name) && !strcmp(q->site, r->site) && q->async == r->async)
			return q;
	}
	return only_one(of, r) ? only_one(in, r) : NULL;
}

static void add_regions(struct diff *d)
{
	for (size_t i = 0; i < d->a->regions_nr; i++)
		add_region(d, &d->a->regions[i], region_in(d->b, d->a, &d->a->regions[i]));
	for (size_t i = 0; i < d->b->regions_nr; i++) {
		if (!region_in(d->a, d->b, &d->b->regions[i]))
			add_region(d, NULL, &d->b->regions[i]);
	}
}

static int by_weight(const void *pa, const void *pb)
{
	const struct diff_row *a = pa, *b = pb;
	int diff;

	if (a->noise != b->noise)
		return a->noise ? 1 : -1;
	if (a->weight_ns != b->weight_ns)
		return a->weight_ns > b->weight_ns ? -1 : 1;
	diff = a->region - b->region;
	diff = diff ? diff : strcmp(a->name, b->name);
	diff = diff ? diff : strcmp(a->site, b->site);
	return diff ? diff : a->a.there - b->a.there;
}

int diff_make(struct diff *d, const struct summary *a, const struct summary *b)
{
	size_t most = a->tasks_nr + b->tasks_nr + a->regions_nr + b->regions_nr;

	*d = (struct diff){.a = a, .b = b};
	d->rows = calloc(most ? most : 1, sizeof(*d->rows));
	if (!d->rows)
		return -ENOMEM;
	add_tasks(d);
	add_regions(d);
	qsort(d->rows, d->rows_nr, sizeof(*d->rows), by_weight);
	return 0;
}

void diff_release(struct diff *d)
{
	free(d->rows);
	*d = (struct diff){0};
}
