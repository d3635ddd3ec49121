/* SPDX-License-Identifier: MIT */
/*
 * critical.c - see critical.h. Invariant: a path's states add up to the time of the tasks in it,
 * and its rows with others_ns do, too.
 */
#include <stdlib.h>
#include <string.h>

#include "model/blame.h"
#include "model/chain.h"
#include "model/critical.h"
#include "model/names.h"
#include "model/stretches.h"

enum { ROWS_MIN = 16, MIXED = UINT32_MAX };

struct path_about {
	enum state state, own_state;
	enum blame_end ended;
	bool inferred, behind, idle;
	const struct name *comm, *group, *region, *resource, *by, *own_region;
};

size_t critical_about_size(void)
{
	return sizeof(struct path_about);
}

static const struct name *region_of(const struct model *m, const struct blame_piece *piece)
{
	return piece->place && piece->place->region ? piece->place->region : m->no_name;
}

static const struct name *group_of(const struct model *m, const struct blame_piece *piece)
{
	return piece->who ? piece->who->group : m->no_name;
}

static struct path_about about_of(const struct model *m, const struct blame_piece *piece)
{
	const struct blame_piece *own = piece->own;

	return (struct path_about){
		.state = piece->state,
		.own_state = own ? own->state : 0,
		.ended = piece->ended,
		.inferred = piece->inferred,
		.behind = own && !own->idle,
		.idle = own && own->idle,
		.comm = piece->who ? piece->who->comm : m->no_name,
		.group = group_of(m, piece),
		.region = region_of(m, piece),
		.resource = piece->resource,
		.by = piece->by,
		.own_region = own ? region_of(m, own) : m->no_name,
	};
}

/* N.B. two causes whose 64-bit keys collide are one row. */
static uint64_t key_of(const struct model *m, const struct blame_piece *piece)
{
	const struct blame_piece *own = piece->own;
	uint64_t kind = (uint64_t)piece->state | (uint64_t)piece->ended << 8 |
			(uint64_t)piece->inferred << 16;
	uint64_t what = (uint64_t)piece->resource->idx << 32 | group_of(m, piece)->idx;
	uint64_t where = (uint64_t)region_of(m, piece)->idx << 32 | piece->by->idx;

	if (own)
		kind |= (uint64_t)own->state << 17 | (uint64_t)(own->idle ? 1 : 2) << 25 |
			(uint64_t)region_of(m, own)->idx << 27;
	return hash_two(hash_two(what, where), kind);
}

/* Where the key is, or would be. The keys are mixed well already. */
static struct path_row *row_at(const struct path_totals *t, uint64_t key)
{
	uint32_t i = (uint32_t)key & (t->cap - 1);

	while (t->rows[i].about && t->rows[i].key != key)
		i = (i + 1) & (t->cap - 1);
	return &t->rows[i];
}

/* Room for one more row. */
static bool grow(struct model *m, struct path_totals *t)
{
	struct path_totals more = {.cap = t->cap ? t->cap * 2 : ROWS_MIN};

	if (t->nr >= PATH_ROWS || m->path_rows >= PATH_ROWS_ALL)
		return false;
	if (2 * (t->nr + 1) <= t->cap)
		return true;
	more.rows = calloc(more.cap, sizeof(*more.rows));
	if (!more.rows) {
		model_no_memory(m);
		return false;
	}
	for (uint32_t i = 0; i < t->cap; i++) {
		if (t->rows[i].about)
			*row_at(&more, t->rows[i].key) = t->rows[i];
	}
	free(t->rows);
	t->rows = more.rows;
	t->cap = more.cap;
	return true;
}

static struct path_row *new_row(struct model *m, struct path_totals *t, uint64_t key,
				const struct blame_piece *piece)
{
	struct path_about *about;
	struct path_row *row;

	if (!grow(m, t))
		return NULL;
	about = pool_get(&m->path_pool);
	if (!about) {
		model_no_memory(m);
		return NULL;
	}
	*about = about_of(m, piece);
	row = row_at(t, key);
	*row = (struct path_row){.key = key, .about = about, .comm_idx = about->comm->idx};
	row->pid = piece->who ? piece->who->pid : 0;
	t->nr++;
	m->path_rows++;
	return row;
}

