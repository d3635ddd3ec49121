/* SPDX-License-Identifier: MIT */
/*
 * html.c - one page to look at, whole in one file
 *
 *	page.html: policy | style | summary | details | stories | script
 *
 * Invariants: no byte of the capture stands where a browser would run it, or take it for markup:
 * all of it is JSON in <script> elements that are data, with every '<' written as \u003c; the
 * policy lets nothing run but the script whose hash it names. The page is no larger than asked,
 * and what was left out for that is in the details.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/sha256.h"
#include "export/export.h"
#include "export/html_assets.h"
#include "export/html_rows.h"
#include "export/json_parts.h"

enum { PAGE_MAX = 5 << 20, GLUE = 1024 };

/* The capture's part of the page. */
struct page {
	const struct html_ctx *ctx;
	const struct summary *s;
	char *summary, *details, *stories; /* JSON */
	size_t summary_sz, details_sz, stories_sz;
	size_t stories_nr, stories_out;
};

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

static int html_task(void *ctx, const struct span_task *t, struct err *err)
{
	const struct html_ctx *c = ctx;

	if (t->flags & (SPAN_BEGUN_BEFORE | SPAN_UNFINISHED) ||
	    t->end - t->begin < c->filter.min_ns ||
	    (c->filter.task && strcmp(c->filter.task, t->name) != 0))
		return 0;
	if (html_rows_add(c->rows, t))
		return err_set(err, -ENOMEM, "not enough memory for the page");
	return 0;
}

/* The page is written when the output is open: html_write. */
static int html_end(void *ctx, const struct summary *s, struct err *err)
{
	return 0;
}

