/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample.bpf.c - where a traced thread is on its CPU, some times a second
 *
 * A perf event of the CPU clock calls this on every CPU; it needs no hardware counter, which
 * virtual machines often lack.
 */
#include "offcpu.bpf.h"

SEC("perf_event")
int on_sample(void *ctx)
{
	struct thread *th = thread_current();
	struct wire_sample *r;
	u64 now, user, kernel;
	struct emit e;

	/* off_ts: it is being switched out. */
	if (!th || th->off_ts || phase != PHASE_ON || !emit_open(&e))
		return 0;
	now = bpf_ktime_get_ns();
	kernel = stack_take(ctx, &e, th, STACK_SAMPLE, true, now, NULL);
	user = stack_take(ctx, &e, th, STACK_SAMPLE, false, now, NULL);
	r = emit_reserve(&e, WIRE_SAMPLE, sizeof(*r), 0, th->tid, now);
	if (!r)
		return 0;
	r->user = user;
	r->kernel = kernel;
	r->ns = sample_ns;
	emit_submit(&e, r, WIRE_SAMPLE);
	return 0;
}
