/* SPDX-License-Identifier: MIT */
/* perfetto_notes.c - see perfetto_notes.h. Invariant: a number that is used has been named. */
#include "export/perfetto_notes.h"
#include "ctrace/wire.h"
#include "export/perfetto_schema.h"
#include "export/perfetto_tracks.h"

static const char *const categories[CATEGORY_NR] = {
	[CATEGORY_TASK] = "task",   [CATEGORY_REGION] = "region", [CATEGORY_ASYNC] = "async",
	[CATEGORY_STATE] = "state", [CATEGORY_LOG] = "log",	  [CATEGORY_CAPTURE] = "capture",
};

static const char *const keys[KEY_NR] = {
	[KEY_STATES] = "states_ns",
	[KEY_SITE] = "site",
	[KEY_SELF] = "self_ns",
	[KEY_TASK] = "task",
	[KEY_PARENT] = "parent",
	[KEY_PARENT_NAME] = "parent_name",
	[KEY_FAILED] = "failed",
	[KEY_MESSAGE] = "message",
	[KEY_TRACEPARENT] = "traceparent",
	[KEY_IDLE] = "idle_ns",
	[KEY_THREADS] = "threads",
	[KEY_SYSCALLS] = "syscalls",
	[KEY_SYSCALL_NS] = "syscall_ns",
	[KEY_FAULTS] = "faults",
	[KEY_BEFORE] = "begun_before_trace",
	[KEY_OPEN] = "unfinished",
	[KEY_TAINTED] = "tainted",
	[KEY_RESOURCE] = "resource",
	[KEY_SYSCALL] = "syscall",
	[KEY_WAKER] = "waker",
	[KEY_WAKER_TID] = "waker_tid",
	[KEY_WAKER_PID] = "waker_pid",
	[KEY_WAKER_IN] = "waker_context",
	[KEY_WAKER_REGION] = "waker_region",
	[KEY_WAKER_TASK] = "waker_task",
	[KEY_PREV] = "cpu_ran_before",
	[KEY_PREV_TID] = "cpu_ran_before_tid",
	[KEY_TID] = "tid",
	[KEY_END_TID] = "end_tid",
	[KEY_ID] = "id",
	[KEY_COUNT] = "records",
	[KEY_HOST] = "host",
	[KEY_COMMAND] = "command",
	[KEY_VERSION] = "version",
	[KEY_REASON] = "end_reason",
	[KEY_LOST] = "lost",
	[KEY_CATEGORY] = "category",
};

static void put_name(struct pb *pb, uint32_t field, uint64_t iid, const char *name)
{
	size_t at = pb_open(pb, field);

	pb_u64(pb, INTERNED_IID, iid);
	pb_string(pb, INTERNED_NAME, name);
	pb_close(pb, at);
}

void perfetto_names(struct pb *pb)
{
	size_t packet = perfetto_packet(pb, FLAGS_NEEDED), at = pb_open(pb, PACKET_INTERNED);

	for (uint64_t i = CATEGORY_NONE + 1; i < CATEGORY_NR; i++)
		put_name(pb, INTERNED_CATEGORIES, i, categories[i]);
	for (uint64_t i = 0; i < STATE_NR; i++) {
		put_name(pb, INTERNED_NAMES, i + 1, state_names[i]);
		put_name(pb, INTERNED_KEYS, i + 1, state_names[i]);
	}
	for (uint64_t i = KEY_NONE + 1; i < KEY_NR; i++)
		put_name(pb, INTERNED_KEYS, i, keys[i]);
	pb_close(pb, at);
	pb_close(pb, packet);
}

static void note_u64(struct pb *pb, uint32_t field, int key, uint64_t v)
{
	size_t at = pb_open(pb, field);

	pb_u64(pb, ANNOTATION_KEY_IID, (uint64_t)key);
	pb_u64(pb, ANNOTATION_UINT, v);
	pb_close(pb, at);
}

void annotate_u64(struct pb *pb, enum key key, uint64_t v)
{
	if (v)
		note_u64(pb, EVENT_ANNOTATIONS, key, v);
}

void annotate_text(struct pb *pb, enum key key, const char *s)
{
	size_t at;

	if (!s[0])
		return;
	at = pb_open(pb, EVENT_ANNOTATIONS);
	pb_u64(pb, ANNOTATION_KEY_IID, key);
	pb_string(pb, ANNOTATION_STRING, s);
	pb_close(pb, at);
}

void annotate_true(struct pb *pb, enum key key, bool v)
{
	size_t at;

	if (!v)
		return;
	at = pb_open(pb, EVENT_ANNOTATIONS);
	pb_u64(pb, ANNOTATION_KEY_IID, key);
	pb_u64(pb, ANNOTATION_BOOL, 1);
	pb_close(pb, at);
}

void annotate_flags(struct pb *pb, uint32_t flags)
{
	annotate_true(pb, KEY_BEFORE, flags & SPAN_BEGUN_BEFORE);
	annotate_true(pb, KEY_OPEN, flags & SPAN_UNFINISHED);
	annotate_true(pb, KEY_FAILED, flags & SPAN_FAILED);
	annotate_true(pb, KEY_TAINTED, flags & SPAN_TAINTED);
}

void annotate_spent(struct pb *pb, const struct breakdown *spent)
{
	size_t at = pb_open(pb, EVENT_ANNOTATIONS);

	pb_u64(pb, ANNOTATION_KEY_IID, KEY_STATES);
	for (int i = 0; i < STATE_NR; i++)
		if (spent->ns[i])
			note_u64(pb, ANNOTATION_DICT, i + 1, spent->ns[i]);
	pb_close(pb, at);
	if (!(spent->over.absent & OVER_NO_SYSCALLS)) {
		annotate_u64(pb, KEY_SYSCALLS, spent->over.syscalls);
		annotate_u64(pb, KEY_SYSCALL_NS, spent->over.syscall_ns);
	}
	if (!(spent->over.absent & OVER_NO_FAULTS))
		annotate_u64(pb, KEY_FAULTS, spent->over.faults);
}

static void annotate_waker(struct pb *pb, const struct span_waker *w)
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
		annotate_text(pb, KEY_WAKER_IN, contexts[w->ctx]);
		return;
	}
	annotate_text(pb, KEY_WAKER, w->comm);
	annotate_u64(pb, KEY_WAKER_TID, w->tid);
	annotate_u64(pb, KEY_WAKER_PID, w->pid);
	annotate_text(pb, KEY_WAKER_REGION, w->region);
	annotate_text(pb, KEY_WAKER_TASK, w->task);
}

void annotate_wait(struct pb *pb, enum state state, const struct span_wait *w)
{
	annotate_text(pb, KEY_RESOURCE, w->resource);
	annotate_text(pb, KEY_SYSCALL, w->syscall);
	annotate_waker(pb, &w->waker);
	if (state == STATE_RUNNABLE || state == STATE_PREEMPTED || state == STATE_YIELD ||
	    state == STATE_THROTTLED) {
		annotate_text(pb, KEY_PREV, w->prev_comm);
		annotate_u64(pb, KEY_PREV_TID, w->prev_tid);
	}
	annotate_true(pb, KEY_OPEN, w->open);
	annotate_true(pb, KEY_BEFORE, w->clipped);
}

void annotate_losses(struct pb *pb, const struct capture_info *info)
{
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