const struct sink_ops html_sink = {
	.name = "html",
	.begin = html_begin,
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

/* --- the summary and the buckets ---------------------------------------------------------------
 */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The first `rows` of each table, and no stories: they stand for themselves. */
static int write_summary(struct page *p, size_t rows, FILE *f, struct err *err)
{
	struct summary s = *p->s;
	struct summary_task *tasks;
	struct json j;

	s.tasks_nr = least(s.tasks_nr, rows);
	s.regions_nr = least(s.regions_nr, rows);
	s.waits_nr = least(s.waits_nr, rows);
	s.threads_nr = least(s.threads_nr, rows);
	tasks = calloc(s.tasks_nr + 1, sizeof(*tasks));
	if (!tasks)
		return err_set(err, -ENOMEM, "not enough memory for the page");
	if (s.tasks_nr)
		memcpy(tasks, s.tasks, s.tasks_nr * sizeof(*tasks));
	for (size_t i = 0; i < s.tasks_nr; i++)
		tasks[i].slowest_nr = 0;
	s.tasks = tasks;
	json_init(&j, f);
	json_object(&j, NULL, JSON_LINES);
	json_summary(&j, &s, &p->ctx->filter, &p->ctx->damage);
	json_close(&j);
	free(tasks);
	return json_finish(&j, err);
}

/* [lo, hi, count, wall, idle, system calls, a time per state]: there may be thousands. */
static void put_bin(struct json *j, const struct html_bin *b)
{
	json_array(j, NULL, JSON_INLINE);
	json_u64(j, NULL, b->lo);
	json_u64(j, NULL, b->hi);
	json_u64(j, NULL, b->count);
	json_u64(j, NULL, b->wall_ns);
	json_u64(j, NULL, b->idle_ns);
	json_u64(j, NULL, b->spent.over.syscall_ns);
	for (int i = 0; i < STATE_NR; i++)
		json_u64(j, NULL, b->spent.ns[i]);
	json_close(j);
}

static int put_bins(struct page *p, struct json *j, const struct summary_task *t)
{
	const struct html_name *n = html_rows_find(p->ctx->rows, t->name);
	struct html_bin **bins = NULL;
	long nr = n ? html_rows_bins(n, &bins) : 0;

	if (nr < 0)
		return -ENOMEM;
	json_object(j, NULL, JSON_LINES);
	json_string(j, "name", t->name);
	json_array(j, "bins", JSON_LINES);
	for (long i = 0; i < nr; i++)
		put_bin(j, bins[i]);
	json_close(j);
	json_close(j);
	free(bins);
	return 0;
}

static void put_strips(struct page *p, struct json *j, size_t rows)
{
	const struct html_strips *strips = &p->ctx->rows->strips;
	char text[HTML_SLICES + 1];

	json_u64(j, "slice_ns", strips->slice_ns);
	json_array(j, "strips", JSON_LINES);
	for (size_t i = 0; i < least(strips->nr, rows); i++) {
		const struct html_strip *strip = strips->v[i];

		html_strip_text(strip, text);
		json_object(j, NULL, JSON_INLINE);
		json_u64(j, "pid", strip->pid);
		json_u64(j, "tid", strip->tid);
		json_u64(j, "start_ns",
			 strip->begin > strips->start ? strip->begin - strips->start : 0);
		json_string(j, "slices", text);
		json_close(j);
	}
	json_close(j);
}

static void put_left_out(struct page *p, struct json *j, size_t rows)
{
	const struct summary *s = p->s;

	json_object(j, "left_out", JSON_INLINE);
	json_u64(j, "tasks", s->tasks_nr - least(s->tasks_nr, rows));
	json_u64(j, "regions", s->regions_nr - least(s->regions_nr, rows));
	json_u64(j, "waits", s->waits_nr - least(s->waits_nr, rows));
	json_u64(j, "threads", s->threads_nr - least(s->threads_nr, rows));
	json_u64(j, "stories", p->stories_out);
	json_close(j);
}

static int write_details(struct page *p, size_t rows, FILE *f, struct err *err)
{
	struct json j;
	int rc = 0;

	json_init(&j, f);
	json_object(&j, NULL, JSON_LINES);
	json_string(&j, "schema", "ctrace.page.v1");
	json_array(&j, "states", JSON_INLINE);
	for (int i = 0; i < STATE_NR; i++)
		json_string(&j, NULL, state_names[i]);
	json_close(&j);
	put_left_out(p, &j, rows);
	put_strips(p, &j, rows);
	json_array(&j, "buckets", JSON_LINES);
	for (size_t i = 0; i < least(p->s->tasks_nr, rows) && !rc; i++)
		rc = put_bins(p, &j, &p->s->tasks[i]);
	if (rc)
		return err_set(err, rc, "not enough memory for the page");
	json_close(&j);
	json_close(&j);
	return json_finish(&j, err);
}

typedef int write_fn(struct page *p, size_t rows, FILE *f, struct err *err);

static int to_memory(struct page *p, write_fn *write, size_t rows, char **text, size_t *sz,
		     struct err *err)
{
	FILE *f;
	int rc;

	free(*text);
	*text = NULL;
	f = open_memstream(text, sz);
	if (!f)
		return err_set(err, -ENOMEM, "not enough memory for the page");
	rc = write(p, rows, f, err);
	if (fclose(f) && !rc)
		rc = err_set(err, -ENOMEM, "not enough memory for the page");
	return rc;
}

/* What it takes in the page, with '<' written as six bytes. */
static size_t escaped_sz(const char *text, size_t sz)
{
	size_t n = sz;

	for (size_t i = 0; i < sz; i++)
		n += text[i] == '<' ? 5 : 0;
	return n;
}

/* As many rows of each table as fit. */
static int build_tables(struct page *p, size_t room, size_t *rows, struct err *err)
{
	size_t used;
	int rc;

	for (*rows = 1 << 14;; *rows /= 2) {
		rc = to_memory(p, write_summary, *rows, &p->summary, &p->summary_sz, err);
		if (!rc)
			rc = to_memory(p, write_details, *rows, &p->details, &p->details_sz, err);
		if (rc || !*rows)
			return rc;
		used = escaped_sz(p->summary, p->summary_sz) +
		       escaped_sz(p->details, p->details_sz);
		if (used <= room)
			return 0;
	}
}

/* --- single tasks ------------------------------------------------------------------------------
 */

struct stories {
	struct page *p;
	FILE *f;
	size_t room;
};

static void add_story(struct stories *st, const char *text, size_t sz)
{
	size_t need = escaped_sz(text, sz) + 2;

	if (need > st->room) {
		st->p->stories_out++;
		return;
	}
	st->room -= need;
	fputs(st->p->stories_nr++ ? ",\n" : "", st->f);
	fwrite(text, 1, sz, st->f);
}

static bool is_slowest(const struct summary_task *t, const struct html_sample *x)
{
	for (size_t i = 0; i < t->slowest_nr; i++) {
		const struct span_task *s = &t->slowest[i];

		if (s->pid == x->pid && s->id == x->id && s->begin == x->begin)
			return true;
	}
	return false;
}

/* The slowest of each name from `from` to before `to`; first those of all names that come first. */
static int add_slowest(struct stories *st, size_t rows, size_t from, size_t to)
{
	const struct summary *s = st->p->s;

	for (size_t k = from; k < to; k++) {
		for (size_t i = 0; i < least(s->tasks_nr, rows); i++) {
			const struct summary_task *t = &s->tasks[i];
			size_t sz;
			char *text;

			if (k >= t->slowest_nr)
				continue;
			text = html_story(s->capture, &t->slowest[k], true, &sz);
			if (!text)
				return -ENOMEM;
			add_story(st, text, sz);
			free(text);
		}
	}
	return 0;
}

static int add_samples(struct stories *st, size_t rows, int k)
{
	const struct summary *s = st->p->s;

	for (size_t i = 0; i < least(s->tasks_nr, rows); i++) {
		const struct html_name *n = html_rows_find(st->p->ctx->rows, s->tasks[i].name);
		struct html_bin **bins = NULL;
		long nr = n ? html_rows_bins(n, &bins) : 0;

		if (nr < 0)
			return -ENOMEM;
		for (long b = 0; b < nr; b++) {
			const struct html_sample *x = &bins[b]->samples[k];

			if (x->text && !is_slowest(&s->tasks[i], x))
				add_story(st, x->text, x->sz);
		}
		free(bins);
	}
	return 0;
}

/* Slow ones first, then one of each bucket, then more of both while there is room. */
static int build_stories(struct page *p, size_t rows, size_t room, struct err *err)
{
	struct stories st = {.p = p, .room = room > 2 ? room - 2 : 0};
	int rc;

	st.f = open_memstream(&p->stories, &p->stories_sz);
	if (!st.f)
		return err_set(err, -ENOMEM, "not enough memory for the page");
	fputc('[', st.f);
	rc = add_slowest(&st, rows, 0, 3);
	for (int k = 0; k < HTML_SAMPLES && !rc; k++) {
		rc = add_samples(&st, rows, k);
		if (!rc && !k)
			rc = add_slowest(&st, rows, 3, 1000);
	}
	fputc(']', st.f);
	if (fclose(st.f) || rc)
		return err_set(err, -ENOMEM, "not enough memory for the page");
	return 0;
}

/* --- the page ----------------------------------------------------------------------------------
 */

/* '<' is in strings only, where it may be written like that. */
static void put_data(FILE *out, const char *text, size_t sz)
{
	const char *lt;

	while ((lt = memchr(text, '<', sz))) {
		fwrite(text, 1, (size_t)(lt - text), out);
		fputs("\\u003c", out);
		sz -= (size_t)(lt - text) + 1;
		text = lt + 1;
	}
	fwrite(text, 1, sz, out);
}

static void put_part(FILE *out, const struct page *p, const char *name, size_t n)
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
		put_data(out, p->summary, p->summary_sz);
	else if (n == 7 && !memcmp(name, "DETAILS", n))
		put_data(out, p->details, p->details_sz);
	else if (n == 7 && !memcmp(name, "STORIES", n))
		put_data(out, p->stories, p->stories_sz);
}

