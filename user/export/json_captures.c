/* SPDX-License-Identifier: MIT */
/*
 * json_captures.c - what captures were put together, and how their clocks were set: see
 * json_parts.h
 */
#include "base/json.h"
#include "export/json_parts.h"

void json_captures(struct json *j, const struct capture_info *c, enum json_layout layout)
{
	json_array(j, "captures", layout);
	for (size_t i = 0; i < c->parts_nr; i++) {
		const struct capture_part *p = &c->parts[i];

		json_object(j, NULL, JSON_INLINE);
		json_string(j, "host", p->host);
		json_string(j, "kernel", p->kernel);
		json_u64(j, "start_ns", p->start_ts - c->start_ts);
		json_u64(j, "duration_ns", p->stop_ts - p->start_ts);
		json_u64(j, "pid_add", p->pid_add);
		json_string(j, "clock", p->same_clock ? "same" : "time of day");
		json_u64(j, "clock_err_ns", p->clock_err_ns);
		json_u64(j, "events", p->events);
		json_u64(j, "lost", p->lost);
		json_close(j);
	}
	json_close(j);
}
