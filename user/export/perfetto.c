/* SPDX-License-Identifier: MIT */
/*
 * perfetto.c - a trace for ui.perfetto.dev, as its protobuf packets
 *
 * Threads and CPUs are told as the scheduler's own events (perfetto_sched.h), so that the viewer's
 * thread states and critical path work; everything else is a slice of a track (perfetto_tracks.h).
 * Viewers sort by time, so an event is written when it is complete, and what is kept is what is
 * open. Times are exact: a slice begins and ends at the nanosecond that the model says, and its
 * annotations are the model's own figures.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ctrace/wire.h"
#include "export/events.h"
#include "export/perfetto_counter.h"
#include "export/perfetto_notes.h"
#include "export/perfetto_sched.h"
#include "export/perfetto_schema.h"
#include "export/perfetto_tracks.h"

struct perfetto {
	struct perfetto_out out;
	struct perfetto_tracks tracks;
	struct sched sched;
	struct perfetto_counter waiting;
	uint64_t wakings;	     /* arrows from a waker given out so far */
	uint64_t lost, lost_counter; /* records so far; the track that counts them, 0: none yet */
};

/* --- the beginning ------------------------------------------------------------------------- */

static void put_clock(struct pb *pb, uint64_t id, uint64_t ts)
{
	size_t at = pb_open(pb, SNAPSHOT_CLOCKS);

	pb_u64(pb, CLOCK_ID, id);
	pb_u64(pb, CLOCK_TIMESTAMP, ts);
	pb_close(pb, at);
}

/* It begins the sequence: what was known of it before is void. */
static void put_clocks(struct perfetto_out *o)
{
	size_t packet = pb_open(&o->pb, TRACE_PACKET), at;

	pb_u64(&o->pb, PACKET_SEQUENCE, 1);
	pb_u64(&o->pb, PACKET_FLAGS, FLAGS_CLEARED);
	pb_u64(&o->pb, PACKET_FIRST, 1);
	at = pb_open(&o->pb, PACKET_CLOCK_SNAPSHOT);
	put_clock(&o->pb, CLOCK_OF_BOOTTIME, out_ts(o, o->info->start_ts));
	put_clock(&o->pb, CLOCK_OF_MONOTONIC, o->info->start_ts);
	put_clock(&o->pb, CLOCK_OF_REALTIME, o->info->start_unix_ns);
	pb_u64(&o->pb, SNAPSHOT_PRIMARY, CLOCK_OF_BOOTTIME);
	pb_close(&o->pb, at);
	pb_close(&o->pb, packet);
}

static void put_system(struct perfetto_out *o)
{
	size_t packet = out_open(o), at = pb_open(&o->pb, PACKET_SYSTEM_INFO);
	size_t uts = pb_open(&o->pb, SYSTEM_UTSNAME);

	pb_string(&o->pb, UTSNAME_SYSNAME, "Linux");
	pb_string(&o->pb, UTSNAME_RELEASE, o->info->kernel);
	pb_string(&o->pb, UTSNAME_MACHINE, o->info->machine == EM_AARCH64 ? "aarch64" : "x86_64");
	pb_close(&o->pb, uts);
	pb_close(&o->pb, at);
	out_close(o, packet);
}

/* --- events -------------------------------------------------------------------------------- */

/* The packet and the event in it, which event_close ends. */
struct event {
	size_t packet, at;
};

static struct event event_open(struct perfetto_out *o, uint64_t ts, int type, uint64_t track)
{
	struct event e = {.packet = out_open(o)};

	pb_u64(&o->pb, PACKET_TIMESTAMP, out_ts(o, ts));
	e.at = pb_open(&o->pb, PACKET_TRACK_EVENT);
	pb_u64(&o->pb, EVENT_TYPE, (uint64_t)type);
	pb_u64(&o->pb, EVENT_TRACK, track);
	return e;
}

static void event_close(struct perfetto_out *o, struct event e)
{
	pb_close(&o->pb, e.at);
	out_close(o, e.packet);
}

static struct event named_open(struct perfetto_out *o, uint64_t ts, int type, uint64_t track,
			       enum category category, const char *name)
{
	struct event e = event_open(o, ts, type, track);

	pb_u64(&o->pb, EVENT_CATEGORY_IID, category);
	pb_u64(&o->pb, EVENT_NAME_IID, out_text(o, TEXT_NAME, name));
	return e;
}

