/* SPDX-License-Identifier: MIT */
/*
 * story.c - see story.h
 *
 * A task's wall time is held against one wait first, since one wait has one remedy, then against
 * the kind of time that it spent most of. Invariant: every figure is one of the task's own; an
 * unknown waker or region is left out, never guessed.
 */
#include <inttypes.h>
#include <string.h>

#include "base/human.h"
#include "ctrace/wire.h"
#include "export/blame_words.h"
#include "export/clues.h"
#include "export/story.h"
#include "export/words.h"

/* From this share of the wall time on, one wait is the story; in percent. */
#define ONE_WAIT 40
/* Of those who had the CPU, so many are told apart before they are summed up. */
#define CULPRITS 64

static void in_region(struct strbuf *b, const struct span_task *t, const struct story_step *step)
{
	const struct story_step *region = clues_region(t, step);

	if (!region)
		return;
	strbuf_add(b, " in region ");
	strbuf_escaped(b, region->name);
}

/*
 * "67.9 ms for a lock (futex 0x7f12) in region parse, then 3.10 ms for a CPU", or, if the CPU is
 * the kind, "43.8 ms ready, waiting for a CPU, after 100 µs for the disk (file)". kind STATE_NR:
 * what there is more of. What was said to be the kind is not said again.
 */
static void the_wait(struct strbuf *b, const struct span_task *t, const struct story_step *step,
		     enum state kind)
{
	const struct span_wait *w = step->wait;
	uint64_t ready = words_is_queue(w->state) ? 0 : words_ready(w);
	uint64_t blocked = w->end - w->begin - ready;
	bool cpu = kind == STATE_NR ? words_mostly_ready(w) : kind == STATE_RUNNABLE && ready;
	char ns[HUMAN_SZ];

	if (cpu) {
		strbuf_add(b, "%s", human_ns(ns, ready));
		strbuf_add(b, "%s, after %s", kind == STATE_NR ? " ready, waiting for a CPU" : "",
			   human_ns(ns, blocked));
	} else {
		strbuf_add(b, "%s", human_ns(ns, blocked));
	}
	if (cpu || kind == STATE_NR)
		strbuf_add(b, " %s", words_for(w->state));
	words_resource(b, w->state, w->resource, w->syscall);
	words_peer(b, &w->peer);
	words_holder(b, &w->holder);
	in_region(b, t, step);
	if (!cpu && words_queued(w))
		strbuf_add(b, ", then %s for a CPU", human_ns(ns, ready));
}

/* " The wait was ended by demo-worker-3, then in region rebuild-index of POST /orders." */
static void ended_by(struct strbuf *b, const struct span_waker *w)
{
	size_t before = b->len, who;

	strbuf_add(b, " The wait was ended by ");
	who = b->len;
	words_who(b, w->comm, w->tid, w->ctx, w->softirq);
	if (b->len == who) {
		b->s[b->len = before] = '\0';
		return;
	}
	if (w->ctx == WIRE_WAKER_TASK && (w->region[0] || w->task[0])) {
		strbuf_add(b, w->region[0] ? ", then in region " : ", then working for ");
		strbuf_escaped(b, w->region[0] ? w->region : w->task);
		if (w->region[0] && w->task[0]) {
			strbuf_add(b, " of ");
			strbuf_escaped(b, w->task);
		}
	}
	strbuf_add(b, ".");
}

/* " Meanwhile rebuild ran in rebuild-index for 61.9 ms, and was preempted for 9.00 ms." */
static void meanwhile(struct strbuf *b, const struct span_wait *w, const char *when)
{
	size_t before = b->len, said;

	strbuf_add(b, " %s ", when);
	said = b->len;
	words_chain(b, w);
	if (b->len == said)
		b->s[b->len = before] = '\0';
	else
		strbuf_add(b, ".");
}

/* " Meanwhile its CPU ran stress-ng (77) 20.1 ms." or at least who left it last. */
static void cut_in(struct strbuf *b, const struct span_wait *w)
{
	if (w->culprits_nr) {
		strbuf_add(b, " Meanwhile its CPU ran ");
		words_culprits(b, w);
		strbuf_add(b, ".");
		return;
	}
	if (!w->prev_tid || !w->prev_comm[0])
		return;
	strbuf_add(b, " Until then its CPU ran ");
	strbuf_escaped(b, w->prev_comm);
	strbuf_add(b, " (%" PRIu32 ").", w->prev_tid);
}

