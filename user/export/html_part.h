/* SPDX-License-Identifier: MIT */
/*
 * html_part.h - a JSON text of the page, made in memory, so that its size is known beforehand
 *
 *	struct html_part part = {0};
 *
 *	rc = html_part_fit(&part, write_rows, ctx, &rows, room, &err);
 *	html_part_put(out, &part);
 *	html_part_release(&part);
 *
 * In the page it has no blanks between its values, and '<' and what is not ASCII are written as
 * \u003c: they are in strings only, where that is the same. Browsers read megabytes of plain ASCII
 * in half the time.
 */
#ifndef CTRACE_HTML_PART_H
#define CTRACE_HTML_PART_H

#include <stddef.h>
#include <stdio.h>

struct err;

struct html_part {
	char *text;
	size_t sz;
	size_t page_sz; /* bytes of it in the page */
};

/* Writes the text with the first `rows` rows of what there is. */
typedef int html_write_fn(void *ctx, size_t rows, FILE *f, struct err *err);

/* Bytes of a JSON text in the page; NUL-terminated, and so is p->text. */
size_t html_part_size(const char *text, size_t sz);
/* The text with so many rows, in place of what it was. */
int html_part_make(struct html_part *p, html_write_fn *write, void *ctx, size_t rows,
		   struct err *err);
/* With *rows rows, or half of them, and so on, until it fits; *rows says how many it has then. */
int html_part_fit(struct html_part *p, html_write_fn *write, void *ctx, size_t *rows, size_t room,
		  struct err *err);
void html_part_put(FILE *out, const struct html_part *p);
void html_part_release(struct html_part *p);

#endif
