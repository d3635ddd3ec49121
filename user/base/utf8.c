/* SPDX-License-Identifier: MIT */
/* utf8.c - see utf8.h. Invariant: no function reads past a NUL or writes a part of a character. */
#include <string.h>

#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

int utf8_decode(const char *s, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c = u[0];
	int n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (n < 2) {
		if (n)
			*cp = c;
		return n;
	}
	c &= 0x7fu >> n;
	for (int i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80) /* also at the string's end */
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

struct range {
	uint32_t first, last;
};

static const struct range zero_wide[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
	{0x0e31, 0x0e31}, {0x0e34, 0x0e3a},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
	{0x202a, 0x202e}, {0x2060, 0x206f},   {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
	{0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

static const struct range two_wide[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},	{0x2329, 0x232a},   {0x23e9, 0x23ec},
	{0x2e80, 0x303e},   {0x3041, 0x4dbf},	{0x4e00, 0xa4cf},   {0xa960, 0xa97f},
	{0xac00, 0xd7a3},   {0xf900, 0xfaff},	{0xfe30, 0xfe6f},   {0xff00, 0xff60},
	{0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
	{0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static int in_ranges(uint32_t cp, const struct range *r, size_t nr)
{
	for (size_t i = 0; i < nr && r[i].first <= cp; i++)
		if (cp <= r[i].last)
			return 1;
	return 0;
}

#define IN(cp, table) in_ranges(cp, table, sizeof(table) / sizeof((table)[0]))

int utf8_columns(uint32_t cp)
{
	return IN(cp, zero_wide) ? 0 : IN(cp, two_wide) ? 2 : 1;
}

/* One character or one stray byte: its bytes and its columns. */
static size_t one(const char *s, size_t *columns)
{
	uint32_t cp;
	int n = utf8_decode(s, &cp);

	*columns = n ? (size_t)utf8_columns(cp) : 1;
	return n ? (size_t)n : 1;
}

size_t utf8_width(const char *s)
{
	size_t width = 0, columns;

	while (*s) {
		s += one(s, &columns);
		width += columns;
	}
	return width;
}

/* Bytes of the longest beginning of s that is at most `width` columns wide; *used: its columns. */
static size_t head(const char *s, size_t width, size_t *used)
{
	size_t at = 0, columns, n;

	for (*used = 0; s[at]; at += n) {
		n = one(s + at, &columns);
		if (*used + columns > width)
			break;
		*used += columns;
	}
	return at;
}

/* The longest end of s that is at most `width` columns wide. */
static const char *tail(const char *s, size_t width, size_t *used)
{
	size_t columns;

	for (*used = utf8_width(s); *used > width; *used -= columns)
		s += one(s, &columns);
	return s;
}

static size_t append(char *dst, size_t at, size_t sz, const char *src, size_t n)
{
	if (at + n >= sz) { /* only whole characters */
		size_t fits = 0, columns, step;

		while (fits < n && at + fits + (step = one(src + fits, &columns)) < sz)
			fits += step;
		n = fits;
	}
	memcpy(dst + at, src, n);
	dst[at + n] = '\0';
	return at + n;
}

size_t utf8_fit(char *dst, size_t sz, const char *src, size_t width, enum utf8_cut cut)
{
	size_t full = utf8_width(src), left, front, back, at;
	const char *end;

	dst[0] = '\0';
	if (full <= width) {
		append(dst, 0, sz, src, strlen(src));
		return full;
	}
	if (!width)
		return 0;
	left = width - 1;
	front = cut == UTF8_CUT_END ? left : cut == UTF8_CUT_START ? 0 : left - left / 2;
	at = append(dst, 0, sz, src, head(src, front, &front));
	at = append(dst, at, sz, ELLIPSIS, strlen(ELLIPSIS));
	end = tail(src, cut == UTF8_CUT_END ? 0 : left - front, &back);
	append(dst, at, sz, end, strlen(end));
	return front + 1 + back;
}
