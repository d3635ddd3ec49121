/* SPDX-License-Identifier: MIT */
/*
 * perfetto.c - a trace for ui.perfetto.dev, as its protobuf packets
 *
 * Everything is a slice of a track (perfetto_tracks.h), which viewers sort by time; so an event is
 * written when it is complete, and nothing is kept. Times are exact: a slice begins and ends at
 * the nanosecond that the model says, and its annotations are the model's own figures.
 *
 * N.B. Our states are finer than the kernel's, and an interval does not tell its CPU: they are
 * slices below each thread, not the viewer's own thread states and CPU tracks.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ctrace/wire.h"
#include "export/events.h"
#include "export/perfetto_notes.h"
#include "export/perfetto_schema.h"
#include "export/perfetto_tracks.h"

enum { FLUSH_AT = 1 << 16 };

struct perfetto {
	struct pb pb;
	struct perfetto_tracks tracks;
};

/* --- bytes --------------------------------------------------------------------------------- */

static int write_out(struct events_ctx *c, struct err *err)
{
	struct pb *pb = &c->perfetto->pb;

	if (pb->failed)
		return err_set(err, -ENOMEM, "out of memory while exporting the trace");
	errno = 0;
	if (pb->n && fwrite(pb->bytes, 1, pb->n, c->out) != pb->n) {
		int code = errno ? -errno : -EIO;

		return err_set(err, code, "cannot write the trace: %s", strerror(-code));
	}
	pb->n = 0;
	return 0;
}

static int maybe_write_out(struct events_ctx *c, struct err *err)
{
	return c->perfetto->pb.failed || c->perfetto->pb.n >= FLUSH_AT ? write_out(c, err) : 0;
}

static void put_clock(struct pb *pb, uint64_t id, uint64_t ts)
{
	size_t at = pb_open(pb, SNAPSHOT_CLOCKS);

	pb_u64(pb, CLOCK_ID, id);
	pb_u64(pb, CLOCK_TIMESTAMP, ts);
	pb_close(pb, at);
}

/* N.B. Viewers count in BOOTTIME, of which a capture does not know; MONOTONIC is called that. */
static void put_clocks(struct pb *pb, const struct capture_info *info)
{
	size_t packet = pb_open(pb, TRACE_PACKET), at;

	pb_u64(pb, PACKET_SEQUENCE, 1);
	pb_u64(pb, PACKET_FLAGS, FLAGS_CLEARED);
	pb_u64(pb, PACKET_FIRST, 1);
	at = pb_open(pb, PACKET_CLOCK_SNAPSHOT);
	put_clock(pb, CLOCK_OF_BOOTTIME, info->start_ts);
	put_clock(pb, CLOCK_OF_MONOTONIC, info->start_ts);
	put_clock(pb, CLOCK_OF_REALTIME, info->start_unix_ns);
	pb_u64(pb, SNAPSHOT_PRIMARY, CLOCK_OF_BOOTTIME);
	pb_close(pb, at);
	pb_close(pb, packet);
}

static void put_system(struct pb *pb, const struct capture_info *info)
{
	size_t packet = perfetto_packet(pb, FLAGS_NEEDED), at = pb_open(pb, PACKET_SYSTEM_INFO);
	size_t uts = pb_open(pb, SYSTEM_UTSNAME);

	pb_string(pb, UTSNAME_SYSNAME, "Linux");
	pb_string(pb, UTSNAME_RELEASE, info->kernel);
	pb_string(pb, UTSNAME_MACHINE, info->machine == EM_AARCH64 ? "aarch64" : "x86_64");
	pb_close(pb, uts);
	pb_close(pb, at);
	pb_close(pb, packet);
}

/* --- events -------------------------------------------------------------------------------- */

/* The packet and the event in it, which event_close ends. */
struct event {
	size_t packet, at;
};

static struct event event_open(struct pb *pb, uint64_t ts, int type, uint64_t track)
{
	struct event e = {.packet = perfetto_packet(pb, FLAGS_NEEDED)};

	pb_u64(pb, PACKET_TIMESTAMP, ts);
	e.at = pb_open(pb, PACKET_TRACK_EVENT);
	pb_u64(pb, EVENT_TYPE, (uint64_t)type);
	pb_u64(pb, EVENT_TRACK, track);
	return e;
}

