/* SPDX-License-Identifier: MIT */
/* perfetto_notes.c - see perfetto_notes.h. Invariant: a number that is used has been named. */
#include <stdio.h>

#include "export/perfetto_notes.h"
#include "ctrace/wire.h"
#include "export/perfetto_schema.h"

static const char *const categories[CATEGORY_NR] = {
	[CATEGORY_TASK] = "task",	[CATEGORY_REGION] = "region", [CATEGORY_ASYNC] = "async",
	[CATEGORY_WAIT] = "wait",	[CATEGORY_WAKING] = "waking", [CATEGORY_LOG] = "log",
	[CATEGORY_CAPTURE] = "capture",
};

static const char *const keys[KEYS] = {
	[KEY_STATES] = "states_ns",
	[KEY_SELF] = "self_ns",
	[KEY_NR] = "nr",
	[KEY_TASK] = "task",
	[KEY_SPAN] = "span",
	[KEY_PARENT] = "parent",
	[KEY_PARENT_ID] = "parent_id",
	[KEY_PARENT_NAME] = "parent_name",
	[KEY_FAILED] = "failed",
	[KEY_MESSAGE] = "message",
	[KEY_TRACEPARENT] = "traceparent",
	[KEY_IDLE] = "idle_ns",
	[KEY_THREADS] = "threads",
	[KEY_SYSCALLS] = "syscalls",
	[KEY_SYSCALL_NS] = "syscall_ns",
	[KEY_FAULTS] = "faults",
	[KEY_IRQ_NS] = "irq_ns",
	[KEY_SOFTIRQ_NS] = "softirq_ns",
	[KEY_GC_NS] = "gc_ns",
	[KEY_BEFORE] = "begun_before_trace",
	[KEY_OPEN] = "unfinished",
	[KEY_TAINTED] = "tainted",
	[KEY_RESOURCE] = "resource",
	[KEY_SYSCALL] = "syscall",
	[KEY_WAKER] = "waker",
	[KEY_WAKER_TID] = "waker_tid",
	[KEY_WAKER_IN] = "waker_context",
	[KEY_WAKER_REGION] = "waker_region",
	[KEY_WAKER_TASK] = "waker_task",
	[KEY_PREV] = "cpu_ran_before",
	[KEY_PREV_TID] = "cpu_ran_before_tid",
	[KEY_SOFTIRQ] = "waker_softirq",
	[KEY_PEER] = "peer",
	[KEY_PEER_PID] = "peer_pid",
	[KEY_HOLDER] = "holder_hint",
	[KEY_HOLDER_TID] = "holder_tid_hint",
	[KEY_HOLDER_REGION] = "holder_region_hint",
	[KEY_KERNEL] = "kernel_function",
	[KEY_CULPRIT] = "cpu_ran",
	[KEY_CULPRIT_TID] = "cpu_ran_tid",
	[KEY_CULPRIT_NS] = "cpu_ran_ns",
	[KEY_CULPRITS] = "cpu_ran_then_ns",
	[KEY_CULPRITS_OTHERS] = "cpu_ran_others_ns",
	[KEY_CPU_IDLE] = "cpu_idle_ns",
	[KEY_TID] = "tid",
	[KEY_END_TID] = "end_tid",
	[KEY_ID] = "id",
	[KEY_COUNT] = "records",
	[KEY_HOST] = "host",
	[KEY_COMMAND] = "command",
	[KEY_VERSION] = "version",
	[KEY_REASON] = "end_reason",
	[KEY_LOST] = "lost",
	[KEY_READY] = "runnable_ns",
	[KEY_THROTTLED] = "throttled_ns",
	[KEY_WIDTH] = "mean_over_ns",
	[KEY_CPUS] = "cpus",
};

static void put_name(struct pb *pb, uint32_t field, uint64_t iid, const char *name)
{
	size_t at = pb_open(pb, field);

	pb_u64(pb, INTERNED_IID, iid);
	pb_string(pb, INTERNED_TEXT, name);
	pb_close(pb, at);
}

