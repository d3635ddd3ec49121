/* SPDX-License-Identifier: MIT */
/*
 * csv.c - tasks, regions, async regions, logs and states as one table, a row each
 *
 * Invariant: a row is a line, and has as many cells as the first one, which names them. A cell of
 * text is in quotation marks (RFC 4180); what is not printable in it is escaped as on a terminal.
 * One that a spreadsheet would take for a formula has a ' before it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/term.h"
#include "ctrace/wire.h"
#include "export/events.h"

/* What a row may say; what is 0 or NULL is an empty cell. */
struct row {
	const char *type, *name, *site;
	uint32_t pid, tid;
	const char *comm;
	uint64_t id, task_id;
	uint64_t begin, end;
	uint64_t self_ns, idle_ns, records;
	const char *syscall, *waker, *waker_ctx, *waker_region, *waker_task, *message;
	uint32_t flags;
	const struct breakdown *spent;
	const char *holder, *culprit;
	uint64_t culprit_ns;
	const struct span_wait *wait;
};

static const char head[] =
	"type,name,site,pid,tid,comm,id,task_id,start_ns,duration_ns,self_ns,idle_ns,records,"
	"syscall,waker,"
	"waker_ctx,waker_region,waker_task,message,begun_before_trace,unfinished,failed,tainted,"
	"holder,culprit,culprit_ns";

/* Behind the states: where they are, no column has to move for another. */
static const char tail[] = ",holder_tid,holder_region,peer,peer_pid,kernel_function,softirq,"
			   "culprit_tid,culprits_others_ns,"
			   "cpu_idle_ns,syscall_ns,syscalls,faults,irq_ns,softirq_ns,gc_ns";

static void put_text(FILE *out, const char *s)
{
	char shown[8 * WIRE_REC_MAX];

	fputc(',', out);
	if (!s || !s[0])
		return;
	fputc('"', out);
	if (strchr("=+-@", s[0]))
		fputc('\'', out);
	for (s = term_escape(shown, sizeof(shown), s); *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static void put_number(FILE *out, uint64_t v)
{
	if (v)
		fprintf(out, ",%" PRIu64, v);
	else
		fputc(',', out);
}

static void put_parties(FILE *out, const struct span_wait *w)
{
	uint64_t others_ns = w->culprits_others_ns;

	for (size_t i = 1; i < w->culprits_nr; i++)
		others_ns += w->culprits[i].ns;
	put_number(out, w->holder.tid);
	put_text(out, w->holder.tid ? w->holder.region : "");
	put_text(out, w->peer.pid ? w->peer.comm : "");
	put_number(out, w->peer.pid);
	put_text(out, w->kernel);
	put_text(out, w->waker.softirq);
	put_number(out, w->culprits_nr ? w->culprits[0].tid : 0);
	put_number(out, others_ns);
	put_number(out, w->cpu_idle_ns);
}

/* A 0 is a number here: what was not counted is an empty cell. */
static void put_count(FILE *out, uint64_t v, bool known)
{
	if (known)
		fprintf(out, ",%" PRIu64, v);
	else
		fputc(',', out);
}

static void put_overlays(FILE *out, const struct overlays *over)
{
	put_count(out, over->syscall_ns, !(over->absent & OVER_NO_SYSCALLS));
	put_count(out, over->syscalls, !(over->absent & OVER_NO_SYSCALLS));
	put_count(out, over->faults, !(over->absent & OVER_NO_FAULTS));
	put_count(out, over->irq_ns, !(over->absent & OVER_NO_IRQS));
	put_count(out, over->softirq_ns, !(over->absent & OVER_NO_IRQS));
	put_count(out, over->gc_ns, true);
}

static int put_row(struct events_ctx *c, const struct row *r, struct err *err)
{
	static const uint32_t flags[] = {SPAN_BEGUN_BEFORE, SPAN_UNFINISHED, SPAN_FAILED,
					 SPAN_TAINTED};
	FILE *out = c->out;

	fputs(r->type, out);
	put_text(out, r->name);
	put_text(out, r->site);
	put_number(out, r->pid);
	put_number(out, r->tid);
	put_text(out, r->comm);
	put_number(out, r->id);
	put_number(out, r->task_id);
	fprintf(out, ",%" PRIu64 ",%" PRIu64, events_since(c, r->begin), r->end - r->begin);
	put_number(out, r->self_ns);
	put_number(out, r->idle_ns);
	put_number(out, r->records);
	put_text(out, r->syscall);
	put_text(out, r->waker);
	put_text(out, r->waker_ctx);
	put_text(out, r->waker_region);
	put_text(out, r->waker_task);
	put_text(out, r->message);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		fputs(r->flags & flags[i] ? ",1" : ",", out);
	put_text(out, r->holder);
	put_text(out, r->culprit);
	put_number(out, r->culprit_ns);
	for (int i = 0; i < STATE_NR; i++)
		put_number(out, r->spent ? r->spent->ns[i] : 0);
	if (r->wait)
		put_parties(out, r->wait);
	else
		fputs(",,,,,,,,,", out);
	if (r->spent)
		put_overlays(out, &r->spent->over);
	else
		fputs(",,,,,,", out);
	fputc('\n', out);
	return ferror(out) ? events_flush(c, err) : 0;
}

static int csv_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	struct events_ctx *c = ctx;

	c->info = info;
	fputs(head, c->out);
	for (int i = 0; i < STATE_NR; i++)
		fprintf(c->out, ",%s_ns", state_names[i]);
	fprintf(c->out, "%s\n", tail);
	return 0;
}

/* Its type is the state; its name, what was waited for. */
static int csv_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	const struct span_wait *w = i->wait;
	struct row row = {
		.type = state_names[i->state],
		.pid = i->thread->pid,
		.tid = i->thread->tid,
		.comm = i->thread->comm,
		.begin = i->begin,
		.end = i->end,
	};

	if (!w)
		return put_row(ctx, &row, err);
	row.wait = w;
	row.name = w->resource;
	row.syscall = w->syscall;
	row.waker_ctx = events_waker_ctx(w->waker.ctx);
	if (w->waker.ctx == WIRE_WAKER_TASK || w->waker.ctx == WIRE_WAKER_UNKNOWN) {
		row.waker = w->waker.comm;
		row.waker_region = w->waker.region;
		row.waker_task = w->waker.task;
	}
	row.holder = w->holder.tid ? w->holder.comm : "";
	if (w->culprits_nr) {
		row.culprit = w->culprits[0].comm;
		row.culprit_ns = w->culprits[0].ns;
	}
	row.flags = (w->clipped ? SPAN_BEGUN_BEFORE : 0) | (w->open ? SPAN_UNFINISHED : 0);
	return put_row(ctx, &row, err);
}