static void event_close(struct pb *pb, struct event e)
{
	pb_close(pb, e.at);
	pb_close(pb, e.packet);
}

static struct event named_open(struct pb *pb, uint64_t ts, int type, uint64_t track,
			       enum category category, const char *name)
{
	struct event e = event_open(pb, ts, type, track);

	pb_u64(pb, EVENT_CATEGORY_IID, category);
	pb_string(pb, EVENT_NAME, name);
	return e;
}

static void put_end(struct pb *pb, uint64_t ts, uint64_t track)
{
	event_close(pb, event_open(pb, ts, TYPE_END, track));
}

/* --- the sink ------------------------------------------------------------------------------ */

static int perfetto_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	struct events_ctx *c = ctx;

	c->perfetto = calloc(1, sizeof(*c->perfetto));
	if (!c->perfetto)
		return err_set(err, -ENOMEM, "out of memory while exporting the trace");
	perfetto_tracks_init(&c->perfetto->tracks, info);
	put_clocks(&c->perfetto->pb, info);
	put_system(&c->perfetto->pb, info);
	perfetto_names(&c->perfetto->pb);
	return maybe_write_out(c, err);
}

static int perfetto_thread(void *ctx, const struct span_thread *th, struct err *err)
{
	struct events_ctx *c = ctx;

	perfetto_track_name(&c->perfetto->tracks, &c->perfetto->pb, th);
	return maybe_write_out(c, err);
}

static int perfetto_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	struct events_ctx *c = ctx;
	struct pb *pb = &c->perfetto->pb;
	uint64_t track = perfetto_track_state(&c->perfetto->tracks, pb, i->thread);
	struct event e = event_open(pb, i->begin, TYPE_BEGIN, track);

	pb_u64(pb, EVENT_CATEGORY_IID, CATEGORY_STATE);
	pb_u64(pb, EVENT_NAME_IID, (uint64_t)i->state + 1);
	if (i->wait)
		annotate_wait(pb, i->state, i->wait);
	event_close(pb, e);
	put_end(pb, i->end, track);
	return maybe_write_out(c, err);
}

static int perfetto_region(void *ctx, const struct span_region *r, struct err *err)
{
	struct events_ctx *c = ctx;
	struct pb *pb = &c->perfetto->pb;
	uint64_t track = perfetto_track_region(&c->perfetto->tracks, pb, r);
	struct event e = named_open(pb, r->begin, TYPE_BEGIN, track, CATEGORY_REGION, r->name);

	if (r->task_id)
		pb_fixed64(pb, EVENT_FLOWS, r->task_id);
	annotate_text(pb, KEY_SITE, r->site);
	annotate_u64(pb, KEY_TASK, r->task_id);
	annotate_u64(pb, KEY_SELF, r->self_ns);
	annotate_spent(pb, r->spent);
	annotate_flags(pb, r->flags);
	event_close(pb, e);
	put_end(pb, r->end, track);
	return maybe_write_out(c, err);
}

static int perfetto_async(void *ctx, const struct span_async *a, struct err *err)
{
	struct events_ctx *c = ctx;
	struct pb *pb = &c->perfetto->pb;
	uint64_t track = perfetto_track_async(&c->perfetto->tracks, pb, a);
	struct event e = named_open(pb, a->begin, TYPE_BEGIN, track, CATEGORY_ASYNC, a->name);

	if (a->task_id)
		pb_fixed64(pb, EVENT_FLOWS, a->task_id);
	annotate_text(pb, KEY_SITE, a->site);
	annotate_u64(pb, KEY_ID, a->id);
	annotate_u64(pb, KEY_TASK, a->task_id);
	annotate_u64(pb, KEY_TID, a->begin_tid);
	annotate_u64(pb, KEY_END_TID, a->end_tid);
	annotate_flags(pb, a->flags);
	event_close(pb, e);
	put_end(pb, a->end, track);
	return maybe_write_out(c, err);
}

