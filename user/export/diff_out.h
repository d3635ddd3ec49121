/* SPDX-License-Identifier: MIT */
/*
 * diff_out.h - two traces compared, as text and as JSON
 *
 *	struct text_ctx ctx = {.out = stdout, .width = 100};
 *	rc = diff_text(&ctx, &diff, &err);
 *
 * ctx as for text_sink and json_sink. Each returns 0, or -errno with *err filled.
 */
#ifndef CTRACE_DIFF_OUT_H
#define CTRACE_DIFF_OUT_H

struct diff;
struct err;
struct json_ctx;
struct text_ctx;

int diff_text(const struct text_ctx *ctx, const struct diff *diff, struct err *err);
/* "ctrace.diff.v1" of ctrace-bpf.json(5). */
int diff_json(const struct json_ctx *ctx, const struct diff *diff, struct err *err);

#endif