struct adding {
	struct model *m;
	struct path_totals *to;
	struct stretches *stretches; /* NULL: only the sums are wanted */
};

static void add_stretch(struct stretches *s, const struct blame_piece *piece, uint64_t key)
{
	struct stretch add = {
		.begin = piece->begin,
		.end = piece->end,
		.key = key,
		.state = piece->state,
		.depth = piece->depth,
	};

	if (piece->who) {
		add.pid = piece->who->pid;
		add.tid = piece->who->tid;
		add.comm = piece->who->comm;
	}
	stretches_add(s, &add);
}

static void add_piece(void *ctx, const struct blame_piece *piece, uint64_t ns)
{
	struct adding *a = ctx;
	uint64_t key = key_of(a->m, piece);
	struct path_row *r = a->to->cap ? row_at(a->to, key) : NULL;

	a->to->ns[piece->state] += ns;
	if (a->stretches)
		add_stretch(a->stretches, piece, key);
	if (!r || !r->about)
		r = new_row(a->m, a->to, key, piece);
	if (!r)
		return; /* there are too many: known by its state */
	r->ns += ns;
	r->count++;
	if (piece->who && r->pid != piece->who->pid)
		r->pid = MIXED;
	if (piece->who && r->comm_idx != piece->who->comm->idx)
		r->comm_idx = MIXED;
}

void critical_add(struct model *m, struct path_totals *to, const struct task *task)
{
	struct adding a = {m, to, NULL};
	struct blame b = {.m = m, .piece = add_piece, .ctx = &a};

	blame_task(&b, task);
}

/* Ties go by what they are, not by the keys: these depend on which name was met first. */
static int by_about(const struct path_about *a, const struct path_about *b)
{
	int diff = (int)a->state - (int)b->state;

	diff = diff ? diff : (int)a->ended - (int)b->ended;
	diff = diff ? diff : strcmp(a->region->text, b->region->text);
	diff = diff ? diff : strcmp(a->group->text, b->group->text);
	diff = diff ? diff : strcmp(a->resource->text, b->resource->text);
	diff = diff ? diff : strcmp(a->by->text, b->by->text);
	diff = diff ? diff : strcmp(a->own_region->text, b->own_region->text);
	diff = diff ? diff : (int)a->own_state - (int)b->own_state;
	diff = diff ? diff : a->behind - b->behind;
	diff = diff ? diff : a->idle - b->idle;
	return diff ? diff : a->inferred - b->inferred;
}

static int by_ns(const void *pa, const void *pb)
{
	const struct path_row *a = *(struct path_row *const *)pa;
	const struct path_row *b = *(struct path_row *const *)pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return by_about(a->about, b->about);
}

static struct span_blame view_of(const struct path_row *row)
{
	const struct path_about *about = row->about;

	return (struct span_blame){
		.state = about->state,
		.ended = about->ended,
		.inferred = about->inferred,
		.behind = about->behind,
		.idle = about->idle,
		.own_state = about->own_state,
		.own_region = about->own_region->text,
		.comm = (row->comm_idx == MIXED ? about->group : about->comm)->text,
		.pid = row->pid == MIXED ? 0 : row->pid,
		.region = about->region->text,
		.resource = about->resource->text,
		.by = about->by->text,
		.ns = row->ns,
		.count = row->count,
	};
}

/* The first `most` rows, most time first, into parts, and their keys. False without memory. */
static bool fill(const struct path_totals *t, size_t most, struct span_blame *parts, uint64_t *keys)
{
	struct path_row **v = malloc((t->nr ? t->nr : 1) * sizeof(*v));
	size_t nr = 0;

	if (!v)
		return false;
	for (uint32_t i = 0; i < t->cap; i++) {
		if (t->rows[i].about)
			v[nr++] = &t->rows[i];
	}
	qsort(v, nr, sizeof(*v), by_ns);
	for (size_t i = 0; i < nr && i < most; i++) {
		parts[i] = view_of(v[i]);
		if (keys)
			keys[i] = v[i]->key;
	}
	free(v);
	return true;
}