/*
 * " Meanwhile its CPU ran stress-ng (77) 20.1 ms.", of all its waits together; or, where the kernel
 * side did not count, " Waits of 23.1 ms ended when stress-ng (77) left the CPU to it."
 */
static void cpu_was_with(struct strbuf *b, const struct span_task *t)
{
	struct span_culprit by[CULPRITS];
	const struct span_wait *suspect;
	struct span_wait all;
	char text[HUMAN_SZ];
	uint64_t ns;

	clues_cpu(t, &all, by, CULPRITS);
	if (all.culprits_nr) {
		cut_in(b, &all);
		return;
	}
	suspect = clues_suspect(t, &ns);
	if (!suspect)
		return;
	strbuf_add(b, " Waits of %s ended when ", human_ns(text, ns));
	strbuf_escaped(b, suspect->prev_comm);
	strbuf_add(b, " (%" PRIu32 ") left the CPU to it.", suspect->prev_tid);
}

/* " Meanwhile its child x took 43.9 ms." or that it began late. */
static void told_by_child(struct strbuf *b, const struct story_step *child,
			  const struct story_step *wait)
{
	uint64_t late = child->begin > wait->begin ? child->begin - wait->begin : 0;
	char took[HUMAN_SZ], after[HUMAN_SZ];

	human_ns(took, child->end - child->begin);
	strbuf_add(b,
		   late > (wait->end - wait->begin) / 2 ? " Its child " : " Meanwhile its child ");
	strbuf_escaped(b, child->name);
	if (late > (wait->end - wait->begin) / 2)
		strbuf_add(b, " began only %s later, and took %s.", human_ns(after, late), took);
	else
		strbuf_add(b, " took %s.", took);
}

/* What time there is besides the kinds that were named: " The rest: running 9%, network 5%." */
static void the_rest(struct strbuf *b, const struct shares *s, const bool named[SHARE_NR])
{
	struct shares rest = {.whole = s->whole};
	bool any = false;

	for (int i = 0; i < SHARE_NR; i++) {
		rest.ns[i] = named[i] || s->ns[i] < s->whole / 100 ? 0 : s->ns[i];
		any |= rest.ns[i] != 0;
	}
	if (!any)
		return;
	strbuf_add(b, " The rest: ");
	words_shares(b, &rest, ", ", 1);
	strbuf_add(b, ".");
}

static void one_wait(struct strbuf *b, const struct span_task *t, const struct story_step *step)
{
	const struct story_step *child = clues_child_meanwhile(t, step);
	const struct span_wait *w = step->wait;
	char percent[HUMAN_SZ];
	size_t first;

	strbuf_add(b, "; %s of it was one wait: ",
		   human_percent(percent, step->end - step->begin, t->end - t->begin));
	the_wait(b, t, step, STATE_NR);
	strbuf_add(b, ".");
	first = b->len;
	if (words_is_queue(w->state) || words_mostly_ready(w))
		cut_in(b, w);
	else if (child)
		told_by_child(b, child, step);
	else if (words_waker_tells(w->state, w->waker.ctx))
		ended_by(b, &w->waker);
	if (!words_is_queue(w->state) && !words_mostly_ready(w))
		meanwhile(b, w, child ? "At that time" : "Meanwhile");
	if (b->len == first) {
		struct shares s = shares_of(t->spent, t->idle_ns);
		bool named[SHARE_NR] = {false};
		uint64_t ready;

		named[w->state] = true;
		/* Its way back to a CPU is told as a part of it. */
		ready = words_ready(w);
		s.ns[STATE_RUNNABLE] -= ready < s.ns[STATE_RUNNABLE] ? ready : s.ns[STATE_RUNNABLE];
		the_rest(b, &s, named);
	}
}

static void mostly_running(struct strbuf *b, const struct span_task *t, const char *percent)
{
	const struct story_step *region = clues_largest(t, STORY_REGION, STATE_NR);
	uint64_t running = t->spent->ns[STATE_RUNNING], kernel = t->spent->over.syscall_ns;
	char ns[HUMAN_SZ];

	strbuf_add(b, "; it spent %s of its time running on a CPU", percent);
	if (region) {
		strbuf_add(b, ", %s in region ", human_ns(ns, clues_cost(t, region)));
		strbuf_escaped(b, region->name);
	}
	if (kernel > running / 2)
		strbuf_add(b, ", %s in system calls", human_ns(ns, kernel));
	strbuf_add(b, ".");
}

