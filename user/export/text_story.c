/* SPDX-License-Identifier: MIT */
/*
 * text_story.c - the slowest tasks, each as its steps in the order of time
 *
 *     GET /messages took 84.2 ms; 84% of it was one wait: …
 *     Begun in process 1234 by demo-worker-2, thread 1236, at 12:01:05.766 UTC, …
 *        +0.10 ms   1.20 ms    parse                     running 98%, runnable 2%
 *        +1.40 ms   72.1 ms    cache.Lookup              lock 98%, running 2%
 *        +1.45 ms   71.0 ms  ▶   waited for a lock (futex 0x7f12a4c0); ended by demo-worker-3 …
 *
 * Invariant: steps are never reordered; if some are left out, the last line says how many.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "export/blame_words.h"
#include "export/clues.h"
#include "export/lines.h"
#include "export/story.h"
#include "export/text.h"
#include "export/words.h"

/* Task names with a story, unless more stories were asked for. */
#define NAMES_SHOWN 5
/* Lines of a story that a reader follows. */
#define LINES_SHOWN 16
/* Lines of a wait's chain, from which part of the wait on; causes in the line about the whole. */
#define LINKS_SHOWN  4
#define LINK_PART    8
#define CAUSES_SHOWN 3
/* Columns: offset, what it took, mark, text; the states of a region behind its name. */
#define OFFSET_COLUMNS 12
#define TOOK_COLUMNS   8
#define TEXT_COLUMN    (OFFSET_COLUMNS + 2 + TOOK_COLUMNS + 2 + 2)
#define STATES_COLUMN  (TEXT_COLUMN + 20)
#define STATES_MOST    (TEXT_COLUMN + 44)
#define STATES_LEAST   30
/* Deeper regions are not indented more. */
#define DEPTH_SHOWN 8
#define MARK	    "▶"

/* Whether it has to be said which thread each step is of. */
static bool several_threads(const struct line *lines, size_t nr)
{
	const struct story_step *first = NULL;

	for (size_t i = 0; i < nr; i++) {
		const struct story_step *s = lines[i].step;

		if (!lines[i].shown || s->kind == STORY_ENTER || s->kind == STORY_CHILD)
			continue;
		if (first && first->tid != s->tid)
			return true;
		first = s;
	}
	return false;
}

/* Several waits: how long they were for a CPU is told apart, and first if that is most of it. */
static void waits_text(struct strbuf *b, const struct line *line)
{
	bool cpu = line->ready > line->ns / 2;
	char n[HUMAN_SZ], ns[HUMAN_SZ];

	if (cpu)
		strbuf_add(b, "waited %s for a CPU, after it ", human_ns(ns, line->ready));
	words_did(b, line->step->wait);
	strbuf_add(b, " %s times, the longest %s", human_count(n, line->nr),
		   human_ns(ns, line->longest));
	if (!cpu && line->ready > line->ns / 20)
		strbuf_add(b, ", and %s for a CPU, once woken", human_ns(ns, line->ready));
}

static void wait_text(struct strbuf *b, const struct line *line)
{
	const struct span_wait *wait = line->step->wait;
	size_t before, who;

	if (line->nr > 1) {
		waits_text(b, line);
		return;
	}
	words_wait(b, wait);
	words_suspect(b, wait);
	before = b->len;
	strbuf_add(b, "; ended by ");
	who = b->len;
	if (words_waker_tells(wait->state, wait->waker.ctx))
		words_waker(b, &wait->waker);
	if (b->len == who)
		b->s[b->len = before] = '\0';
}

/* What it waited for before is no step of its own. */
static void lay_text(struct strbuf *b, const struct span_task *task, const struct story_step *enter)
{
	uint64_t lay = clues_lay(task, enter);
	char ns[HUMAN_SZ];

	if (lay > (task->end - task->begin) / 20)
		strbuf_add(b, ", after %s in which nobody did", human_ns(ns, lay));
}

/* The text of a line but its region's states; *b is empty before. */
static void line_text(struct strbuf *b, const struct span_task *task, const struct line *line,
		      bool threads)
{
	const struct story_step *step = line->step;

	switch (step->kind) {
	case STORY_WAIT:
		wait_text(b, line);
		break;
	case STORY_LOG:
		strbuf_add(b, "log ");
		strbuf_escaped(b, step->name);
		strbuf_add(b, ": ");
		strbuf_escaped(b, step->detail);
		break;
	case STORY_CHILD:
		strbuf_add(b, "child task ");
		strbuf_escaped(b, step->name);
		return;
	case STORY_ENTER:
		strbuf_escaped(b, step->comm);
		strbuf_add(b, " (%" PRIu32 ") worked for it", step->tid);
		lay_text(b, task, step);
		return;
	case STORY_REGION:
		strbuf_escaped(b, step->name);
		break;
	}
	if (!threads)
		return;
	strbuf_add(b, " [");
	strbuf_escaped(b, step->comm);
	strbuf_add(b, "]");
}

