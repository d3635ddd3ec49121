/* SPDX-License-Identifier: MIT */
/*
 * text.h - what the files of the text report share; for them alone
 *
 * text.c          the sink: header, order of the sections
 * text_notes.c    losses, doubts, filters
 * text_table.c    tasks, regions, waits
 * text_threads.c  threads
 * text_path.c     critical paths
 * text_stacks.c   call stacks
 * text_story.c    the slowest tasks, step by step
 */
#ifndef CTRACE_TEXT_H
#define CTRACE_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "export/export.h"

struct text {
	const struct text_ctx *ctx;
	const struct summary *s;
	FILE *out;
	size_t width;
};

/* No table says anything on less; then lines break where they may. */
#define TEXT_WIDTH_MIN 40
/* Room for any name once it is escaped: 255 bytes, four columns each. */
#define TEXT_NAME_SZ 1024

/* Whether anything was lost; what else is to be known before the numbers are read. */
void text_losses(const struct text *t);
void text_notes(const struct text *t);
/* Their parts: which records were lost; what the capture has lost; the filter, and after "listed; "
 * what it does not choose (NULL: nothing); names that were asked for in vain. */
void text_loss_reasons(const struct text *t);
void text_damage(const struct text *t);
void text_filter(const struct text *t, const char *rest);
void text_no_names(const struct text *t);
/* Whether all that was written of the capture is there. */
bool text_is_whole(const struct text *t);
/* Of a part of a trace: which part. */
void text_window(const struct text *t);
/* Each prints its section and a blank line before it, or nothing. Returns 0 or -ENOMEM. */
int text_tasks(const struct text *t);
int text_regions(const struct text *t);
int text_threads(const struct text *t);
int text_waits(const struct text *t);
int text_paths(const struct text *t);
int text_stacks(const struct text *t);
int text_stories(const struct text *t);

/*
 * Prints s, broken at spaces, and a line end. The cursor stands at column `at` (0: the indent is
 * printed first), further lines begin at `indent`.
 */
void text_wrap(const struct text *t, size_t at, size_t indent, const char *s);
/* From here on bold ("1"), dim ("2"), … until "0"; nothing without colour. */
void text_sgr(const struct text *t, const char *sgr);
/* "12:01:03.456 UTC, 2.31 s into the trace": ts on the capture's clock. Adds to *b. */
struct strbuf;
void text_when(const struct text *t, struct strbuf *b, uint64_t ts);

#endif
