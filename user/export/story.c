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
#include "export/story.h"
#include "export/words.h"

/* From this share of the wall time on, one wait is the story; in percent. */
#define ONE_WAIT 40

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool inside(const struct story_step *in, const struct story_step *of)
{
	return in != of && in->tid == of->tid && in->begin >= of->begin && in->end <= of->end;
}

/* The innermost region around a step, or NULL. */
static const struct story_step *region_around(const struct span_task *t,
					      const struct story_step *step)
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

static uint64_t cost(const struct span_task *t, const struct story_step *step)
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

/* All ways to lack a CPU are of one kind: RUNNABLE. STATE_NR stands for any. */
static bool is_kind(enum state state, enum state kind)
{
	return state == kind || kind == STATE_NR ||
	       (kind == STATE_RUNNABLE && words_is_queue(state));
}

/* The costliest step of a kind; state: of waits, their kind. */
static const struct story_step *largest(const struct span_task *t, enum story_kind kind,
					enum state state)
{
	const struct story_step *found = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];

		if (s->kind != kind || (kind == STORY_WAIT && !is_kind(s->wait->state, state)))
			continue;
		if (cost(t, s) > most) {
			most = cost(t, s);
			found = s;
		}
	}
	return found;
}

const struct story_step *story_largest(const struct span_task *task)
{
	static const enum story_kind kinds[] = {STORY_WAIT, STORY_REGION, STORY_CHILD};
	const struct story_step *found = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct story_step *s = largest(task, kinds[i], STATE_NR);

		if (s && (!found || cost(task, s) > cost(task, found)))
			found = s;
	}
	return found;
}

static void in_region(struct strbuf *b, const struct span_task *t, const struct story_step *step)
{
	const struct story_step *region = region_around(t, step);

	if (!region)
		return;
	strbuf_add(b, " in region ");
	strbuf_escaped(b, region->name);
}

/*
 * "71.0 ms for a lock (futex 0x7f12) in region parse, 3.10 ms of that for a CPU, once woken".
 * what: whether it is to be said what it waited for.
 */
static void the_wait(struct strbuf *b, const struct span_task *t, const struct story_step *step,
		     bool what)
{
	const struct span_wait *w = step->wait;
	uint64_t queued = words_queued(w);
	char ns[HUMAN_SZ];

	strbuf_add(b, "%s", human_ns(ns, step->end - step->begin));
	if (what)
		strbuf_add(b, " %s", words_for(w->state));
	words_resource(b, w->state, w->resource, w->syscall);
	in_region(b, t, step);
	if (queued)
		strbuf_add(b, ", %s of that for a CPU, once woken", human_ns(ns, queued));
}

