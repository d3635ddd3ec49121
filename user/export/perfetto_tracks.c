/* SPDX-License-Identifier: MIT */
/*
 * perfetto_tracks.c - see perfetto_tracks.h. Invariant: a track whose uuid is returned has been
 * described.
 */
#include "export/perfetto_lanes.h"
#include "export/perfetto_schema.h"

struct process_tracks {
	uint64_t process, tasks, asyncs; /* uuids; 0: not described yet */
};

void perfetto_tracks_init(struct perfetto_tracks *t, struct perfetto_out *out)
{
	*t = (struct perfetto_tracks){
		.out = out,
		.processes = {.size = sizeof(struct process_tracks), .max = PROCESSES_MAX},
		.thread_pool = {.size = sizeof(struct thread_tracks)},
		.task_pool = {.size = sizeof(struct open_task)},
		.lane_pool = {.size = sizeof(struct lane)},
	};
}

void perfetto_tracks_release(struct perfetto_tracks *t)
{
	hash_release(&t->threads);
	hash_release(&t->tasks);
	hash_release(&t->lanes);
	recent_release(&t->processes);
	pool_release(&t->thread_pool);
	pool_release(&t->task_pool);
	pool_release(&t->lane_pool);
	nesting_release(&t->nesting);
}

/* --- descriptions -------------------------------------------------------------------------- */

struct descriptor {
	size_t packet, at;
};

static struct descriptor describe_open(struct perfetto_tracks *t, uint64_t uuid, uint64_t parent)
{
	struct descriptor d = {.packet = out_open(t->out)};
	struct pb *pb = &t->out->pb;

	d.at = pb_open(pb, PACKET_DESCRIPTOR);
	pb_u64(pb, DESCRIPTOR_UUID, uuid);
	if (parent)
		pb_u64(pb, DESCRIPTOR_PARENT, parent);
	return d;
}

static void describe_close(struct perfetto_tracks *t, struct descriptor d)
{
	pb_close(&t->out->pb, d.at);
	out_close(t->out, d.packet);
}

uint64_t perfetto_describe(struct perfetto_tracks *t, uint64_t parent, const char *name)
{
	uint64_t uuid = ++t->uuids;
	struct descriptor d = describe_open(t, uuid, parent);

	pb_string(&t->out->pb, DESCRIPTOR_NAME, name);
	describe_close(t, d);
	return uuid;
}

static const struct capture_process *process_of(const struct perfetto_tracks *t, uint32_t pid)
{
	const struct capture_info *info = t->out->info;

	for (size_t i = 0; i < info->processes_nr; i++)
		if (info->processes[i].pid == pid)
			return &info->processes[i];
	return NULL;
}

/* comm: of its main thread, if the capture does not name the process. "" */
static void describe_process(struct perfetto_tracks *t, uint64_t uuid, uint32_t pid,
			     const char *comm)
{
	const struct capture_process *p = process_of(t, pid);
	struct descriptor d = describe_open(t, uuid, 0);
	struct pb *pb = &t->out->pb;
	size_t of = pb_open(pb, DESCRIPTOR_PROCESS);

	pb_u64(pb, PROCESS_PID, pid);
	if (p && p->exe[0])
		pb_string(pb, PROCESS_CMDLINE, p->exe);
	if (p || comm[0])
		pb_string(pb, PROCESS_NAME, comm[0] || !p ? comm : p->comm);
	pb_close(pb, of);
	describe_close(t, d);
}

static struct process_tracks *need_process(struct perfetto_tracks *t, uint32_t pid,
					   const char *comm)
{
	struct process_tracks *p = recent_put(&t->processes, pid);

	if (!p) {
		t->out->pb.failed = true;
		return NULL;
	}
	if (p->process && !comm[0])
		return p;
	if (!p->process)
		p->process = ++t->uuids;
	describe_process(t, p->process, pid, comm);
	return p;
}

uint64_t perfetto_group(struct perfetto_tracks *t, uint32_t pid, bool async)
{
	struct process_tracks *p = need_process(t, pid, "");
	uint64_t *uuid = !p ? NULL : async ? &p->asyncs : &p->tasks;

	if (!uuid)
		return 0;
	if (!*uuid)
		*uuid = perfetto_describe(t, p->process, async ? "async" : "tasks");
	return *uuid;
}

