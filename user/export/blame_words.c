/* SPDX-License-Identifier: MIT */
/* blame_words.c - see blame_words.h. Invariant: what was inferred, or not followed, is said to
 * be. */
#include "base/human.h"
#include "export/blame_words.h"
#include "export/words.h"

/* What is told of a chain in a sentence: links of the first thread, and how far down. */
enum { LINKS_TOLD = 2, DEEP_TOLD = 4 };

static void in_region(struct strbuf *b, const char *region)
{
	if (!region[0])
		return;
	strbuf_add(b, " in ");
	strbuf_escaped(b, region);
}

static void did(struct strbuf *b, enum state state, const char *resource)
{
	const struct span_wait w = {.state = state, .resource = resource, .syscall = ""};

	words_did(b, &w);
}

/* Why the chain does not go on behind a wait; nothing where there is nothing behind it. */
static void the_end(struct strbuf *b, enum blame_end ended, const char *by)
{
	switch (ended) {
	case BLAME_UNTRACED:
		strbuf_add(b, "; ended by ");
		strbuf_escaped(b, by[0] ? by : "a thread");
		strbuf_add(b, ", not traced");
		break;
	case BLAME_FORGOTTEN:
		strbuf_add(b, "; what it waited for is too long ago");
		break;
	case BLAME_BOUND:
		strbuf_add(b, "; not looked at further");
		break;
	default:
		break;
	}
}

void words_link(struct strbuf *b, const struct span_link *l)
{
	if (l->inferred)
		strbuf_add(b, "probably ");
	if (l->comm[0])
		strbuf_escaped(b, l->comm);
	else
		strbuf_add(b, "thread %u", l->tid);
	strbuf_add(b, " ");
	did(b, l->state, l->resource);
	in_region(b, l->region);
	if (l->self_ns)
		the_end(b, l->ended, l->by);
}

static const struct span_link *next_of(const struct span_wait *w, const struct span_link *l)
{
	const struct span_link *end = w->chain + w->chain_nr;

	for (const struct span_link *i = l + 1; i < end && i->depth >= l->depth; i++) {
		if (i->depth == l->depth)
			return i;
	}
	return NULL;
}

/* " for 41.0 ms, while carol waited for the disk": down the largest links that are most of it. */
static void took(struct strbuf *b, const struct span_wait *w, const struct span_link *l)
{
	const struct span_link *end = w->chain + w->chain_nr;
	char ns[HUMAN_SZ];

	for (int i = 0; i < DEEP_TOLD; i++) {
		const struct span_link *below = l + 1;

		strbuf_add(b, " for %s", human_ns(ns, l->ns));
		if (below >= end || below->depth <= l->depth || below->ns < l->ns / 2)
			return;
		strbuf_add(b, ", while ");
		words_link(b, below);
		l = below;
	}
}

void words_chain(struct strbuf *b, const struct span_wait *w)
{
	const struct span_link *first = w->chain_nr > 1 ? w->chain + 1 : NULL, *l = first;
	uint64_t least = w->chain_nr ? w->chain[0].ns / 10 : 0;

	for (int i = 0; i < LINKS_TOLD && l && l->ns >= least; i++, l = next_of(w, l)) {
		if (!i) {
			words_link(b, l);
		} else {
			strbuf_add(b, ", and ");
			if (l->tid != first->tid) {
				words_link(b, l);
			} else {
				did(b, l->state, l->resource);
				in_region(b, l->region);
			}
		}
		took(b, w, l);
	}
}

void words_blame(struct strbuf *b, const struct span_blame *p)
{
	strbuf_add(b, "%s", state_names[p->state]);
	words_resource(b, p->state, p->resource, "");
	in_region(b, p->region);
	if ((p->behind || p->idle) && p->comm[0]) {
		strbuf_add(b, " by ");
		strbuf_escaped(b, p->comm);
	}
	the_end(b, p->ended, p->by);
	if (p->inferred)
		strbuf_add(b, " (probably)");
	if (p->idle)
		strbuf_add(b, ", before it was taken up");
	if (p->behind) {
		strbuf_add(b, ", behind %s", state_names[p->own_state]);
		in_region(b, p->own_region);
	}
}

size_t words_path(struct strbuf *b, const struct span_path *path, size_t most)
{
	uint64_t whole = 0;
	char percent[HUMAN_SZ];
	size_t nr = 0;

	for (int i = 0; i < STATE_NR; i++)
		whole += path->ns[i];
	for (; nr < path->parts_nr && nr < most; nr++) {
		const struct span_blame *p = &path->parts[nr];

		if (nr && p->ns < whole / 20)
			break;
		strbuf_add(b, "%s%s ", nr ? "; " : "", human_percent(percent, p->ns, whole));
		words_blame(b, p);
	}
	return nr;
}
