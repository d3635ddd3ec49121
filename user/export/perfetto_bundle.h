/* SPDX-License-Identifier: MIT */
/*
 * perfetto_bundle.h - the scheduler's events of each CPU, as packets of a Perfetto trace
 *
 *	bundle_switch(b, cpu, &(struct bundle_event){.ts = ts, .tid = next, .flags = prev_state});
 *	…
 *	bundle_flush(b);
 *
 * They are gathered by CPU and written as a viewer's compact form, in the order of time. That
 * leaves out the first switch of a CPU, so one to the idle thread is put in front.
 *
 * Memory: BUNDLE_EVENTS of each kind, for each CPU.
 */
#ifndef CTRACE_PERFETTO_BUNDLE_H
#define CTRACE_PERFETTO_BUNDLE_H

#include "export/perfetto_out.h"

enum { BUNDLE_CPUS = 1024 /* a viewer takes no more */, BUNDLE_EVENTS = 256, COMM_SZ = 16 };

struct bundle_event {
	uint64_t ts;
	uint32_t tid;	 /* switch: the next thread; waking: the wakee; blocked: who waits */
	uint32_t flags;	 /* switch: why the one before left; waking: in which context */
	uint64_t symbol; /* blocked: on what, a TEXT_SYMBOL */
	bool io;
	char comm[COMM_SZ];
};

struct bundle_list {
	struct bundle_event v[BUNDLE_EVENTS];
	size_t nr;
};

struct bundle_cpu {
	struct bundle_list switches, wakings, blocked;
	bool lost;
};

struct bundles {
	struct perfetto_out *out;
	struct bundle_cpu *cpus[BUNDLE_CPUS]; /* NULL: nothing happened there */
};

void bundle_init(struct bundles *b, struct perfetto_out *out);
void bundle_release(struct bundles *b);
void bundle_switch(struct bundles *b, uint32_t cpu, const struct bundle_event *e);
void bundle_waking(struct bundles *b, uint32_t cpu, const struct bundle_event *e);
/* Why the thread that has just left this CPU waits; to be called behind that switch. */
void bundle_blocked(struct bundles *b, uint32_t cpu, const struct bundle_event *e);
/* Events of every CPU may be missing here. */
void bundle_lost(struct bundles *b);
void bundle_flush(struct bundles *b);

#endif
