/* SPDX-License-Identifier: MIT */
/*
 * text.c - the explanation on a terminal
 *
 * It is printed when the model is done, from the summary alone. Invariant: nothing untrusted is
 * printed unescaped, and whatever may make a number wrong is said above the numbers.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/human.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "ctrace/wire.h"
#include "export/text.h"

/* Processes named in the header; the threads' table has them all. */
#define PROCESSES_SHOWN 3

void text_sgr(const struct text *t, const char *sgr)
{
	if (t->ctx->color)
		fprintf(t->out, "\033[%sm", sgr);
}

/* Bytes of the next word; a number and its unit are one word. */
static size_t word_len(const char *s)
{
	static const char *const units[] = {"ns", "\xc2\xb5s", "ms", "s", "min", "h"};
	size_t n = strcspn(s, " ");

	if (!n || !s[n] || s[n - 1] < '0' || s[n - 1] > '9')
		return n;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i]);

		if (!strncmp(s + n + 1, units[i], len) &&
		    strspn(s + n + 1 + len, ",;:.)") == strcspn(s + n + 1 + len, " "))
			return n + 1 + strcspn(s + n + 1, " ");
	}
	return n;
}

void text_wrap(const struct text *t, size_t at, size_t indent, const char *s)
{
	bool first = true;

	if (!at)
		fprintf(t->out, "%*s", (int)indent, "");
	at = at ? at : indent;
	while (*s) {
		char word[TEXT_NAME_SZ];
		size_t n = word_len(s), w;

		n = n < sizeof(word) ? n : sizeof(word) - 1;
		memcpy(word, s, n);
		word[n] = '\0';
		w = utf8_width(word);
		if (!first && at + 1 + w > t->width) {
			fprintf(t->out, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		fprintf(t->out, "%s%s", first ? "" : " ", word);
		at += w + !first;
		first = false;
		s += n;
		s += strspn(s, " ");
	}
	fputc('\n', t->out);
}

void text_when(const struct text *t, struct strbuf *b, uint64_t ts)
{
	const struct capture_info *c = t->s->capture;
	uint64_t into = ts > c->start_ts ? ts - c->start_ts : 0;
	char utc[HUMAN_SZ], ns[HUMAN_SZ];

	human_utc(utc, c->start_unix_ns + into);
	strbuf_add(b, "%s UTC, %s into the trace", utc + 11, human_ns(ns, into));
}

/* "demo-server (pid 1234, 9 threads), nginx (…) and 4 more" */
static void who(const struct text *t, struct strbuf *b)
{
	const struct capture_info *c = t->s->capture;
	size_t shown = c->processes_nr > PROCESSES_SHOWN + 1 ? PROCESSES_SHOWN : c->processes_nr;
	char count[HUMAN_SZ];

	for (size_t i = 0; i < shown; i++) {
		const struct capture_process *p = &c->processes[i];

		strbuf_add(b, "%s", !i ? "" : i + 1 == c->processes_nr ? " and " : ", ");
		strbuf_escaped(b, p->comm);
		strbuf_add(b, " (pid %" PRIu32 ", %s thread%s)", p->pid,
			   human_count(count, p->threads), p->threads == 1 ? "" : "s");
	}
	if (shown < c->processes_nr)
		strbuf_add(b, " and %s more processes",
			   human_count(count, c->processes_nr - shown));
	if (!c->processes_nr)
		strbuf_add(b, "No process");
}

static const char *machine_name(uint16_t machine)
{
	return machine == 62 ? " x86-64" : machine == 183 ? " arm64" : "";
}

static void end_reason(struct strbuf *b, const char *reason)
{
	static const struct {
		const char *reason, *text;
	} texts[] = {
		{"duration", "the time was up"},
		{"interrupted", "it was interrupted"},
		{"target-exit", "the process exited"},
		{"disk-full", "the disk was full"},
		{"write-error", "the capture could not be written"},
	};

	if (!reason[0])
		return;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(texts[i].reason, reason)) {
			strbuf_add(b, "; ended because %s", texts[i].text);
			return;
		}
	strbuf_add(b, "; ended: ");
	strbuf_escaped(b, reason);
}

static void print_header(const struct text *t)
{
	const struct capture_info *c = t->s->capture;
	char text[2 * TEXT_NAME_SZ], buf[HUMAN_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	who(t, &b);
	if (c->host[0]) {
		strbuf_add(&b, " on ");
		strbuf_escaped(&b, c->host);
	}
	strbuf_add(&b, ", traced for %s", human_ns(buf, c->stop_ts - c->start_ts));
	strbuf_add(&b, " from %s UTC", human_utc(buf, c->start_unix_ns));
	text_sgr(t, "1");
	text_wrap(t, 0, 0, text);
	text_sgr(t, "0");

	strbuf_init(&b, text, sizeof(text));
	if (c->kernel[0]) {
		strbuf_add(&b, "%s", c->kernel[0] >= '0' && c->kernel[0] <= '9' ? "Linux " : "");
		strbuf_escaped(&b, c->kernel);
		strbuf_add(&b, "%s, ", machine_name(c->machine));
	}
	strbuf_add(&b, "%" PRIu32 " CPU%s; ", c->cpus, c->cpus == 1 ? "" : "s");
	strbuf_add(&b, "%s events, ", human_count(buf, c->events));
	strbuf_add(&b, "%s of them marks", t->s->marks ? human_count(buf, t->s->marks) : "none");
	end_reason(&b, c->end_reason);
	text_wrap(t, 0, 0, text);
}

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

	if (is_ring_full(name))
		name = "ring_full";
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(texts[i].name, name))
			return texts[i].text;
	return "";
}

