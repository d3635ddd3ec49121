/* SPDX-License-Identifier: MIT */
/*
 * work.h - which thread works for which tasks, and since when
 *
 *	stack (top first)	worked for
 *	BEGIN c			c  \
 *	BEGIN b			b   > visible: a thread works for a task and for those around it
 *	ENTER a			a  /
 *	BEGIN x			   hidden until a is left
 */
#ifndef CTRACE_WORK_H
#define CTRACE_WORK_H

#include "model/inner.h"

/* The innermost task that the thread works for, or NULL. */
static inline struct task *work_current(const struct thread *th)
{
	return th->top ? th->top->task : NULL;
}

/* Notes for those who look back that the thread's innermost region or task has just changed. */
void work_place(struct model *m, struct thread *th, uint64_t ts);
bool work_is_for(const struct thread *th, const struct task *task);
/* task may be NULL (an ENTER of none). Returns false if the stack is full or without memory. */
bool work_push(struct model *m, struct thread *th, enum frame_kind kind, struct task *task);
/* Undoes the last ENTER and what came after it. False if there is none; then nothing changes. */
bool work_leave(struct model *m, struct thread *th);
/*
 * It turns out that the thread works for task, and has since `since`, with the account it had
 * then: beneath whatever it works for besides.
 */
void work_found(struct model *m, struct thread *th, struct task *task, uint64_t since,
		const struct breakdown *then);
/* The task has ended, task->end is set: nobody works for it beyond that. */
void work_task_ended(struct model *m, struct task *task);
/* The thread's first cut is due: pays for the task up to last_ts, and finishes it if it waits. */
void work_cut(struct model *m, struct thread *th);
/* The thread works for nothing any more. */
void work_drop_all(struct model *m, struct thread *th);

/* The thread's time is not all known: nor is that of the tasks that it works for now. */
void work_taint(struct thread *th);
/*
 * The innermost task is known to be a, or one inside of b (either may be NULL), whatever the stack
 * says: what is on top of them, down to the last ENTER, is over.
 */
void work_unwind(struct model *m, struct thread *th, const struct task *a, const struct task *b);

/* Whether a wait that ends now is a step in some task's story. */
static inline bool work_has_story(const struct thread *th)
{
	return th->top || th->cuts;
}
/*
 * Room for that step, or NULL: then it is in none. Its wait is to be filled in by the caller, whose
 * texts work_keep_wait then copies into the step.
 */
struct step_wait *work_wait(struct model *m, const struct thread *th, uint64_t begin, uint64_t end);
void work_keep_wait(struct step_wait *sw);
/* The innermost task that the thread worked for at ts, not before its last record; or NULL. */
struct task *work_at(const struct thread *th, uint64_t ts);

#endif
