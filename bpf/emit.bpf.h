/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emit.bpf.h - reserve, fill, submit; or count the drop
 *
 * What this CPU's ring has no room for goes into the spare ring, which all of them share: reserving
 * there costs more when several do, but only what would be lost goes there. When that is full,
 * too, the record is counted, by kind, and opens a gap; the next one that goes through
 * on this CPU is preceded by a WIRE_LOST that says from when to when and how many. No record
 * wakes the collector, which looks by itself every few milliseconds, but for the one that fills a
 * ring past a threshold: a wakeup costs more than everything else here and would disturb the very
 * schedule that is being measured.
 */
#ifndef EMIT_BPF_H
#define EMIT_BPF_H

#include "maps.bpf.h"

struct emit {
	void *ring;
	struct cpu_stats *stats;
	u32 idx;
};

/* Finds this CPU's ring. False: nothing is to be emitted now. */
static __always_inline bool emit_open(struct emit *e)
{
	u32 idx = bpf_get_smp_processor_id() / cpus_per_ring;

	if (phase == PHASE_OVER)
		return false;
	if (idx >= rings_nr)
		idx = 0;
	e->idx = idx;
	e->ring = bpf_map_lookup_elem(&rings, &idx);
	e->stats = stats_here();
	return e->ring && e->stats;
}

/* size: a constant. */
static __always_inline void *emit_room(struct emit *e, u32 size)
{
	void *rec = bpf_ringbuf_reserve(e->ring, size, 0), *ring;
	u32 spare = rings_nr;

	if (rec)
		return rec;
	ring = bpf_map_lookup_elem(&rings, &spare);
	if (!ring)
		return NULL;
	rec = bpf_ringbuf_reserve(ring, size, 0);
	if (rec)
		e->stats->spilled++;
	return rec;
}

static __always_inline void emit_gap_end(struct emit *e, u64 ts)
{
	struct wire_lost *r = emit_room(e, sizeof(*r));

	if (!r)
		return;
	r->h.len = sizeof(*r);
	r->h.kind = WIRE_LOST;
	r->h.flags = 0;
	r->h.tid = 0;
	r->h.ts = ts;
	r->from_ts = e->stats->gap_ts;
	r->count = e->stats->gap_nr;
	r->cpu = bpf_get_smp_processor_id();
	e->stats->gap_ts = 0;
	e->stats->gap_nr = 0;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __always_inline void emit_dropped(struct emit *e, u32 kind, u64 ts)
{
	__sync_fetch_and_add(&e->stats->dropped[kind & (WIRE_KINDS_MAX - 1)], 1);
	if (!e->stats->gap_ts)
		e->stats->gap_ts = ts;
	e->stats->gap_nr++;
}

/*
 * Room for a record of size bytes (a constant), its header filled; NULL: dropped, and counted.
 * e must be opened. A record must be given to emit_submit.
 */
static __always_inline void *emit_reserve(struct emit *e, u32 kind, u32 size, u32 flags, u32 tid,
					  u64 ts)
{
	struct wire_hdr *h;

	if (e->stats->gap_ts)
		emit_gap_end(e, ts);
	h = emit_room(e, size);
	if (!h) {
		emit_dropped(e, kind, ts);
		return NULL;
	}
	h->len = size;
	h->kind = kind;
	h->flags = flags;
	h->tid = tid;
	h->ts = ts;
	return h;
}

static __always_inline void emit_submit(struct emit *e, void *rec, u32 kind)
{
	u64 sent = ++e->stats->sent[kind & (WIRE_KINDS_MAX - 1)];
	u64 how = BPF_RB_NO_WAKEUP;

	/* Asking how full the ring is costs as much as a map look-up: ask now and then. */
	if (!(sent & 31) && !ring_woken[e->idx & (RINGS_MAX - 1)] &&
	    bpf_ringbuf_query(e->ring, BPF_RB_AVAIL_DATA) >= wakeup_bytes) {
		ring_woken[e->idx & (RINGS_MAX - 1)] = 1;
		how = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(rec, how);
}

/*
 * Sends the record of size bytes at rec, whose length is not a constant; its header but for h.len
 * is filled. False: dropped, and counted.
 */
static __always_inline bool emit_output(struct emit *e, struct wire_hdr *rec, u64 size)
{
	u32 spare = rings_nr;
	void *ring;

	if (e->stats->gap_ts)
		emit_gap_end(e, rec->ts);
	rec->len = size;
	if (bpf_ringbuf_output(e->ring, rec, size, BPF_RB_NO_WAKEUP)) {
		ring = bpf_map_lookup_elem(&rings, &spare);
		if (!ring || bpf_ringbuf_output(ring, rec, size, BPF_RB_NO_WAKEUP)) {
			emit_dropped(e, rec->kind, rec->ts);
			return false;
		}
		e->stats->spilled++;
	}
	e->stats->sent[rec->kind & (WIRE_KINDS_MAX - 1)]++;
	return true;
}

/* For the rare record that the collector must act upon: until it has, marks go unseen. */
static __always_inline void emit_submit_now(struct emit *e, void *rec, u32 kind)
{
	e->stats->sent[kind & (WIRE_KINDS_MAX - 1)]++;
	bpf_ringbuf_submit(rec, BPF_RB_FORCE_WAKEUP);
}

#endif