static void put_end(struct perfetto_out *o, uint64_t ts, uint64_t track)
{
	struct event e = event_open(o, ts, TYPE_END, track);

	pb_close(&o->pb, e.at);
	out_close_plain(o, e.packet);
}

static void put_count(struct perfetto_out *o, uint64_t ts, uint64_t track, double value)
{
	struct event e = event_open(o, ts, TYPE_COUNTER, track);

	pb_double(&o->pb, EVENT_DOUBLE_COUNTER, value);
	event_close(o, e);
}

/* Of the arrows, those of tasks have even numbers, those of wakers odd ones. */
static void put_flow(struct pb *pb, uint64_t task_nr)
{
	pb_fixed64(pb, EVENT_FLOWS, task_nr << 1);
}

/* --- the sink ------------------------------------------------------------------------------ */

static int perfetto_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	struct events_ctx *c = ctx;
	struct perfetto *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(err, -ENOMEM, "out of memory while exporting the trace");
	c->perfetto = p;
	out_init(&p->out, info);
	perfetto_tracks_init(&p->tracks, &p->out);
	sched_init(&p->sched, &p->out);
	counter_init(&p->waiting, info->start_ts, info->stop_ts);
	put_clocks(&p->out);
	put_system(&p->out);
	perfetto_names(&p->out);
	return out_flush(&p->out, c->out, false, err);
}

static int perfetto_thread(void *ctx, const struct span_thread *th, struct err *err)
{
	struct events_ctx *c = ctx;

	perfetto_track_name(&c->perfetto->tracks, th);
	sched_thread(&c->perfetto->sched, th);
	return out_flush(&c->perfetto->out, c->out, false, err);
}

static int perfetto_thread_end(void *ctx, const struct span_thread *th, struct err *err)
{
	struct events_ctx *c = ctx;

	sched_thread_end(&c->perfetto->sched, th);
	perfetto_track_thread_end(&c->perfetto->tracks, th);
	return out_flush(&c->perfetto->out, c->out, false, err);
}

/* From the thread that woke it to the wait that this ended. */
static void put_waking(struct perfetto *p, const struct span_wait *w, const char *comm,
		       uint64_t track)
{
	uint64_t waker = sched_waker(&p->sched, w);
	uint64_t from = waker ? perfetto_track_waits_of(&p->tracks, waker) : 0;
	struct perfetto_out *o = &p->out;
	char name[64] = "wakes ";
	struct event e;

	if (!from)
		return;
	memccpy(name + strlen("wakes "), comm, '\0', sizeof(name) - sizeof("wakes "));
	e = named_open(o, w->woken, TYPE_INSTANT, from, CATEGORY_WAKING, name);
	pb_fixed64(&o->pb, EVENT_FLOWS, ++p->wakings << 1 | 1);
	event_close(o, e);
	e = named_open(o, w->woken, TYPE_INSTANT, track, CATEGORY_WAKING, "woken");
	pb_fixed64(&o->pb, EVENT_LAST_FLOWS, p->wakings << 1 | 1);
	event_close(o, e);
}

/* A wait is one slice, until the thread has a CPU again; a stretch of nothing known is too. */
static void put_wait(struct perfetto *p, const struct span_interval *i)
{
	const struct span_wait *w = i->wait;
	const bool known = w->end > w->begin;
	uint64_t track = perfetto_track_waits(&p->tracks, i->thread);
	struct perfetto_out *o = &p->out;
	enum state state = known ? w->state : STATE_UNKNOWN;
	struct event e = event_open(o, known ? w->begin : i->begin, TYPE_BEGIN, track);

	pb_u64(&o->pb, EVENT_CATEGORY_IID, CATEGORY_WAIT);
	pb_u64(&o->pb, EVENT_NAME_IID, (uint64_t)state + 1);
	annotate_wait(o, w);
	event_close(o, e);
	if (known)
		put_waking(p, w, i->thread->comm, track);
	put_end(o, known ? w->end : i->end, track);
}

static int perfetto_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	struct events_ctx *c = ctx;
	struct perfetto *p = c->perfetto;

	if (i->state == STATE_RUNNABLE || i->state == STATE_PREEMPTED || i->state == STATE_YIELD)
		counter_add(&p->waiting, i->begin, i->end);
	if (sched_interval(&p->sched, i))
		put_wait(p, i);
	return out_flush(&p->out, c->out, false, err);
}

