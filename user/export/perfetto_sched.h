/* SPDX-License-Identifier: MIT */
/*
 * perfetto_sched.h - threads and CPUs of a Perfetto trace, as the scheduler's own events
 *
 *	sched_thread(s, th);
 *	if (sched_interval(s, i))      the first piece of a wait
 *		…
 *	sched_thread_end(s, th);
 *
 * A viewer makes the states of threads, the tracks of CPUs and the critical path of sched_switch
 * and sched_waking. A capture has them by thread, a wait at a time: here they become the switches
 * of each CPU. Invariant: between its begin and its end, a thread is in a viewer's states for as
 * long as it is in ours, to the nanosecond: Running; R and R+ (runnable, throttled at a waking;
 * preempted, yield and throttled); S, D and so on for the rest, whose blocked function says the
 * state and what was waited for. (Not where records were lost.)
 *
 * A CPU is drawn empty while no thread of ours is on it. One CPU more than the machine has stands
 * for where threads that are not traced ran when they woke one that is, and where threads begin
 * and end while they wait; the ones behind that for CPUs that are not known.
 *
 * Memory: the threads that are alive.
 */
#ifndef CTRACE_PERFETTO_SCHED_H
#define CTRACE_PERFETTO_SCHED_H

#include <stdbool.h>

#include "base/hash.h"
#include "base/pool.h"
#include "export/perfetto_bundle.h"

struct sched_task;

struct sched {
	struct perfetto_out *out;
	struct bundles bundles;
	struct hash by_key, by_tid;
	struct pool threads;
	struct sched_task *on[BUNDLE_CPUS]; /* who runs there, as far as it was told */
	uint64_t lanes[BUNDLE_CPUS]; /* CPUs that stand for unknown ones: in use until then */
	uint32_t elsewhere;	     /* the CPU more than the machine has */
};

void sched_init(struct sched *s, struct perfetto_out *out);
void sched_release(struct sched *s);
/* A thread was seen, or has another name. */
void sched_thread(struct sched *s, const struct span_thread *th);
/* True for the first piece of a wait. */
bool sched_interval(struct sched *s, const struct span_interval *i);
void sched_thread_end(struct sched *s, const struct span_thread *th);
/* The key of the traced thread that woke the one of this wait, or 0. */
uint64_t sched_waker(const struct sched *s, const struct span_wait *w);

#endif
