/* SPDX-License-Identifier: MIT */
/*
 * folded.c - time by call stack, as flame graphs are made of: a stack a line, then its nanoseconds
 *
 *	process;region;…;main;…;read;do_syscall_64_[k];…;schedule_[k];[disk] 12345
 *
 * The outermost comes first. Off CPU, the lines of a state add up to what the report says; of
 * [running], they are what samples stand for. As flame graph tools know them, the kernel's
 * functions end in _[k], and those that are inlined in _[i].
 *
 * Invariant: no name holds a semicolon or anything that is not printable, and each line ends in
 * "[state] number", so that whatever a name is, it can not be taken for something else.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/term.h"
#include "ctrace/wire.h"
#include "export/events.h"
#include "export/frame_text.h"

static void put_name(FILE *out, const char *s, const char *mark)
{
	char shown[8 * WIRE_REC_MAX];

	for (s = term_escape(shown, sizeof(shown), s); *s; s++) {
		if (*s == ';')
			fputs("\\x3b", out);
		else
			fputc(*s, out);
	}
	fprintf(out, "%s;", mark);
}

/* frames: the innermost first. */
static void put_frames(FILE *out, const struct span_frame *frames, size_t nr, const char *mark)
{
	char name[2 * WIRE_REC_MAX];

	for (size_t i = nr; i--;)
		put_name(out, frame_text(name, sizeof(name), &frames[i]),
			 frames[i].inlined ? "_[i]" : mark);
}

static void put_stack(FILE *out, const struct span_stack *s)
{
	if (s->user_lost || s->kernel_lost)
		fputs("[stack lost];", out);
	if (s->user_nr && s->user_cut)
		fputs("[cut];", out);
	put_frames(out, s->user, s->user_nr, "");
	if (s->kernel_cut)
		fputs("[cut];", out);
	put_frames(out, s->kernel, s->kernel_nr, "_[k]");
}

static int folded_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	struct events_ctx *c = ctx;

	c->info = info;
	return 0;
}

static int folded_end(void *ctx, const struct summary *s, struct err *err)
{
	struct events_ctx *c = ctx;

	for (size_t i = 0; i < s->stacks_nr; i++) {
		const struct summary_stack *r = &s->stacks[i];

		put_name(c->out, r->process, "");
		for (size_t j = 0; j < r->regions_nr; j++)
			put_name(c->out, r->regions[j], "");
		if (r->others)
			fputs("[others];", c->out);
		put_stack(c->out, &r->stack);
		fprintf(c->out, "[%s] %" PRIu64 "\n", state_names[r->state], r->ns);
	}
	return events_flush(c, err);
}

const struct sink_ops folded_sink = {
	.name = "folded",
	.stacks = true,
	.begin = folded_begin,
	.end = folded_end,
};
