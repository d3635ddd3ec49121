/* SPDX-License-Identifier: MIT */
/*
 * perfetto_notes.h - what is written beside a slice of a Perfetto trace: its annotations
 *
 * Keys, categories and the names of states are sent once, by perfetto_names, and are numbers from
 * then on; so are texts that come again and again. What is 0, false or "" is not annotated.
 */
#ifndef CTRACE_PERFETTO_NOTES_H
#define CTRACE_PERFETTO_NOTES_H

#include "export/perfetto_out.h"
#include "model/span.h"

enum category {
	CATEGORY_NONE,
	CATEGORY_TASK,
	CATEGORY_REGION,
	CATEGORY_ASYNC,
	CATEGORY_WAIT,
	CATEGORY_WAKING,
	CATEGORY_LOG,
	CATEGORY_CAPTURE,
	CATEGORY_NR,
};

/* The states are keys too: state + 1. */
enum key {
	KEY_NONE = STATE_NR,
	KEY_STATES,
	KEY_SELF,
	KEY_NR,
	KEY_TASK,
	KEY_SPAN,
	KEY_PARENT,
	KEY_PARENT_ID,
	KEY_PARENT_NAME,
	KEY_FAILED,
	KEY_MESSAGE,
	KEY_TRACEPARENT,
	KEY_IDLE,
	KEY_THREADS,
	KEY_SYSCALLS,
	KEY_SYSCALL_NS,
	KEY_FAULTS,
	KEY_IRQ_NS,
	KEY_SOFTIRQ_NS,
	KEY_GC_NS,
	KEY_BEFORE,
	KEY_OPEN,
	KEY_TAINTED,
	KEY_RESOURCE,
	KEY_SYSCALL,
	KEY_WAKER,
	KEY_WAKER_TID,
	KEY_WAKER_IN,
	KEY_WAKER_REGION,
	KEY_WAKER_TASK,
	KEY_PREV,
	KEY_PREV_TID,
	KEY_SOFTIRQ,
	KEY_PEER,
	KEY_PEER_PID,
	KEY_HOLDER,
	KEY_HOLDER_TID,
	KEY_HOLDER_REGION,
	KEY_KERNEL,
	KEY_CULPRIT,
	KEY_CULPRIT_TID,
	KEY_CULPRIT_NS,
	KEY_CULPRITS,
	KEY_CULPRITS_OTHERS,
	KEY_CPU_IDLE,
	KEY_TID,
	KEY_END_TID,
	KEY_ID,
	KEY_COUNT,
	KEY_HOST,
	KEY_COMMAND,
	KEY_VERSION,
	KEY_REASON,
	KEY_LOST,
	KEY_READY,
	KEY_THROTTLED,
	KEY_WIDTH,
	KEY_CPUS,
	KEYS,
};

void perfetto_names(struct perfetto_out *o);

void annotate_u64(struct perfetto_out *o, enum key key, uint64_t v);
/* A text that comes once, and one of a few. */
void annotate_text(struct perfetto_out *o, enum key key, const char *s);
void annotate_name(struct perfetto_out *o, enum key key, const char *s);
void annotate_true(struct perfetto_out *o, enum key key, bool v);
void annotate_flags(struct perfetto_out *o, uint32_t flags);
void annotate_states(struct perfetto_out *o, const struct breakdown *spent);
/* The same of a region; the states of one that was running all the time need no note. */
void annotate_spent(struct perfetto_out *o, const struct breakdown *spent);
void annotate_waker(struct perfetto_out *o, const struct span_waker *w);
void annotate_wait(struct perfetto_out *o, const struct span_wait *w);
void annotate_losses(struct perfetto_out *o, const struct capture_info *info);

#endif
