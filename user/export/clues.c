/* SPDX-License-Identifier: MIT */
/* clues.c - see clues.h. Invariant: what is found is one of the task's own steps, or nothing. */
#include <stdlib.h>

#include "export/clues.h"
#include "export/words.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool inside(const struct story_step *in, const struct story_step *of)
{
	return in != of && in->tid == of->tid && in->begin >= of->begin && in->end <= of->end;
}

const struct story_step *clues_region(const struct span_task *t, const struct story_step *step)
{
	const struct story_step *found = NULL;

	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];

		if (s->kind == STORY_REGION && s->depth < step->depth && inside(step, s) &&
		    (!found || s->depth > found->depth))
			found = s;
	}
	return found;
}

/* What a region ran itself, without the regions in it. */
static uint64_t own_running(const struct span_task *t, const struct story_step *region)
{
	uint64_t own = region->spent->ns[STATE_RUNNING];

	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];

		if (s->kind == STORY_REGION && s->depth == region->depth + 1 && inside(s, region))
			own -= min_u64(own, s->spent->ns[STATE_RUNNING]);
	}
	return own;
}

uint64_t clues_cost(const struct span_task *t, const struct story_step *step)
{
	switch (step->kind) {
	case STORY_WAIT:
		return step->end - step->begin;
	case STORY_REGION:
		return own_running(t, step);
	case STORY_CHILD:
		return step->begin < t->end ? min_u64(step->end, t->end) - step->begin : 0;
	default:
		return 0;
	}
}

bool clues_is_kind(enum state state, enum state kind)
{
	return state == kind || kind == STATE_NR ||
	       (kind == STATE_RUNNABLE && words_is_queue(state));
}

uint64_t clues_part(const struct span_wait *w, enum state kind)
{
	uint64_t ready = words_is_queue(w->state) ? 0 : words_ready(w);

	if (kind == STATE_NR)
		return w->end - w->begin;
	return (clues_is_kind(w->state, kind) ? w->end - w->begin - ready : 0) +
	       (kind == STATE_RUNNABLE ? ready : 0);
}

const struct story_step *clues_largest(const struct span_task *t, enum story_kind kind,
				       enum state state)
{
	const struct story_step *found = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];
		uint64_t ns;

		if (s->kind != kind)
			continue;
		ns = kind == STORY_WAIT ? clues_part(s->wait, state) : clues_cost(t, s);
		if (ns > most) {
			most = ns;
			found = s;
		}
	}
	return found;
}

static void add_culprit(struct span_wait *sum, struct span_culprit *by, size_t room,
			const struct span_culprit *add)
{
	for (size_t i = 0; i < sum->culprits_nr; i++) {
		if (by[i].tid == add->tid && by[i].pid == add->pid) {
			by[i].ns += add->ns;
			return;
		}
	}
	if (sum->culprits_nr == room)
		sum->culprits_others_ns += add->ns;
	else
		by[sum->culprits_nr++] = *add;
}

static int most_first(const void *a, const void *b)
{
	const struct span_culprit *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

void clues_cpu(const struct span_task *t, struct span_wait *sum, struct span_culprit *by,
	       size_t room)
{
	*sum = (struct span_wait){.state = STATE_RUNNABLE, .culprits = by};
	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct span_wait *w = t->steps[i].wait;

		if (!w)
			continue;
		sum->end += clues_part(w, STATE_RUNNABLE);
		sum->cpu_idle_ns += w->cpu_idle_ns;
		sum->culprits_others_ns += w->culprits_others_ns;
		for (size_t k = 0; k < w->culprits_nr; k++)
			add_culprit(sum, by, room, &w->culprits[k]);
	}
	qsort(by, sum->culprits_nr, sizeof(*by), most_first);
}

/* How long waits for a CPU took that ended when tid left it. */
static uint64_t until_left(const struct span_task *t, uint32_t tid)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];

		if (s->kind == STORY_WAIT && s->wait->prev_tid == tid)
			ns += clues_part(s->wait, STATE_RUNNABLE);
	}
	return ns;
}

const struct span_wait *clues_suspect(const struct span_task *t, uint64_t *ns)
{
	const struct span_wait *suspect = NULL;

	*ns = 0;
	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct span_wait *w = t->steps[i].wait;
		uint64_t n = w && w->prev_tid && w->prev_comm[0] ? until_left(t, w->prev_tid) : 0;

		if (n > *ns) {
			*ns = n;
			suspect = w;
		}
	}
	return suspect;
}

const struct story_step *clues_child_meanwhile(const struct span_task *t,
					       const struct story_step *wait)
{
	enum state state = wait->wait->state;
	const struct story_step *found = NULL;

	if (state != STATE_NETWORK && state != STATE_IPC && state != STATE_POLL)
		return NULL;
	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];

		if (s->kind == STORY_CHILD && s->begin < wait->end && s->end > wait->begin &&
		    (!found || s->end - s->begin > found->end - found->begin))
			found = s;
	}
	return found;
}

/* How long before a step nothing is known to have happened. */
static uint64_t gap_before(const struct span_task *t, const struct story_step *step)
{
	uint64_t last = t->begin;

	for (const struct story_step *s = t->steps; s < step; s++)
		if (s->begin < step->begin && s->end > last)
			last = s->end;
	return last < step->begin ? step->begin - last : 0;
}

uint64_t clues_lay(const struct span_task *t, const struct story_step *step)
{
	uint64_t ns = step->kind == STORY_ENTER ? gap_before(t, step) : 0;

	/* More than was idle: steps in between are among those left out. */
	return ns <= t->idle_ns ? ns : 0;
}

const struct story_step *clues_taken_up(const struct span_task *t, uint64_t *gap)
{
	const struct story_step *found = NULL;

	*gap = t->idle_ns / 2;
	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];
		uint64_t ns = clues_lay(t, s);

		if (ns > *gap) {
			*gap = ns;
			found = s;
		}
	}
	return found;
}
