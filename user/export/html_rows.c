/* SPDX-License-Identifier: MIT */
/*
 * html_rows.c - see html_rows.h
 *
 * Samples are drawn so that each task of a bucket has the same chance (reservoir sampling), but
 * those whose steps are known go before those of which only the sums are. When memory is full, a
 * bucket has fewer samples from then on, but not none: others' second and third ones make room for
 * its first, so a bucket that comes late is shown, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "export/blame_words.h"
#include "export/html_rows.h"
#include "export/json_parts.h"
#include "export/story.h"

/* Of a task's path, so many causes are told in words. */
enum { CAUSES_TOLD = 3 };

/* The bounds of hist.c's coarse buckets: 8 to a power of two. */
static void bounds(uint64_t v, uint64_t *lo, uint64_t *hi)
{
	unsigned int shift = v < 8 ? 0 : 60u - (unsigned int)__builtin_clzll(v);

	*lo = v >> shift << shift;
	*hi = *lo + (1ull << shift);
	if (!*hi)
		*hi = UINT64_MAX;
}

char *html_story(const struct capture_info *info, const struct span_task *t, bool slowest,
		 size_t *sz)
{
	char why[STORY_SZ], hung_on[2 * STORY_SZ], *text = NULL;
	FILE *f = open_memstream(&text, sz);
	struct strbuf b;
	struct json j;
	int rc;

	if (!f)
		return NULL;
	story_sentence(why, sizeof(why), t);
	strbuf_init(&b, hung_on, sizeof(hung_on));
	words_path(&b, &t->path, CAUSES_TOLD);
	json_init(&j, f);
	json_object(&j, NULL, JSON_INLINE);
	json_string(&j, "name", t->row);
	json_string(&j, "why", why);
	json_string(&j, "hung_on", hung_on);
	json_bool(&j, "slowest", slowest);
	json_story(&j, info, t);
	json_close(&j);
	rc = json_finish(&j, NULL);
	if (fclose(f) || rc) {
		free(text);
		return NULL;
	}
	return text;
}

static struct html_name *name_of(struct html *h, const char *text)
{
	const struct name *name = intern_get(&h->names, text, strlen(text));
	struct html_name *n = name ? hash_get(&h->by_name, name->idx) : NULL;

	if (n || !name)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n || hash_put(&h->by_name, name->idx, n)) {
		free(n);
		return NULL;
	}
	n->name = name;
	return n;
}

static struct html_bin *bin_of(struct html_name *n, uint64_t ns)
{
	struct html_bin *b;
	uint64_t lo, hi;

	bounds(ns, &lo, &hi);
	b = hash_get(&n->bins, lo);
	if (b)
		return b;
	b = calloc(1, sizeof(*b));
	if (!b || hash_put(&n->bins, lo, b)) {
		free(b);
		return NULL;
	}
	b->lo = lo;
	b->hi = hi;
	b->slots = HTML_SAMPLES;
	return b;
}

static uint64_t next_random(struct html *h)
{
	h->random += 0x9e3779b97f4a7c15ull;
	return hash_mix(h->random);
}

/* Where the task would go as a sample, or NULL. */
static struct html_sample *slot_for(struct html *h, struct html_bin *b, bool steps)
{
	struct html_sample *poor = NULL;
	uint64_t at;

	b->candidates += steps;
	if (b->held < b->slots)
		return &b->samples[b->held];
	for (unsigned int i = 0; i < b->held; i++) {
		if (!b->samples[i].steps)
			poor = &b->samples[i];
	}
	if (!steps || poor)
		return steps ? poor : NULL;
	at = next_random(h) % b->candidates;
	return at < b->slots ? &b->samples[at] : NULL;
}

/* For good: one that came later would not have had the same chance. */
static void drop_spare(struct html *h)
{
	struct html_bin *b = h->spare[h->spare_nr - 1];
	struct html_sample *s = &b->samples[--b->held];

	b->slots = b->held;
	h->spare_nr -= b->held == 1;
	h->held -= s->sz;
	free(s->text);
	*s = (struct html_sample){0};
}

static void drop_child(struct html *h)
{
	const struct html_child *c = &h->children[--h->children_nr];

	h->children_out++;
	h->held -= c->task.sz;
	free(c->task.text);
}

/* For the first sample of a bucket. */
static bool make_room(struct html *h, size_t sz)
{
	while (h->held + sz > HTML_HELD_MAX && (h->spare_nr || h->children_nr)) {
		if (h->spare_nr)
			drop_spare(h);
		else
			drop_child(h);
	}
	return h->held + sz <= HTML_HELD_MAX;
}

/* The bin has one sample more. */
static int note_held(struct html *h, struct html_bin *b)
{
	if (b->held == 1) {
		if (h->spare_nr == h->spare_cap) {
			size_t cap = h->spare_cap ? 2 * h->spare_cap : 64;
			struct html_bin **v =
				reallocarray(h->spare, cap, sizeof(struct html_bin *));

			if (!v)
				return -ENOMEM;
			h->spare = v;
			h->spare_cap = cap;
		}
		h->spare[h->spare_nr++] = b;
	}
	b->held++;
	return 0;
}

