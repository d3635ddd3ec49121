/* SPDX-License-Identifier: MIT */
/*
 * json_parts.h - what other outputs embed of the JSON summary, in the same words and figures
 *
 *	json_object(&j, "summary", JSON_LINES);
 *	json_summary(&j, s, &filter, &damage);
 *	json_close(&j);
 *
 * Each writes the members of an object that the caller opens and closes.
 */
#ifndef CTRACE_JSON_PARTS_H
#define CTRACE_JSON_PARTS_H

#include "base/json.h"
#include "model/span.h"

struct summary;
struct summary_wait;
struct span_task;
struct capture_info;
struct export_filter;
struct export_damage;
struct percentiles;

/* All of "ctrace.summary.v1". */
void json_summary(struct json *j, const struct summary *s, const struct export_filter *filter,
		  const struct export_damage *damage);
/* "stacks" and what was left out of them; those of a kind of waits. */
void json_stacks(struct json *j, const struct summary *s);
void json_wait_stacks(struct json *j, const struct summary_wait *w);
/* One task, as it stands in a name's "slowest", with its steps. */
void json_story(struct json *j, const struct capture_info *c, const struct span_task *task);
/* "captures": those that the trace was put together from. */
void json_captures(struct json *j, const struct capture_info *c, enum json_layout layout);
/* "window", if it is a part of a trace; "damage". */
void json_window(struct json *j, const struct capture_info *c);
void json_damage(struct json *j, const struct export_damage *d);
/* "duration_ns" of a row; "filter". */
void json_durations(struct json *j, const struct percentiles *p);
void json_filter(struct json *j, const struct export_filter *f);

/* Keys of a wait, in an open object: "peer", "holder", "kernel_function". */
void json_wait_parties(struct json *j, const struct span_wait *w);
/* "peer": an object, or null if nobody is known. */
void json_peer(struct json *j, const struct span_peer *peer);
/* "culprits", "culprits_others_ns", "cpu_idle_ns". */
void json_culprits(struct json *j, const struct span_culprit *v, size_t nr, uint64_t others,
		   uint64_t idle);

#endif
