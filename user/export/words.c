/* SPDX-License-Identifier: MIT */
/* words.c - see words.h. Invariant: a phrase claims no more than the records say. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "ctrace/wire.h"
#include "export/words.h"

/* Of those who had a CPU, so many are named; from which part of a wait on the rest is told. */
enum { CULPRITS_TOLD = 2, UNKNOWN_TOLD = 20 };

struct shares shares_of(const struct breakdown *spent, uint64_t idle_ns)
{
	struct shares s = {.whole = idle_ns};

	for (int i = 0; i < STATE_NR; i++) {
		s.ns[i] = spent->ns[i];
		s.whole += spent->ns[i];
	}
	s.ns[SHARE_IDLE] = idle_ns;
	return s;
}

void words_shares(struct strbuf *b, const struct shares *s, const char *between, int least)
{
	bool done[SHARE_NR] = {false};
	char percent[HUMAN_SZ];

	for (int nr = 0; nr < SHARE_NR; nr++) {
		int top = -1;

		for (int i = 0; i < SHARE_NR; i++)
			if (!done[i] && s->ns[i] && (top < 0 || s->ns[i] > s->ns[top]))
				top = i;
		if (top < 0 || (nr >= least && s->ns[top] < s->whole / 100))
			return;
		done[top] = true;
		strbuf_add(b, "%s%s %s", nr ? between : "",
			   top == SHARE_IDLE ? "idle" : state_names[top],
			   human_percent(percent, s->ns[top], s->whole));
	}
}

static const struct {
	const char *what, *did;
} phrases[STATE_NR] = {
	[STATE_RUNNING] = {"on a CPU", "ran"},
	[STATE_RUNNABLE] = {"for a CPU", "waited for a CPU"},
	[STATE_PREEMPTED] = {"for the CPU it had lost to others", "was preempted"},
	[STATE_THROTTLED] = {"for its cgroup's CPU quota", "was stopped by its cgroup's CPU quota"},
	[STATE_YIELD] = {"for the CPU it had given away", "gave its CPU away"},
	[STATE_DISK] = {"for the disk", "waited for the disk"},
	[STATE_FAULT] = {"for a page of memory", "waited for a page of memory"},
	[STATE_NETWORK] = {"for the network", "waited for the network"},
	[STATE_POLL] = {"for events", "waited for events"},
	[STATE_LOCK] = {"for a lock", "waited for a lock"},
	[STATE_IPC] = {"for another process or thread", "waited for another process or thread"},
	[STATE_SLEEP] = {"asleep", "slept"},
	[STATE_CHILD] = {"for a child process", "waited for a child process"},
	[STATE_STOPPED] = {"stopped", "was stopped"},
	[STATE_OTHER] = {"blocked", "was blocked"},
	[STATE_UNKNOWN] = {"off CPU, nothing tells why", "was off CPU, nothing tells why"},
};

const char *words_for(enum state state)
{
	return phrases[state].what;
}

bool words_is_queue(enum state s)
{
	return s == STATE_RUNNABLE || s == STATE_PREEMPTED || s == STATE_YIELD;
}

void words_resource(struct strbuf *b, enum state state, const char *resource, const char *syscall)
{
	size_t at;

	if (!resource[0] || !strcmp(resource, state_names[state]))
		resource = state == STATE_SLEEP ? "" : syscall;
	/* Who only lacks a CPU does not wait for what it was about to do. */
	if (!resource[0] || words_is_queue(state) || state == STATE_THROTTLED)
		return;
	strbuf_add(b, " (");
	at = b->len;
	strbuf_escaped(b, resource);
	/* "socket (inet)" is to stand in parentheses itself. */
	for (; at < b->len; at++)
		b->s[at] = b->s[at] == '(' ? '[' : b->s[at] == ')' ? ']' : b->s[at];
	strbuf_add(b, ")");
}

uint64_t words_ready(const struct span_wait *w)
{
	uint64_t woken = w->woken < w->begin ? w->begin : w->woken;

	return woken < w->end ? w->end - woken : 0;
}

uint64_t words_queued(const struct span_wait *w)
{
	uint64_t ready = words_ready(w);

	return words_is_queue(w->state) || ready <= (w->end - w->begin) / 20 ? 0 : ready;
}

bool words_mostly_ready(const struct span_wait *w)
{
	return words_queued(w) > (w->end - w->begin) / 2;
}

void words_peer(struct strbuf *b, const struct span_peer *peer)
{
	if (!peer->pid)
		return;
	strbuf_add(b, " with ");
	strbuf_escaped(b, peer->comm[0] ? peer->comm : "process");
	strbuf_add(b, peer->comm[0] ? " (%" PRIu32 ")" : " %" PRIu32, peer->pid);
}

void words_holder(struct strbuf *b, const struct span_waker *holder)
{
	if (!holder->tid)
		return;
	strbuf_add(b, ", held by ");
	words_waker(b, holder);
	strbuf_add(b, " (hint)");
}

