/* SPDX-License-Identifier: MIT */
/*
 * perfetto_tracks.c - see perfetto_tracks.h. Invariant: a track whose uuid is returned has been
 * described.
 */
#include <stdio.h>
#include <string.h>

#include "export/perfetto_schema.h"
#include "export/perfetto_tracks.h"

/* The high byte of a uuid says what it is of, the rest which one. */
enum uuid { UUID_PROCESS = 1, UUID_THREAD, UUID_STATE, UUID_TASKS, UUID_ASYNCS, UUID_OWN };

static uint64_t uuid_of(enum uuid what, uint64_t which)
{
	return (uint64_t)what << 56 | which;
}

void perfetto_tracks_init(struct perfetto_tracks *t, const struct capture_info *info)
{
	*t = (struct perfetto_tracks){
		.threads = {.size = sizeof(char), .max = TRACKS_MAX},
		.processes = {.size = sizeof(char), .max = TRACKS_MAX},
		.info = info,
	};
}

void perfetto_tracks_release(struct perfetto_tracks *t)
{
	recent_release(&t->threads);
	recent_release(&t->processes);
	nesting_release(&t->nesting);
}

size_t perfetto_packet(struct pb *pb, uint32_t flags)
{
	size_t at = pb_open(pb, TRACE_PACKET);

	pb_u64(pb, PACKET_SEQUENCE, 1);
	pb_u64(pb, PACKET_FLAGS, flags);
	return at;
}

static void describe(struct pb *pb, uint64_t uuid, uint64_t parent, const char *name)
{
	size_t packet = perfetto_packet(pb, FLAGS_NEEDED), at = pb_open(pb, PACKET_DESCRIPTOR);

	pb_u64(pb, DESCRIPTOR_UUID, uuid);
	if (parent)
		pb_u64(pb, DESCRIPTOR_PARENT, parent);
	pb_string(pb, DESCRIPTOR_NAME, name);
	pb_close(pb, at);
	pb_close(pb, packet);
}

static uint64_t own_track(struct perfetto_tracks *t, struct pb *pb, uint64_t parent,
			  const char *name)
{
	uint64_t uuid = uuid_of(UUID_OWN, ++t->own);

	describe(pb, uuid, parent, name);
	return uuid;
}

static const struct capture_process *process_of(const struct perfetto_tracks *t, uint32_t pid)
{
	for (size_t i = 0; i < t->info->processes_nr; i++)
		if (t->info->processes[i].pid == pid)
			return &t->info->processes[i];
	return NULL;
}

/* comm: of its main thread, if the capture does not name the process. "" */
static void describe_process(struct perfetto_tracks *t, struct pb *pb, uint32_t pid,
			     const char *comm)
{
	const struct capture_process *p = process_of(t, pid);
	size_t packet = perfetto_packet(pb, FLAGS_NEEDED), at = pb_open(pb, PACKET_DESCRIPTOR);
	size_t of;

	pb_u64(pb, DESCRIPTOR_UUID, uuid_of(UUID_PROCESS, pid));
	of = pb_open(pb, DESCRIPTOR_PROCESS);
	pb_u64(pb, PROCESS_PID, pid);
	if (p && p->exe[0])
		pb_string(pb, PROCESS_CMDLINE, p->exe);
	if (p || comm[0])
		pb_string(pb, PROCESS_NAME, comm[0] || !p ? comm : p->comm);
	pb_close(pb, of);
	pb_close(pb, at);
	pb_close(pb, packet);
	describe(pb, uuid_of(UUID_TASKS, pid), uuid_of(UUID_PROCESS, pid), "tasks");
	describe(pb, uuid_of(UUID_ASYNCS, pid), uuid_of(UUID_PROCESS, pid), "async");
}

static void need_process(struct perfetto_tracks *t, struct pb *pb, uint32_t pid, const char *comm)
{
	if (!comm[0] && recent_get(&t->processes, pid))
		return;
	if (!recent_put(&t->processes, pid))
		pb->failed = true;
	describe_process(t, pb, pid, comm);
}

static uint64_t key_of(const struct span_thread *th)
{
	return (uint64_t)(uintptr_t)th->key & ((1ull << 56) - 1);
}

/* N.B. A pid of 0 is not known; to a viewer it would be the idle thread. */
static void describe_thread(struct pb *pb, const struct span_thread *th)
{
	size_t packet = perfetto_packet(pb, FLAGS_NEEDED), at = pb_open(pb, PACKET_DESCRIPTOR);
	size_t of;

	pb_u64(pb, DESCRIPTOR_UUID, uuid_of(UUID_THREAD, key_of(th)));
	if (th->pid) {
		pb_u64(pb, DESCRIPTOR_PARENT, uuid_of(UUID_PROCESS, th->pid));
		of = pb_open(pb, DESCRIPTOR_THREAD);
		pb_u64(pb, THREAD_PID, th->pid);
		pb_u64(pb, THREAD_TID, th->tid);
		pb_string(pb, THREAD_NAME, th->comm);
		pb_close(pb, of);
	} else {
		pb_string(pb, DESCRIPTOR_NAME, th->comm);
	}
	pb_close(pb, at);
	pb_close(pb, packet);
}

void perfetto_track_name(struct perfetto_tracks *t, struct pb *pb, const struct span_thread *th)
{
	if (!recent_put(&t->threads, key_of(th)))
		pb->failed = true;
	if (th->pid)
		need_process(t, pb, th->pid, th->pid == th->tid ? th->comm : "");
	describe_thread(pb, th);
	describe(pb, uuid_of(UUID_STATE, key_of(th)), uuid_of(UUID_THREAD, key_of(th)), "state");
}

static void need_thread(struct perfetto_tracks *t, struct pb *pb, const struct span_thread *th)
{
	if (!recent_get(&t->threads, key_of(th)))
		perfetto_track_name(t, pb, th);
}

uint64_t perfetto_track_state(struct perfetto_tracks *t, struct pb *pb,
			      const struct span_thread *th)
{
	need_thread(t, pb, th);
	return uuid_of(UUID_STATE, key_of(th));
}

uint64_t perfetto_track_log(struct perfetto_tracks *t, struct pb *pb, const struct span_thread *th)
{
	need_thread(t, pb, th);
	return uuid_of(UUID_THREAD, key_of(th));
}

uint64_t perfetto_track_region(struct perfetto_tracks *t, struct pb *pb,
			       const struct span_region *r)
{
	uint64_t thread = uuid_of(UUID_THREAD, key_of(r->thread));

	need_thread(t, pb, r->thread);
	if (nesting_fits(&t->nesting, r))
		return thread;
	return own_track(t, pb, thread, "regions that do not nest");
}

uint64_t perfetto_track_task(struct perfetto_tracks *t, struct pb *pb, const struct span_task *task)
{
	need_process(t, pb, task->pid, "");
	return own_track(t, pb, uuid_of(UUID_TASKS, task->pid), task->name);
}

uint64_t perfetto_track_async(struct perfetto_tracks *t, struct pb *pb, const struct span_async *a)
{
	need_process(t, pb, a->pid, "");
	return own_track(t, pb, uuid_of(UUID_ASYNCS, a->pid), a->name);
}

uint64_t perfetto_track_top(struct perfetto_tracks *t, struct pb *pb, const char *name)
{
	return own_track(t, pb, 0, name);
}
