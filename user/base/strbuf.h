/* SPDX-License-Identifier: MIT */
/*
 * strbuf.h - text put together in a buffer of the caller
 *
 *	char line[256];
 *	struct strbuf b;
 *
 *	strbuf_init(&b, line, sizeof(line));
 *	strbuf_add(&b, "%s %d", "x", 1);
 *	strbuf_escaped(&b, untrusted);
 *
 * What does not fit is cut; the text is always terminated and no character is cut in two.
 */
#ifndef CTRACE_STRBUF_H
#define CTRACE_STRBUF_H

#include <stddef.h>

struct strbuf {
	char *s;
	size_t len, sz;
};

void strbuf_init(struct strbuf *b, char *s, size_t sz); /* sz > 0 */
void strbuf_add(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds src as term_escape shows it. */
void strbuf_escaped(struct strbuf *b, const char *src);

#endif
