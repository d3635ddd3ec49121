/* SPDX-License-Identifier: MIT */
/*
 * threads.h - who is who: processes and threads, their names, births and deaths
 *
 * A tid names one thread at a time. It is another one after an exit was seen, or when a THREAD
 * record brings another start time. A thread whose THREAD record is missing (lost) begins with
 * the first record that mentions it.
 */
#ifndef CTRACE_THREADS_H
#define CTRACE_THREADS_H

#include "model/inner.h"

/* The living thread tid, or NULL. */
static inline struct thread *threads_find(const struct model *m, uint32_t tid)
{
	struct thread *th = m->threads_near[tid % THREADS_NEAR];

	return th && th->view.tid == tid ? th : hash_get(&m->threads, tid);
}

/*
 * The same, made if it was never heard of: alive since ts, of process pid (0: not known). NULL if
 * it has exited (late records of it are to be dropped), or without memory.
 */
struct thread *threads_of(struct model *m, uint32_t tid, uint64_t ts, uint32_t pid);
/* Made if need be; NULL without memory. */
struct process *process_get(struct model *m, uint32_t pid);
/* "" if nobody has told. Valid until the next record. */
const char *threads_comm(const struct model *m, uint32_t tid);

void threads_thread(struct model *m, const struct wire_thread *r);
void threads_comm_record(struct model *m, const struct wire_comm *r);
void threads_totals(struct model *m, const struct wire_totals *r);
/* The thread's life ends: everything it has open is closed, its row goes to the summary. */
void threads_end(struct model *m, struct thread *th, uint64_t ts, bool exited);
/* The trace ends: every thread, in the order of pid and tid. */
void threads_finish(struct model *m);
void threads_release(struct model *m);

#endif