static int sample(struct html *h, struct html_bin *b, const struct span_task *t)
{
	struct html_sample *s = slot_for(h, b, t->steps_nr != 0);
	size_t sz;
	char *text;

	if (!s)
		return 0;
	text = html_story(h->info, t, false, &sz);
	if (!text)
		return -ENOMEM;
	if (h->held - s->sz + sz > HTML_HELD_MAX &&
	    (s != b->samples || !make_room(h, sz - s->sz))) {
		b->slots = b->held;
		free(text);
		return 0;
	}
	if (s == &b->samples[b->held] && note_held(h, b)) {
		free(text);
		return -ENOMEM;
	}
	h->held += sz - s->sz;
	free(s->text);
	*s = (struct html_sample){text, sz, t->pid, t->id, t->begin, t->steps_nr != 0};
	return 0;
}

/* It may be unfolded in its parent, if that turns out to be slow. */
static int note_child(struct html *h, const struct html_name *n, const struct span_task *t)
{
	struct html_child *c = &h->recent[h->recent_at];
	uint64_t ns = t->end - t->begin;
	size_t sz;
	char *text;

	if (!t->parent_id || !t->steps_nr || ns / 2 < n->wall_ns / n->count)
		return 0;
	text = html_story(h->info, t, false, &sz);
	if (!text)
		return -ENOMEM;
	h->recent_at = (h->recent_at + 1) % HTML_RECENT;
	free(c->task.text);
	*c = (struct html_child){
		.task = {text, sz, t->pid, t->id, t->begin, true},
		.name = n->name,
		.parent_id = t->parent_id,
	};
	return 0;
}

static int keep_child(struct html *h, struct html_child *c)
{
	if (h->held + c->task.sz > HTML_HELD_MAX) {
		h->children_out++;
		return 0;
	}
	if (h->children_nr == h->children_cap) {
		size_t cap = h->children_cap ? 2 * h->children_cap : 64;
		struct html_child *v = reallocarray(h->children, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		h->children = v;
		h->children_cap = cap;
	}
	h->held += c->task.sz;
	h->children[h->children_nr++] = *c;
	c->task.text = NULL;
	return 0;
}

/* The task is among the slowest for now: so its children are kept. */
static int take_children(struct html *h, const struct span_task *t)
{
	int rc = 0;

	for (size_t i = 0; i < HTML_RECENT && !rc; i++) {
		struct html_child *c = &h->recent[i];

		if (c->task.text && c->parent_id == t->id && c->task.begin >= t->begin)
			rc = keep_child(h, c);
	}
	return rc;
}

int html_rows_add(struct html *h, const struct span_task *t)
{
	struct html_name *n = name_of(h, t->row);
	struct html_bin *b = n ? bin_of(n, t->end - t->begin) : NULL;

	if (!b)
		return -ENOMEM;
	n->count++;
	n->wall_ns += t->end - t->begin;
	b->count++;
	b->wall_ns += t->end - t->begin;
	b->idle_ns += t->idle_ns;
	for (int i = 0; i < STATE_NR; i++)
		b->spent.ns[i] += t->spent->ns[i];
	b->spent.over.syscall_ns += t->spent->over.syscall_ns;
	b->spent.over.absent |= t->spent->over.absent;
	if (note_child(h, n, t) || (t->path.stretches_nr && take_children(h, t)))
		return -ENOMEM;
	return sample(h, b, t);
}

const struct html_name *html_rows_find(const struct html *h, const char *text)
{
	const struct name *name = intern_find(&h->names, text, strlen(text));

	return name ? hash_get(&h->by_name, name->idx) : NULL;
}

static int by_lo(const void *a, const void *b)
{
	const struct html_bin *x = *(struct html_bin *const *)a, *y = *(struct html_bin *const *)b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

long html_rows_bins(const struct html_name *n, struct html_bin ***out)
{
	struct html_bin **v = calloc(n->bins.nr + 1, sizeof(struct html_bin *)), *b;
	size_t at = 0, nr = 0;

	if (!v)
		return -ENOMEM;
	while ((b = hash_next(&n->bins, &at)))
		v[nr++] = b;
	qsort(v, nr, sizeof(struct html_bin *), by_lo);
	*out = v;
	return (long)nr;
}

static void free_name(struct html_name *n)
{
	struct html_bin *b;
	size_t at = 0;

	while ((b = hash_next(&n->bins, &at))) {
		for (unsigned int i = 0; i < b->held; i++)
			free(b->samples[i].text);
		free(b);
	}
	hash_release(&n->bins);
	free(n);
}

void html_rows_release(struct html *h)
{
	struct html_name *n;
	size_t at = 0;

	while ((n = hash_next(&h->by_name, &at)))
		free_name(n);
	for (size_t i = 0; i < HTML_RECENT; i++)
		free(h->recent[i].task.text);
	for (size_t i = 0; i < h->children_nr; i++)
		free(h->children[i].task.text);
	free(h->children);
	free(h->spare);
	hash_release(&h->by_name);
	intern_release(&h->names);
	html_strips_release(&h->strips);
}