static int perfetto_log(void *ctx, const struct span_log *l, struct err *err)
{
	struct events_ctx *c = ctx;
	struct pb *pb = &c->perfetto->pb;
	uint64_t track = perfetto_track_log(&c->perfetto->tracks, pb, l->thread);
	char name[2 * WIRE_REC_MAX];
	struct event e;

	snprintf(name, sizeof(name), "%s%s%s", l->category, l->category[0] ? ": " : "", l->message);
	e = named_open(pb, l->ts, TYPE_INSTANT, track, CATEGORY_LOG, name);
	annotate_text(pb, KEY_CATEGORY, l->category);
	annotate_text(pb, KEY_MESSAGE, l->message);
	annotate_u64(pb, KEY_TASK, l->task_id);
	event_close(pb, e);
	return maybe_write_out(c, err);
}

/* Arrows lead from a task to its regions, wherever they run, and from its parent to it. */
static int perfetto_task(void *ctx, const struct span_task *t, struct err *err)
{
	struct events_ctx *c = ctx;
	struct pb *pb = &c->perfetto->pb;
	uint64_t track = perfetto_track_task(&c->perfetto->tracks, pb, t);
	struct event e = named_open(pb, t->begin, TYPE_BEGIN, track, CATEGORY_TASK, t->name);

	pb_fixed64(pb, EVENT_FLOWS, t->id);
	if (t->parent_id)
		pb_fixed64(pb, EVENT_FLOWS, t->parent_id);
	annotate_u64(pb, KEY_ID, t->id);
	annotate_u64(pb, KEY_PARENT, t->parent_id);
	annotate_text(pb, KEY_PARENT_NAME, t->parent_name);
	annotate_text(pb, KEY_TRACEPARENT, t->traceparent);
	annotate_text(pb, KEY_MESSAGE, t->fail_message);
	annotate_u64(pb, KEY_TID, t->tid);
	annotate_u64(pb, KEY_THREADS, t->threads);
	annotate_u64(pb, KEY_IDLE, t->idle_ns);
	annotate_spent(pb, t->spent);
	annotate_flags(pb, t->flags);
	event_close(pb, e);
	put_end(pb, t->end, track);
	return maybe_write_out(c, err);
}

static int perfetto_lost(void *ctx, uint64_t from, uint64_t to, uint64_t count, struct err *err)
{
	struct events_ctx *c = ctx;
	struct pb *pb = &c->perfetto->pb;
	uint64_t track = perfetto_track_top(&c->perfetto->tracks, pb, "records lost");
	struct event e = named_open(pb, from, TYPE_BEGIN, track, CATEGORY_CAPTURE, "records lost");

	annotate_u64(pb, KEY_COUNT, count);
	event_close(pb, e);
	put_end(pb, to, track);
	return maybe_write_out(c, err);
}

/* What the capture says of itself stands at its end. */
static int perfetto_end(void *ctx, const struct summary *s, struct err *err)
{
	struct events_ctx *c = ctx;
	const struct capture_info *info = s->capture;
	struct pb *pb = &c->perfetto->pb;
	uint64_t track = perfetto_track_top(&c->perfetto->tracks, pb, "ctrace-bpf");
	struct event e = named_open(pb, info->stop_ts, TYPE_INSTANT, track, CATEGORY_CAPTURE,
				    info->cut ? "capture is cut" : "end of trace");
	int rc;

	annotate_text(pb, KEY_HOST, info->host);
	annotate_text(pb, KEY_COMMAND, info->command);
	annotate_text(pb, KEY_VERSION, info->version);
	annotate_text(pb, KEY_REASON, info->end_reason);
	annotate_u64(pb, KEY_COUNT, info->events);
	annotate_losses(pb, info);
	event_close(pb, e);
	rc = write_out(c, err);
	return rc ? rc : events_flush(c, err);
}

void perfetto_release(struct perfetto *p)
{
	if (!p)
		return;
	perfetto_tracks_release(&p->tracks);
	pb_release(&p->pb);
	free(p);
}

const struct sink_ops perfetto_sink = {
	.name = "perfetto",
	.begin = perfetto_begin,
	.thread = perfetto_thread,
	.interval = perfetto_interval,
	.region = perfetto_region,
	.async = perfetto_async,
	.log = perfetto_log,
	.task = perfetto_task,
	.lost = perfetto_lost,
	.end = perfetto_end,
};
