/* SPDX-License-Identifier: MIT */
/*
 * object.c - one translation unit or library that marks: OBJECT names it
 *
 * Is both C and C++.
 */
#include "objects.h"

static uint64_t current(void)
{
	ctrace_task old = ctrace_task_enter(NULL);

	ctrace_task_leave(&old);
	return old.id;
}

static ctrace_task begin(const ctrace_task *parent)
{
	CTRACE_REGION("begin");
	return parent ? ctrace_task_begin_child(parent, "child") : ctrace_task_begin("task");
}

static void end(const ctrace_task *task)
{
	ctrace_log("object", "end");
	ctrace_task_end(task);
}

const struct object OBJECT = {current, begin, end, ctrace_probes_v3};
