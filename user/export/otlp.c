/* SPDX-License-Identifier: MIT */
/*
 * otlp.c - see otlp.h: what each span says
 *
 *	model -> a span's message, but for its trace -> otlp_traces: which one -> otlp_batch -> out
 *	         waits and logs before it ends: otlp_events
 *
 * Invariant: a region, async region or task is one span, as long as the model says, and its
 * attributes ctrace.state.*_ns are the model's own figures.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ctrace/wire.h"
#include "export/events.h"
#include "export/otlp.h"
#include "export/otlp_batch.h"
#include "export/otlp_events.h"
#include "export/otlp_traces.h"

struct otlp {
	struct otlp_ids ids;
	struct otlp_code code, head, request; /* of spans; of their traces; of batches */
	struct otlp_events events;
	struct otlp_traces traces;
	struct otlp_batch batch;
	uint64_t spans, logs_nowhere;
};

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory while exporting the trace");
}

static uint64_t unix_ns(const struct events_ctx *c, uint64_t ts)
{
	uint64_t since = events_since(c, ts), start = c->info->start_unix_ns;

	return since > UINT64_MAX - start ? UINT64_MAX : start + since;
}

/* --- begin and end ------------------------------------------------------------------------- */

static int write_request(void *to, const struct otlp_request *r, struct err *err)
{
	struct events_ctx *c = to;

	fwrite(r->bytes, 1, r->n, c->out);
	if (c->otlp->request.text)
		fputc('\n', c->out);
	return ferror(c->out) ? events_flush(c, err) : 0;
}

static int add_span(void *to, uint32_t pid, const void *span, size_t n, struct err *err)
{
	struct otlp *o = to;

	o->spans++;
	return otlp_batch_add(&o->batch, pid, span, n, err);
}

static int begin(struct events_ctx *c, const struct capture_info *info, bool text, struct err *err)
{
	struct otlp *o = calloc(1, sizeof(*o));

	c->info = info;
	c->otlp = o;
	if (!o || otlp_code_init(&o->code, text) || otlp_code_init(&o->head, text) ||
	    otlp_code_init(&o->request, text))
		return no_memory(err);
	otlp_ids_init(&o->ids, info);
	o->traces.ids = &o->ids;
	o->traces.code = &o->head;
	o->traces.give = add_span;
	o->traces.to = o;
	o->batch.take = c->take ? c->take : write_request;
	o->batch.to = c->take ? c->take_to : c;
	otlp_batch_init(&o->batch, &o->request, info, c->otlp_settings);
	return 0;
}

static int otlp_text_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	return begin(ctx, info, true, err);
}

static int otlp_pb_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	return begin(ctx, info, false, err);
}

static int otlp_end_all(void *ctx, const struct summary *s, struct err *err)
{
	struct events_ctx *c = ctx;
	int rc = otlp_batch_flush(&c->otlp->batch, err);

	return rc || c->take ? rc : events_flush(c, err);
}

static int otlp_thread(void *ctx, const struct span_thread *th, struct err *err)
{
	struct events_ctx *c = ctx;

	return th->pid == th->tid ? otlp_batch_name(&c->otlp->batch, th->pid, th->comm, err) : 0;
}

void otlp_left_out(const struct events_ctx *c, struct otlp_left_out *left)
{
	const struct otlp *o = c->otlp;

	*left = (struct otlp_left_out){0};
	if (!o)
		return;
	left->unsampled = o->traces.unsampled;
	left->late = o->traces.late;
	left->logs = o->logs_nowhere;
	left->spans = o->spans;
}

void otlp_release(struct otlp *o)
{
	if (!o)
		return;
	otlp_batch_release(&o->batch);
	otlp_traces_release(&o->traces);
	otlp_events_release(&o->events);
	otlp_code_release(&o->code);
	otlp_code_release(&o->head);
	otlp_code_release(&o->request);
	free(o);
}

/* --- events of spans ----------------------------------------------------------------------- */

static void event_begin(const struct events_ctx *c, uint64_t ts, const char *name)
{
	struct otlp_code *code = &c->otlp->code;

	otlp_begin(code);
	otlp_fixed64(code, EVENT_TIME, unix_ns(c, ts));
	otlp_string(code, EVENT_NAME, name);
	otlp_list(code, EVENT_ATTRIBUTES);
}