/* page.html, with what stands between two @ replaced. */
static void put_page(FILE *out, const struct page *p)
{
	const char *at = html_page, *a, *b;

	while ((a = memchr(at, '@', (size_t)(html_page_end - at)))) {
		b = memchr(a + 1, '@', (size_t)(html_page_end - a - 1));
		if (!b)
			break;
		fwrite(at, 1, (size_t)(a - at), out);
		put_part(out, p, a + 1, (size_t)(b - a - 1));
		at = b + 1;
	}
	fwrite(at, 1, (size_t)(html_page_end - at), out);
}

static size_t fixed_sz(void)
{
	return (size_t)(html_page_end - html_page) + (size_t)(html_style_end - html_style) +
	       (size_t)(html_script_end - html_script) + GLUE;
}

static int build(struct page *p, size_t room, struct err *err)
{
	size_t rows, used;
	int rc = build_tables(p, room - room / 4, &rows, err);

	if (rc)
		return rc;
	used = escaped_sz(p->summary, p->summary_sz) + escaped_sz(p->details, p->details_sz);
	rc = build_stories(p, rows, room > used ? room - used : 0, err);
	/* Again, for now it is known how many stories are left out. */
	return rc ? rc : to_memory(p, write_details, rows, &p->details, &p->details_sz, err);
}

int html_write(struct html_ctx *c, const struct summary *s, struct err *err)
{
	struct page p = {.ctx = c, .s = s};
	size_t max = c->max_bytes ? c->max_bytes : PAGE_MAX;
	int rc = build(&p, max > fixed_sz() ? max - fixed_sz() : 0, err);

	if (!rc) {
		put_page(c->out, &p);
		errno = 0;
		if (fflush(c->out) || ferror(c->out))
			rc = err_set(err, errno ? -errno : -EIO, "cannot write the page: %s",
				     strerror(errno ? errno : EIO));
	}
	free(p.summary);
	free(p.details);
	free(p.stories);
	return rc;
}
