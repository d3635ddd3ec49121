/* SPDX-License-Identifier: MIT */
/*
 * tasks.h - tasks, from begin to end, over threads and processes
 *
 * A task is known by its process and id. It is closed by its END, or unfinished by the end of its
 * process or of the trace; it is *finished*, counted and shown once every thread that worked for
 * it has been accounted up to its end.
 */
#ifndef CTRACE_TASKS_H
#define CTRACE_TASKS_H

#include "model/inner.h"

void tasks_task(struct model *m, const struct wire_task *r);
/* The open task of that id: of process p, or else of any (ids are random, and may travel). */
struct task *tasks_find(const struct model *m, const struct process *p, uint64_t id);
void tasks_close_process(struct model *m, struct process *p, uint64_t ts);
/* Closed, and paid for: counts it, shows it, and forgets or keeps it. */
void tasks_finish(struct model *m, struct task *task);
/* Counts a thread that works for it. False without memory. */
bool tasks_add_thread(struct task *task, uint32_t tid);
/* A thread's work for it, which is over for now. False without memory. */
bool tasks_add_leg(struct task *task, const struct leg *leg);
/* Without steps. Valid as long as the task. */
struct span_task tasks_view(const struct task *task);
/* Shows that it is open, or what of its view has changed. */
void tasks_tell_open(struct model *m, const struct task *task);
/* Adds its steps to the view, in room for all of them. */
void tasks_steps(const struct task *task, struct story_step *room, struct span_task *view);
void tasks_free(struct model *m, struct task *task); /* a finished one */
void tasks_release(struct model *m);

#endif
