/* SPDX-License-Identifier: MIT */
/* toc.c - see toc.h. Invariant: what a table in a file says is only used to find chunks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/toc.h"

#define HDR_SZ	   sizeof(struct format_chunk)
#define TABLES_MAX 4096 /* chunks of a table: 100 million chunks */

static int grow(struct toc *t)
{
	size_t cap = t->cap ? t->cap * 2 : 256;
	struct format_entry *v;

	if (t->nr < t->cap)
		return 0;
	v = reallocarray(t->v, cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	t->v = v;
	t->cap = cap;
	return 0;
}

int toc_add(struct toc *t, const struct format_chunk *c, uint64_t off, uint64_t reach_ts)
{
	if (grow(t))
		return -ENOMEM;
	t->v[t->nr++] = (struct format_entry){
		.off = off,
		.min_ts = c->min_ts,
		.max_ts = c->max_ts,
		.reach_ts = reach_ts,
		.records = c->records,
		.type = c->type,
		.stream = (uint16_t)c->stream,
	};
	return 0;
}

/* Where the time stands from which on a record of that kind tells. */
static size_t reach_at(uint8_t kind)
{
	switch (kind) {
	case WIRE_OFFCPU:
		return offsetof(struct wire_offcpu, off_ts);
	case WIRE_SYSCALL:
		return offsetof(struct wire_syscall, enter_ts);
	case WIRE_RAN:
		return offsetof(struct wire_ran, from_ts);
	case WIRE_LOST:
		return offsetof(struct wire_lost, from_ts);
	default:
		return 0;
	}
}

uint64_t toc_reach(const void *rec)
{
	struct wire_hdr h;
	uint64_t from;
	size_t at;

	memcpy(&h, rec, sizeof(h));
	at = reach_at(h.kind);
	if (!at || h.len < at + sizeof(from))
		return h.ts;
	memcpy(&from, (const char *)rec + at, sizeof(from));
	return from < h.ts ? from : h.ts;
}

bool toc_is_name(const struct wire_hdr *h)
{
	switch (h->kind) {
	case WIRE_THREAD:
	case WIRE_COMM:
	case WIRE_STACK:
	case WIRE_RESOURCE:
	case WIRE_HOLDER:
		return true;
	case WIRE_STRING:
		return !(h->flags & WIRE_STR_ONCE);
	case WIRE_TOTALS:
		return h->flags & WIRE_TOTALS_EXIT;
	default:
		return false;
	}
}

/* --- reading ------------------------------------------------------------------------------- */

/* Where END says that the table is; 0 if it does not. */
static int find_end(struct chunks *c, uint64_t *off, struct err *err)
{
	const size_t sz = HDR_SZ + sizeof(struct format_end);
	struct chunk_buf buf = {0};
	struct format_chunk h;
	struct format_end end;
	struct chunk_ref ref;
	int rc;

	*off = 0;
	if (c->size < c->at + sz)
		return 0;
	c->at = c->size - sz;
	rc = chunks_next(c, &h, &ref, err);
	if (rc <= 0 || h.type != FORMAT_END || c->at != c->size || ref.raw_sz < sizeof(end))
		return rc < 0 ? rc : 0;
	rc = chunks_payload(c, &ref, &buf, err);
	if (rc > 0) {
		memcpy(&end, buf.p, sizeof(end));
		*off = end.index_off;
	}
	free(buf.p);
	return rc;
}

static int take_table(struct toc *t, const struct chunk_buf *buf)
{
	for (size_t at = 0; at + sizeof(*t->v) <= buf->n; at += sizeof(*t->v)) {
		if (grow(t))
			return -ENOMEM;
		memcpy(&t->v[t->nr++], buf->p + at, sizeof(*t->v));
	}
	return buf->n % sizeof(*t->v) == 0;
}

int toc_read(struct toc *t, struct chunks *c, struct err *err)
{
	const uint64_t first = c->at;
	struct chunk_buf buf = {0};
	struct format_chunk h;
	struct chunk_ref ref;
	uint64_t off;
	int rc = find_end(c, &off, err), tables = 0;

	if (rc > 0)
		rc = off >= first && off < c->size;
	c->at = off;
	while (rc > 0 && (rc = chunks_next(c, &h, &ref, err)) > 0) {
		if (h.type == FORMAT_END)
			break;
		rc = h.type == FORMAT_INDEX && ++tables < TABLES_MAX && !c->gaps;
		if (rc)
			rc = chunks_payload(c, &ref, &buf, err);
		if (rc > 0 && (rc = take_table(t, &buf)) < 0)
			err_set(err, rc, "no memory to read %s", c->path);
	}
	free(buf.p);
	return rc > 0 && t->nr ? 1 : rc < 0 ? rc : 0;
}

bool toc_overlaps(const struct format_entry *e, uint64_t from_ts, uint64_t to_ts)
{
	return e->max_ts >= from_ts && e->reach_ts <= to_ts;
}

void toc_release(struct toc *t)
{
	free(t->v);
	*t = (struct toc){0};
}