/* " The wait was ended by demo-worker-3, then in region rebuild-index of POST /orders." */
static void ended_by(struct strbuf *b, const struct span_waker *w)
{
	size_t before = b->len, who;

	strbuf_add(b, " The wait was ended by ");
	who = b->len;
	words_who(b, w->comm, w->tid, w->ctx);
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

/* Whoever had the CPU last is a suspect of a wait for it. */
static void cpu_was_with(struct strbuf *b, const struct span_wait *w)
{
	if (!w->prev_tid || !w->prev_comm[0])
		return;
	strbuf_add(b, " Until then its CPU ran ");
	strbuf_escaped(b, w->prev_comm);
	strbuf_add(b, " (%" PRIu32 ").", w->prev_tid);
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
	const struct span_wait *w = step->wait;
	char percent[HUMAN_SZ];
	size_t first;

	strbuf_add(b, "; %s of it was one wait: ",
		   human_percent(percent, step->end - step->begin, t->end - t->begin));
	the_wait(b, t, step, true);
	strbuf_add(b, ".");
	first = b->len;
	if (words_is_queue(w->state) || words_queued(w) > (w->end - w->begin) / 2)
		cpu_was_with(b, w);
	else
		ended_by(b, &w->waker);
	if (b->len == first) {
		struct shares s = shares_of(t->spent, t->idle_ns);
		bool named[SHARE_NR] = {false};

		named[w->state] = true;
		the_rest(b, &s, named);
	}
}

static void mostly_running(struct strbuf *b, const struct span_task *t, const char *percent)
{
	const struct story_step *region = largest(t, STORY_REGION, STATE_NR);
	uint64_t running = t->spent->ns[STATE_RUNNING], kernel = t->spent->over.syscall_ns;
	char ns[HUMAN_SZ];

	strbuf_add(b, "; it spent %s of its time running on a CPU", percent);
	if (region) {
		strbuf_add(b, ", %s in region ", human_ns(ns, own_running(t, region)));
		strbuf_escaped(b, region->name);
	}
	if (kernel > running / 2)
		strbuf_add(b, ", %s in system calls", human_ns(ns, kernel));
	strbuf_add(b, ".");
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

/* The thread that took the task up after the longest gap; it may have lain in a queue. */
static const struct story_step *taken_up(const struct span_task *t, uint64_t *gap)
{
	const struct story_step *found = NULL;

	*gap = t->idle_ns / 2;
	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct story_step *s = &t->steps[i];
		uint64_t ns = s->kind == STORY_ENTER ? gap_before(t, s) : 0;

		/* More than was idle: steps in between are among those left out. */
		if (ns > *gap && ns <= t->idle_ns) {
			*gap = ns;
			found = s;
		}
	}
	return found;
}

static void mostly_idle(struct strbuf *b, const struct span_task *t, const char *percent)
{
	const struct story_step *child = largest(t, STORY_CHILD, STATE_NR), *enter;
	char ns[HUMAN_SZ];
	uint64_t gap;

	strbuf_add(b, "; during %s of its time no thread worked for it", percent);
	if (child && cost(t, child) > t->idle_ns / 2) {
		strbuf_add(b, ", while its child ");
		strbuf_escaped(b, child->name);
		strbuf_add(b, " took %s", human_ns(ns, child->end - child->begin));
	} else if ((enter = taken_up(t, &gap))) {
		strbuf_add(b, ": it lay for %s until ", human_ns(ns, gap));
		strbuf_escaped(b, enter->comm);
		strbuf_add(b, " took it up");
	}
	strbuf_add(b, ".");
}

/* A child that took most of the time, and may tell more. */
static void took_most(struct strbuf *b, const struct span_task *t)
{
	const struct story_step *child = largest(t, STORY_CHILD, STATE_NR);
	char ns[HUMAN_SZ];

	if (!child || cost(t, child) <= (t->end - t->begin) / 2)
		return;
	strbuf_add(b, " Its child ");
	strbuf_escaped(b, child->name);
	strbuf_add(b, " took %s.", human_ns(ns, child->end - child->begin));
}

static void mostly_waiting(struct strbuf *b, const struct span_task *t, enum state state,
			   const char *percent)
{
	const struct story_step *step = largest(t, STORY_WAIT, state);

	strbuf_add(b, "; it spent %s of its time %s%s", percent,
		   strncmp(words_for(state), "for ", 4) ? "" : "waiting ", words_for(state));
	if (step) {
		strbuf_add(b, ", the longest wait ");
		the_wait(b, t, step, false);
	}
	strbuf_add(b, ".");
	if (step && state == STATE_RUNNABLE)
		cpu_was_with(b, step->wait);
}

/* The kind of time of which there is most. */
static int main_share(const struct shares *s, uint64_t *ns)
{
	int top = 0;

	*ns = 0;
	for (int i = 0; i < SHARE_NR; i++) {
		uint64_t n = s->ns[i];

		for (int k = 0; i == STATE_RUNNABLE && k < STATE_NR; k++)
			n += k != i && is_kind((enum state)k, STATE_RUNNABLE) ? s->ns[k] : 0;
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
		named[i] = top != SHARE_IDLE && is_kind((enum state)i, (enum state)top);
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
	const struct story_step *wait = largest(task, STORY_WAIT, STATE_NR);
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
	    (unsigned __int128)cost(task, wait) * 100 >= (unsigned __int128)wall * ONE_WAIT)
		one_wait(&b, task, wait);
	else
		main_kind(&b, task);
	return (int)b.len;
}
