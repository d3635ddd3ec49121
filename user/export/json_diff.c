/* SPDX-License-Identifier: MIT */
/*
 * json_diff.c - two traces compared, as one JSON object, "ctrace.diff.v1": man/ctrace-bpf.json.5
 */
#include "base/json.h"
#include "export/diff_out.h"
#include "export/export.h"
#include "export/json_parts.h"
#include "model/diff.h"

static void put_side(struct json *j, const char *key, const struct diff_side *s)
{
	if (!s->there) {
		json_null(j, key);
		return;
	}
	json_object(j, key, JSON_LINES);
	json_u64(j, "count", s->count);
	json_u64(j, "complete", s->complete);
	json_durations(j, &s->duration_ns);
	json_u64(j, "wall_ns", s->wall_ns);
	json_u64(j, "each_ns", s->each_ns);
	json_u64(j, "each_idle_ns", s->each_idle_ns);
	json_object(j, "each_states_ns", JSON_INLINE);
	for (int i = 0; i < STATE_NR; i++)
		json_u64(j, state_names[i], s->each_states_ns[i]);
	json_close(j);
	json_close(j);
}

static void put_rows(struct json *j, const struct diff *d, const char *key, bool regions)
{
	json_array(j, key, JSON_LINES);
	for (size_t i = 0; i < d->rows_nr; i++) {
		const struct diff_row *row = &d->rows[i];

		if (row->region != regions)
			continue;
		json_object(j, NULL, JSON_LINES);
		json_string(j, "name", row->name);
		if (regions)
			json_string(j, "site", row->site);
		json_u64(j, "weight_ns", row->weight_ns);
		json_bool(j, "noise", row->noise);
		put_side(j, "a", &row->a);
		put_side(j, "b", &row->b);
		json_close(j);
	}
	json_close(j);
}

static void put_trace(struct json *j, const char *key, const struct summary *s,
		      const struct export_damage *damage)
{
	const struct capture_info *c = s->capture;

	json_object(j, key, JSON_LINES);
	json_string(j, "host", c->host);
	json_u64(j, "start_unix_ns", c->start_unix_ns);
	json_u64(j, "duration_ns", c->stop_ts - c->start_ts);
	json_u64(j, "events", c->window ? s->events : c->events);
	json_u64(j, "lost", c->lost_total);
	json_window(j, c);
	json_bool(j, "cut", c->cut);
	json_u64(j, "late", s->late);
	json_u64(j, "unknown_kinds", s->unknown_kinds);
	json_u64(j, "bad_records", s->bad_records);
	json_damage(j, damage);
	json_close(j);
}

int diff_json(const struct json_ctx *ctx, const struct diff *d, const struct diff_damage *damage,
	      struct err *err)
{
	struct json j;

	json_init(&j, ctx->out);
	json_object(&j, NULL, JSON_LINES);
	json_string(&j, "schema", "ctrace.diff.v1");
	put_trace(&j, "a", d->a, &damage->a);
	put_trace(&j, "b", d->b, &damage->b);
	json_filter(&j, &ctx->filter);
	put_rows(&j, d, "tasks", false);
	put_rows(&j, d, "regions", true);
	json_close(&j);
	return json_finish(&j, err);
}
