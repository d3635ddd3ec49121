/* SPDX-License-Identifier: MIT */
/*
 * otlp_file.c - see otlp_file.h
 *
 * A request is a sequence of ResourceSpans, each with its length, and so is a part of one.
 * Invariant: what is handed on are whole ones.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/protobuf_read.h"
#include "net/otlp_file.h"

enum { TAG_RESOURCE_SPANS = 1 << 3 | 2, RESOURCE_SPANS_SCOPES = 2, SCOPE_SPANS_SPANS = 2 };
enum { BYTES_MAX = 1 << 20, SPANS_MAX = 1024, ONE_MAX = 32 << 20 };

struct part {
	FILE *in;
	const char *path;
	uint8_t *bytes;
	size_t n, cap, spans;
};

static int no_such_file(const struct part *p, struct err *err)
{
	return err_set(err, -EINVAL, "%s is no file of spans, or is damaged", p->path);
}

/* Of a ResourceSpans; -1: it is none. */
static int count_spans(struct pb_reader r)
{
	struct pb_field scope, span;
	int nr = 0, rc, rc2;

	while ((rc = pb_next(&r, &scope)) > 0) {
		if (scope.nr != RESOURCE_SPANS_SCOPES || !scope.bytes.p)
			continue;
		while ((rc2 = pb_next(&scope.bytes, &span)) > 0)
			nr += span.nr == SCOPE_SPANS_SPANS && span.bytes.p;
		if (rc2)
			return -1;
	}
	return rc ? -1 : nr;
}

/* The bytes of a varint, as they stand in the file; 0: there is none. */
static size_t read_varint(FILE *in, uint8_t v[10], uint64_t *value)
{
	struct pb_reader r = {v, v};
	int c;

	while (r.end < v + 10 && (c = getc(in)) != EOF) {
		v[r.end - v] = (uint8_t)c;
		r.end++;
		if (c < 0x80)
			return pb_varint(&r, value) ? (size_t)(r.p - v) : 0;
	}
	return 0;
}

static bool room(struct part *p, size_t n)
{
	uint8_t *v;

	if (p->cap - p->n >= n)
		return true;
	v = realloc(p->bytes, p->n + n);
	if (!v)
		return false;
	p->bytes = v;
	p->cap = p->n + n;
	return true;
}

/* Appends the next ResourceSpans, tag and length included: 1, 0 at the end, or -errno. */
static int read_one(struct part *p, struct err *err)
{
	uint8_t length[10];
	uint64_t n;
	size_t head;
	int tag = getc(p->in), spans;

	if (tag == EOF && !ferror(p->in))
		return 0;
	head = tag == TAG_RESOURCE_SPANS ? read_varint(p->in, length, &n) : 0;
	if (!head || n > ONE_MAX)
		return no_such_file(p, err);
	if (!room(p, 1 + head + n))
		return err_set(err, -ENOMEM, "not enough memory to send %s", p->path);
	p->bytes[p->n] = (uint8_t)tag;
	memcpy(p->bytes + p->n + 1, length, head);
	if (fread(p->bytes + p->n + 1 + head, 1, n, p->in) != n)
		return no_such_file(p, err);
	spans = count_spans(
		(struct pb_reader){p->bytes + p->n + 1 + head, p->bytes + p->n + 1 + head + n});
	if (spans < 0)
		return no_such_file(p, err);
	p->n += 1 + head + n;
	p->spans += (size_t)spans;
	return 1;
}

static int hand_on(struct part *p, int (*take)(void *, const struct otlp_request *, struct err *),
		   void *to, struct err *err)
{
	const struct otlp_request r = {p->bytes, p->n, p->spans};
	int rc = p->n ? take(to, &r, err) : 0;

	p->n = p->spans = 0;
	return rc;
}

int otlp_file_read(const char *path,
		   int (*take)(void *to, const struct otlp_request *r, struct err *err), void *to,
		   struct err *err)
{
	struct part p = {.in = fopen(path, "re"), .path = path};
	int rc = 1, rc2;

	if (!p.in)
		return err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	while (rc > 0) {
		rc = read_one(&p, err);
		if (rc <= 0 || p.n >= BYTES_MAX / 2 || p.spans >= SPANS_MAX / 2) {
			rc2 = hand_on(&p, take, to, rc < 0 ? NULL : err);
			rc = rc < 0 ? rc : rc2 ? rc2 : rc;
		}
	}
	fclose(p.in);
	free(p.bytes);
	return rc;
}