static void print_loss_reasons(const struct text *t)
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

static void print_losses(const struct text *t)
{
	const struct capture_info *c = t->s->capture;
	char text[TEXT_NAME_SZ], lost[HUMAN_SZ], percent[HUMAN_SZ];

	if (!c->lost_total) {
		fprintf(t->out, "Nothing was lost.\n");
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
	print_loss_reasons(t);
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

static void print_filter(const struct text *t)
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
	strbuf_add(&b, " are listed.");
	text_wrap(t, 0, 0, text);
}

static void print_notes(const struct text *t)
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
	note(t, d->unknown_chunks, "chunks of a newer ctrace-bpf, skipped");
	note(t, s->late, "events that came too late for their place in time");
	note(t, s->unknown_kinds, "events of a newer ctrace-bpf, skipped");
	note(t, s->bad_records + d->bad_records, "malformed events, skipped");
	if (s->misuse_nr) {
		strbuf_init(&b, text, sizeof(text));
		strbuf_add(&b, "Note: the application's marks contradict each other: ");
		for (size_t i = 0; i < s->misuse_nr; i++) {
			strbuf_add(&b, "%s", i ? ", " : "");
			strbuf_escaped(&b, s->misuse[i].name);
			strbuf_add(&b, " (%s\xc3\x97)", human_count(n, s->misuse[i].count));
		}
		strbuf_add(&b, ".");
		text_wrap(t, 0, 0, text);
	}
	print_filter(t);
}

/* For a process that has no marks yet. */
static void print_hint(const struct text *t)
{
	const struct export_filter *f = &t->ctx->filter;

	if (t->s->tasks_nr || t->s->regions_nr)
		return;
	fputc('\n', t->out);
	if (t->s->marks || f->task || f->region || f->min_ns) {
		text_wrap(t, 0, 0,
			  t->s->marks ? "No task and no region to list."
				      : "The process marked no task and no region.");
		return;
	}
	if (t->s->capture->mark_sites) {
		text_wrap(t, 0, 0,
			  "The process has marks, but came to none of them in this time. This is "
			  "what its threads did.");
		return;
	}
	text_wrap(t, 0, 0,
		  "The process marked no tasks and no regions, so this is what its "
		  "threads did. To see it by request, mark them; it costs next to nothing "
		  "while nobody traces:");
	fputs("\n    #include <ctrace/ctrace.h>            one header, nothing to link\n"
	      "    ctrace_task t = ctrace_task_begin(\"GET /messages\");\n"
	      "    { CTRACE_REGION(\"parse\"); … }\n"
	      "    ctrace_task_end(&t);\n",
	      t->out);
}

static int text_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	return 0;
}

static int text_end(void *ctx, const struct summary *s, struct err *err)
{
	const struct text_ctx *c = ctx;
	const struct text t = {.ctx = c, .s = s, .out = c->out, .width = (size_t)c->width};
	static int (*const sections[])(const struct text *) = {
		text_tasks, text_regions, text_threads, text_waits, text_stories,
	};
	int ret = 0;

	print_header(&t);
	print_losses(&t);
	print_notes(&t);
	print_hint(&t);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && !ret; i++)
		ret = sections[i](&t);
	if (ret)
		return err_set(err, ret, "not enough memory for the report");
	errno = 0;
	if (fflush(c->out) || ferror(c->out)) {
		ret = errno ? -errno : -EIO;
		return err_set(err, ret, "cannot write the report: %s", strerror(-ret));
	}
	return 0;
}

const struct sink_ops text_sink = {
	.name = "text",
	.begin = text_begin,
	.end = text_end,
};
