/* SPDX-License-Identifier: MIT */
/*
 * waits.c - see waits.h. Invariant: a row's count is that of its wakers, of wakers_others, and of
 * the waits that nobody was seen to end.
 */
#include <stdlib.h>
#include <string.h>

#include "model/inner.h"

static uint64_t row_key(const struct wait_event *e, const struct wait_key *k)
{
	uint64_t h = hash_mix(k->what ^ (uint64_t)k->in << 40 ^ 0x6374ull);

	h = hash_mix(h ^
		     ((uint64_t)e->why->state << 32 | (uint64_t)e->why->res << 16 | e->r->fd_kind));
	return hash_mix(h ^ (e->region ? e->region->idx : 0));
}

static int by_total(const void *pa, const void *pb)
{
	const struct wait_row *a = *(struct wait_row *const *)pa;
	const struct wait_row *b = *(struct wait_row *const *)pb;

	if (a->total_ns != b->total_ns)
		return a->total_ns > b->total_ns ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->key > b->key) - (a->key < b->key);
}

/* All rows, most time first, in an array of its own. */
static struct wait_row **sorted(const struct waits *w)
{
	struct wait_row **v = malloc((w->rows.nr ? w->rows.nr : 1) * sizeof(void *));
	size_t at = 0;

	if (!v)
		return NULL;
	for (size_t i = 0; i < w->rows.nr; i++)
		v[i] = hash_next(&w->rows, &at);
	qsort(v, w->rows.nr, sizeof(void *), by_total);
	return v;
}

static void give_up_half(struct waits *w)
{
	struct wait_row **v = sorted(w);
	size_t nr = w->rows.nr;

	for (size_t i = nr / 2; v && i < nr; i++) {
		w->left_out += v[i]->count;
		hash_del(&w->rows, v[i]->key);
		pool_put(&w->pool, v[i]);
	}
	free(v);
}

static struct wait_row *new_row(struct waits *w, const struct calls *c, uint64_t key,
				const struct wait_event *e)
{
	struct wait_row *row;

	if (w->rows.nr >= WAITS_MAX)
		give_up_half(w);
	w->pool.size = sizeof(*row);
	row = pool_get(&w->pool);
	if (!row)
		return NULL;
	if (hash_put(&w->rows, key, row)) {
		pool_put(&w->pool, row);
		return NULL;
	}
	row->key = key;
	row->state = e->why->state;
	row->region = e->region;
	wait_resource(row->resource, sizeof(row->resource), c, e->r, e->why);
	return row;
}

/* In an interrupt, whoever was interrupted has nothing to do with it. */
static bool by_interrupt(uint8_t ctx)
{
	return ctx == WIRE_WAKER_SOFTIRQ || ctx == WIRE_WAKER_HARDIRQ || ctx == WIRE_WAKER_NMI;
}

static void add_waker(struct wait_row *row, const struct wait_event *e)
{
	bool irq = by_interrupt(e->r->waker_ctx);
	uint32_t tid = irq ? 0 : e->r->waker_tid;
	const struct name *region = irq ? NULL : e->waker_region;
	struct wait_waker *k;

	if (!e->r->wake_ts || (!irq && !tid))
		return;
	for (k = row->wakers; k < row->wakers + row->wakers_nr; k++) {
		if (k->tid == tid && k->ctx == e->r->waker_ctx && k->region == region) {
			k->count++;
			return;
		}
	}
	if (row->wakers_nr == WAKERS_KNOWN) {
		row->wakers_others++;
		return;
	}
	row->wakers_nr++;
	*k = (struct wait_waker){.tid = tid, .ctx = e->r->waker_ctx, .region = region, .count = 1};
	if (irq)
		return;
	k->pid = e->r->waker_pid;
	memcpy(k->comm, e->waker_comm, strnlen(e->waker_comm, WIRE_COMM_SZ - 1));
}

struct wait_row *waits_add(struct waits *w, const struct calls *c, const struct wait_event *e)
{
	struct wait_key k = wait_key(c, e->r, e->why, e->pid);
	uint64_t key = row_key(e, &k);
	struct wait_row *row = hash_get(&w->rows, key);

	if (!row)
		row = new_row(w, c, key, e);
	if (!row) {
		w->left_out++;
		return NULL;
	}
	row->count++;
	row->total_ns += e->ns;
	if (e->ns > row->max_ns)
		row->max_ns = e->ns;
	add_waker(row, e);
	stacks_of_wait(&row->stacks, e->at, e->ns);
	return row;
}

static int by_count(const void *pa, const void *pb)
{
	const struct wait_waker *a = pa, *b = pb;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return (a->ctx > b->ctx) - (a->ctx < b->ctx);
}

static const struct summary_waker *wakers_summary(struct wait_row *row, size_t nr,
						  struct arena *arena)
{
	struct summary_waker *v = arena_get(arena, nr, sizeof(*v));

	qsort(row->wakers, row->wakers_nr, sizeof(*row->wakers), by_count);
	for (size_t i = 0; v && i < nr; i++) {
		const struct wait_waker *k = &row->wakers[i];

		v[i] = (struct summary_waker){
			.comm = k->comm,
			.region = k->region ? k->region->text : "",
			.pid = k->pid,
			.tid = k->tid,
			.ctx = k->ctx,
			.count = k->count,
		};
	}
	return v;
}

static struct summary_wait row_summary(struct wait_row *row, struct model *m)
{
	size_t nr = row->wakers_nr < WAKERS_LISTED ? row->wakers_nr : WAKERS_LISTED;
	struct summary_wait s = {
		.state = row->state,
		.resource = row->resource,
		.region = row->region ? row->region->text : "",
		.count = row->count,
		.total_ns = row->total_ns,
		.max_ns = row->max_ns,
		.wakers = wakers_summary(row, nr, &m->explain.arena),
		.wakers_nr = nr,
		.wakers_others = row->wakers_others,
	};

	s.stacks_nr = stacks_of_wait_summary(m, &row->stacks, &s.stacks);
	for (size_t i = nr; i < row->wakers_nr; i++)
		s.wakers_others += row->wakers[i].count;
	return s;
}

const struct summary_wait *waits_summary(const struct waits *w, struct model *m)
{
	struct summary_wait *v = arena_get(&m->explain.arena, w->rows.nr, sizeof(*v));
	struct wait_row **rows = sorted(w);

	for (size_t i = 0; v && rows && i < w->rows.nr; i++) {
		v[i] = row_summary(rows[i], m);
		if (!v[i].wakers)
			v = NULL;
	}
	if (!rows)
		v = NULL;
	free(rows);
	return v;
}

void waits_release(struct waits *w)
{
	hash_release(&w->rows);
	pool_release(&w->pool);
}