static size_t indent_of(const struct story_step *step)
{
	return TEXT_COLUMN + 2 * (step->depth < DEPTH_SHOWN ? step->depth : DEPTH_SHOWN);
}

/* How the lines of one story are laid out. */
struct layout {
	bool threads;  /* each has its thread's name behind it */
	size_t states; /* the column of a region's states; 0: there is no room for them */
};

static struct layout layout_of(const struct text *t, const struct span_task *task,
			       const struct line *lines, size_t nr)
{
	struct layout l = {.threads = several_threads(lines, nr), .states = STATES_COLUMN};
	char text[TEXT_NAME_SZ];
	struct strbuf b;

	for (size_t i = 0; i < nr; i++) {
		size_t end;

		if (lines[i].step->kind != STORY_REGION || !lines[i].shown)
			continue;
		strbuf_init(&b, text, sizeof(text));
		line_text(&b, task, &lines[i], l.threads);
		end = indent_of(lines[i].step) + utf8_width(text) + 2;
		if (end > l.states && end <= STATES_MOST && end + STATES_LEAST <= t->width)
			l.states = end;
	}
	if (l.states + STATES_LEAST > t->width)
		l.states = 0;
	return l;
}

static void print_states(const struct text *t, size_t at, size_t column,
			 const struct breakdown *spent)
{
	const struct shares shares = shares_of(spent, 0);
	char text[TEXT_NAME_SZ];
	struct strbuf b;

	if (!shares.whole || !column) {
		fputc('\n', t->out);
		return;
	}
	if (at + 2 > column) {
		fputc('\n', t->out);
		at = 0;
	}
	fprintf(t->out, "%*s", (int)(column - at), "");
	strbuf_init(&b, text, sizeof(text));
	words_shares(&b, &shares, ", ", 1);
	text_wrap(t, column, column, text);
}

static void print_line(const struct text *t, const struct span_task *task, const struct line *line,
		       const struct layout *l, bool marked)
{
	char offset[HUMAN_SZ], took[HUMAN_SZ] = "", text[2 * TEXT_NAME_SZ];
	const struct story_step *step = line->step;
	size_t indent = indent_of(step);
	struct strbuf b;

	human_offset(offset, step->begin - task->begin, task->end - task->begin);
	if (step->kind != STORY_LOG)
		human_ns(took, line->ns);
	strbuf_init(&b, text, sizeof(text));
	line_text(&b, task, line, l->threads);
	if (marked)
		text_sgr(t, "1;33");
	fprintf(t->out, "%*s+%s  %*s%s  %s %*s", (int)(OFFSET_COLUMNS - 1 - utf8_width(offset)), "",
		offset, (int)(TOOK_COLUMNS - utf8_width(took)), "", took, marked ? MARK : " ",
		(int)(indent - TEXT_COLUMN), "");
	if (step->kind == STORY_REGION && step->spent) {
		fputs(text, t->out);
		print_states(t, indent + utf8_width(text), l->states, step->spent);
	} else {
		text_wrap(t, indent, indent, text);
	}
	if (marked)
		text_sgr(t, "0");
}

/* Of the waits of a line, which follow each other in the story, the longest. */
static const struct span_wait *longest_of(const struct line *line)
{
	const struct span_wait *found = line->step->wait;

	for (size_t i = 1; i < line->nr; i++) {
		const struct span_wait *w = line->step[i].wait;

		if (w->woken - w->begin > found->woken - found->begin)
			found = w;
	}
	return found;
}

/* Below a wait, or the longest of several: whom it hung on, while what. */
static void print_chain(const struct text *t, const struct line *line)
{
	const struct span_wait *w = longest_of(line);
	char took[HUMAN_SZ], text[2 * TEXT_NAME_SZ];
	int shown = 0;

	for (size_t i = 1; i < w->chain_nr && shown < LINKS_SHOWN; i++) {
		const struct span_link *l = &w->chain[i];
		size_t deep = l->depth < DEPTH_SHOWN ? l->depth : DEPTH_SHOWN;
		size_t indent = indent_of(line->step) + 2 * deep;
		struct strbuf b;

		if (l->ns < w->chain[0].ns / LINK_PART)
			continue;
		human_ns(took, l->ns);
		strbuf_init(&b, text, sizeof(text));
		strbuf_add(&b, "%swhile ", line->nr > 1 && !shown ? "in the longest, " : "");
		words_link(&b, l);
		fprintf(t->out, "%*s%s%*s",
			(int)(OFFSET_COLUMNS + 2 + TOOK_COLUMNS - utf8_width(took)), "", took,
			(int)(indent - OFFSET_COLUMNS - 2 - TOOK_COLUMNS), "");
		text_wrap(t, indent, indent, text);
		shown++;
	}
}

