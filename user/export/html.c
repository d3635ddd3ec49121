/* SPDX-License-Identifier: MIT */
/*
 * html.c - one page to look at, whole in one file
 *
 *	page.html: policy | style | summary | details | stacks | stories | script
 *
 * Invariants: no byte of the capture stands where a browser would run it, or take it for markup:
 * all of it is JSON in <script> elements that are data, with every '<' written as \u003c; the
 * policy lets nothing run but the script whose hash it names. The page is no larger than asked, or
 * there is none, and what was left out for that is in the details.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sha256.h"
#include "export/html_assets.h"
#include "export/html_page.h"
#include "export/html_rows.h"

enum { PAGE_MAX = 5 << 20, GLUE = 1024 };

/* --- while the trace is read ----------------------------------------------------------------- */

static int html_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	struct html_ctx *c = ctx;

	c->rows = calloc(1, sizeof(*c->rows));
	if (!c->rows)
		return err_set(err, -ENOMEM, "not enough memory for the page");
	c->rows->info = info;
	html_strips_init(&c->rows->strips, info);
	return 0;
}

static int html_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	const struct html_ctx *c = ctx;

	if (html_strips_add(&c->rows->strips, i))
		return err_set(err, -ENOMEM, "not enough memory for the page");
	return 0;
}

static int html_thread_end(void *ctx, const struct span_thread *t, struct err *err)
{
	const struct html_ctx *c = ctx;

	html_strips_end(&c->rows->strips, t);
	return 0;
}

static int html_task(void *ctx, const struct span_task *t, struct err *err)
{
	const struct html_ctx *c = ctx;

	if (t->flags & (SPAN_BEGUN_BEFORE | SPAN_UNFINISHED) || !t->row)
		return 0;
	if (html_rows_add(c->rows, t))
		return err_set(err, -ENOMEM, "not enough memory for the page");
	return 0;
}

/* The page is written when the output is open: html_write. */
static int html_end(void *ctx, const struct summary *s, struct err *err)
{
	const struct html_ctx *c = ctx;

	html_strips_sort(&c->rows->strips);
	return 0;
}

const struct sink_ops html_sink = {
	.name = "html",
	.steps = true,
	.begin = html_begin,
	.thread_end = html_thread_end,
	.interval = html_interval,
	.task = html_task,
	.end = html_end,
};

void html_release(struct html_ctx *c)
{
	if (c->rows)
		html_rows_release(c->rows);
	free(c->rows);
	c->rows = NULL;
}

/* --- the page --------------------------------------------------------------------------------- */

static void put_piece(FILE *out, const struct html_page *p, const char *name, size_t n)
{
	const size_t style_sz = (size_t)(html_style_end - html_style);
	const size_t script_sz = (size_t)(html_script_end - html_script);
	char source[SHA256_SOURCE_SZ];

	if (n == 10 && !memcmp(name, "STYLE_HASH", n))
		fputs(sha256_source(source, html_style, style_sz), out);
	else if (n == 11 && !memcmp(name, "SCRIPT_HASH", n))
		fputs(sha256_source(source, html_script, script_sz), out);
	else if (n == 5 && !memcmp(name, "STYLE", n))
		fwrite(html_style, 1, style_sz, out);
	else if (n == 6 && !memcmp(name, "SCRIPT", n))
		fwrite(html_script, 1, script_sz, out);
	else if (n == 7 && !memcmp(name, "SUMMARY", n))
		html_part_put(out, &p->summary);
	else if (n == 7 && !memcmp(name, "DETAILS", n))
		html_part_put(out, &p->details);
	else if (n == 6 && !memcmp(name, "STACKS", n))
		html_part_put(out, &p->stacks);
	else if (n == 7 && !memcmp(name, "STORIES", n))
		html_part_put(out, &p->stories);
}

/* page.html, with what stands between two @ replaced. */
static void put_page(FILE *out, const struct html_page *p)
{
	const char *at = html_page, *a, *b;

	while ((a = memchr(at, '@', (size_t)(html_page_end - at)))) {
		b = memchr(a + 1, '@', (size_t)(html_page_end - a - 1));
		if (!b)
			break;
		fwrite(at, 1, (size_t)(a - at), out);
		put_piece(out, p, a + 1, (size_t)(b - a - 1));
		at = b + 1;
	}
	fwrite(at, 1, (size_t)(html_page_end - at), out);
}

static size_t fixed_sz(void)
{
	return (size_t)(html_page_end - html_page) + (size_t)(html_style_end - html_style) +
	       (size_t)(html_script_end - html_script) + GLUE;
}

/* Stacks get a quarter at most; of the rest, tables three quarters at most; then stories. */
static int build(struct html_page *p, size_t room, struct err *err)
{
	size_t left;
	int rc = html_page_stacks(p, room / 4, err);

	if (rc)
		return rc;
	left = room > p->stacks.page_sz ? room - p->stacks.page_sz : 0;
	rc = html_page_tables(p, left - left / 4, err);
	if (rc)
		return rc;
	left -= html_least(left, p->summary.page_sz + p->details.page_sz);
	rc = html_page_stories(p, left, err);
	/* Again, for now it is known how many stories are left out. */
	return rc ? rc : html_page_details(p, err);
}

/* What no table has, as the names of what was lost, is not cut: it may be too much. */
static int check(const struct html_page *p, size_t max, struct err *err)
{
	size_t sz = fixed_sz() + p->summary.page_sz + p->details.page_sz + p->stacks.page_sz +
		    p->stories.page_sz;

	if (sz <= max)
		return 0;
	return err_set(err, -EFBIG,
		       "the page would have %zu bytes without a row in its tables, and %zu are its "
		       "limit: the report as text or JSON has none",
		       sz, max);
}

int html_write(struct html_ctx *c, const struct summary *s, struct err *err)
{
	struct html_page p = {.ctx = c, .s = s};
	size_t max = c->max_bytes ? c->max_bytes : PAGE_MAX;
	int rc = build(&p, max > fixed_sz() ? max - fixed_sz() : 0, err);

	rc = rc ? rc : check(&p, max, err);
	if (!rc) {
		put_page(c->out, &p);
		errno = 0;
		if (fflush(c->out) || ferror(c->out))
			rc = err_set(err, errno ? -errno : -EIO, "cannot write the page: %s",
				     strerror(errno ? errno : EIO));
	}
	html_part_release(&p.summary);
	html_part_release(&p.details);
	html_part_release(&p.stacks);
	html_part_release(&p.stories);
	return rc;
}
