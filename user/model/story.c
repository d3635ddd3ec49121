/* SPDX-License-Identifier: MIT */
/*
 * story.c - see story.h. Invariant: a story that has `max` steps is a heap by weight.
 */
#include <stdlib.h>

#include "model/story.h"

enum { STEPS_TOTAL_MAX = 1 << 18 };

void stories_init(struct stories *p, uint32_t max)
{
	*p = (struct stories){.max = max, .steps_max = STEPS_TOTAL_MAX};
	p->story_pool.size = sizeof(struct story) + max * sizeof(struct step *);
	p->step_pool.size = sizeof(struct step);
}

static void sift_down(struct story *s, uint32_t i)
{
	struct step *item = s->v[i];
	uint32_t child;

	for (; (child = 2 * i + 1) < s->nr; i = child) {
		if (child + 1 < s->nr && s->v[child + 1]->weight < s->v[child]->weight)
			child++;
		if (s->v[child]->weight >= item->weight)
			break;
		s->v[i] = s->v[child];
	}
	s->v[i] = item;
}

static struct step *append(struct stories *p, struct story *s, uint64_t weight)
{
	struct step *step;

	if (p->steps >= p->steps_max)
		return NULL;
	step = pool_get_raw(&p->step_pool);
	if (!step)
		return NULL;
	p->steps++;
	step->weight = weight;
	s->v[s->nr++] = step;
	if (s->nr == p->max) {
		for (uint32_t i = s->nr / 2; i--;)
			sift_down(s, i);
	}
	return step;
}

static struct step *replace_lightest(struct story *s, uint64_t weight)
{
	struct step *step = s->v[0];

	if (!s->nr || step->weight >= weight)
		return NULL;
	s->left_out++;
	step->weight = weight;
	sift_down(s, 0);
	return step;
}

/* Logs last no time, yet tell the most: up to a quarter of the steps is theirs. */
static uint64_t weight_of(const struct stories *p, struct story *s, enum story_kind kind,
			  uint64_t duration)
{
	if (kind != STORY_LOG || s->logs >= (p->max + 3) / 4)
		return duration;
	s->logs++;
	return UINT64_MAX;
}

struct step *story_add(struct stories *p, struct story **s, enum story_kind kind, uint64_t begin,
		       uint64_t end)
{
	struct step *step;
	uint64_t weight;

	if (!*s && p->max)
		*s = pool_get(&p->story_pool);
	if (!*s)
		return NULL;
	weight = weight_of(p, *s, kind, end - begin);
	step = (*s)->nr < p->max ? append(p, *s, weight) : replace_lightest(*s, weight);
	if (!step) {
		(*s)->left_out++;
		return NULL;
	}
	step->kind = kind;
	step->begin = begin;
	step->end = end;
	step->name = step->site = NULL;
	return step;
}

static struct story_step view_of(const struct step *step)
{
	struct story_step v = {
		.kind = step->kind,
		.begin = step->begin,
		.end = step->end,
		.depth = step->depth,
		.tid = step->tid,
		.comm = step->comm,
		.name = step->name ? step->name->text : "",
		.detail = step->site ? step->site->text : "",
	};

	if (step->kind == STORY_REGION)
		v.spent = &step->spent;
	if (step->kind == STORY_WAIT)
		v.wait = &step->wait.wait;
	if (step->kind == STORY_LOG)
		v.detail = step->text;
	return v;
}

/* Outer before inner: of equal begins, the longer first. */
static int by_time(const void *pa, const void *pb)
{
	const struct story_step *a = pa, *b = pb;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

size_t story_view(const struct story *s, struct story_step *out)
{
	if (!s)
		return 0;
	for (uint32_t i = 0; i < s->nr; i++)
		out[i] = view_of(s->v[i]);
	qsort(out, s->nr, sizeof(*out), by_time);
	return s->nr;
}

void story_free(struct stories *p, struct story *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->nr; i++) {
		if (s->v[i]->kind == STORY_WAIT)
			free((void *)s->v[i]->wait.wait.chain);
		pool_put(&p->step_pool, s->v[i]);
	}
	p->steps -= s->nr;
	pool_put(&p->story_pool, s);
}

void stories_release(struct stories *p)
{
	pool_release(&p->story_pool);
	pool_release(&p->step_pool);
}
