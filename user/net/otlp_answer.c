/* SPDX-License-Identifier: MIT */
/* otlp_answer.c - see otlp_answer.h. Invariant: nothing is read beyond the n bytes. */
#include <stdio.h>
#include <string.h>

#include "base/term.h"
#include "net/otlp_answer.h"

enum { RESPONSE_PARTIAL = 1, PARTIAL_REJECTED = 1, PARTIAL_MESSAGE = 2, STATUS_MESSAGE = 2 };
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

struct reader {
	const uint8_t *p, *end;
};

struct field {
	uint64_t nr, number; /* number: of a varint */
	struct reader bytes; /* of a message or text */
};

static bool varint(struct reader *r, uint64_t *v)
{
	*v = 0;
	for (unsigned int shift = 0; shift < 64 && r->p < r->end; shift += 7) {
		uint8_t c = *r->p++;

		*v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return true;
	}
	return false;
}

static bool skip(struct reader *r, uint64_t n)
{
	if (n > (uint64_t)(r->end - r->p))
		return false;
	r->p += n;
	return true;
}

/* 1, 0 at the end, -1 if it is no message. */
static int next(struct reader *r, struct field *f)
{
	uint64_t tag, n;

	*f = (struct field){0};
	if (r->p == r->end)
		return 0;
	if (!varint(r, &tag) || !(tag >> 3))
		return -1;
	f->nr = tag >> 3;
	switch (tag & 7) {
	case VARINT:
		return varint(r, &f->number) ? 1 : -1;
	case FIXED64:
		return skip(r, 8) ? 1 : -1;
	case FIXED32:
		return skip(r, 4) ? 1 : -1;
	case BYTES:
		f->bytes.p = varint(r, &n) ? r->p : NULL;
		if (!f->bytes.p || !skip(r, n))
			return -1;
		f->bytes.end = r->p;
		return 1;
	default:
		return -1;
	}
}

static void set_text(struct otlp_answer *a, const struct reader *r)
{
	char raw[sizeof(a->text)];
	size_t n = (size_t)(r->end - r->p);

	/* As much as is there, of what escaping may make longer. */
	if (n >= sizeof(raw))
		n = sizeof(raw) - 1;
	memcpy(raw, r->p, n);
	raw[n] = '\0';
	for (n = strlen(raw); n && (raw[n - 1] == '\n' || raw[n - 1] == '\r'); n--)
		raw[n - 1] = '\0';
	term_escape(a->text, sizeof(a->text), raw);
}

bool otlp_answer_partial(struct otlp_answer *a, const void *bytes, size_t n)
{
	struct reader r = {bytes, (const uint8_t *)bytes + n}, in;
	struct field f, g;
	int rc;

	*a = (struct otlp_answer){0};
	while ((rc = next(&r, &f)) > 0) {
		if (f.nr != RESPONSE_PARTIAL || !f.bytes.p)
			continue;
		in = f.bytes;
		while ((rc = next(&in, &g)) > 0) {
			if (g.nr == PARTIAL_REJECTED)
				a->rejected = g.number;
			else if (g.nr == PARTIAL_MESSAGE && g.bytes.p)
				set_text(a, &g.bytes);
		}
		if (rc)
			break;
	}
	if (a->rejected > INT64_MAX) /* the field is signed */
		a->rejected = 0;
	return !rc;
}

void otlp_answer_error(struct otlp_answer *a, const void *bytes, size_t n)
{
	struct reader whole = {bytes, (const uint8_t *)bytes + n}, r = whole, text = {NULL, NULL};
	struct field f;
	int rc;

	*a = (struct otlp_answer){0};
	while ((rc = next(&r, &f)) > 0) {
		if (f.nr == STATUS_MESSAGE && f.bytes.p)
			text = f.bytes;
	}
	if (!rc && text.p)
		set_text(a, &text);
	else if (n && rc)
		set_text(a, &whole);
}