static void put_waker(struct otlp_code *code, const struct span_waker *w)
{
	if (w->ctx == WIRE_WAKER_NONE)
		return;
	otlp_attr_text(code, "ctrace.waker.context", events_waker_ctx(w->ctx));
	if (w->ctx != WIRE_WAKER_TASK && w->ctx != WIRE_WAKER_UNKNOWN)
		return; /* in an interrupt: an innocent bystander */
	otlp_attr_text(code, "ctrace.waker.thread.name", w->comm);
	otlp_attr_u64(code, "ctrace.waker.pid", w->pid);
	otlp_attr_u64(code, "ctrace.waker.tid", w->tid);
	otlp_attr_text(code, "ctrace.waker.region", w->region);
	otlp_attr_text(code, "ctrace.waker.task", w->task);
}

static void put_parties(struct otlp_code *code, const struct span_wait *w)
{
	if (w->peer.pid) {
		otlp_attr_text(code, "ctrace.peer.name", w->peer.comm);
		otlp_attr_u64(code, "ctrace.peer.pid", w->peer.pid);
	}
	if (w->holder.tid) {
		otlp_attr_text(code, "ctrace.holder_hint.thread.name", w->holder.comm);
		otlp_attr_u64(code, "ctrace.holder_hint.tid", w->holder.tid);
		otlp_attr_text(code, "ctrace.holder_hint.region", w->holder.region);
	}
	if (w->culprits_nr) {
		otlp_attr_text(code, "ctrace.cpu.ran", w->culprits[0].comm);
		otlp_attr_u64(code, "ctrace.cpu.ran_tid", w->culprits[0].tid);
		otlp_attr_u64(code, "ctrace.cpu.ran_ns", w->culprits[0].ns);
	}
}

static void put_wait(struct otlp_code *code, const struct span_thread *th,
		     const struct span_wait *w)
{
	otlp_attr_text(code, "ctrace.wait.state", state_names[w->state]);
	otlp_attr_u64(code, "ctrace.wait.duration_ns", w->end - w->begin);
	if (w->end > w->woken)
		otlp_attr_u64(code, "ctrace.wait.runnable_ns", w->end - w->woken);
	otlp_attr_text(code, "ctrace.wait.resource", w->resource);
	otlp_attr_text(code, "ctrace.wait.syscall", w->syscall);
	put_waker(code, &w->waker);
	put_parties(code, w);
	otlp_attr_text(code, "ctrace.cpu.ran_before", w->prev_comm);
	otlp_attr_u64(code, "ctrace.tid", th->tid);
	otlp_attr_true(code, "ctrace.begun_before_trace", w->clipped);
	otlp_attr_true(code, "ctrace.unfinished", w->open);
}

/* A wait is shown as up to two intervals: it is told with the one that it ends with. */
static int otlp_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	const struct events_ctx *c = ctx;
	const struct span_wait *w = i->wait;
	struct otlp *o = c->otlp;
	uint64_t ns = w ? w->end - w->begin : 0;
	char name[32];
	int rc;

	if (!w || !w->span_nr || i->end != w->end)
		return 0;
	if (!otlp_events_wants(&o->events, w->span_nr, ns)) {
		rc = otlp_events_wait(&o->events, w->span_nr, ns, w->begin, NULL, 0);
		return rc ? no_memory(err) : 0;
	}
	snprintf(name, sizeof(name), "wait.%s", state_names[w->state]);
	event_begin(c, w->begin, name);
	put_wait(&o->code, i->thread, w);
	otlp_list_end(&o->code);
	rc = otlp_end(&o->code);
	if (!rc)
		rc = otlp_events_wait(&o->events, w->span_nr, ns, w->begin, o->code.bytes,
				      o->code.n);
	return rc ? no_memory(err) : 0;
}

static int otlp_log(void *ctx, const struct span_log *l, struct err *err)
{
	const struct events_ctx *c = ctx;
	struct otlp *o = c->otlp;
	int rc;

	if (!l->span_nr) {
		o->logs_nowhere++;
		return 0;
	}
	event_begin(c, l->ts, l->category[0] ? l->category : "log");
	otlp_attr_text(&o->code, "ctrace.log.message", l->message);
	otlp_attr_u64(&o->code, "ctrace.tid", l->thread->tid);
	otlp_attr_text(&o->code, "thread.name", l->thread->comm);
	otlp_list_end(&o->code);
	rc = otlp_end(&o->code);
	if (!rc)
		rc = otlp_events_log(&o->events, l->span_nr, l->ts, o->code.bytes, o->code.n);
	return rc ? no_memory(err) : 0;
}

/* --- spans --------------------------------------------------------------------------------- */

