/* SPDX-License-Identifier: MIT */
/* perfetto_bundle.c - see perfetto_bundle.h. Invariant: events of equal time keep their order. */
#include <stdlib.h>
#include <string.h>

#include "export/perfetto_bundle.h"
#include "export/perfetto_schema.h"

enum { PRIO = 120 /* of an ordinary thread: what it was is not known */ };

void bundle_init(struct bundles *b, struct perfetto_out *out)
{
	*b = (struct bundles){.out = out};
}

void bundle_release(struct bundles *b)
{
	for (int i = 0; i < BUNDLE_CPUS; i++)
		free(b->cpus[i]);
}

/* --- one bundle ---------------------------------------------------------------------------- */

/* Nearly in order already. */
static void sort(struct bundle_list *l)
{
	for (size_t i = 1; i < l->nr; i++) {
		struct bundle_event e = l->v[i];
		size_t at = i;

		for (; at && l->v[at - 1].ts > e.ts; at--)
			l->v[at] = l->v[at - 1];
		l->v[at] = e;
	}
}

/* The names of threads, each once. */
struct comms {
	const char *v[2 * BUNDLE_EVENTS];
	size_t nr;
};

static uint64_t comm_index(struct comms *c, const char *comm)
{
	for (size_t i = c->nr; i-- > 0;)
		if (!memcmp(c->v[i], comm, COMM_SZ))
			return i;
	c->v[c->nr] = comm;
	return c->nr++;
}

static void put_times(struct perfetto_out *o, uint32_t field, const struct bundle_list *l)
{
	size_t at = pb_open(&o->pb, field);
	uint64_t last = 0;

	for (size_t i = 0; i < l->nr; i++) {
		uint64_t ts = out_ts(o, l->v[i].ts);

		pb_packed(&o->pb, ts - last);
		last = ts;
	}
	pb_close(&o->pb, at);
}

static void put_tids(struct pb *pb, uint32_t field, const struct bundle_list *l)
{
	size_t at = pb_open(pb, field);

	for (size_t i = 0; i < l->nr; i++)
		pb_packed(pb, l->v[i].tid);
	pb_close(pb, at);
}

static void put_flags(struct pb *pb, uint32_t field, const struct bundle_list *l)
{
	size_t at = pb_open(pb, field);

	for (size_t i = 0; i < l->nr; i++)
		pb_packed(pb, l->v[i].flags);
	pb_close(pb, at);
}

static void put_same(struct pb *pb, uint32_t field, const struct bundle_list *l, uint64_t v)
{
	size_t at = pb_open(pb, field);

	for (size_t i = 0; i < l->nr; i++)
		pb_packed(pb, v);
	pb_close(pb, at);
}

static void put_comms(struct pb *pb, uint32_t field, const struct bundle_list *l, struct comms *c)
{
	size_t at = pb_open(pb, field);

	for (size_t i = 0; i < l->nr; i++)
		pb_packed(pb, comm_index(c, l->v[i].comm));
	pb_close(pb, at);
}

static void put_compact(struct perfetto_out *o, const struct bundle_cpu *c, uint32_t cpu)
{
	size_t at = pb_open(&o->pb, BUNDLE_COMPACT);
	struct comms comms = {.nr = 0};

	if (c->switches.nr) {
		put_times(o, COMPACT_SWITCH_TS, &c->switches);
		put_flags(&o->pb, COMPACT_SWITCH_PREV_STATE, &c->switches);
		put_tids(&o->pb, COMPACT_SWITCH_NEXT_PID, &c->switches);
		put_same(&o->pb, COMPACT_SWITCH_NEXT_PRIO, &c->switches, PRIO);
		put_comms(&o->pb, COMPACT_SWITCH_NEXT_COMM, &c->switches, &comms);
	}
	if (c->wakings.nr) {
		put_times(o, COMPACT_WAKING_TS, &c->wakings);
		put_tids(&o->pb, COMPACT_WAKING_PID, &c->wakings);
		put_same(&o->pb, COMPACT_WAKING_CPU, &c->wakings, cpu);
		put_same(&o->pb, COMPACT_WAKING_PRIO, &c->wakings, PRIO);
		put_comms(&o->pb, COMPACT_WAKING_COMM, &c->wakings, &comms);
		put_flags(&o->pb, COMPACT_WAKING_FLAGS, &c->wakings);
	}
	for (size_t i = 0; i < comms.nr; i++)
		pb_string(&o->pb, COMPACT_COMMS, comms.v[i]);
	pb_close(&o->pb, at);
}

