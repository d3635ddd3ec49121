/* SPDX-License-Identifier: MIT */
/*
 * json_stacks.c - call stacks in the JSON summary: man/ctrace-bpf.json.5
 *
 * N.B. at most ROWS rows are listed, those that took most time; what is left out is counted. All of
 * them are in a .folded file.
 */
#include <stdio.h>

#include "base/json.h"
#include "export/json_parts.h"
#include "model/span.h"

enum { ROWS = 256 };

static void put_frame(struct json *j, const struct span_frame *f)
{
	char addr[24];

	snprintf(addr, sizeof(addr), "0x%llx", (unsigned long long)f->addr);
	json_object(j, NULL, JSON_INLINE);
	json_string(j, "name", f->name);
	json_string(j, "module", f->module);
	json_u64(j, "offset", f->off);
	json_string(j, "site", f->site);
	json_string(j, "addr", addr);
	json_bool(j, "inlined", f->inlined);
	json_close(j);
}

static void put_frames(struct json *j, const char *key, const struct span_frame *v, size_t nr)
{
	json_array(j, key, JSON_LINES);
	for (size_t i = 0; i < nr; i++)
		put_frame(j, &v[i]);
	json_close(j);
}

static void put_stack(struct json *j, const struct span_stack *s)
{
	put_frames(j, "user", s->user, s->user_nr);
	json_bool(j, "user_cut", s->user_cut);
	put_frames(j, "kernel", s->kernel, s->kernel_nr);
	json_bool(j, "kernel_cut", s->kernel_cut);
	json_bool(j, "lost", s->user_lost || s->kernel_lost);
}

void json_wait_stacks(struct json *j, const struct summary_wait *w)
{
	json_array(j, "stacks", JSON_LINES);
	for (size_t i = 0; i < w->stacks_nr; i++) {
		json_object(j, NULL, JSON_LINES);
		json_u64(j, "count", w->stacks[i].count);
		json_u64(j, "total_ns", w->stacks[i].ns);
		put_stack(j, &w->stacks[i].stack);
		json_close(j);
	}
	json_close(j);
}

static void put_row(struct json *j, const struct summary_stack *r)
{
	json_object(j, NULL, JSON_LINES);
	json_string(j, "process", r->process);
	json_array(j, "regions", JSON_INLINE);
	for (size_t i = 0; i < r->regions_nr; i++)
		json_string(j, NULL, r->regions[i]);
	json_close(j);
	json_string(j, "state", state_names[r->state]);
	json_bool(j, "sampled", r->sampled);
	json_bool(j, "others", r->others);
	json_u64(j, "count", r->count);
	json_u64(j, "total_ns", r->ns);
	put_stack(j, &r->stack);
	json_close(j);
}

void json_stacks(struct json *j, const struct summary *s)
{
	const size_t nr = s->stacks_nr < ROWS ? s->stacks_nr : ROWS;

	json_array(j, "stacks", JSON_LINES);
	for (size_t i = 0; i < nr; i++)
		put_row(j, &s->stacks[i]);
	json_close(j);
	json_u64(j, "stacks_left_out", s->stacks_nr - nr);
	json_u64(j, "stacks_lost", s->stacks_lost);
}
