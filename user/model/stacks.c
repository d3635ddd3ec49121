/* SPDX-License-Identifier: MIT */
/*
 * stacks.c - see stacks.h. Invariant: what th->acc has of a state other than running, the rows of
 * that state have too, if they are wanted.
 */
#include <stdlib.h>
#include <string.h>

#include "model/frames.h"
#include "model/inner.h"
#include "model/stacks.h"
#include "model/threads.h"

enum { PLACES_MAX = 65536, PLACES_DEEP = 32 };

struct place {
	const struct place *around; /* NULL: it is the outermost */
	const struct name *name;
	uint32_t idx, depth; /* idx counts up from 1 */
};

struct row {
	uint64_t key;
	const struct name *process;
	const struct place *place; /* NULL: in no region */
	enum state state;
	bool sampled, others;
	struct stack_ids at;
	uint64_t count, ns;
};

/* --- stacks ---------------------------------------------------------------------------------- */

void stacks_stack(struct model *m, const struct wire_stack *r)
{
	struct stacks *s = &m->stacks;
	size_t sz = sizeof(struct stack) + r->n * sizeof(uint64_t);
	struct stack *st;

	if (!r->id || !r->n || hash_get(&s->stacks, r->id))
		return;
	if (sz > STACK_BYTES_MAX - s->bytes) {
		s->lost++;
		return;
	}
	st = arena_get(&s->arena, 1, sz);
	if (!st || hash_put(&s->stacks, r->id, st)) {
		model_no_memory(m);
		return;
	}
	s->bytes += sz;
	*st = (struct stack){
		.ts = r->h.ts,
		.pid = r->pid,
		.n = r->n,
		.kernel = r->h.flags & WIRE_STACK_KERNEL,
		.cut = r->h.flags & WIRE_STACK_CUT,
	};
	memcpy(st->ips, r + 1, r->n * sizeof(uint64_t));
}

void stacks_blocked_at(struct model *m, const struct wire_blocked_at *r)
{
	struct thread *th = threads_find(m, r->h.tid);

	if (!th)
		return;
	th->next_at = (struct stack_ids){r->user, r->kernel};
	th->next_at_ts = r->h.ts;
}

struct stack_ids stacks_of_interval(const struct thread *th, uint64_t ts)
{
	return th->next_at_ts == ts ? th->next_at : (struct stack_ids){0};
}

/* --- rows ------------------------------------------------------------------------------------ */

static const struct place *place_in(struct model *m, const struct place *around,
				    const struct name *name)
{
	struct stacks *s = &m->stacks;
	uint64_t key = hash_mix((uint64_t)(around ? around->idx : 0) << 32 | name->idx);
	struct place *p = hash_get(&s->places, key);

	if (p || s->places_nr == PLACES_MAX)
		return p ? p : around;
	p = arena_get(&s->arena, 1, sizeof(*p));
	if (!p || hash_put(&s->places, key, p)) {
		model_no_memory(m);
		return around;
	}
	*p = (struct place){around, name, ++s->places_nr, around ? around->depth + 1 : 1};
	return p;
}

/* Of the thread's open regions. N.B. of those that are nested deeper than PLACES_DEEP, the inner
 * ones are left out. */
static const struct place *place_of(struct model *m, struct thread *th)
{
	uint32_t nr = th->regions_nr < PLACES_DEEP ? th->regions_nr : PLACES_DEEP;
	const struct place *p = NULL;

	if (th->place_at == th->changes)
		return th->place;
	for (uint32_t i = 0; i < nr; i++)
		p = place_in(m, p, th->regions[i].name);
	th->place = p;
	th->place_at = th->changes;
	return p;
}

static uint64_t row_key(const struct row *r)
{
	uint64_t h = hash_mix((uint64_t)r->process->idx << 32 | (r->place ? r->place->idx : 0));

	h = hash_mix(h ^ ((uint64_t)r->state << 2 | (uint64_t)r->sampled << 1 | r->others));
	h = hash_mix(h ^ r->at.user);
	return hash_mix(h ^ r->at.kernel * 31);
}