static void put_blocked(struct perfetto_out *o, const struct bundle_event *e)
{
	size_t event = pb_open(&o->pb, BUNDLE_EVENT), at;

	pb_u64(&o->pb, FTRACE_TIMESTAMP, out_ts(o, e->ts));
	pb_u64(&o->pb, FTRACE_PID, e->tid);
	at = pb_open(&o->pb, FTRACE_BLOCKED_REASON);
	pb_u64(&o->pb, BLOCKED_PID, e->tid);
	pb_u64(&o->pb, BLOCKED_CALLER, e->symbol);
	if (e->io)
		pb_u64(&o->pb, BLOCKED_IO_WAIT, 1);
	pb_close(&o->pb, at);
	pb_close(&o->pb, event);
}

static void flush_cpu(struct bundles *b, uint32_t cpu)
{
	struct bundle_cpu *c = b->cpus[cpu];
	struct perfetto_out *o = b->out;
	size_t packet, at;

	if (!c->switches.nr && !c->wakings.nr && !c->blocked.nr && !c->lost)
		return;
	sort(&c->switches);
	sort(&c->wakings);
	packet = out_open(o);
	at = pb_open(&o->pb, PACKET_FTRACE);
	pb_u64(&o->pb, BUNDLE_CPU, cpu);
	if (c->lost)
		pb_u64(&o->pb, BUNDLE_LOST, 1);
	if (c->switches.nr || c->wakings.nr)
		put_compact(o, c, cpu);
	for (size_t i = 0; i < c->blocked.nr; i++)
		put_blocked(o, &c->blocked.v[i]);
	pb_close(&o->pb, at);
	out_close(o, packet);
	c->switches.nr = c->wakings.nr = c->blocked.nr = 0;
	c->lost = false;
}

/* --- events -------------------------------------------------------------------------------- */

static struct bundle_cpu *cpu_of(struct bundles *b, uint32_t cpu)
{
	struct bundle_cpu *c = b->cpus[cpu];

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c) {
		b->out->pb.failed = true;
		return NULL;
	}
	b->cpus[cpu] = c;
	c->switches.v[c->switches.nr++] = (struct bundle_event){
		.ts = b->out->info->start_ts - 1,
		.comm = "swapper",
	};
	return c;
}

/* A packet holds events of all three kinds, so that a reason comes behind its switch. */
static void add(struct bundles *b, uint32_t cpu, struct bundle_list *l,
		const struct bundle_event *e)
{
	if (l->nr == BUNDLE_EVENTS)
		flush_cpu(b, cpu);
	l->v[l->nr++] = *e;
}

void bundle_switch(struct bundles *b, uint32_t cpu, const struct bundle_event *e)
{
	struct bundle_cpu *c = cpu_of(b, cpu);

	if (c)
		add(b, cpu, &c->switches, e);
}

void bundle_waking(struct bundles *b, uint32_t cpu, const struct bundle_event *e)
{
	struct bundle_cpu *c = cpu_of(b, cpu);

	if (c)
		add(b, cpu, &c->wakings, e);
}

void bundle_blocked(struct bundles *b, uint32_t cpu, const struct bundle_event *e)
{
	struct bundle_cpu *c = cpu_of(b, cpu);

	if (c)
		add(b, cpu, &c->blocked, e);
}

void bundle_lost(struct bundles *b)
{
	for (int i = 0; i < BUNDLE_CPUS; i++)
		if (b->cpus[i])
			b->cpus[i]->lost = true;
}

void bundle_flush(struct bundles *b)
{
	for (uint32_t i = 0; i < BUNDLE_CPUS; i++)
		if (b->cpus[i])
			flush_cpu(b, i);
}
