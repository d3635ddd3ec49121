/* SPDX-License-Identifier: MIT */
/*
 * html_page.h - the capture's part of a page, and who makes which piece of it
 *
 * Each piece is made for a room, in bytes, and says in html_page what it left out for that.
 */
#ifndef CTRACE_HTML_PAGE_H
#define CTRACE_HTML_PAGE_H

#include "export/export.h"
#include "export/html_part.h"

struct html_page {
	const struct html_ctx *ctx;
	const struct summary *s;
	struct html_part summary, details, stacks, stories;
	size_t rows; /* of each table, at most */
	size_t stories_out;
};

static inline size_t html_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* html_stacks.c: time by call stack, and where waits were called from. */
int html_page_stacks(struct html_page *p, size_t room, struct err *err);
/* html_tables.c: the summary, and its details: what it has no place for. Sets p->rows. */
int html_page_tables(struct html_page *p, size_t room, struct err *err);
/* The details once more, when it is known what else was left out. */
int html_page_details(struct html_page *p, struct err *err);
/* html_stories.c: single tasks. */
int html_page_stories(struct html_page *p, size_t room, struct err *err);

#endif