/* N.B. A pid of 0 is not known; to a viewer it would be the idle thread. */
static void describe_thread(struct perfetto_tracks *t, uint64_t uuid, const struct span_thread *th)
{
	struct process_tracks *p =
		th->pid ? need_process(t, th->pid, th->pid == th->tid ? th->comm : "") : NULL;
	struct descriptor d = describe_open(t, uuid, p ? p->process : 0);
	struct pb *pb = &t->out->pb;
	size_t of;

	if (p) {
		of = pb_open(pb, DESCRIPTOR_THREAD);
		pb_u64(pb, THREAD_PID, th->pid);
		pb_u64(pb, THREAD_TID, th->tid);
		pb_string(pb, THREAD_NAME, th->comm);
		pb_close(pb, of);
	} else {
		pb_string(pb, DESCRIPTOR_NAME, th->comm);
	}
	describe_close(t, d);
}

/* --- threads ------------------------------------------------------------------------------- */

static uint64_t key_of(const struct span_thread *th)
{
	return (uint64_t)(uintptr_t)th->key;
}

static struct thread_tracks *need_thread(struct perfetto_tracks *t, const struct span_thread *th)
{
	struct thread_tracks *is = hash_get(&t->threads, key_of(th));

	if (is)
		return is;
	is = pool_get(&t->thread_pool);
	if (!is || hash_put(&t->threads, key_of(th), is)) {
		t->out->pb.failed = true;
		return NULL;
	}
	is->thread = ++t->uuids;
	describe_thread(t, is->thread, th);
	is->waits = perfetto_describe(t, is->thread, "waits");
	return is;
}

void perfetto_track_name(struct perfetto_tracks *t, const struct span_thread *th)
{
	struct thread_tracks *is = hash_get(&t->threads, key_of(th));

	if (is)
		describe_thread(t, is->thread, th);
	else
		need_thread(t, th);
}

void perfetto_track_thread_end(struct perfetto_tracks *t, const struct span_thread *th)
{
	pool_put(&t->thread_pool, hash_del(&t->threads, key_of(th)));
}

uint64_t perfetto_track_waits(struct perfetto_tracks *t, const struct span_thread *th)
{
	const struct thread_tracks *is = need_thread(t, th);

	return is ? is->waits : 0;
}

uint64_t perfetto_track_thread(struct perfetto_tracks *t, const struct span_thread *th)
{
	const struct thread_tracks *is = need_thread(t, th);

	return is ? is->thread : 0;
}

uint64_t perfetto_track_waits_of(struct perfetto_tracks *t, uint64_t key)
{
	const struct thread_tracks *is = hash_get(&t->threads, key);

	return is ? is->waits : 0;
}

/* --- regions ------------------------------------------------------------------------------- */

static uint64_t track_alone(struct perfetto_tracks *t, uint64_t parent, const char *name,
			    uint64_t begin, uint64_t end)
{
	struct lane *l = lanes_free(t, parent, name, begin);

	if (!l)
		return perfetto_describe(t, parent, name);
	l->last_end = end;
	return l->uuid;
}

/* Notes the region for the one around it, and whether what is inside of it adds up. */
static bool self_is_seen(struct thread_tracks *is, const struct span_region *r, bool nests)
{
	uint32_t d = r->depth, bit = 1u << d % 32;
	uint64_t inside;
	bool odd;

	if (d + 1 >= NESTING_DEEP)
		return false;
	inside = is->inside[d + 1];
	odd = is->odd & bit << 1;
	is->inside[d + 1] = 0;
	is->odd &= ~(bit << 1);
	is->inside[d] += r->end - r->begin;
	if (!nests)
		is->odd |= bit;
	return nests && !odd && r->end - r->begin - inside == r->self_ns;
}

uint64_t perfetto_track_region(struct perfetto_tracks *t, const struct span_region *r, bool *self)
{
	struct thread_tracks *is = need_thread(t, r->thread);
	bool nests = nesting_fits(&t->nesting, r);

	if (!is)
		return 0;
	*self = self_is_seen(is, r, nests);
	if (nests)
		return is->thread;
	return track_alone(t, is->thread, "regions that do not nest", r->begin, r->end);
}

uint64_t perfetto_track_async(struct perfetto_tracks *t, const struct span_async *a)
{
	return track_alone(t, perfetto_group(t, a->pid, true), a->name, a->begin, a->end);
}

uint64_t perfetto_track_lost(struct perfetto_tracks *t, uint64_t begin, uint64_t end)
{
	return track_alone(t, 0, "records lost", begin, end);
}

uint64_t perfetto_track_top(struct perfetto_tracks *t, const char *name, bool counter)
{
	uint64_t uuid = ++t->uuids;
	struct descriptor d = describe_open(t, uuid, 0);
	struct pb *pb = &t->out->pb;
	size_t of;

	pb_string(pb, DESCRIPTOR_NAME, name);
	if (counter) {
		of = pb_open(pb, DESCRIPTOR_COUNTER);
		pb_u64(pb, COUNTER_UNIT, COUNTER_UNIT_OF_COUNT);
		pb_close(pb, of);
	}
	describe_close(t, d);
	return uuid;
}
