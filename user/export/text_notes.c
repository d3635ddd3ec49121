/* SPDX-License-Identifier: MIT */
/*
 * text_notes.c - what the text report says above its tables: losses, doubts, filters
 *
 * Invariant: whatever may make a number wrong, or is left out, has a line here.
 */
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/strbuf.h"
#include "ctrace/wire.h"
#include "export/newer.h"
#include "export/text.h"

/* Names that are offered instead of one that nothing has. */
#define NAMES_LISTED 8

/* "ring_full", or that with the kind of records that had no room: "ring_full_region" */
static bool is_ring_full(const char *name)
{
	return !strncmp(name, "ring_full", strlen("ring_full"));
}

static const char *loss_text(const char *name)
{
#define LOSS(nr, NAME, loss, text) {loss, text},
	static const struct {
		const char *name, *text;
	} texts[] = {WIRE_LOSSES(LOSS)};
#undef LOSS

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(texts[i].name, name))
			return texts[i].text;
	return is_ring_full(name) && strcmp(name, "ring_full") ? loss_text("ring_full") : "";
}

void text_loss_reasons(const struct text *t)
{
	const struct capture_info *c = t->s->capture;
	char text[TEXT_NAME_SZ], buf[HUMAN_SZ];
	bool ring_full = false;
	struct strbuf b;

	for (size_t i = 0; i < c->losses_nr; i++) {
		const char *why = loss_text(c->losses[i].name);

		strbuf_init(&b, text, sizeof(text));
		strbuf_add(&b, "%s ", human_count(buf, c->losses[i].count));
		strbuf_escaped(&b, c->losses[i].name);
		if (why[0])
			strbuf_add(&b, ": %s", why);
		text_wrap(t, 0, 2, text);
		ring_full |= is_ring_full(c->losses[i].name);
	}
	if (ring_full)
		text_wrap(t, 0, 2, "Next time, a larger --ring-size may have room for all.");
}

/* What the loss may have made wrong, in the reader's terms. */
static void print_tainted(const struct text *t)
{
	const struct summary *s = t->s;
	uint64_t tasks = 0, regions = 0, tasks_all = 0, regions_all = 0;
	char text[TEXT_NAME_SZ], a[HUMAN_SZ], z[HUMAN_SZ];
	struct strbuf b;

	for (size_t i = 0; i < s->tasks_nr; i++) {
		tasks += s->tasks[i].tainted;
		tasks_all += s->tasks[i].count;
	}
	for (size_t i = 0; i < s->regions_nr; i++) {
		regions += s->regions[i].tainted;
		regions_all += s->regions[i].count;
	}
	strbuf_init(&b, text, sizeof(text));
	if (tasks)
		strbuf_add(&b, "%s of %s tasks", human_count(a, tasks), human_count(z, tasks_all));
	if (regions)
		strbuf_add(&b, "%s%s of %s regions", tasks ? " and " : "", human_count(a, regions),
			   human_count(z, regions_all));
	if (b.len)
		strbuf_add(&b, " were open meanwhile: see the column \"tainted\"; their times may "
			       "be wrong.");
	if (s->all.ns[STATE_UNKNOWN])
		strbuf_add(&b, "%sOf the threads' time, %s is unknown.", b.len ? " " : "",
			   human_ns(a, s->all.ns[STATE_UNKNOWN]));
	if (b.len)
		text_wrap(t, 0, 2, text);
}

bool text_is_whole(const struct text *t)
{
	const struct export_damage *d = &t->ctx->damage;

	return !t->s->capture->cut && !d->cut_bytes && !d->skipped_bytes && !d->bad_chunks &&
	       !d->unknown_chunks && !d->bad_records && !t->s->bad_records;
}

void text_losses(const struct text *t)
{
	const struct capture_info *c = t->s->capture;
	char text[TEXT_NAME_SZ], lost[HUMAN_SZ], percent[HUMAN_SZ];

	if (!c->lost_total) {
		text_wrap(t, 0, 0,
			  text_is_whole(t)
				  ? "Nothing was lost."
				  : "No loss was recorded, but the capture is not whole: see "
				    "the notes below.");
		return;
	}
	human_percent(percent, c->lost_total, c->events + c->lost_total);
	snprintf(text, sizeof(text),
		 "LOST: %s events, %s of all. Counts and times below are too low "
		 "or wrong where they depend on them.",
		 human_count(lost, c->lost_total), percent);
	text_sgr(t, "1;31");
	text_wrap(t, 0, 0, text);
	text_sgr(t, "0");
	text_loss_reasons(t);
	print_tainted(t);
}

static void note(const struct text *t, uint64_t count, const char *text)
{
	char line[TEXT_NAME_SZ], n[HUMAN_SZ];

	if (!count)
		return;
	snprintf(line, sizeof(line), "Note: %s: %s.", text, human_count(n, count));
	text_wrap(t, 0, 0, line);
}