static int print_steps(const struct text *t, const struct span_task *task)
{
	struct line *lines = calloc(task->steps_nr + 1, sizeof(*lines));
	size_t left_out = task->steps_left_out, nr;
	const struct line *mark;
	struct layout layout;
	char n[HUMAN_SZ];

	if (!lines)
		return -ENOMEM;
	nr = lines_gather(task, lines);
	lines_choose(task, lines, nr, LINES_SHOWN);
	layout = layout_of(t, task, lines, nr);
	mark = lines_costliest(task, lines, nr);
	for (size_t i = 0; i < nr; i++) {
		if (lines[i].shown) {
			print_line(t, task, &lines[i], &layout, &lines[i] == mark);
			if (lines[i].step->kind == STORY_WAIT)
				print_chain(t, &lines[i]);
		} else if (lines[i].step->kind != STORY_ENTER) {
			left_out += lines[i].nr;
		}
	}
	if (left_out)
		fprintf(t->out, "%*s… and %s shorter step%s\n", TEXT_COLUMN, "",
			human_count(n, left_out), left_out == 1 ? "" : "s");
	free(lines);
	return 0;
}

/* Who began it, and when, and what makes its figures doubtful. */
static void print_about(const struct text *t, const struct span_task *task)
{
	const struct summary *s = t->s;
	char text[2 * TEXT_NAME_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	strbuf_add(&b, "Begun in process %" PRIu32 " by ", task->pid);
	for (size_t i = 0; i < s->threads_nr; i++) {
		if (s->threads[i].tid != task->tid || s->threads[i].pid != task->pid)
			continue;
		strbuf_escaped(&b, s->threads[i].comm);
		strbuf_add(&b, ", ");
		break;
	}
	strbuf_add(&b, "thread %" PRIu32 ", at ", task->tid);
	text_when(t, &b, task->begin);
	if (task->threads > 1)
		strbuf_add(&b, "; %" PRIu32 " threads worked for it", task->threads);
	if (task->parent_name[0]) {
		strbuf_add(&b, "; a child of ");
		strbuf_escaped(&b, task->parent_name);
	}
	if (task->traceparent[0]) {
		strbuf_add(&b, "; traceparent ");
		strbuf_escaped(&b, task->traceparent);
	}
	strbuf_add(&b, ".");
	text_sgr(t, "2");
	text_wrap(t, 0, 0, text);
	text_sgr(t, "0");
	if (task->flags & SPAN_TAINTED) {
		text_sgr(t, "31");
		text_wrap(t, 0, 0, "Events were lost meanwhile: its times may be wrong.");
		text_sgr(t, "0");
	}
}

/* What its time hung on, in order of size. */
static void print_path(const struct text *t, const struct span_task *task)
{
	char text[4 * TEXT_NAME_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	strbuf_add(&b, "Its time hung on: ");
	if (!words_path(&b, &task->path, CAUSES_SHOWN))
		return;
	strbuf_add(&b, ".");
	text_wrap(t, 0, 0, text);
}

static int print_story(const struct text *t, const struct span_task *task)
{
	char why[STORY_SZ];

	fputc('\n', t->out);
	story_sentence(why, sizeof(why), task);
	text_sgr(t, "1");
	text_wrap(t, 0, 0, why);
	text_sgr(t, "0");
	print_path(t, task);
	print_about(t, task);
	return print_steps(t, task);
}

/* A name, to be sorted by its slowest task. */
struct name {
	const struct summary_task *task;
};

static int slowest_first(const void *a, const void *b)
{
	const struct summary_task *x = ((const struct name *)a)->task;
	const struct summary_task *y = ((const struct name *)b)->task;

	if (x->duration_ns.max != y->duration_ns.max)
		return x->duration_ns.max < y->duration_ns.max ? 1 : -1;
	return x < y ? -1 : x > y; /* both are in the summary's array */
}

/* At most `each` stories of each name. */
static int print_stories(const struct text *t, const struct name *names, size_t nr,
			 unsigned int each)
{
	int ret = 0;

	if (!nr)
		return 0;
	text_sgr(t, "1");
	fputs("\nSLOWEST TASKS\n", t->out);
	text_sgr(t, "0");
	for (size_t i = 0; i < nr; i++)
		for (size_t k = 0; k < names[i].task->slowest_nr && k < each && !ret; k++)
			ret = print_story(t, &names[i].task->slowest[k]);
	return ret;
}

int text_stories(const struct text *t)
{
	const struct summary *s = t->s;
	unsigned int asked = t->ctx->slowest;
	struct name *names = calloc(s->tasks_nr + 1, sizeof(*names));
	size_t nr = 0;
	int ret;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < s->tasks_nr; i++) {
		names[nr].task = &s->tasks[i];
		nr += s->tasks[i].slowest_nr != 0;
	}
	qsort(names, nr, sizeof(*names), slowest_first);
	ret = print_stories(t, names, asked || nr < NAMES_SHOWN ? nr : NAMES_SHOWN,
			    asked ? asked : 1);
	free(names);
	return ret;
}
