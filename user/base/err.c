/* SPDX-License-Identifier: MIT */
/* err.c - see err.h. Invariant: text never holds a control byte, whatever a %s brought. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/* Control bytes could move the cursor or colour the terminal: show them as \xNN. */
static void escape_into(char *dst, size_t sz, const char *src)
{
	size_t at = 0;

	for (; *src && at + 5 < sz; src++) {
		unsigned char c = (unsigned char)*src;

		if (c < 0x20 || c == 0x7f)
			at += (size_t)snprintf(dst + at, sz - at, "\\x%02x", c);
		else
			dst[at++] = (char)c;
	}
	dst[at] = '\0';
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	char raw[sizeof(err->text)];
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	err->code = code;
	err->hint[0] = '\0';
	escape_into(err->text, sizeof(err->text), raw);
	return code;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	char raw[sizeof(err->hint)];
	va_list ap;

	if (!err)
		return 0;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	escape_into(err->hint, sizeof(err->hint), raw);
	return err->code;
}
