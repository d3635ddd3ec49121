/* SPDX-License-Identifier: MIT */
/* lines.c - see lines.h. Invariant: lines are in the order of their steps, each in one line. */
#include <string.h>

#include "export/clues.h"
#include "export/lines.h"
#include "export/words.h"

static bool same_wait(const struct story_step *a, const struct story_step *b)
{
	return a->kind == STORY_WAIT && b->kind == STORY_WAIT && a->tid == b->tid &&
	       a->depth == b->depth && a->wait->state == b->wait->state &&
	       !strcmp(a->wait->resource, b->wait->resource);
}

/* The part of a wait that a line tells apart from what it waited for. */
static uint64_t ready_of(const struct story_step *s)
{
	return s->kind == STORY_WAIT && !words_is_queue(s->wait->state) ? words_ready(s->wait) : 0;
}

size_t lines_gather(const struct span_task *task, struct line *lines)
{
	size_t nr = 0;

	for (size_t i = 0; i < task->steps_nr; i++) {
		const struct story_step *s = &task->steps[i];
		uint64_t ns = s->end - s->begin, ready = ready_of(s);
		struct line *last = nr ? &lines[nr - 1] : NULL;

		if (last && same_wait(last->step, s)) {
			last->ns += ns;
			last->ready += ready;
			last->longest = ns - ready > last->longest ? ns - ready : last->longest;
			last->nr++;
		} else {
			lines[nr] = (struct line){.step = s,
						  .ns = ns,
						  .ready = ready,
						  .longest = ns - ready,
						  .nr = 1};
			nr++;
		}
	}
	return nr;
}

/* That a thread worked for the task is told already by a region that is as long. */
static bool is_told(const struct span_task *task, const struct story_step *enter)
{
	for (size_t i = 0; i < task->steps_nr; i++) {
		const struct story_step *s = &task->steps[i];

		if (s->kind == STORY_REGION && s->tid == enter->tid && s->begin == enter->begin &&
		    s->end == enter->end)
			return true;
	}
	return false;
}

/* How much a line is worth. A log line tells as much as a fiftieth of the time. */
static uint64_t weight(const struct span_task *task, const struct line *line)
{
	uint64_t wall = task->end - task->begin;

	switch (line->step->kind) {
	case STORY_LOG:
		return wall / 50 + 1;
	case STORY_ENTER:
		return task->threads > 1 && !is_told(task, line->step) ? wall / 100 + 1 : 0;
	default:
		return line->ns;
	}
}

void lines_choose(const struct span_task *task, struct line *lines, size_t nr, size_t most)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t w = weight(task, &lines[i]);
		size_t heavier = 0;

		for (size_t k = 0; k < nr; k++) {
			uint64_t v = weight(task, &lines[k]);

			heavier += v > w || (v == w && k < i);
		}
		lines[i].shown = w && heavier < most;
	}
}

const struct line *lines_costliest(const struct span_task *task, const struct line *lines,
				   size_t nr)
{
	const struct line *found = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t cost = lines[i].nr > 1 ? lines[i].ns : clues_cost(task, lines[i].step);

		if (lines[i].step->kind == STORY_ENTER)
			cost = clues_lay(task, lines[i].step);
		if (lines[i].shown && cost > most) {
			most = cost;
			found = &lines[i];
		}
	}
	return found;
}
