/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - bytes that may be UTF-8, without the locale
 *
 *	while (*s) {
 *		int n = utf8_decode(s, &cp);          0: not UTF-8 here; skip one byte
 *		…
 *		s += n ? n : 1;
 *	}
 *
 * Pure. Input is hostile: overlong forms, surrogates, what lies beyond U+10FFFF and characters
 * that are cut off are not UTF-8.
 */
#ifndef CTRACE_UTF8_H
#define CTRACE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What is put in the place of a byte that is no UTF-8: U+FFFD. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the character at s (NUL-terminated) and the character in *cp; 0 if it is none. */
int utf8_decode(const char *s, uint32_t *cp);

/* Columns that a terminal gives the character: 0, 1 or 2. N.B. Ranges, not the whole standard. */
int utf8_columns(uint32_t cp);
/* The same of a string; a byte that is not UTF-8 counts as one column. */
size_t utf8_width(const char *s);

/* Where a string that is too wide is cut. */
enum utf8_cut { UTF8_CUT_END, UTF8_CUT_MIDDLE, UTF8_CUT_START };

/*
 * Copies src into dst (sz bytes, sz > 0), at most `width` columns wide: what is too much is
 * replaced by one "…" at the given place. Whole characters only. Returns the columns used.
 */
size_t utf8_fit(char *dst, size_t sz, const char *src, size_t width, enum utf8_cut cut);

#endif
