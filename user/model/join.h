/* SPDX-License-Identifier: MIT */
/*
 * join.h - the state of each thread at each time, and who pays for it
 *
 * A thread is where it was until a record says otherwise. An OFFCPU record comes when the thread
 * is back, and tells three stretches at once; every other record of the thread says that it runs.
 *
 *	last_ts   off_ts        wake_ts        ts
 *	   |running |   blocked    |  runnable  |
 *
 * What is accounted is never taken back, with one exception: where records were lost, a thread may
 * have been off CPU unseen. Marks carry its true CPU time; what was accounted as running beyond
 * that becomes unknown.
 */
#ifndef CTRACE_JOIN_H
#define CTRACE_JOIN_H

#include "model/inner.h"

/* An interrupt took time from the thread, which ran. */
void join_stolen(struct model *m, const struct wire_stolen *r);
void join_offcpu(struct model *m, const struct wire_offcpu *r);
/* The thread itself did something at ts: it runs, and did so since its last record. */
void join_advance(struct model *m, struct thread *th, uint64_t ts);
/* Right after join_advance: what it had used by then. */
void join_used(struct model *m, struct thread *th, const struct wire_used *used);
/* Right after join_advance: a mark that does not say what it had used. */
void join_batched(struct thread *th);
/* The thread runs until ts, which may be outside of the trace: for the kernel's own figures. */
void join_outside(const struct model *m, struct thread *th, uint64_t ts);
/* No more records: what it was in goes on until ts. */
void join_finish(struct model *m, struct thread *th, uint64_t ts);
/* Gives the sinks what it did since its last interval. */
void join_show(struct model *m, struct thread *th);
void join_lost(struct model *m, const struct wire_lost *r);

#endif
