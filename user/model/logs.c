/* SPDX-License-Identifier: MIT */
/* logs.c - see logs.h. Invariant: what reaches a task or a sink ends in a NUL. */
#include <string.h>

#include "model/join.h"
#include "model/logs.h"
#include "model/names.h"
#include "model/regions.h"
#include "model/tasks.h"
#include "model/threads.h"

#define CUT_MARK "…"

/* version-traceid-parentid-flags in lower-case hex, version not ff, no id all zero. */
static bool traceparent_is_valid(const char *s, size_t max)
{
	static const char form[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
	size_t n = strnlen(s, max);

	if (n != sizeof(form) - 1 || memcmp(s, "ff", 2) == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (form[i] == '-' ? s[i] != '-' : !s[i] || !strchr("0123456789abcdef", s[i]))
			return false;
	}
	return strspn(s + 3, "0") < 32 && strspn(s + 36, "0") < 16;
}

void logs_parent(struct model *m, const struct wire_parent *r)
{
	struct thread *th = threads_of(m, r->h.tid, r->h.ts, 0);
	struct task *t;

	if (!th) {
		m->misuse[MISUSE_THREAD_GONE]++;
		return;
	}
	join_advance(m, th, r->h.ts);
	if (!traceparent_is_valid(r->traceparent, sizeof(r->traceparent))) {
		m->misuse[MISUSE_TRACEPARENT]++;
		return;
	}
	t = tasks_find(m, th->process, r->id);
	if (!t)
		return;
	memcpy(t->traceparent, r->traceparent, sizeof(t->traceparent));
	tasks_tell_open(m, t);
}

/* Up to n bytes of text, or its NUL; ends `to` in one. Returns where. */
static char *copy_text(char *to, const char *text, size_t n)
{
	n = strnlen(text, n);
	memcpy(to, text, n);
	to[n] = '\0';
	return to + n;
}

void logs_log(struct model *m, const struct wire_log *r)
{
	struct thread *th = threads_of(m, r->h.tid, r->h.ts, 0);
	char category[WIRE_REC_MAX + 1], message[WIRE_REC_MAX + sizeof(CUT_MARK)];
	const char *text = (const char *)(r + 1);
	struct span_log log = {.task_id = r->task, .category = category, .message = message};
	struct task *t;
	struct step *step;
	char *message_end;

	if (!th) {
		m->misuse[MISUSE_THREAD_GONE]++;
		return;
	}
	join_advance(m, th, r->h.ts);
	log.thread = &th->view;
	log.ts = th->last_ts;
	copy_text(category, text, r->category_n);
	message_end = copy_text(message, text + r->category_n, r->message_n);
	if (r->h.flags & WIRE_LOG_CUT)
		memcpy(message_end, CUT_MARK, sizeof(CUT_MARK));
	t = r->task ? tasks_find(m, th->process, r->task) : NULL;
	log.span_nr = regions_span(th, t ? t->nr : 0);
	step = t ? story_add(&m->stories, &t->story, STORY_LOG, log.ts, log.ts) : NULL;
	if (step) {
		step->name = names_text(m, category, sizeof(category));
		step->depth = th->regions_nr;
		step->tid = th->view.tid;
		memcpy(step->comm, th->comm, sizeof(step->comm));
		memccpy(step->text, message, '\0', sizeof(step->text) - 1);
		step->text[sizeof(step->text) - 1] = '\0';
	}
	MODEL_EMIT(m, log, &log);
}