void words_culprits(struct strbuf *b, const struct span_wait *w)
{
	const uint64_t ready = words_is_queue(w->state) ? w->end - w->begin : words_ready(w);
	size_t nr = w->culprits_nr < CULPRITS_TOLD ? w->culprits_nr : CULPRITS_TOLD;
	uint64_t others = w->culprits_others_ns, known = others + w->cpu_idle_ns;
	char ns[HUMAN_SZ];

	for (size_t i = 0; i < w->culprits_nr; i++)
		known += w->culprits[i].ns;

	for (size_t i = nr; i < w->culprits_nr; i++)
		others += w->culprits[i].ns;
	for (size_t i = 0; i < nr; i++) {
		const struct span_culprit *by = &w->culprits[i];

		strbuf_add(b, "%s", i ? ", " : "");
		strbuf_escaped(b, by->comm[0] ? by->comm : "thread");
		/* Its comm may be the waiter's own, or that of many. */
		strbuf_add(b, " (%" PRIu32 ") %s", by->tid, human_ns(ns, by->ns));
	}
	if (nr && others)
		strbuf_add(b, " and others %s", human_ns(ns, others));
	/* Who is named may not be who had most of it. */
	if (nr && known < ready && ready - known > ready / UNKNOWN_TOLD)
		strbuf_add(b, " (of %s it is not known)", human_ns(ns, ready - known));
}

void words_did(struct strbuf *b, const struct span_wait *wait)
{
	strbuf_add(b, "%s", phrases[wait->state].did);
	words_resource(b, wait->state, wait->resource, wait->syscall);
	words_peer(b, &wait->peer);
	words_holder(b, &wait->holder);
}

void words_wait(struct strbuf *b, const struct span_wait *wait)
{
	uint64_t queued = words_queued(wait);
	char ns[HUMAN_SZ];

	if (words_mostly_ready(wait)) {
		strbuf_add(b, "waited %s for a CPU, after ", human_ns(ns, queued));
		strbuf_add(b, "%s %s", human_ns(ns, wait->end - wait->begin - queued),
			   words_for(wait->state));
		words_resource(b, wait->state, wait->resource, wait->syscall);
	} else {
		words_did(b, wait);
	}
	if (queued && !words_mostly_ready(wait))
		strbuf_add(b, ", then %s for a CPU", human_ns(ns, queued));
	if (wait->open)
		strbuf_add(b, ", still at the end of the trace");
}

void words_who(struct strbuf *b, const char *comm, uint32_t tid, uint8_t ctx, const char *softirq)
{
	static const char *const interrupts[] = {
		[WIRE_WAKER_SOFTIRQ] = "a softirq",
		[WIRE_WAKER_HARDIRQ] = "an interrupt",
		[WIRE_WAKER_NMI] = "an NMI",
	};

	if (ctx == WIRE_WAKER_SOFTIRQ && softirq[0])
		strbuf_add(b, "softirq %s", softirq);
	else if (ctx < sizeof(interrupts) / sizeof(interrupts[0]) && interrupts[ctx])
		strbuf_add(b, "%s", interrupts[ctx]);
	else if (comm[0] && ctx != WIRE_WAKER_NONE)
		strbuf_escaped(b, comm);
	else if (tid && ctx != WIRE_WAKER_NONE)
		strbuf_add(b, "thread %" PRIu32, tid);
}

void words_suspect(struct strbuf *b, const struct span_wait *wait)
{
	if (!words_is_queue(wait->state) && !words_mostly_ready(wait))
		return;
	if (wait->culprits_nr) {
		strbuf_add(b, "; meanwhile its CPU ran ");
		words_culprits(b, wait);
		return;
	}
	if (!wait->prev_tid || !wait->prev_comm[0])
		return;
	strbuf_add(b, "; until then its CPU ran ");
	strbuf_escaped(b, wait->prev_comm);
	/* Its comm may be the waiter's own, or that of many. */
	strbuf_add(b, " (%" PRIu32 ")", wait->prev_tid);
}

bool words_waker_tells(enum state state, uint8_t ctx)
{
	return ctx == WIRE_WAKER_TASK ||
	       (state != STATE_SLEEP && state != STATE_DISK && state != STATE_NETWORK);
}

size_t words_stem(const char *comm)
{
	size_t len = strlen(comm), stem = len;

	while (stem && comm[stem - 1] >= '0' && comm[stem - 1] <= '9')
		stem--;
	return stem ? stem : len;
}

bool words_alike(const char *a, const char *b)
{
	size_t n = words_stem(a);

	return !strcmp(a, b) || (words_stem(b) == n && a[n] && b[n] && !memcmp(a, b, n));
}

void words_names(struct strbuf *b, const char *comm, bool several)
{
	char stem[256];

	snprintf(stem, sizeof(stem), "%.*s", (int)words_stem(comm), comm);
	strbuf_escaped(b, several ? stem : comm);
	if (several)
		strbuf_add(b, "*");
}

void words_waker(struct strbuf *b, const struct span_waker *waker)
{
	size_t before = b->len;

	words_who(b, waker->comm, waker->tid, waker->ctx, waker->softirq);
	if (b->len == before || waker->ctx != WIRE_WAKER_TASK)
		return;
	if (waker->region[0]) {
		strbuf_add(b, " in ");
		strbuf_escaped(b, waker->region);
	}
	if (waker->task[0]) {
		strbuf_add(b, " for ");
		strbuf_escaped(b, waker->task);
	}
}
