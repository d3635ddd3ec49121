/* SPDX-License-Identifier: MIT */
/*
 * perfetto_lanes.c - which tasks are drawn on one track: see perfetto_tracks.h
 *
 * A lane is kept for a root task from its begin on; a task that begins inside of the innermost one
 * on a lane goes there too. Invariant: what is written to a lane nests, and no two slices of it
 * begin at the same time: the inner one is written first, and would be taken for the outer.
 */
#include "export/perfetto_lanes.h"

struct lane *lanes_free(struct perfetto_tracks *t, uint64_t parent, const char *name,
			uint64_t begin)
{
	uint64_t text = out_text(t->out, TEXT_NAME, name), group = hash_mix(parent) ^ text;
	struct lane *first = hash_get(&t->lanes, group), *l = first;

	for (int i = 0; l && i < LANES_MAX; i++, l = l->next)
		if (!l->top && l->last_end <= begin && l->name == text && l->parent == parent)
			return l;
	if (t->lanes_nr++ >= LANES_ALL)
		return NULL;
	l = pool_get(&t->lane_pool);
	if (!l || hash_put(&t->lanes, group, l)) {
		t->out->pb.failed = true;
		return NULL;
	}
	*l = (struct lane){.uuid = perfetto_describe(t, parent, name),
			   .name = text,
			   .parent = parent,
			   .next = first};
	return l;
}

/* --- open tasks ---------------------------------------------------------------------------- */

struct open_task *perfetto_track_open(struct perfetto_tracks *t, uint64_t nr)
{
	return nr ? hash_get(&t->tasks, nr) : NULL;
}

static struct lane *lane_of_parent(struct perfetto_tracks *t, const struct span_task *task)
{
	struct open_task *parent = perfetto_track_open(t, task->parent_nr);
	struct lane *l = parent && parent->pid == task->pid ? parent->lane : NULL;

	if (!l || l->top != parent || parent->begin >= task->begin || l->last_end > task->begin)
		return NULL;
	return l;
}

void perfetto_track_task_begin(struct perfetto_tracks *t, const struct span_task *task)
{
	struct open_task *o = pool_get(&t->task_pool);
	struct lane *l;

	if (!o || hash_put(&t->tasks, task->nr, o)) {
		pool_put(&t->task_pool, o);
		t->out->pb.failed = true;
		return;
	}
	*o = (struct open_task){.pid = task->pid, .tid = task->tid, .begin = task->begin};
	l = lane_of_parent(t, task);
	if (!l)
		l = lanes_free(t, perfetto_group(t, task->pid, false), task->name, task->begin);
	if (!l)
		return;
	o->lane = l;
	o->under = l->top;
	l->top = o;
}

/* Those that are still open inside of it have to go elsewhere. */
static void evict(struct lane *l, const struct open_task *until)
{
	while (l->top != until) {
		l->top->lane = NULL;
		l->top = l->top->under;
	}
}

uint64_t perfetto_track_task(struct perfetto_tracks *t, const struct span_task *task, bool *flows)
{
	struct open_task *o = hash_del(&t->tasks, task->nr);
	struct lane *l = o ? o->lane : NULL;

	*flows = o && o->flows;
	if (l) {
		evict(l, o);
		l->top = o->under;
	} else {
		l = lanes_free(t, perfetto_group(t, task->pid, false), task->name, task->begin);
	}
	pool_put(&t->task_pool, o);
	if (!l)
		return perfetto_describe(t, perfetto_group(t, task->pid, false), task->name);
	if (task->end > l->last_end)
		l->last_end = task->end;
	return l->uuid;
}
