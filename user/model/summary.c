/* SPDX-License-Identifier: MIT */
/*
 * summary.c - see summary.h. Invariant: every order is total (ties go by name or identity), so the
 * same capture gives the same summary byte for byte.
 */
#include <stdlib.h>
#include <string.h>

#include "model/inner.h"
#include "model/summary.h"
#include "model/tasks.h"

const char *const state_names[STATE_NR] = {
#define STATE_NAME(NAME, name) #name,
	STATES(STATE_NAME)
#undef STATE_NAME
};

const char *const blame_end_names[BLAME_END_NR] = {
#define END_NAME(NAME, name) #name,
	BLAME_ENDS(END_NAME)
#undef END_NAME
};

const char *const blame_via_names[BLAME_VIA_NR] = {
#define VIA_NAME(NAME, name) #name,
	BLAME_VIAS(VIA_NAME)
#undef VIA_NAME
};

static const char *const misuse_texts[MISUSE_NR] = {
#define MISUSE_TEXT(NAME, text) text,
	MISUSES(MISUSE_TEXT)
#undef MISUSE_TEXT
};

static void *room(struct model *m, size_t nr, size_t sz)
{
	void *p = arena_get(&m->explain.arena, nr, sz);

	if (!p)
		model_no_memory(m);
	return p;
}

static size_t buckets(struct model *m, const struct hist *h, const struct hist_bucket **out)
{
	long nr = hist_buckets(h, &m->explain.arena, out);

	if (nr < 0)
		model_no_memory(m);
	return nr < 0 ? 0 : (size_t)nr;
}

static const struct span_task *slowest(struct model *m, const struct task_row *row)
{
	struct span_task *v = room(m, row->slowest_nr, sizeof(*v));

	for (uint32_t i = 0; v && i < row->slowest_nr; i++) {
		const struct task *t = row->slowest[i];
		struct story_step *steps;

		v[i] = tasks_view(t);
		if (!t->story)
			continue;
		steps = room(m, t->story->nr, sizeof(*steps));
		if (steps)
			tasks_steps(t, steps, &v[i]);
	}
	return v;
}

