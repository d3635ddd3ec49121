/* SPDX-License-Identifier: MIT */
/* relate.c - see relate.h. Invariant: no byte behind the record is touched, whatever its kind. */
#include <string.h>

#include "ctrace/wire.h"
#include "store/relate.h"

/* Offsets of fields; 0 ends a list: there is the header, whose fields are always related. */
struct where {
	bool known;
	uint16_t times[3], pids[5], cpus[3], ids[3];
	uint16_t list,
		entry; /* where tids and pids, in this order, come again and again; how far apart */
};

#define AT(type, field) offsetof(struct type, field)

static const struct where kinds[WIRE_KINDS_MAX] = {
	[WIRE_THREAD] = {.known = true,
			 .pids = {AT(wire_thread, pid), AT(wire_thread, parent_tid),
				  AT(wire_thread, parent_pid)}},
	[WIRE_TOTALS] = {.known = true},
	[WIRE_COMM] = {.known = true, .pids = {AT(wire_comm, pid)}},
	[WIRE_OFFCPU] = {.known = true,
			 .times = {AT(wire_offcpu, off_ts), AT(wire_offcpu, wake_ts)},
			 .pids = {AT(wire_offcpu, waker_tid), AT(wire_offcpu, waker_pid),
				  AT(wire_offcpu, prev_tid), AT(wire_offcpu, holder)},
			 .cpus = {AT(wire_offcpu, off_cpu), AT(wire_offcpu, on_cpu)}},
	[WIRE_SYSCALL] = {.known = true, .times = {AT(wire_syscall, enter_ts)}},
	[WIRE_STRING] = {.known = true, .pids = {AT(wire_string, pid)}},
	[WIRE_TASK] = {.known = true},
	[WIRE_REGION] = {.known = true},
	[WIRE_ASYNC] = {.known = true},
	[WIRE_LOG] = {.known = true},
	[WIRE_PARENT] = {.known = true},
	[WIRE_LOST] = {.known = true, .times = {AT(wire_lost, from_ts)}},
	[WIRE_MAP] = {.known = true, .pids = {AT(wire_map, pid)}},
	[WIRE_BATCH] = {.known = true, .pids = {AT(wire_batch, pid)}},
	[WIRE_USED] = {.known = true},
	[WIRE_RESOURCE] = {.known = true, .pids = {AT(wire_resource, peer_pid)}},
	[WIRE_RAN] = {.known = true,
		      .times = {AT(wire_ran, from_ts)},
		      .list = sizeof(struct wire_ran),
		      .entry = sizeof(struct wire_ran_by)},
	[WIRE_STOLEN] = {.known = true},
	[WIRE_HOLDER] = {.known = true, .pids = {AT(wire_holder, pid)}},
	[WIRE_STACK] = {.known = true, .pids = {AT(wire_stack, pid)}, .ids = {AT(wire_stack, id)}},
	[WIRE_BLOCKED_AT] = {.known = true,
			     .ids = {AT(wire_blocked_at, user), AT(wire_blocked_at, kernel)}},
	[WIRE_SAMPLE] = {.known = true, .ids = {AT(wire_sample, user), AT(wire_sample, kernel)}},
};

bool relate_knows(unsigned int kind)
{
	return kind < WIRE_KINDS_MAX && kinds[kind].known;
}

uint64_t relate_ts(const struct relate *r, uint64_t ts)
{
	if (r->shift < 0)
		return ts < (uint64_t)-r->shift ? 0 : ts + (uint64_t)r->shift;
	return ts > UINT64_MAX - (uint64_t)r->shift ? UINT64_MAX : ts + (uint64_t)r->shift;
}

static void relate_u64(unsigned char *at, uint64_t (*f)(const struct relate *, uint64_t),
		       const struct relate *r)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	v = v ? f(r, v) : 0;
	memcpy(at, &v, sizeof(v));
}

static uint64_t relate_id(const struct relate *r, uint64_t id)
{
	return id ^ r->id_mix ? id ^ r->id_mix : 1;
}

static void relate_pid(const struct relate *r, unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	v += v ? r->pid_add : 0;
	memcpy(at, &v, sizeof(v));
}

static void relate_cpu(const struct relate *r, unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	v = (uint16_t)(v + r->cpu_add < UINT16_MAX ? v + r->cpu_add : UINT16_MAX);
	memcpy(at, &v, sizeof(v));
}

void relate_record(const struct relate *r, void *rec, size_t len)
{
	unsigned char *p = rec;
	const struct where *w;
	struct wire_hdr h;

	if (len < sizeof(h))
		return;
	memcpy(&h, rec, sizeof(h));
	relate_pid(r, p + offsetof(struct wire_hdr, tid));
	relate_u64(p + offsetof(struct wire_hdr, ts), relate_ts, r);
	w = &kinds[h.kind < WIRE_KINDS_MAX ? h.kind : 0];
	for (int i = 0; w->times[i]; i++)
		if (w->times[i] + sizeof(uint64_t) <= len)
			relate_u64(p + w->times[i], relate_ts, r);
	for (int i = 0; w->pids[i]; i++)
		if (w->pids[i] + sizeof(uint32_t) <= len)
			relate_pid(r, p + w->pids[i]);
	/* An address is one of a process. */
	if (h.kind == WIRE_RESOURCE && len >= sizeof(struct wire_resource) &&
	    p[AT(wire_resource, what)] == WIRE_RES_ADDR)
		relate_pid(r, p + AT(wire_resource, dev));
	for (size_t at = w->list; at && at + w->entry <= len; at += w->entry) {
		relate_pid(r, p + at);
		relate_pid(r, p + at + sizeof(uint32_t));
	}
	for (int i = 0; w->cpus[i]; i++)
		if (w->cpus[i] + sizeof(uint16_t) <= len)
			relate_cpu(r, p + w->cpus[i]);
	for (int i = 0; w->ids[i]; i++)
		if (w->ids[i] + sizeof(uint64_t) <= len)
			relate_u64(p + w->ids[i], relate_id, r);
}