/* An arrow where a task has come to another thread. */
static void put_task_of(struct perfetto *p, const struct span_region *r)
{
	struct open_task *task = perfetto_track_open(&p->tracks, r->task_nr);
	bool same;

	annotate_u64(&p->out, KEY_TASK, r->task_nr);
	if (!task)
		return;
	same = task->thread ? task->thread == r->thread->key : task->tid == r->thread->tid;
	task->thread = r->thread->key;
	if (same)
		return;
	task->flows = true;
	put_flow(&p->out.pb, r->task_nr);
}

static int perfetto_region(void *ctx, const struct span_region *r, struct err *err)
{
	struct events_ctx *c = ctx;
	struct perfetto *p = c->perfetto;
	struct perfetto_out *o = &p->out;
	bool self_is_seen = false;
	uint64_t track = perfetto_track_region(&p->tracks, r, &self_is_seen);
	struct event e = named_open(o, r->begin, TYPE_BEGIN, track, CATEGORY_REGION, r->name);

	if (r->site[0])
		pb_u64(&o->pb, EVENT_SOURCE_IID, out_text(o, TEXT_SOURCE, r->site));
	put_task_of(p, r);
	annotate_u64(o, KEY_NR, r->nr);
	if (!self_is_seen)
		annotate_u64(o, KEY_SELF, r->self_ns);
	annotate_spent(o, r->spent);
	annotate_flags(o, r->flags);
	event_close(o, e);
	put_end(o, r->end, track);
	return out_flush(o, c->out, false, err);
}

static int perfetto_async(void *ctx, const struct span_async *a, struct err *err)
{
	struct events_ctx *c = ctx;
	struct perfetto *p = c->perfetto;
	struct perfetto_out *o = &p->out;
	struct open_task *task = perfetto_track_open(&p->tracks, a->task_nr);
	uint64_t track = perfetto_track_async(&p->tracks, a);
	struct event e = named_open(o, a->begin, TYPE_BEGIN, track, CATEGORY_ASYNC, a->name);

	if (a->site[0])
		pb_u64(&o->pb, EVENT_SOURCE_IID, out_text(o, TEXT_SOURCE, a->site));
	if (task) {
		task->flows = true;
		put_flow(&o->pb, a->task_nr);
	}
	annotate_u64(o, KEY_TASK, a->task_nr);
	annotate_u64(o, KEY_NR, a->nr);
	annotate_u64(o, KEY_ID, a->id);
	annotate_u64(o, KEY_TID, a->begin_tid);
	annotate_u64(o, KEY_END_TID, a->end_tid);
	annotate_flags(o, a->flags);
	event_close(o, e);
	put_end(o, a->end, track);
	return out_flush(o, c->out, false, err);
}

static int perfetto_log(void *ctx, const struct span_log *l, struct err *err)
{
	struct events_ctx *c = ctx;
	struct perfetto *p = c->perfetto;
	struct perfetto_out *o = &p->out;
	uint64_t track = perfetto_track_thread(&p->tracks, l->thread);
	struct event e = named_open(o, l->ts, TYPE_INSTANT, track, CATEGORY_LOG,
				    l->category[0] ? l->category : "log");

	annotate_text(o, KEY_MESSAGE, l->message);
	annotate_u64(o, KEY_SPAN, l->span_nr);
	event_close(o, e);
	return out_flush(o, c->out, false, err);
}

static int perfetto_task_open(void *ctx, const struct span_task *t, struct err *err)
{
	struct events_ctx *c = ctx;

	if (!perfetto_track_open(&c->perfetto->tracks, t->nr))
		perfetto_track_task_begin(&c->perfetto->tracks, t);
	return out_flush(&c->perfetto->out, c->out, false, err);
}

/* The one that it is drawn inside of needs no arrow. */
static void put_parent(struct perfetto *p, const struct span_task *t, uint64_t track)
{
	struct open_task *parent = perfetto_track_open(&p->tracks, t->parent_nr);

	annotate_u64(&p->out, KEY_PARENT, t->parent_nr);
	if (!t->parent_nr) {
		annotate_u64(&p->out, KEY_PARENT_ID, t->parent_id);
		annotate_name(&p->out, KEY_PARENT_NAME, t->parent_name);
	}
	if (parent && (!parent->lane || parent->lane->uuid != track)) {
		parent->flows = true;
		put_flow(&p->out.pb, t->parent_nr);
	}
}

