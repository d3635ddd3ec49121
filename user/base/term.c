/* SPDX-License-Identifier: MIT */
/*
 * term.c - see term.h. Invariant: what term_escape writes is valid UTF-8, on one line, shown in
 * the order in which it is stored.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/term.h"
#include "base/utf8.h"

/* Characters that are valid and still not shown as themselves; sorted. */
static const struct range {
	uint32_t first, last;
} hidden[] = {
	{0x80, 0x9f},	    /* C1 controls: U+009B starts a terminal escape sequence */
	{0xad, 0xad},	    /* soft hyphen */
	{0x34f, 0x34f},	    /* combining grapheme joiner */
	{0x61c, 0x61c},	    /* Arabic letter mark: bidi */
	{0x115f, 0x1160},   /* Hangul fillers: blank */
	{0x17b4, 0x17b5},   /* Khmer inherent vowels: blank */
	{0x180b, 0x180f},   /* Mongolian selectors */
	{0x200b, 0x200f},   /* zero-width, and bidi marks */
	{0x2028, 0x202e},   /* line and paragraph separators, bidi embeddings and overrides */
	{0x2060, 0x206f},   /* word joiner, invisible operators, bidi isolates */
	{0x3164, 0x3164},   /* Hangul filler */
	{0xfe00, 0xfe0f},   /* variation selectors */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xffa0, 0xffa0},   /* Hangul filler, half width */
	{0xfff0, 0xfffb},   /* interlinear annotation */
	{0xfffe, 0xffff},   /* no characters */
	{0x1d173, 0x1d17a}, /* musical formatting */
	{0xe0000, 0xe0fff}, /* tags, more variation selectors */
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (c < hidden[i].first)
			return false;
		if (c <= hidden[i].last)
			return true;
	}
	return false;
}

char *term_escape(char *dst, size_t sz, const char *src)
{
	size_t at = 0;

	if (!sz)
		return dst;
	while (*src) {
		char esc[16];
		const char *put = esc;
		uint32_t c;
		size_t in = (size_t)utf8_decode(src, &c), out;

		if (!in || c < 0x20 || c == 0x7f) {
			out = (size_t)snprintf(esc, sizeof(esc), "\\x%02x", (unsigned char)*src);
			in = 1;
		} else if (is_hidden(c)) {
			out = (size_t)snprintf(esc, sizeof(esc), "\\u{%x}", c);
		} else {
			put = src;
			out = in;
		}
		if (out >= sz - at)
			break;
		memcpy(dst + at, put, out);
		at += out;
		src += in;
	}
	dst[at] = '\0';
	return dst;
}

enum { WIDTH_MIN = 20, WIDTH_DEFAULT = 80, WIDTH_MAX = 10000 };

int term_width(int fd)
{
	const char *env = getenv("COLUMNS");
	struct winsize ws;
	char *end;

	if (env && *env) {
		long v = strtol(env, &end, 10);

		if (!*end && v >= WIDTH_MIN && v <= WIDTH_MAX)
			return (int)v;
	}
	/* A serial console says 0: it does not know. */
	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col < WIDTH_MIN ? WIDTH_MIN : ws.ws_col;
	return WIDTH_DEFAULT;
}

bool term_color(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no && *no)
		return false;
	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}