void perfetto_names(struct perfetto_out *o)
{
	size_t packet = out_open(o), at = pb_open(&o->pb, PACKET_INTERNED);
	struct pb *pb = &o->pb;

	for (uint64_t i = CATEGORY_NONE + 1; i < CATEGORY_NR; i++)
		put_name(pb, INTERNED_CATEGORIES, i, categories[i]);
	for (uint64_t i = 0; i < STATE_NR; i++) {
		put_name(pb, INTERNED_NAMES, i + 1, state_names[i]);
		put_name(pb, INTERNED_KEYS, i + 1, state_names[i]);
	}
	for (uint64_t i = KEY_NONE + 1; i < KEYS; i++)
		put_name(pb, INTERNED_KEYS, i, keys[i]);
	pb_close(pb, at);
	out_close(o, packet);
}

static void note_u64(struct pb *pb, uint32_t field, int key, uint64_t v)
{
	pb_pair(pb, field, ANNOTATION_KEY_IID, (uint64_t)key, ANNOTATION_UINT, v);
}

void annotate_u64(struct perfetto_out *o, enum key key, uint64_t v)
{
	if (v)
		note_u64(&o->pb, EVENT_ANNOTATIONS, key, v);
}

void annotate_text(struct perfetto_out *o, enum key key, const char *s)
{
	size_t at;

	if (!s[0])
		return;
	at = pb_open(&o->pb, EVENT_ANNOTATIONS);
	pb_u64(&o->pb, ANNOTATION_KEY_IID, key);
	pb_string(&o->pb, ANNOTATION_STRING, s);
	pb_close(&o->pb, at);
}

void annotate_name(struct perfetto_out *o, enum key key, const char *s)
{
	if (s[0])
		pb_pair(&o->pb, EVENT_ANNOTATIONS, ANNOTATION_KEY_IID, key, ANNOTATION_STRING_IID,
			out_text(o, TEXT_VALUE, s));
}

void annotate_true(struct perfetto_out *o, enum key key, bool v)
{
	if (v)
		pb_pair(&o->pb, EVENT_ANNOTATIONS, ANNOTATION_KEY_IID, key, ANNOTATION_BOOL, 1);
}

void annotate_flags(struct perfetto_out *o, uint32_t flags)
{
	annotate_true(o, KEY_BEFORE, flags & SPAN_BEGUN_BEFORE);
	annotate_true(o, KEY_OPEN, flags & SPAN_UNFINISHED);
	annotate_true(o, KEY_FAILED, flags & SPAN_FAILED);
	annotate_true(o, KEY_TAINTED, flags & SPAN_TAINTED);
}

static bool only_ran(const struct breakdown *spent)
{
	for (int i = 0; i < STATE_NR; i++)
		if (i != STATE_RUNNING && spent->ns[i])
			return false;
	return true;
}

static void note_overlays(struct perfetto_out *o, const struct overlays *over)
{
	if (!(over->absent & OVER_NO_SYSCALLS)) {
		annotate_u64(o, KEY_SYSCALLS, over->syscalls);
		annotate_u64(o, KEY_SYSCALL_NS, over->syscall_ns);
	}
	if (!(over->absent & OVER_NO_FAULTS))
		annotate_u64(o, KEY_FAULTS, over->faults);
	if (!(over->absent & OVER_NO_IRQS)) {
		annotate_u64(o, KEY_IRQ_NS, over->irq_ns);
		annotate_u64(o, KEY_SOFTIRQ_NS, over->softirq_ns);
	}
	if (over->gc_ns)
		annotate_u64(o, KEY_GC_NS, over->gc_ns);
}

void annotate_states(struct perfetto_out *o, const struct breakdown *spent)
{
	size_t at = pb_open(&o->pb, EVENT_ANNOTATIONS);

	pb_u64(&o->pb, ANNOTATION_KEY_IID, KEY_STATES);
	for (int i = 0; i < STATE_NR; i++)
		if (spent->ns[i])
			note_u64(&o->pb, ANNOTATION_DICT, i + 1, spent->ns[i]);
	pb_close(&o->pb, at);
	note_overlays(o, &spent->over);
}

void annotate_spent(struct perfetto_out *o, const struct breakdown *spent)
{
	if (only_ran(spent))
		note_overlays(o, &spent->over);
	else
		annotate_states(o, spent);
}

