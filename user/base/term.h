/* SPDX-License-Identifier: MIT */
/*
 * term.h - text for a terminal
 *
 *	char name[64];
 *	printf("%s\n", term_escape(name, sizeof(name), comm));
 */
#ifndef CTRACE_TERM_H
#define CTRACE_TERM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies src for display: what could move the cursor, change colours, reorder or hide text is
 * shown as \xNN (a byte: controls, invalid UTF-8) or \u{N} (a character: C1 controls, bidi
 * overrides, zero-width ones). Everything else stays, also a backslash: it is not reversible.
 * Cut before the character or escape that does not fit; always terminated if sz is not 0.
 * Returns dst. Thread-safe; no locale is asked.
 */
char *term_escape(char *dst, size_t sz, const char *src);

/* Columns to use for output to fd: COLUMNS if it is a sane number, else the terminal's own, else
 * 80. Always 20 or more. */
int term_width(int fd);

/* Whether colours may be written to fd: a terminal other than "dumb", and NO_COLOR not set. */
bool term_color(int fd);

#endif
