/* SPDX-License-Identifier: MIT */
/*
 * html_strips.c - see html_strips.h. Invariant: a slice of a thread never holds more than it lasts,
 * for a thread's intervals do not overlap.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/html_strips.h"

void html_strips_init(struct html_strips *s, const struct capture_info *info)
{
	uint64_t length = info->stop_ts > info->start_ts ? info->stop_ts - info->start_ts : 0;

	s->start = info->start_ts;
	s->slice_ns = length / HTML_SLICES + 1;
	for (s->shift = 0; s->slice_ns >> s->shift > UINT32_MAX; s->shift++)
		;
}

static struct html_strip *strip_of(struct html_strips *s, const struct span_thread *t)
{
	struct html_strip *strip;

	if (s->nr == HTML_STRIPS_MAX)
		return NULL;
	strip = calloc(1, sizeof(*strip));
	if (!strip || hash_put(&s->by_key, (uintptr_t)t->key, strip)) {
		free(strip);
		return NULL;
	}
	strip->pid = t->pid;
	strip->tid = t->tid;
	strip->begin = t->begin;
	s->v[s->nr++] = strip;
	return strip;
}

int html_strips_add(struct html_strips *s, const struct span_interval *i)
{
	struct html_strip *strip = hash_get(&s->by_key, (uintptr_t)i->thread->key);
	uint64_t at = i->begin > s->start ? i->begin - s->start : 0;
	uint64_t end = i->end > s->start ? i->end - s->start : 0;

	if (!strip)
		strip = strip_of(s, i->thread);
	if (!strip)
		return s->nr == HTML_STRIPS_MAX ? 0 : -ENOMEM;
	while (at < end && at / s->slice_ns < HTML_SLICES) {
		uint64_t slice = at / s->slice_ns, next = (slice + 1) * s->slice_ns;
		uint64_t to = next < end ? next : end;

		strip->time[slice][i->state] += (uint32_t)((to - at) >> s->shift);
		at = to;
	}
	return 0;
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