/* "Note: no task is named nosuch; there are: GET /messages, POST /orders." */
static void print_no_name(const struct text *t, const char *what, const char *asked,
			  const char *const *names, size_t nr)
{
	char text[8 * TEXT_NAME_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	strbuf_add(&b, "Note: no %s is named ", what);
	strbuf_escaped(&b, asked);
	strbuf_add(&b, nr ? "; there are: " : "; there are none");
	for (size_t i = 0; i < nr && i < NAMES_LISTED; i++) {
		strbuf_add(&b, "%s", i ? ", " : "");
		strbuf_escaped(&b, names[i]);
	}
	strbuf_add(&b, nr > NAMES_LISTED ? " and more." : ".");
	text_wrap(t, 0, 0, text);
}

static void print_no_task(const struct text *t)
{
	const struct export_filter *f = &t->ctx->filter;
	char text[2 * TEXT_NAME_SZ], ns[HUMAN_SZ];
	struct strbuf b;

	if (t->s->tasks_nr || (!f->task && !f->min_ns))
		return;
	if (f->task && !t->s->unlisted_max_ns) {
		print_no_name(t, "task", f->task, t->s->tasks_unlisted, t->s->tasks_unlisted_nr);
		return;
	}
	strbuf_init(&b, text, sizeof(text));
	strbuf_add(&b, "Note: no task");
	if (f->task) {
		strbuf_add(&b, " named ");
		strbuf_escaped(&b, f->task);
	}
	strbuf_add(&b, " took %s", human_ns(ns, f->min_ns));
	if (t->s->unlisted_max_ns)
		strbuf_add(&b, "; the longest took %s", human_ns(ns, t->s->unlisted_max_ns));
	strbuf_add(&b, ".");
	text_wrap(t, 0, 0, text);
}

void text_filter(const struct text *t, const char *rest)
{
	const struct export_filter *f = &t->ctx->filter;
	char text[2 * TEXT_NAME_SZ], ns[HUMAN_SZ];
	struct strbuf b;

	if (!f->task && !f->region && !f->min_ns)
		return;
	strbuf_init(&b, text, sizeof(text));
	strbuf_add(&b, "Note: only");
	if (f->task || f->min_ns) {
		strbuf_add(&b, " tasks");
		if (f->task) {
			strbuf_add(&b, " named ");
			strbuf_escaped(&b, f->task);
		}
		if (f->min_ns)
			strbuf_add(&b, " of at least %s", human_ns(ns, f->min_ns));
	}
	if (f->region) {
		strbuf_add(&b, "%s regions named ", f->task || f->min_ns ? " and" : "");
		strbuf_escaped(&b, f->region);
	}
	strbuf_add(&b, " are listed%s%s.", rest ? "; " : "", rest ? rest : "");
	text_wrap(t, 0, 0, text);
}

void text_no_names(const struct text *t)
{
	const struct export_filter *f = &t->ctx->filter;

	print_no_task(t);
	if (f->region && !t->s->regions_nr)
		print_no_name(t, "region", f->region, t->s->regions_unlisted,
			      t->s->regions_unlisted_nr);
}

/* What of the sections below the filter does not choose: they are those of text.c. */
static void print_filter(const struct text *t)
{
	const struct export_filter *f = &t->ctx->filter;
	const bool tasks = f->task || f->min_ns, stacks = t->s->stacks_nr && !f->region;

	if (tasks && f->region)
		text_filter(t, "THREADS cover the whole trace");
	else if (tasks)
		text_filter(t, stacks ? "REGIONS, THREADS, WAITS and STACKS cover the whole trace"
				      : "REGIONS, THREADS and WAITS cover the whole trace");
	else
		text_filter(t, t->s->tasks_nr ? "TASKS, THREADS, CRITICAL PATHS and SLOWEST TASKS "
						"cover the whole trace"
					      : "THREADS cover the whole trace");
}

void text_damage(const struct text *t)
{
	const struct export_damage *d = &t->ctx->damage;
	const struct summary *s = t->s;
	char text[TEXT_NAME_SZ], n[HUMAN_SZ];
	struct strbuf b;

	if (s->capture->cut)
		text_wrap(t, 0, 0,
			  "Note: the capture is cut off: its end was not written, since the tracer "
			  "was killed or its disk was full. What was written is here.");
	note(t, d->cut_bytes, "bytes at the capture's end, of a chunk that is not whole");
	note(t, d->skipped_bytes, "damaged bytes of the capture, skipped");
	note(t, d->bad_chunks, "chunks of the capture with a wrong checksum, skipped");
	if (s->capture->tracer)
		note(t, s->capture->tracer->tsc_steps,
		     "times at which the TSC and the kernel's clock did not go together, so that "
		     "marks around them may be off");
	note(t, s->late, "events that came too late for their place in time");
	strbuf_init(&b, text, sizeof(text));
	strbuf_add(&b, "Note: ");
	if (newer_words(&b, s->capture, d->unknown_chunks, s->unknown_kinds)) {
		strbuf_add(&b, ".");
		text_wrap(t, 0, 0, text);
	}
	note(t, s->bad_records + d->bad_records, "malformed events, skipped");
	if (s->misuse_nr) {
		strbuf_init(&b, text, sizeof(text));
		strbuf_add(&b, "Note: the application's marks contradict each other%s: ",
			   text_is_whole(t) && !s->late && !s->capture->lost_total
				   ? ""
				   : ", which may come from what is missing here");
		for (size_t i = 0; i < s->misuse_nr; i++) {
			strbuf_add(&b, "%s", i ? ", " : "");
			strbuf_escaped(&b, s->misuse[i].name);
			strbuf_add(&b, " (%s\xc3\x97)", human_count(n, s->misuse[i].count));
		}
		strbuf_add(&b, ".");
		text_wrap(t, 0, 0, text);
	}
}

void text_notes(const struct text *t)
{
	text_damage(t);
	print_filter(t);
	text_no_names(t);
}
