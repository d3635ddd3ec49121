/* SPDX-License-Identifier: MIT */
/* strbuf.c - see strbuf.h. Invariant: len < sz, and s[len] is the terminator. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/term.h"
#include "base/utf8.h"

void strbuf_init(struct strbuf *b, char *s, size_t sz)
{
	*b = (struct strbuf){.s = s, .sz = sz};
	s[0] = '\0';
}

/* Takes back a character of which only a part did fit at the end of the buffer. */
static void whole_characters(struct strbuf *b)
{
	size_t at = b->len;
	uint32_t cp;

	while (at && b->len - at < 3 && (b->s[at - 1] & 0xc0) == 0x80)
		at--;
	if (!at || !(b->s[at - 1] & 0x80) || utf8_decode(b->s + at - 1, &cp))
		return;
	b->len = at - 1;
	b->s[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *fmt, ...)
{
	size_t room = b->sz - b->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(b->s + b->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < room) {
		b->len += (size_t)n;
		return;
	}
	b->len = b->sz - 1;
	whole_characters(b);
}

void strbuf_escaped(struct strbuf *b, const char *src)
{
	term_escape(b->s + b->len, b->sz - b->len, src);
	b->len += strlen(b->s + b->len);
}
