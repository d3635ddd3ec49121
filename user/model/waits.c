/* SPDX-License-Identifier: MIT */
/*
 * waits.c - see waits.h. Invariant: a row's count is that of its wakers, of wakers_others, and of
 * the waits that nobody was seen to end.
 */
#include <stdlib.h>
#include <string.h>

#include "model/inner.h"

static uint64_t row_key(const struct wait_event *e, const struct calls *c)
{
	struct wait_key k = {0};
	uint64_t h;

	if (e->what)
		k = (struct wait_key){e->what->hash, UINT32_MAX};
	else
		k = wait_key(c, e->r, e->why, e->pid);
	h = hash_mix(k.what ^ (uint64_t)k.in << 40 ^ 0x6374ull);
	h = hash_mix(h ^ ((uint64_t)e->why->state << 32 | (uint64_t)e->why->res << 16 |
			  (e->what || e->queue ? 0 : e->r->fd_kind)));
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

void waits_make_room(struct waits *w)
{
	if (w->rows.nr >= WAITS_MAX)
		give_up_half(w);
}

static struct wait_row *new_row(struct waits *w, const struct calls *c, uint64_t key,
				const struct wait_event *e)
{
	struct wait_row *row;

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
	if (e->what) {
		row->resource = e->what->text;
	} else {
		wait_resource(row->buf, sizeof(row->buf), c, e->r, e->why);
		row->resource = row->buf;
	}
	return row;
}

/* In an interrupt, whoever was interrupted has nothing to do with it. */
static bool by_interrupt(uint8_t ctx)
{
	return ctx == WIRE_WAKER_SOFTIRQ || ctx == WIRE_WAKER_HARDIRQ || ctx == WIRE_WAKER_NMI;
}

static uint8_t softirq_of(const struct wire_offcpu *r)
{
	return r->waker_ctx == WIRE_WAKER_SOFTIRQ && *wait_softirq(r->waker_softirq)
		       ? (uint8_t)r->waker_softirq
		       : 0;
}

static void add_waker(struct wait_row *row, const struct wait_event *e)
{
	bool irq = by_interrupt(e->r->waker_ctx);
	uint32_t tid = irq ? 0 : e->r->waker_tid;
	const struct name *region = irq ? NULL : e->waker_region;
	uint8_t softirq = softirq_of(e->r);
	struct wait_waker *k;

	if (!e->r->wake_ts || (!irq && !tid))
		return;
	for (k = row->wakers; k < row->wakers + row->wakers_nr; k++) {
		if (k->tid == tid && k->ctx == e->r->waker_ctx && k->softirq == softirq &&
		    k->region == region) {
			k->count++;
			k->ns += e->ns;
			return;
		}
	}
	if (row->wakers_nr == WAKERS_KNOWN) {
		row->wakers_others++;
		return;
	}
	row->wakers_nr++;
	*k = (struct wait_waker){.tid = tid,
				 .ctx = e->r->waker_ctx,
				 .softirq = softirq,
				 .region = region,
				 .count = 1,
				 .ns = e->ns};
	if (irq)
		return;
	k->pid = e->r->waker_pid;
	memcpy(k->comm, e->waker_comm, strnlen(e->waker_comm, WIRE_COMM_SZ - 1));
}

static void add_holder(struct wait_row *row, const struct wait_event *e)
{
	struct wait_waker *k;

	for (k = row->holders; k < row->holders + row->holders_nr; k++) {
		if (k->tid == e->holder->view.tid && k->region == e->holder_region) {
			k->count++;
			k->ns += e->ns;
			return;
		}
	}
	if (row->holders_nr == HOLDERS_KNOWN) {
		row->holders_others++;
		return;
	}
	row->holders_nr++;
	*k = (struct wait_waker){.pid = e->holder->view.pid,
				 .tid = e->holder->view.tid,
				 .ctx = WIRE_WAKER_TASK,
				 .region = e->holder_region,
				 .count = 1,
				 .ns = e->ns};
	memcpy(k->comm, e->holder->comm, strnlen(e->holder->comm, WIRE_COMM_SZ - 1));
}

/* Many threads of one name are one culprit, once there are more than can be told apart. */
static struct wait_culprit *culprit_of_name(struct wait_row *row, const char *comm)
{
	for (struct wait_culprit *k = row->culprits; k < row->culprits + row->culprits_nr; k++) {
		if (!*comm || strncmp(k->comm, comm, WIRE_COMM_SZ - 1) != 0)
			continue;
		k->pid = k->tid = 0;
		return k;
	}
	return NULL;
}

static void add_culprit(struct wait_row *row, const struct span_culprit *by)
{
	struct wait_culprit *k;

	for (k = row->culprits; k < row->culprits + row->culprits_nr; k++) {
		if (k->tid == by->tid) {
			k->ns += by->ns;
			return;
		}
	}
	if (row->culprits_nr == CULPRITS_KNOWN) {
		k = culprit_of_name(row, by->comm);
		if (k)
			k->ns += by->ns;
		else
			row->culprits_others_ns += by->ns;
		return;
	}
	row->culprits_nr++;
	*k = (struct wait_culprit){.pid = by->pid, .tid = by->tid, .ns = by->ns};
	memcpy(k->comm, by->comm, strnlen(by->comm, WIRE_COMM_SZ - 1));
}

static void add_queue(struct wait_row *row, const struct wait_queue *q)
{
	for (size_t i = 0; i < q->nr; i++)
		add_culprit(row, &q->culprits[i]);
	row->culprits_others_ns += q->others_ns;
	row->cpu_idle_ns += q->idle_ns;
}

struct wait_row *waits_add(struct waits *w, const struct calls *c, const struct wait_event *e)
{
	uint64_t key = row_key(e, c);
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
	if (e->peer)
		row->peer = *e->peer;
	if (e->queue)
		add_queue(row, e->queue);
	else
		add_waker(row, e);
	if (e->holder)
		add_holder(row, e);
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

/* The nr most frequent of all; *others is increased by the rest. */
static const struct summary_waker *wakers_summary(struct wait_waker *wakers, size_t all, size_t nr,
						  uint64_t *others, struct arena *arena)
{
	struct summary_waker *v = arena_get(arena, nr, sizeof(*v));

	qsort(wakers, all, sizeof(*wakers), by_count);
	for (size_t i = nr; i < all; i++)
		*others += wakers[i].count;
	for (size_t i = 0; v && i < nr; i++) {
		const struct wait_waker *k = &wakers[i];

		v[i] = (struct summary_waker){
			.comm = k->comm,
			.region = k->region ? k->region->text : "",
			.softirq = wait_softirq(k->softirq),
			.pid = k->pid,
			.tid = k->tid,
			.ctx = k->ctx,
			.count = k->count,
			.ns = k->ns,
		};
	}
	return v;
}

static int by_ns(const void *pa, const void *pb)
{
	const struct wait_culprit *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static const struct span_culprit *culprits_summary(struct wait_row *row, size_t nr,
						   uint64_t *others, struct arena *arena)
{
	struct span_culprit *v = arena_get(arena, nr, sizeof(*v));

	qsort(row->culprits, row->culprits_nr, sizeof(*row->culprits), by_ns);
	for (size_t i = nr; i < row->culprits_nr; i++)
		*others += row->culprits[i].ns;
	for (size_t i = 0; v && i < nr; i++) {
		const struct wait_culprit *k = &row->culprits[i];

		v[i] = (struct span_culprit){k->pid, k->tid, k->comm, k->ns};
	}
	return v;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct summary_wait row_summary(struct wait_row *row, struct model *m)
{
	struct arena *arena = &m->explain.arena;
	struct summary_wait s = {
		.state = row->state,
		.resource = row->resource,
		.peer = {row->peer.pid, row->peer.comm},
		.region = row->region ? row->region->text : "",
		.count = row->count,
		.total_ns = row->total_ns,
		.max_ns = row->max_ns,
		.wakers_nr = least(row->wakers_nr, WAKERS_LISTED),
		.wakers_others = row->wakers_others,
		.holders_nr = least(row->holders_nr, WAKERS_LISTED),
		.holders_others = row->holders_others,
		.culprits_nr = least(row->culprits_nr, CULPRITS_LISTED),
		.culprits_others_ns = row->culprits_others_ns,
		.cpu_idle_ns = row->cpu_idle_ns,
	};

	s.stacks_nr = stacks_of_wait_summary(m, &row->stacks, &s.stacks);
	s.wakers =
		wakers_summary(row->wakers, row->wakers_nr, s.wakers_nr, &s.wakers_others, arena);
	s.holders = wakers_summary(row->holders, row->holders_nr, s.holders_nr, &s.holders_others,
				   arena);
	s.culprits = culprits_summary(row, s.culprits_nr, &s.culprits_others_ns, arena);
	return s;
}

const struct summary_wait *waits_summary(const struct waits *w, struct model *m)
{
	struct summary_wait *v = arena_get(&m->explain.arena, w->rows.nr, sizeof(*v));
	struct wait_row **rows = sorted(w);

	for (size_t i = 0; v && rows && i < w->rows.nr; i++) {
		v[i] = row_summary(rows[i], m);
		if (!v[i].wakers || !v[i].holders || !v[i].culprits)
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
