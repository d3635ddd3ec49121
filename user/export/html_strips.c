/* SPDX-License-Identifier: MIT */
/*
 * html_strips.c - see html_strips.h. Invariants: a slice of a thread never holds more than it
 * lasts, for a thread's intervals do not overlap; a strip is of all of its thread's life.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/html_strips.h"

void html_strips_init(struct html_strips *s, const struct capture_info *info)
{
	uint64_t length = info->stop_ts > info->start_ts ? info->stop_ts - info->start_ts : 0;

	s->start = info->start_ts;
	s->slice_ns = length / HTML_SLICES + 1;
	for (s->shift = 0; s->slice_ns >> s->shift > UINT32_MAX; s->shift++)
		;
}

/* A strip with nothing in it, in the place of another if there must be; NULL with *rc 0: none. */
static struct html_strip *empty_strip(struct html_strips *s, int *rc)
{
	struct html_strip *strip;
	size_t at = 0;

	*rc = 0;
	if (s->nr < HTML_STRIPS_MAX) {
		strip = calloc(1, sizeof(*strip));
		if (!strip) {
			*rc = -ENOMEM;
			return NULL;
		}
		strip->at = s->nr;
		s->v[s->nr++] = strip;
		return strip;
	}
	for (size_t i = 1; i < HTML_STRIPS_MAX; i++)
		at = s->ended[i] < s->ended[at] ? i : at;
	if (s->ended[at] == UINT64_MAX)
		return NULL;
	strip = s->v[at];
	hash_del(&s->by_key, (uintptr_t)strip->key);
	memset(strip, 0, sizeof(*strip));
	strip->at = at;
	return strip;
}

/* Of a thread's first interval: later ones would make a strip that lacks what was before. */
static int begin_strip(struct html_strips *s, const struct span_interval *i,
		       struct html_strip **out)
{
	const struct span_thread *t = i->thread;
	int rc;

	*out = NULL;
	if (i->begin != t->begin)
		return 0;
	*out = empty_strip(s, &rc);
	if (!*out)
		return rc;
	(*out)->key = t->key;
	(*out)->pid = t->pid;
	(*out)->tid = t->tid;
	(*out)->begin = t->begin;
	s->ended[(*out)->at] = UINT64_MAX;
	return hash_put(&s->by_key, (uintptr_t)t->key, *out);
}

int html_strips_add(struct html_strips *s, const struct span_interval *i)
{
	struct html_strip *strip = hash_get(&s->by_key, (uintptr_t)i->thread->key);
	uint64_t at = i->begin > s->start ? i->begin - s->start : 0;
	uint64_t end = i->end > s->start ? i->end - s->start : 0;
	int rc = strip ? 0 : begin_strip(s, i, &strip);

	if (rc || !strip)
		return rc;
	strip->ran_ns += i->state == STATE_RUNNING ? i->end - i->begin : 0;
	while (at < end && at / s->slice_ns < HTML_SLICES) {
		uint64_t slice = at / s->slice_ns, next = (slice + 1) * s->slice_ns;
		uint64_t to = next < end ? next : end;

		strip->time[slice][i->state] += (uint32_t)((to - at) >> s->shift);
		at = to;
	}
	return 0;
}

void html_strips_end(struct html_strips *s, const struct span_thread *t)
{
	const struct html_strip *strip = hash_get(&s->by_key, (uintptr_t)t->key);

	if (strip)
		s->ended[strip->at] = strip->ran_ns;
}

static int compare(const struct html_strip *a, uint32_t pid, uint32_t tid, uint64_t begin)
{
	if (a->pid != pid)
		return a->pid < pid ? -1 : 1;
	if (a->tid != tid)
		return a->tid < tid ? -1 : 1;
	return (a->begin > begin) - (a->begin < begin);
}

static int by_identity(const void *a, const void *b)
{
	const struct html_strip *y = *(struct html_strip *const *)b;

	return compare(*(struct html_strip *const *)a, y->pid, y->tid, y->begin);
}

void html_strips_sort(struct html_strips *s)
{
	qsort(s->v, s->nr, sizeof(struct html_strip *), by_identity);
}

const struct html_strip *html_strips_find(const struct html_strips *s,
					  const struct summary_thread *t)
{
	size_t from = 0, to = s->nr;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int diff = compare(s->v[mid], t->pid, t->tid, t->begin);

		if (!diff)
			return s->v[mid];
		from = diff < 0 ? mid + 1 : from;
		to = diff < 0 ? to : mid;
	}
	return NULL;
}

void html_strip_text(const struct html_strip *strip, char text[HTML_SLICES + 1])
{
	for (int k = 0; k < HTML_SLICES; k++) {
		const uint32_t *time = strip->time[k];
		int top = 0;

		for (int i = 1; i < STATE_NR; i++)
			top = time[i] > time[top] ? i : top;
		text[k] = time[top] ? (char)('a' + top) : '-';
	}
	text[HTML_SLICES] = '\0';
}

void html_strips_release(struct html_strips *s)
{
	for (size_t i = 0; i < s->nr; i++)
		free(s->v[i]);
	hash_release(&s->by_key);
	s->nr = 0;
}