/* What all spans say first; attributes are open then. */
static void span_begin(const struct events_ctx *c, uint64_t nr, const uint8_t *parent,
		       const char *name, uint64_t from, uint64_t to)
{
	struct otlp *o = c->otlp;
	uint8_t id[8];

	otlp_span_id(&o->ids, nr, id);
	otlp_begin(&o->code);
	otlp_id(&o->code, SPAN_ID, id, sizeof(id));
	if (parent)
		otlp_id(&o->code, SPAN_PARENT, parent, sizeof(id));
	otlp_string(&o->code, SPAN_NAME, name[0] ? name : "(no name)");
	otlp_u32(&o->code, SPAN_KIND, KIND_INTERNAL);
	otlp_fixed64(&o->code, SPAN_BEGIN, unix_ns(c, from));
	otlp_fixed64(&o->code, SPAN_END, unix_ns(c, to));
	otlp_list(&o->code, SPAN_ATTRIBUTES);
}

/* A span number as a parent's id: NULL if there is none. */
static const uint8_t *parent_of(const struct otlp *o, uint64_t nr, uint8_t id[8])
{
	if (!nr)
		return NULL;
	otlp_span_id(&o->ids, nr, id);
	return id;
}

/* What was not counted is not there: 0 would say that there was none. */
static void put_overlays(struct otlp_code *code, const struct overlays *over)
{
	if (!(over->absent & OVER_NO_SYSCALLS)) {
		otlp_attr_u64(code, "ctrace.syscalls", over->syscalls);
		otlp_attr_u64(code, "ctrace.syscall_ns", over->syscall_ns);
	}
	if (!(over->absent & OVER_NO_FAULTS))
		otlp_attr_u64(code, "ctrace.faults", over->faults);
	if (!(over->absent & OVER_NO_IRQS)) {
		otlp_attr_u64(code, "ctrace.irq_ns", over->irq_ns);
		otlp_attr_u64(code, "ctrace.softirq_ns", over->softirq_ns);
	}
	if (over->gc_ns)
		otlp_attr_u64(code, "ctrace.gc_ns", over->gc_ns);
}

static void put_spent(struct otlp_code *code, const struct breakdown *spent)
{
	char key[64];

	for (int i = 0; i < STATE_NR; i++) {
		snprintf(key, sizeof(key), "ctrace.state.%s_ns", state_names[i]);
		if (spent->ns[i])
			otlp_attr_u64(code, key, spent->ns[i]);
	}
	put_overlays(code, &spent->over);
}

static void put_flags(struct otlp_code *code, uint32_t flags)
{
	otlp_attr_true(code, "ctrace.begun_before_trace", flags & SPAN_BEGUN_BEFORE);
	otlp_attr_true(code, "ctrace.unfinished", flags & SPAN_UNFINISHED);
	otlp_attr_true(code, "ctrace.tainted", flags & SPAN_TAINTED);
}

/* "file:line" */
static void put_site(struct otlp_code *code, const char *site)
{
	const char *colon = strrchr(site, ':');
	char path[WIRE_STR_MAX + 1];
	uint64_t line = 0;

	if (!colon || colon == site || strlen(colon + 1) > 9 || !colon[1] ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
		otlp_attr_text(code, "code.file.path", site);
		return;
	}
	for (const char *s = colon + 1; *s; s++)
		line = line * 10 + (uint64_t)(*s - '0');
	snprintf(path, sizeof(path), "%.*s", (int)(colon - site), site);
	otlp_attr_text(code, "code.file.path", path);
	otlp_attr_u64(code, "code.line.number", line);
}

static void put_hex(struct otlp_code *code, const char *key, uint64_t id)
{
	char text[20];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)id);
	if (id)
		otlp_attr_text(code, key, text);
}

/* Ends the message, and hands it on. own_nr: of a span without a task; its trace is made of it. */
static int span_end(const struct events_ctx *c, uint32_t pid, bool remote, uint64_t task_nr,
		    uint64_t own_nr, struct err *err)
{
	struct otlp *o = c->otlp;
	struct otlp_span s = {.pid = pid, .remote = remote};
	struct otlp_trace own;

	if (otlp_end(&o->code))
		return no_memory(err);
	s.bytes = o->code.bytes;
	s.n = o->code.n;
	if (task_nr)
		return otlp_traces_add(&o->traces, task_nr, &s, err);
	own = otlp_trace_of_span(&o->ids, own_nr);
	return otlp_traces_give(&o->traces, &own, &s, err);
}

static int otlp_region(void *ctx, const struct span_region *r, struct err *err)
{
	const struct events_ctx *c = ctx;
	struct otlp *o = c->otlp;
	uint8_t id[8];

	span_begin(c, r->nr, parent_of(o, r->around_nr ? r->around_nr : r->task_nr, id), r->name,
		   r->begin, r->end);
	otlp_attr_text(&o->code, "ctrace.kind", "region");
	put_site(&o->code, r->site);
	put_hex(&o->code, "ctrace.task.id", r->task_id);
	otlp_attr_text(&o->code, "thread.name", r->thread->comm);
	otlp_attr_u64(&o->code, "ctrace.tid", r->thread->tid);
	otlp_attr_u64(&o->code, "ctrace.self_ns", r->self_ns);
	put_spent(&o->code, r->spent);
	put_flags(&o->code, r->flags);
	otlp_list_end(&o->code);
	otlp_events_put(&o->events, r->nr, &o->code);
	return span_end(c, r->thread->pid, false, r->task_nr, r->outer_nr, err);
}