static int csv_region(void *ctx, const struct span_region *r, struct err *err)
{
	const struct row row = {
		.type = "region",
		.name = r->name,
		.site = r->site,
		.pid = r->thread->pid,
		.tid = r->thread->tid,
		.comm = r->thread->comm,
		.task_id = r->task_id,
		.begin = r->begin,
		.end = r->end,
		.self_ns = r->self_ns,
		.flags = r->flags,
		.spent = r->spent,
	};

	return put_row(ctx, &row, err);
}

static int csv_async(void *ctx, const struct span_async *a, struct err *err)
{
	const struct row row = {
		.type = "async",
		.name = a->name,
		.site = a->site,
		.pid = a->pid,
		.tid = a->begin_tid,
		.id = a->id,
		.task_id = a->task_id,
		.begin = a->begin,
		.end = a->end,
		.flags = a->flags,
	};

	return put_row(ctx, &row, err);
}

static int csv_log(void *ctx, const struct span_log *l, struct err *err)
{
	const struct row row = {
		.type = "log",
		.name = l->category,
		.pid = l->thread->pid,
		.tid = l->thread->tid,
		.comm = l->thread->comm,
		.task_id = l->task_id,
		.begin = l->ts,
		.end = l->ts,
		.message = l->message,
	};

	return put_row(ctx, &row, err);
}

/* The task that a task belongs to is its parent. */
static int csv_task(void *ctx, const struct span_task *t, struct err *err)
{
	const struct row row = {
		.type = "task",
		.name = t->name,
		.pid = t->pid,
		.tid = t->tid,
		.id = t->id,
		.task_id = t->parent_id,
		.begin = t->begin,
		.end = t->end,
		.idle_ns = t->idle_ns,
		.message = t->fail_message,
		.flags = t->flags,
		.spent = t->spent,
	};

	return put_row(ctx, &row, err);
}

static int csv_lost(void *ctx, uint64_t from, uint64_t to, uint64_t count, struct err *err)
{
	const struct row row = {.type = "lost", .records = count, .begin = from, .end = to};

	return put_row(ctx, &row, err);
}

static int csv_end(void *ctx, const struct summary *s, struct err *err)
{
	return events_flush(ctx, err);
}

const struct sink_ops csv_sink = {
	.name = "csv",
	.begin = csv_begin,
	.interval = csv_interval,
	.region = csv_region,
	.async = csv_async,
	.log = csv_log,
	.task = csv_task,
	.lost = csv_lost,
	.end = csv_end,
};