/* The row that is like `like`; NULL without memory. */
static struct row *row_of(struct model *m, const struct row *like)
{
	struct stacks *s = &m->stacks;
	uint64_t key = row_key(like);
	struct row *r = hash_get(&s->rows, key), others = *like;

	if (r)
		return r;
	if (s->rows.nr >= STACK_ROWS_MAX && !like->others) {
		others.others = true;
		others.place = NULL;
		others.at = (struct stack_ids){0};
		return row_of(m, &others);
	}
	if (s->rows.nr >= 2 * STACK_ROWS_MAX && like->process != m->other_names) {
		others.process = m->other_names;
		return row_of(m, &others);
	}
	s->rows_pool.size = sizeof(*r);
	r = pool_get(&s->rows_pool);
	if (!r || hash_put(&s->rows, key, r)) {
		pool_put(&s->rows_pool, r);
		model_no_memory(m);
		return NULL;
	}
	*r = *like;
	r->key = key;
	return r;
}

/* What a flame graph calls the process: the name of its first thread, if it is known. */
static const struct name *process_name(struct model *m, const struct thread *th)
{
	const char *comm = threads_comm(m, th->view.pid);

	if (!comm[0])
		comm = th->comm;
	return intern_get(&m->names, comm, WIRE_COMM_SZ);
}

static void add(struct model *m, struct thread *th, enum state state, struct stack_ids at,
		uint64_t ns, bool sampled)
{
	struct row like = {.state = state, .at = at, .sampled = sampled}, *r;

	if (m->rc)
		return;
	like.process = process_name(m, th);
	if (!like.process) {
		model_no_memory(m);
		return;
	}
	like.place = place_of(m, th);
	r = row_of(m, &like);
	if (!r)
		return;
	r->count++;
	r->ns += ns;
}

void stacks_time(struct model *m, struct thread *th, enum state state, uint64_t ns)
{
	if (m->stacks.wanted)
		add(m, th, state, th->at, ns, false);
}

void stacks_sample(struct model *m, const struct wire_sample *r)
{
	struct thread *th;

	if (!m->stacks.wanted || r->h.ts < m->start_ts || r->h.ts > m->stop_ts)
		return;
	th = threads_of(m, r->h.tid, r->h.ts, 0);
	if (th)
		add(m, th, STATE_RUNNING, (struct stack_ids){r->user, r->kernel}, r->ns, true);
}

/* --- of one kind of waits -------------------------------------------------------------------- */

void stacks_of_wait(struct wait_stacks *to, struct stack_ids at, uint64_t ns)
{
	unsigned int i = 0;

	if (!at.user && !at.kernel)
		return;
	while (i < to->nr && (to->v[i].at.user != at.user || to->v[i].at.kernel != at.kernel))
		i++;
	if (i == WAIT_STACKS_KNOWN) {
		to->others_ns += ns;
		return;
	}
	if (i == to->nr) {
		to->nr++;
		to->v[i].at = at;
	}
	to->v[i].count++;
	to->v[i].ns += ns;
}

/* --- the summary ----------------------------------------------------------------------------- */

/* The most time first: there are few. Stacks that are shown alike are one. */
size_t stacks_of_wait_summary(struct model *m, const struct wait_stacks *w,
			      const struct summary_wait_stack **out)
{
	struct summary_wait_stack v[WAIT_STACKS_KNOWN], *listed;
	uint64_t digests[WAIT_STACKS_KNOWN];
	size_t nr = 0, n;

	for (unsigned int i = 0; i < w->nr; i++) {
		struct summary_wait_stack s = {frames_of(m, w->v[i].at, false), w->v[i].count,
					       w->v[i].ns};
		uint64_t digest = frames_digest(&s.stack);
		size_t at = 0;

		while (at < nr && digests[at] != digest)
			at++;
		if (at < nr) {
			s.count += v[at].count;
			s.ns += v[at].ns;
		} else {
			nr++;
		}
		for (; at && v[at - 1].ns < s.ns; at--) {
			v[at] = v[at - 1];
			digests[at] = digests[at - 1];
		}
		v[at] = s;
		digests[at] = digest;
	}
	n = nr < WAIT_STACKS_LISTED ? nr : WAIT_STACKS_LISTED;
	listed = arena_get(&m->explain.arena, n, sizeof(*listed));
	if (!listed) {
		model_no_memory(m);
		return 0;
	}
	memcpy(listed, v, n * sizeof(*listed));
	*out = listed;
	return n;
}