static int otlp_async(void *ctx, const struct span_async *a, struct err *err)
{
	const struct events_ctx *c = ctx;
	struct otlp *o = c->otlp;
	uint8_t id[8];

	span_begin(c, a->nr, parent_of(o, a->task_nr, id), a->name, a->begin, a->end);
	otlp_attr_text(&o->code, "ctrace.kind", "async");
	put_site(&o->code, a->site);
	put_hex(&o->code, "ctrace.task.id", a->task_id);
	otlp_attr_u64(&o->code, "ctrace.begin_tid", a->begin_tid);
	otlp_attr_u64(&o->code, "ctrace.end_tid", a->end_tid);
	put_flags(&o->code, a->flags);
	otlp_list_end(&o->code);
	return span_end(c, a->pid, false, a->task_nr, a->nr, err);
}

static int otlp_task_open(void *ctx, const struct span_task *t, struct err *err)
{
	const struct events_ctx *c = ctx;

	return otlp_traces_open(&c->otlp->traces, t, err);
}

static void put_task(struct otlp_code *code, const struct span_task *t)
{
	otlp_attr_text(code, "ctrace.kind", "task");
	put_hex(code, "ctrace.task.id", t->id);
	put_hex(code, "ctrace.task.parent_id", t->parent_id);
	otlp_attr_text(code, "ctrace.task.parent_name", t->parent_name);
	otlp_attr_u64(code, "ctrace.tid", t->tid);
	otlp_attr_u64(code, "ctrace.threads", t->threads);
	otlp_attr_u64(code, "ctrace.idle_ns", t->idle_ns);
	put_spent(code, t->spent);
	put_flags(code, t->flags);
	otlp_list_end(code);
}

static void put_link(const struct otlp *o, struct otlp_code *code, const struct span_task *t)
{
	struct otlp_trace trace;
	uint8_t id[8];
	size_t at;

	if (!otlp_traces_link(&o->traces, t, &trace, id))
		return;
	otlp_list(code, SPAN_LINKS);
	at = otlp_item(code, SPAN_LINKS);
	otlp_id(code, LINK_TRACE_ID, trace.id, sizeof(trace.id));
	otlp_id(code, LINK_SPAN_ID, id, sizeof(id));
	otlp_fixed32(code, LINK_FLAGS, trace.flags | FLAG_KNOWS_REMOTE | FLAG_PARENT_REMOTE);
	otlp_close(code, at);
	otlp_list_end(code);
}

static void put_status(struct otlp_code *code, const struct span_task *t)
{
	size_t at;

	if (!(t->flags & SPAN_FAILED))
		return;
	at = otlp_open(code, SPAN_STATUS);
	if (t->fail_message[0])
		otlp_string(code, STATUS_MESSAGE, t->fail_message);
	otlp_u32(code, STATUS_CODE, STATUS_ERROR);
	otlp_close(code, at);
}

static int otlp_task(void *ctx, const struct span_task *t, struct err *err)
{
	const struct events_ctx *c = ctx;
	struct otlp *o = c->otlp;
	uint8_t id[8];
	bool remote = otlp_traces_remote_parent(&o->traces, t, id);
	const uint8_t *parent = remote ? id : NULL;
	int rc;

	if (!remote && t->parent_nr != t->nr)
		parent = parent_of(o, t->parent_nr, id);
	span_begin(c, t->nr, parent, t->name, t->begin, t->end);
	put_task(&o->code, t);
	otlp_events_put(&o->events, t->nr, &o->code);
	put_link(o, &o->code, t);
	put_status(&o->code, t);
	rc = span_end(c, t->pid, remote, t->nr, t->nr, err);
	return rc ? rc : otlp_traces_close(&o->traces, t, err);
}

#define OTLP_SINK(title, first)                                                                  \
	{                                                                                        \
		.name = title, .begin = first, .thread = otlp_thread, .interval = otlp_interval, \
		.region = otlp_region, .async = otlp_async, .log = otlp_log,                     \
		.task_open = otlp_task_open, .task = otlp_task, .end = otlp_end_all,             \
	}

const struct sink_ops otlp_text_sink = OTLP_SINK("otlp.jsonl", otlp_text_begin);
const struct sink_ops otlp_pb_sink = OTLP_SINK("otlp.pb", otlp_pb_begin);