static int perfetto_task(void *ctx, const struct span_task *t, struct err *err)
{
	struct events_ctx *c = ctx;
	struct perfetto *p = c->perfetto;
	struct perfetto_out *o = &p->out;
	bool flows;
	uint64_t track = perfetto_track_task(&p->tracks, t, &flows);
	struct event e = named_open(o, t->begin, TYPE_BEGIN, track, CATEGORY_TASK, t->name);

	if (flows)
		put_flow(&o->pb, t->nr);
	put_parent(p, t, track);
	annotate_u64(o, KEY_NR, t->nr);
	annotate_u64(o, KEY_ID, t->id);
	annotate_text(o, KEY_TRACEPARENT, t->traceparent);
	annotate_text(o, KEY_MESSAGE, t->fail_message);
	annotate_u64(o, KEY_TID, t->tid);
	annotate_u64(o, KEY_THREADS, t->threads);
	annotate_u64(o, KEY_IDLE, t->idle_ns);
	annotate_states(o, t->spent);
	annotate_flags(o, t->flags);
	event_close(o, e);
	put_end(o, t->end, track);
	return out_flush(o, c->out, false, err);
}

static int perfetto_lost(void *ctx, uint64_t from, uint64_t to, uint64_t count, struct err *err)
{
	struct events_ctx *c = ctx;
	struct perfetto *p = c->perfetto;
	struct perfetto_out *o = &p->out;
	uint64_t track = perfetto_track_lost(&p->tracks, from, to);
	struct event e = named_open(o, from, TYPE_BEGIN, track, CATEGORY_CAPTURE, "records lost");

	annotate_u64(o, KEY_COUNT, count);
	event_close(o, e);
	put_end(o, to, track);
	if (!p->lost_counter)
		p->lost_counter = perfetto_track_top(&p->tracks, "records lost so far", true);
	p->lost += count;
	put_count(o, to, p->lost_counter, (double)p->lost);
	bundle_lost(&p->sched.bundles);
	return out_flush(o, c->out, false, err);
}

/* --- the end ------------------------------------------------------------------------------- */

static int put_waiting(struct perfetto *p, FILE *out, struct err *err)
{
	const struct perfetto_counter *c = &p->waiting;
	uint64_t track = perfetto_track_top(&p->tracks, "threads waiting for a CPU", true);
	uint64_t last = UINT64_MAX;
	int rc = 0;

	for (size_t i = 0; i < c->nr && !rc; i++) {
		if (c->ns[i] == last)
			continue;
		last = c->ns[i];
		put_count(&p->out, c->start + i * c->width, track, (double)last / (double)c->width);
		rc = out_flush(&p->out, out, false, err);
	}
	return rc;
}

/* What the capture says of itself stands at its end. */
static int perfetto_end(void *ctx, const struct summary *s, struct err *err)
{
	struct events_ctx *c = ctx;
	const struct capture_info *info = s->capture;
	struct perfetto *p = c->perfetto;
	struct perfetto_out *o = &p->out;
	uint64_t track = perfetto_track_top(&p->tracks, "ctrace-bpf", false);
	struct event e;
	int rc;

	bundle_flush(&p->sched.bundles);
	rc = put_waiting(p, c->out, err);
	if (rc)
		return rc;
	e = named_open(o, info->stop_ts, TYPE_INSTANT, track, CATEGORY_CAPTURE,
		       info->cut ? "capture is cut" : "end of trace");
	annotate_text(o, KEY_HOST, info->host);
	annotate_text(o, KEY_COMMAND, info->command);
	annotate_text(o, KEY_VERSION, info->version);
	annotate_text(o, KEY_REASON, info->end_reason);
	annotate_u64(o, KEY_COUNT, info->events);
	annotate_u64(o, KEY_WIDTH, p->waiting.width);
	annotate_u64(o, KEY_CPUS, info->cpus);
	annotate_losses(o, info);
	event_close(o, e);
	rc = out_flush(o, c->out, true, err);
	return rc ? rc : events_flush(c, err);
}

void perfetto_release(struct perfetto *p)
{
	if (!p)
		return;
	sched_release(&p->sched);
	perfetto_tracks_release(&p->tracks);
	out_release(&p->out);
	free(p);
}

const struct sink_ops perfetto_sink = {
	.name = "perfetto",
	.begin = perfetto_begin,
	.thread = perfetto_thread,
	.thread_end = perfetto_thread_end,
	.interval = perfetto_interval,
	.region = perfetto_region,
	.async = perfetto_async,
	.log = perfetto_log,
	.task_open = perfetto_task_open,
	.task = perfetto_task,
	.lost = perfetto_lost,
	.end = perfetto_end,
};