void annotate_waker(struct perfetto_out *o, const struct span_waker *w)
{
	static const char *const contexts[] = {
		[WIRE_WAKER_SOFTIRQ] = "softirq",
		[WIRE_WAKER_HARDIRQ] = "hardirq",
		[WIRE_WAKER_NMI] = "nmi",
	};

	if (w->ctx == WIRE_WAKER_NONE)
		return;
	/* Who was interrupted has nothing to do with it. */
	if (w->ctx < sizeof(contexts) / sizeof(*contexts) && contexts[w->ctx]) {
		annotate_name(o, KEY_WAKER_IN, contexts[w->ctx]);
		annotate_name(o, KEY_SOFTIRQ, w->softirq);
		return;
	}
	annotate_name(o, KEY_WAKER, w->comm);
	annotate_u64(o, KEY_WAKER_TID, w->tid);
	annotate_name(o, KEY_WAKER_REGION, w->region);
	annotate_name(o, KEY_WAKER_TASK, w->task);
}

/* Who had the CPU, most first: the first in keys of its own, the rest as "name (tid)". */
static void note_culprits(struct perfetto_out *o, const struct span_wait *w)
{
	struct pb *pb = &o->pb;
	char who[WIRE_COMM_SZ * 2];
	size_t at, entry;

	annotate_u64(o, KEY_CULPRITS_OTHERS, w->culprits_others_ns);
	annotate_u64(o, KEY_CPU_IDLE, w->cpu_idle_ns);
	if (!w->culprits_nr)
		return;
	annotate_name(o, KEY_CULPRIT, w->culprits[0].comm);
	annotate_u64(o, KEY_CULPRIT_TID, w->culprits[0].tid);
	annotate_u64(o, KEY_CULPRIT_NS, w->culprits[0].ns);
	if (w->culprits_nr == 1)
		return;
	at = pb_open(pb, EVENT_ANNOTATIONS);
	pb_u64(pb, ANNOTATION_KEY_IID, KEY_CULPRITS);
	for (size_t i = 1; i < w->culprits_nr; i++) {
		snprintf(who, sizeof(who), "%s (%u)", w->culprits[i].comm, w->culprits[i].tid);
		entry = pb_open(pb, ANNOTATION_DICT);
		pb_string(pb, ANNOTATION_KEY, who);
		pb_u64(pb, ANNOTATION_UINT, w->culprits[i].ns);
		pb_close(pb, entry);
	}
	pb_close(pb, at);
}

void annotate_wait(struct perfetto_out *o, const struct span_wait *w)
{
	annotate_name(o, KEY_RESOURCE, w->resource);
	annotate_name(o, KEY_SYSCALL, w->syscall);
	annotate_name(o, KEY_PEER, w->peer.pid ? w->peer.comm : "");
	annotate_u64(o, KEY_PEER_PID, w->peer.pid);
	annotate_name(o, KEY_HOLDER, w->holder.comm);
	annotate_u64(o, KEY_HOLDER_TID, w->holder.tid);
	annotate_name(o, KEY_HOLDER_REGION, w->holder.tid ? w->holder.region : "");
	annotate_name(o, KEY_KERNEL, w->kernel);
	annotate_waker(o, &w->waker);
	annotate_u64(o, w->woken_state == STATE_THROTTLED ? KEY_THROTTLED : KEY_READY,
		     w->end - w->woken);
	/* Whoever had the CPU matters to one that wanted it. */
	if (!w->kernel_state || w->woken < w->end) {
		annotate_name(o, KEY_PREV, w->prev_comm);
		annotate_u64(o, KEY_PREV_TID, w->prev_tid);
		note_culprits(o, w);
	}
	annotate_true(o, KEY_OPEN, w->open);
	annotate_true(o, KEY_BEFORE, w->clipped);
}

void annotate_losses(struct perfetto_out *o, const struct capture_info *info)
{
	struct pb *pb = &o->pb;
	size_t at, loss;

	if (!info->losses_nr)
		return;
	at = pb_open(pb, EVENT_ANNOTATIONS);
	pb_u64(pb, ANNOTATION_KEY_IID, KEY_LOST);
	for (size_t i = 0; i < info->losses_nr; i++) {
		loss = pb_open(pb, ANNOTATION_DICT);
		pb_string(pb, ANNOTATION_KEY, info->losses[i].name);
		pb_u64(pb, ANNOTATION_UINT, info->losses[i].count);
		pb_close(pb, loss);
	}
	pb_close(pb, at);
}
