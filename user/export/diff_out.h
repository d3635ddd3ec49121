/* SPDX-License-Identifier: MIT */
/*
 * diff_out.h - two traces compared, as text and as JSON
 *
 *	struct text_ctx ctx = {.out = stdout, .width = 100};
 *	rc = diff_text(&ctx, &diff, &damage, &err);
 *
 * ctx as for text_sink and json_sink, but that the damage is each capture's own. Each returns 0, or
 *-errno with *err filled.
 */
#ifndef CTRACE_DIFF_OUT_H
#define CTRACE_DIFF_OUT_H

#include "export/export.h"

struct diff;
struct err;

struct diff_damage {
	struct export_damage a, b;
};

int diff_text(const struct text_ctx *ctx, const struct diff *diff, const struct diff_damage *damage,
	      struct err *err);
/* "ctrace.diff.v1" of ctrace-bpf.json(5). */
int diff_json(const struct json_ctx *ctx, const struct diff *diff, const struct diff_damage *damage,
	      struct err *err);

#endif