static struct span_path path_of(const struct path_totals *t, size_t nr,
				const struct span_blame *parts)
{
	struct span_path path = {.parts = parts, .parts_nr = nr};

	memcpy(path.ns, t->ns, sizeof(path.ns));
	for (int i = 0; i < STATE_NR; i++)
		path.others_ns += t->ns[i];
	for (size_t i = 0; i < nr; i++)
		path.others_ns -= parts[i].ns;
	return path;
}

struct span_path critical_summary(struct model *m, const struct path_totals *t, struct arena *arena)
{
	struct span_blame *parts = arena_get(arena, t->nr, sizeof(*parts));

	if (!parts || !fill(t, t->nr, parts, NULL)) {
		model_no_memory(m);
		return (struct span_path){0};
	}
	return path_of(t, t->nr, parts);
}

void critical_release(struct model *m, struct path_totals *t)
{
	for (uint32_t i = 0; i < t->cap; i++)
		pool_put(&m->path_pool, (void *)t->rows[i].about);
	m->path_rows -= t->nr;
	free(t->rows);
	*t = (struct path_totals){0};
}

/* --- tasks that are kept --------------------------------------------------------------------- */

struct told {
	struct span_path path;
	struct span_stretch *stretches;
	struct span_blame parts[];
};

static size_t part_of(const uint64_t *keys, size_t nr, uint64_t key)
{
	size_t i = 0;

	while (i < nr && keys[i] != key)
		i++;
	return i;
}

static bool tell_stretches(struct model *m, struct told *told, struct stretches *s,
			   const uint64_t *keys)
{
	struct span_path *path = &told->path;

	stretches_finish(s);
	path->stretches_left_out = s->left_out;
	if (m->stretches + s->nr > STRETCHES_ALL) {
		path->stretches_left_out += s->nr;
		return true;
	}
	told->stretches = calloc(s->nr + 1, sizeof(*told->stretches));
	if (!told->stretches)
		return false;
	for (size_t i = 0; i < s->nr; i++) {
		const struct stretch *from = &s->v[i];

		told->stretches[i] = (struct span_stretch){
			.begin = from->begin,
			.end = from->end,
			.state = from->state,
			.pid = from->pid,
			.tid = from->tid,
			.comm = from->comm ? from->comm->text : "",
			.part = part_of(keys, path->parts_nr, from->key),
			.depth = from->depth,
		};
	}
	path->stretches = told->stretches;
	path->stretches_nr = s->nr;
	m->stretches += s->nr;
	return true;
}

/* The path in t as it is kept; NULL without memory. */
static struct told *told_of(struct model *m, const struct path_totals *t, struct stretches *s)
{
	size_t nr = t->nr < TOLD_ROWS ? t->nr : TOLD_ROWS;
	struct told *told = calloc(1, sizeof(*told) + nr * sizeof(told->parts[0]));
	uint64_t keys[TOLD_ROWS];

	if (!told || !fill(t, nr, told->parts, keys)) {
		free(told);
		return NULL;
	}
	told->path = path_of(t, nr, told->parts);
	if (!tell_stretches(m, told, s, keys)) {
		free(told);
		return NULL;
	}
	return told;
}

void critical_tell(struct model *m, struct task *task)
{
	struct path_totals t = {0};
	struct stretches s = {0};
	struct adding a = {m, &t, &s};
	struct blame b = {.m = m, .piece = add_piece, .ctx = &a};

	blame_task(&b, task);
	task->told = told_of(m, &t, &s);
	if (!task->told)
		model_no_memory(m);
	critical_release(m, &t);
	for (uint32_t i = 0; task->story && i < task->story->nr; i++)
		chain_tell(m, task->story->v[i]);
}

struct span_path critical_told(const struct task *task)
{
	return task->told ? task->told->path : (struct span_path){0};
}

void critical_forget(struct model *m, struct task *task)
{
	if (!task->told)
		return;
	m->stretches -= task->told->path.stretches_nr;
	free(task->told->stretches);
	free(task->told);
	task->told = NULL;
}