static void mostly_idle(struct strbuf *b, const struct span_task *t, const char *percent)
{
	const struct story_step *child = clues_largest(t, STORY_CHILD, STATE_NR), *enter;
	char ns[HUMAN_SZ];
	uint64_t gap;

	strbuf_add(b, "; during %s of its time no thread worked for it", percent);
	enter = clues_taken_up(t, &gap);
	if (enter) {
		strbuf_add(b, ": it lay for %s until ", human_ns(ns, gap));
		strbuf_escaped(b, enter->comm);
		strbuf_add(b, " took it up");
	} else if (child && clues_cost(t, child) > t->idle_ns / 2) {
		strbuf_add(b, ", while its child ");
		strbuf_escaped(b, child->name);
		strbuf_add(b, " took %s", human_ns(ns, child->end - child->begin));
	}
	strbuf_add(b, ".");
}

/* A child that took most of the time, and may tell more. */
static void took_most(struct strbuf *b, const struct span_task *t)
{
	const struct story_step *child = clues_largest(t, STORY_CHILD, STATE_NR);
	char ns[HUMAN_SZ];

	if (!child || clues_cost(t, child) <= (t->end - t->begin) / 2)
		return;
	strbuf_add(b, " Its child ");
	strbuf_escaped(b, child->name);
	strbuf_add(b, " took %s.", human_ns(ns, child->end - child->begin));
}

static void mostly_waiting(struct strbuf *b, const struct span_task *t, enum state state,
			   const char *percent)
{
	const struct story_step *step = clues_largest(t, STORY_WAIT, state);

	strbuf_add(b, "; it spent %s of its time %s%s", percent,
		   strncmp(words_for(state), "for ", 4) ? "" : "waiting ", words_for(state));
	if (step) {
		strbuf_add(b, ", the longest wait ");
		the_wait(b, t, step, state);
	}
	strbuf_add(b, ".");
	if (state == STATE_RUNNABLE)
		cpu_was_with(b, t);
	else if (step)
		meanwhile(b, step->wait, "During that,");
}

/* The kind of time of which there is most. */
static int main_share(const struct shares *s, uint64_t *ns)
{
	int top = 0;

	*ns = 0;
	for (int i = 0; i < SHARE_NR; i++) {
		uint64_t n = s->ns[i];

		for (int k = 0; i == STATE_RUNNABLE && k < STATE_NR; k++)
			n += k != i && clues_is_kind((enum state)k, STATE_RUNNABLE) ? s->ns[k] : 0;
		if (n > *ns) {
			*ns = n;
			top = i;
		}
	}
	return top;
}

static void main_kind(struct strbuf *b, const struct span_task *t)
{
	struct shares s = shares_of(t->spent, t->idle_ns);
	bool named[SHARE_NR] = {false};
	char percent[HUMAN_SZ];
	uint64_t ns;
	int top = main_share(&s, &ns);

	human_percent(percent, ns, s.whole);
	if (!ns) {
		strbuf_add(b, "; nothing tells where its time went.");
		return;
	}
	for (int i = 0; i < STATE_NR; i++)
		named[i] = top != SHARE_IDLE && clues_is_kind((enum state)i, (enum state)top);
	named[top] = true;
	if (top == STATE_RUNNING)
		mostly_running(b, t, percent);
	else if (top == SHARE_IDLE)
		mostly_idle(b, t, percent);
	else
		mostly_waiting(b, t, (enum state)top, percent);
	if (top != SHARE_IDLE)
		took_most(b, t);
	the_rest(b, &s, named);
}

int story_sentence(char *buf, size_t sz, const struct span_task *task)
{
	const struct story_step *wait = clues_largest(task, STORY_WAIT, STATE_NR);
	uint64_t wall = task->end - task->begin;
	char ns[HUMAN_SZ];
	struct strbuf b;

	strbuf_init(&b, buf, sz);
	strbuf_escaped(&b, task->name);
	strbuf_add(&b, " %s %s", task->flags & SPAN_FAILED ? "failed after" : "took",
		   human_ns(ns, wall));
	if (task->fail_message[0]) {
		strbuf_add(&b, " (");
		strbuf_escaped(&b, task->fail_message);
		strbuf_add(&b, ")");
	}
	if (wait && wall &&
	    (unsigned __int128)clues_cost(task, wait) * 100 >= (unsigned __int128)wall * ONE_WAIT)
		one_wait(&b, task, wait);
	else
		main_kind(&b, task);
	return (int)b.len;
}
