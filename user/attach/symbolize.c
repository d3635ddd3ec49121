/* SPDX-License-Identifier: MIT */
/*
 * symbolize.c - see symbolize.h
 *
 *	stacks -> distinct (process and program, address) -> by file -> names -> SYMBOLS chunks
 *
 * Invariant: an address is looked up as the model will (user/model/frames.c): the innermost of a
 * stack as it is, the others, which are return addresses, less one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/images.h"
#include "attach/resolve.h"
#include "attach/symbolize.h"
#include "base/err.h"
#include "ctrace/format.h"
#include "store/writer.h"

/* Of a chunk, which can hold 128 KiB. */
enum { LINES = 512, BYTES = 100 << 10, LINE_SZ = 6144 };

/* As a stack came: which process, when; then an address. */
struct seen {
	uint64_t ts, addr;
	uint32_t pid;
};

struct symbolize {
	struct seen *v;
	size_t nr, cap;
};

struct symbolize *symbolize_new(void)
{
	return calloc(1, sizeof(struct symbolize));
}

void symbolize_stack(struct symbolize *sy, const struct wire_stack *r)
{
	const char *ips = (const char *)(r + 1);

	if (r->n > WIRE_STACK_MAX || sizeof(*r) + r->n * 8ul > r->h.len)
		return;
	if (sy->nr + r->n > sy->cap) {
		size_t cap = (sy->cap + WIRE_STACK_MAX) * 2;
		struct seen *v =
			cap > 8 * ADDRESSES_MAX ? NULL : reallocarray(sy->v, cap, sizeof(*v));

		if (!v)
			return;
		sy->v = v;
		sy->cap = cap;
	}
	for (uint32_t i = 0; i < r->n; i++) {
		uint64_t ip;

		memcpy(&ip, ips + i * 8, 8);
		sy->v[sy->nr++] = (struct seen){r->h.ts, i ? ip - 1 : ip, r->pid};
	}
}

/* --- from what was seen to what is to be looked up -------------------------------------------- */

static int by_space(const void *pa, const void *pb)
{
	const struct resolve_addr *a = pa, *b = pb;

	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	return (a->addr > b->addr) - (a->addr < b->addr);
}

static struct resolve_addr *distinct(const struct symbolize *sy, const struct images *im,
				     size_t *out_nr)
{
	struct resolve_addr *v = calloc(sy->nr ? sy->nr : 1, sizeof(*v));
	size_t space = RESOLVE_KERNEL, nr = 0;

	for (size_t i = 0; v && i < sy->nr; i++) {
		const struct seen *s = &sy->v[i];

		/* The addresses of a stack follow each other. */
		if (!i || s->pid != s[-1].pid || s->ts != s[-1].ts)
			space = s->pid ? images_space(im, s->pid, s->ts) : RESOLVE_KERNEL;
		if (space != SIZE_MAX)
			v[nr++] = (struct resolve_addr){.space = space, .addr = s->addr};
	}
	if (!v)
		return NULL;
	qsort(v, nr, sizeof(*v), by_space);
	*out_nr = 0;
	for (size_t i = 0; i < nr; i++)
		if (!*out_nr || by_space(&v[*out_nr - 1], &v[i]))
			v[(*out_nr)++] = v[i];
	if (*out_nr > ADDRESSES_MAX)
		*out_nr = ADDRESSES_MAX;
	return v;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Lines of one space, until they make a chunk. */
struct out {
	struct writer *w;
	const struct images *im;
	struct err *err;
	size_t space;
	size_t nr, bytes; /* of lines */
	struct writer_key keys[LINES + 2];
	char pid[16], from_ts[24];
	char addr[LINES][24];
	char *line[LINES];
	int rc;
};

static void flush(struct out *o)
{
	if (o->nr && !o->rc)
		o->rc = writer_text(o->w, FORMAT_SYMBOLS, o->keys, o->nr + 2, o->err);
	while (o->nr)
		free(o->line[--o->nr]);
	o->bytes = 0;
}

static void begin_space(struct out *o, size_t space)
{
	const struct space *s = space == RESOLVE_KERNEL ? NULL : images_space_at(o->im, space);

	flush(o);
	o->space = space;
	snprintf(o->pid, sizeof(o->pid), "%u", s ? s->pid : 0);
	snprintf(o->from_ts, sizeof(o->from_ts), "%llu", s ? (unsigned long long)s->from_ts : 0ull);
	o->keys[0] = (struct writer_key){"pid", o->pid};
	o->keys[1] = (struct writer_key){"from_ts", o->from_ts};
}

/* Fields are separated by tabs, so there is none inside of one. */
static void no_tabs(char *s)
{
	while ((s = strchr(s, '\t')))
		*s = ' ';
}

static int put_symbol(void *ctx, const struct resolve_addr *a, const struct resolve_symbol *s)
{
	struct out *o = ctx;
	char name[2048], module[2048], site[1024], line[LINE_SZ];

	if (o->rc)
		return o->rc;
	if (!o->nr || a->space != o->space)
		begin_space(o, a->space);
	snprintf(name, sizeof(name), "%s", s->name);
	snprintf(module, sizeof(module), "%s", s->module);
	snprintf(site, sizeof(site), "%s", s->site);
	no_tabs(name);
	no_tabs(module);
	no_tabs(site);
	snprintf(line, sizeof(line), "%s\t%llx\t%s\t%s", name, (unsigned long long)s->off, module,
		 site);
	o->line[o->nr] = strdup(line);
	if (!o->line[o->nr])
		return 0; /* one name less */
	snprintf(o->addr[o->nr], sizeof(o->addr[0]), "@%llx", (unsigned long long)a->addr);
	o->keys[o->nr + 2] = (struct writer_key){o->addr[o->nr], o->line[o->nr]};
	/* Escapes make a line at most twice as long. */
	o->bytes += 2 * strlen(line) + sizeof(o->addr[0]);
	o->nr++;
	if (o->nr == LINES || o->bytes > BYTES)
		flush(o);
	return o->rc;
}

int symbolize_write(struct symbolize *sy, const struct images *im, struct writer *w,
		    struct err *err)
{
	struct out *o = calloc(1, sizeof(*o));
	struct resolve_addr *v = NULL;
	size_t nr = 0;
	int rc;

	if (o)
		v = distinct(sy, im, &nr);
	if (!v) {
		free(o);
		return 0; /* without names, then */
	}
	o->w = w;
	o->im = im;
	o->err = err;
	resolve(v, nr, im, put_symbol, o);
	flush(o);
	rc = o->rc;
	free(v);
	free(o);
	return rc;
}

void symbolize_free(struct symbolize *sy)
{
	if (!sy)
		return;
	free(sy->v);
	free(sy);
}
