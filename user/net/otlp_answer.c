/* SPDX-License-Identifier: MIT */
/* otlp_answer.c - see otlp_answer.h. Invariant: nothing is read beyond the n bytes. */
#include <stdio.h>
#include <string.h>

#include "base/protobuf_read.h"
#include "base/term.h"
#include "net/otlp_answer.h"

enum { RESPONSE_PARTIAL = 1, PARTIAL_REJECTED = 1, PARTIAL_MESSAGE = 2, STATUS_MESSAGE = 2 };

static void set_text(struct otlp_answer *a, const struct pb_reader *r)
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
	struct pb_reader r = {bytes, (const uint8_t *)bytes + n}, in;
	struct pb_field f, g;
	int rc;

	*a = (struct otlp_answer){0};
	while ((rc = pb_next(&r, &f)) > 0) {
		if (f.nr != RESPONSE_PARTIAL || !f.bytes.p)
			continue;
		in = f.bytes;
		while ((rc = pb_next(&in, &g)) > 0) {
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
	struct pb_reader whole = {bytes, (const uint8_t *)bytes + n}, r = whole,
			 text = {NULL, NULL};
	struct pb_field f;
	int rc;

	*a = (struct otlp_answer){0};
	while ((rc = pb_next(&r, &f)) > 0) {
		if (f.nr == STATUS_MESSAGE && f.bytes.p)
			text = f.bytes;
	}
	if (!rc && text.p)
		set_text(a, &text);
	else if (n && rc)
		set_text(a, &whole);
}
