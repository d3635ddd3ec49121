/* SPDX-License-Identifier: MIT */
/*
 * frames.h - a stack's addresses in words, by what the capture says of them
 *
 * All but the innermost address are those to return to, and so behind the call: what is looked up
 * is one less, as the collector did (user/attach/symbolize.c).
 */
#ifndef CTRACE_FRAMES_H
#define CTRACE_FRAMES_H

#include "model/stacks.h"

/* A stack as it was sent. */
struct stack {
	uint64_t ts;
	uint32_t pid, n;
	bool kernel, cut;
	struct span_stack *view; /* NULL: not made yet; its user or its kernel half is filled */
	uint64_t ips[];
};

/*
 * Both parts of a stack, innermost frame first. sampled: on its CPU; else the tracer itself, which
 * stands on top of the kernel's part, is left out. What is not known is empty. Views into the
 * model.
 */
struct span_stack frames_of(struct model *m, struct stack_ids at, bool sampled);
/* Equal for two stacks that are shown as the same functions, called at the same lines. */
uint64_t frames_digest(const struct span_stack *s);

#endif