static int by_task_time(const void *pa, const void *pb)
{
	const struct summary_task *a = pa, *b = pb;

	if (a->wall_ns != b->wall_ns)
		return a->wall_ns > b->wall_ns ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void build_tasks(struct model *m, struct summary *s)
{
	struct summary_task *v = room(m, m->explain.tasks.nr, sizeof(*v));
	const struct task_row *row;
	size_t at = 0, nr = 0;

	while (v && (row = hash_next(&m->explain.tasks, &at))) {
		struct summary_task *t = &v[nr++];

		*t = (struct summary_task){
			.name = row->name->text,
			.count = row->count,
			.complete = row->complete,
			.failed = row->failed,
			.tainted = row->tainted,
			.duration_ns = hist_percentiles(&row->hist),
			.spent = row->spent,
			.wall_ns = row->wall_ns,
			.idle_ns = row->idle_ns,
			.path = critical_summary(m, &row->path, &m->explain.arena),
			.slowest = slowest(m, row),
			.slowest_nr = row->slowest_nr,
		};
		t->histogram_nr = buckets(m, &row->hist, &t->histogram);
	}
	if (v)
		qsort(v, nr, sizeof(*v), by_task_time);
	s->tasks = v;
	s->tasks_nr = nr;
}

static void add_region(struct summary_region *to, const struct summary_region *r)
{
	to->count += r->count;
	to->tainted += r->tainted;
	to->wall_ns += r->wall_ns;
	to->self_ns += r->self_ns;
	breakdown_add(&to->spent, &r->spent);
}

static int by_region_name(const void *pa, const void *pb)
{
	const struct summary_region *a = pa, *b = pb;
	int diff = strcmp(a->name, b->name);

	if (!diff)
		diff = a->async - b->async;
	return diff ? diff : strcmp(a->site, b->site);
}

static bool same_kind(const struct summary_region *a, const struct summary_region *b)
{
	return a->async == b->async && !strcmp(a->name, b->name);
}

/*
 * The end of a region does not say where it began, so one that was begun before the trace has no
 * site. If all that are complete have the same, it is taken for that one's. v is sorted by name.
 */
static size_t fold_siteless(struct summary_region *v, size_t nr)
{
	size_t out = 0;

	for (size_t i = 0; i < nr; i++) {
		bool one_more = i + 1 < nr && same_kind(&v[i], &v[i + 1]);
		bool two_more = one_more && i + 2 < nr && same_kind(&v[i], &v[i + 2]);

		if (!*v[i].site && !v[i].complete && one_more && !two_more)
			add_region(&v[i + 1], &v[i]);
		else
			v[out++] = v[i];
	}
	return out;
}

static int by_region_time(const void *pa, const void *pb)
{
	const struct summary_region *a = pa, *b = pb;

	if (a->wall_ns != b->wall_ns)
		return a->wall_ns > b->wall_ns ? -1 : 1;
	return by_region_name(a, b);
}

static void build_regions(struct model *m, struct summary *s)
{
	struct summary_region *v = room(m, m->explain.regions.nr, sizeof(*v));
	const struct region_row *row;
	size_t at = 0, nr = 0;

	while (v && (row = hash_next(&m->explain.regions, &at))) {
		struct summary_region *r = &v[nr++];

		*r = (struct summary_region){
			.name = row->name->text,
			.site = row->site->text,
			.async = row->async,
			.count = row->count,
			.complete = row->complete,
			.tainted = row->tainted,
			.duration_ns = hist_percentiles(&row->hist),
			.wall_ns = row->wall_ns,
			.self_ns = row->self_ns,
			.spent = row->spent,
		};
		r->histogram_nr = buckets(m, &row->hist, &r->histogram);
	}
	if (v) {
		qsort(v, nr, sizeof(*v), by_region_name);
		nr = fold_siteless(v, nr);
		qsort(v, nr, sizeof(*v), by_region_time);
	}
	s->regions = v;
	s->regions_nr = nr;
}

static int by_identity(const void *pa, const void *pb)
{
	const struct summary_thread *a = pa, *b = pb;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return (a->end > b->end) - (a->end < b->end);
}

static void build_threads(struct model *m, struct summary *s)
{
	struct explain *x = &m->explain;
	struct summary_thread *v = room(m, x->threads_nr, sizeof(*v));

	for (size_t i = 0; v && i < x->threads_nr; i++) {
		v[i] = x->threads[i].row;
		v[i].comm = x->threads[i].comm;
	}
	if (v)
		qsort(v, x->threads_nr, sizeof(*v), by_identity);
	s->threads = v;
	s->threads_nr = x->threads_nr;
	s->threads_left_out = x->threads_left_out;
	s->all = x->all;
}

static void build_waits(struct model *m, struct summary *s)
{
	s->waits = waits_summary(&m->waits, m);
	if (!s->waits)
		model_no_memory(m);
	s->waits_nr = m->waits.rows.nr;
	s->waits_left_out = m->waits.left_out;
}

static void build_misuse(struct model *m, struct summary *s)
{
	struct summary_misuse *v = room(m, MISUSE_NR, sizeof(*v));
	size_t nr = 0;

	for (int i = 0; v && i < MISUSE_NR; i++) {
		if (m->misuse[i])
			v[nr++] = (struct summary_misuse){misuse_texts[i], m->misuse[i]};
	}
	s->misuse = v;
	s->misuse_nr = nr;
}

static size_t unlisted(struct model *m, const struct unlisted *u, const char *const **names)
{
	const char **v = room(m, u->nr, sizeof(*v));

	for (size_t i = 0; v && i < u->nr; i++)
		v[i] = u->v[i]->text;
	*names = v;
	return v ? u->nr : 0;
}

void summary_build(struct model *m)
{
	struct summary *s = &m->explain.summary;

	*s = (struct summary){
		.capture = m->info,
		.events = m->inside,
		.marks = m->marks,
		.late = m->late,
		.unknown_kinds = m->unknown_kinds,
		.bad_records = m->bad_records,
	};
	build_tasks(m, s);
	build_regions(m, s);
	build_threads(m, s);
	build_waits(m, s);
	stacks_summary(m, s);
	build_misuse(m, s);
	s->tasks_unlisted_nr = unlisted(m, &m->explain.unlisted_tasks, &s->tasks_unlisted);
	s->regions_unlisted_nr = unlisted(m, &m->explain.unlisted_regions, &s->regions_unlisted);
	s->unlisted_max_ns = m->explain.unlisted_max_ns;
}
