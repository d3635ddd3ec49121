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
		{"command-exit", "the command exited"},
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

void text_window(const struct text *t)
{
	const struct capture_info *c = t->s->capture;
	const uint64_t whole = c->trace_stop_ts - c->trace_start_ts;
	char text[512], from[HUMAN_SZ], to[HUMAN_SZ], all[HUMAN_SZ];

	human_offset(from, c->start_ts - c->trace_start_ts, whole);
	human_offset(to, c->stop_ts - c->trace_start_ts, whole);
	snprintf(text, sizeof(text),
		 "This is from %s to %s of a trace of %s. What began before is shown as far as it "
		 "is heard of here; what was lost is that of the whole trace.",
		 from, to, human_ns(all, whole));
	text_wrap(t, 0, 0, text);
}

/* Several captures: which, and how far their clocks are to be trusted. */
static void print_parts(const struct text *t)
{
	const struct capture_info *c = t->s->capture;
	char text[2 * TEXT_NAME_SZ], buf[HUMAN_SZ];
	struct strbuf b;

	for (size_t i = 0; i < c->parts_nr; i++) {
		const struct capture_part *p = &c->parts[i];

		strbuf_init(&b, text, sizeof(text));
		strbuf_add(&b, "Capture %zu: ", i + 1);
		strbuf_escaped(&b, p->host[0] ? p->host : "a host without a name");
		strbuf_add(&b, ", %s", human_ns(buf, p->stop_ts - p->start_ts));
		strbuf_add(&b, " from %s on",
			   human_offset(buf, p->start_ts - c->start_ts, c->stop_ts - c->start_ts));
		if (p->pid_add)
			strbuf_add(&b, "; its process numbers are %" PRIu32 " more", p->pid_add);
		if (!i)
			strbuf_add(&b, "; its clock is that of the times below");
		else if (p->same_clock)
			strbuf_add(&b, "; its clock is the same");
		else
			strbuf_add(&b,
				   "; its clock is set by the time of day, to within %s if both "
				   "hosts had it right",
				   human_ns(buf, p->clock_err_ns));
		strbuf_add(&b, ".");
		text_wrap(t, 2, 4, text);
	}
}

static void print_header(const struct text *t)
{
	const struct capture_info *c = t->s->capture;
	char text[2 * TEXT_NAME_SZ], buf[HUMAN_SZ];
	struct strbuf b;

	if (c->window)
		text_window(t);
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
	strbuf_add(&b, "%s events, ", human_count(buf, c->window ? t->s->events : c->events));
	strbuf_add(&b, "%s of them marks", t->s->marks ? human_count(buf, t->s->marks) : "none");
	if (!c->window) /* else what ended the trace did not end this */
		end_reason(&b, c->end_reason);
	text_wrap(t, 0, 0, text);
	print_parts(t);
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
	struct text t = {.ctx = c, .s = s, .out = c->out, .width = (size_t)c->width};
	static int (*const sections[])(const struct text *) = {
		text_tasks,  text_regions, text_threads, text_waits,
		text_stacks, text_paths,   text_stories,
	};
	int ret = 0;

	if (t.width < TEXT_WIDTH_MIN)
		t.width = TEXT_WIDTH_MIN;
	print_header(&t);
	text_losses(&t);
	text_notes(&t);
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
