/* SPDX-License-Identifier: MIT */
/*
 * chain.c - see chain.h. Invariant: over all nodes, self_ns adds up to the wait; a node's ns is its
 * self_ns and the ns of the nodes right below it.
 */
#include <stdlib.h>
#include <string.h>

#include "model/blame.h"
#include "model/chain.h"
#include "model/critical.h"
#include "model/threads.h"

enum { CHAIN_NODES = 256, NO_NODE = -1 };

struct node {
	int parent; /* NO_NODE: the root, or it was taken away */
	const struct past *who;
	struct span_link link;
};

struct chain {
	struct node v[CHAIN_NODES];
	int nr;
};

static const char *text_of(const struct name *name)
{
	return name ? name->text : "";
}

static struct span_link link_of(const struct blame_piece *piece, bool is_end)
{
	const struct past_place *place = blame_place(piece);

	return (struct span_link){
		.state = piece->state,
		.via = piece->via,
		.ended = is_end ? piece->ended : BLAME_END_NR,
		.inferred = piece->inferred,
		.pid = piece->who->pid,
		.tid = piece->who->tid,
		.comm = piece->who->comm->text,
		.region = text_of(place ? place->region : NULL),
		.task = text_of(place ? place->task : NULL),
		.resource = piece->resource->text,
		.by = is_end ? piece->by->text : "",
	};
}

/* Texts are interned: the same text is the same pointer. */
static bool alike(const struct span_link *a, const struct span_link *b)
{
	return a->state == b->state && a->via == b->via && a->ended == b->ended &&
	       a->inferred == b->inferred && a->region == b->region && a->task == b->task &&
	       a->resource == b->resource && a->by == b->by;
}

/* The node of a piece, or of what is above it if there is no more room. */
static int node_of(struct chain *c, const struct blame_piece *piece, bool is_end)
{
	struct span_link link;
	int parent;

	if (!piece->up)
		return 0;
	parent = node_of(c, piece->up, false);
	link = link_of(piece, is_end);
	for (int i = parent + 1; i < c->nr; i++) {
		if (c->v[i].parent == parent && c->v[i].who == piece->who &&
		    alike(&c->v[i].link, &link))
			return i;
	}
	if (c->nr == CHAIN_NODES)
		return parent;
	c->v[c->nr] = (struct node){parent, piece->who, link};
	return c->nr++;
}

static void add_piece(void *ctx, const struct blame_piece *piece, uint64_t ns)
{
	const struct blame_piece *top = piece->own ? piece->own : piece;
	struct chain *c = ctx;
	struct span_link *link;
	int i;

	if (!c->nr)
		c->v[c->nr++] = (struct node){NO_NODE, top->who, link_of(top, false)};
	i = node_of(c, piece, true);
	link = &c->v[i].link;
	if (!piece->up)
		link->ended = piece->ended;
	else if (link->ended == BLAME_END_NR)
		link->ended = BLAME_BOUND;
	link->self_ns += ns;
	for (; i != NO_NODE; i = c->v[i].parent) {
		c->v[i].link.ns += ns;
		c->v[i].link.count++;
	}
}

static bool is_leaf(const struct chain *c, int i)
{
	for (int k = i + 1; k < c->nr; k++) {
		if (c->v[k].parent == i)
			return false;
	}
	return true;
}

/* Takes the smallest ends away, as part of the links above, until there are few enough. */
static int prune(struct chain *c)
{
	int left = c->nr;

	while (left > CHAIN_LINKS) {
		int least = 0;
		struct span_link *above;

		for (int i = 1; i < c->nr; i++) {
			if (c->v[i].parent != NO_NODE && is_leaf(c, i) &&
			    (!least || c->v[i].link.ns < c->v[least].link.ns))
				least = i;
		}
		above = &c->v[c->v[least].parent].link;
		above->self_ns += c->v[least].link.ns;
		above->ended = BLAME_BOUND;
		c->v[least].parent = NO_NODE;
		left--;
	}
	return left;
}

/* Node i and what is below it, the largest first. */
static uint32_t put(const struct chain *c, int i, uint32_t depth, struct span_link *out)
{
	uint64_t below = UINT64_MAX;
	uint32_t nr = 0;
	int last = c->nr;

	out[nr] = c->v[i].link;
	out[nr++].depth = depth;
	for (;;) {
		int next = NO_NODE;

		for (int k = i + 1; k < c->nr; k++) {
			uint64_t ns = c->v[k].link.ns;

			if (c->v[k].parent != i || ns > below || (ns == below && k <= last))
				continue;
			if (next == NO_NODE || ns > c->v[next].link.ns)
				next = k;
		}
		if (next == NO_NODE)
			return nr;
		below = c->v[next].link.ns;
		last = next;
		nr += put(c, next, depth + 1, out + nr);
	}
}

static const struct past *past_of(const struct model *m, const struct step *step)
{
	const struct thread *th = threads_find(m, step->tid);

	if (th && th->past->begin <= step->begin)
		return th->past;
	return past_of_dead(&m->pasts, step->tid, step->begin);
}

void chain_tell(struct model *m, struct step *step)
{
	const struct past *p = step->kind == STORY_WAIT ? past_of(m, step) : NULL;
	struct chain c;
	struct blame b = {.m = m, .piece = add_piece, .ctx = &c};
	struct span_wait *w = &step->wait.wait;
	struct span_link *links;

	if (!p)
		return;
	c.nr = 0;
	blame_wait(&b, p, step->begin);
	if (c.nr < 2)
		return;
	links = calloc((size_t)prune(&c), sizeof(*links));
	if (!links) {
		model_no_memory(m);
		return;
	}
	w->chain_nr = put(&c, 0, 0, links);
	w->chain = links;
}