static const char *const *path_of(struct model *m, const struct place *p, size_t *nr)
{
	size_t depth = p ? p->depth : 0;
	const char **v = arena_get(&m->explain.arena, depth, sizeof(*v));

	*nr = v ? depth : 0;
	if (!v)
		model_no_memory(m);
	for (; v && p; p = p->around)
		v[p->depth - 1] = p->name->text;
	return v;
}

/* A row, and what tells it from others once its addresses are names. */
struct shown {
	struct row *row;
	struct span_stack stack;
	uint64_t digest;
};

static int by_row(const struct row *a, const struct row *b)
{
	uint32_t pa = a->place ? a->place->idx : 0, pb = b->place ? b->place->idx : 0;

	if (a->process != b->process)
		return a->process->idx < b->process->idx ? -1 : 1;
	if (pa != pb)
		return pa < pb ? -1 : 1;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	return a->sampled - b->sampled + 2 * (a->others - b->others);
}

/* Equal: one row of the summary. */
static int by_look(const void *va, const void *vb)
{
	const struct shown *a = va, *b = vb;
	int diff = by_row(a->row, b->row);

	return diff ? diff : (a->digest > b->digest) - (a->digest < b->digest);
}

/* Total in equal captures: the order of names is that of their first records. */
static int by_time(const void *va, const void *vb)
{
	const struct shown *a = va, *b = vb;

	if (a->row->ns != b->row->ns)
		return a->row->ns > b->row->ns ? -1 : 1;
	return by_look(va, vb);
}

/* Rows that look the same become one: the first gets what the others have. Returns how many. */
static size_t merge(struct shown *v, size_t nr)
{
	size_t out = 0;

	qsort(v, nr, sizeof(*v), by_look);
	for (size_t i = 0; i < nr; i++) {
		if (out && !by_look(&v[out - 1], &v[i])) {
			v[out - 1].row->count += v[i].row->count;
			v[out - 1].row->ns += v[i].row->ns;
		} else {
			v[out++] = v[i];
		}
	}
	qsort(v, out, sizeof(*v), by_time);
	return out;
}

static void build(struct model *m, struct summary *s, struct shown *from)
{
	size_t nr = m->stacks.rows.nr, at = 0;
	struct summary_stack *v;

	for (size_t i = 0; i < nr; i++) {
		from[i].row = hash_next(&m->stacks.rows, &at);
		from[i].stack = frames_of(m, from[i].row->at, from[i].row->sampled);
		from[i].digest = frames_digest(&from[i].stack);
	}
	nr = merge(from, nr);
	v = arena_get(&m->explain.arena, nr, sizeof(*v));
	if (!v)
		model_no_memory(m);
	for (size_t i = 0; v && i < nr; i++) {
		const struct row *r = from[i].row;

		v[i] = (struct summary_stack){
			.process = r->process->text,
			.state = r->state,
			.sampled = r->sampled,
			.others = r->others,
			.stack = from[i].stack,
			.count = r->count,
			.ns = r->ns,
		};
		v[i].regions = path_of(m, r->place, &v[i].regions_nr);
	}
	s->stacks = v;
	s->stacks_nr = v ? nr : 0;
}

void stacks_summary(struct model *m, struct summary *s)
{
	struct shown *v = calloc(m->stacks.rows.nr + 1, sizeof(*v));

	if (v)
		build(m, s, v);
	else
		model_no_memory(m);
	s->stacks_lost = m->stacks.lost;
	free(v);
}

void stacks_release(struct stacks *s)
{
	hash_release(&s->stacks);
	hash_release(&s->places);
	hash_release(&s->rows);
	pool_release(&s->rows_pool);
	arena_release(&s->arena);
}
