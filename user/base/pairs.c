/* SPDX-License-Identifier: MIT */
/* pairs.c - see pairs.h. Invariant: no value that is handed out has a control byte in it. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/pairs.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; false if what is behind a % is no hex, or stands for a control byte. */
static bool percent_decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		int c = (unsigned char)*s;

		if (c == '%') {
			int high = hex(s[1]), low = high < 0 ? -1 : hex(s[2]);

			if (low < 0)
				return false;
			c = high << 4 | low;
			s += 2;
		}
		if (c < ' ' || c == 0x7f)
			return false;
		*to++ = (char)c;
	}
	*to = '\0';
	return true;
}

static char *trimmed(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n && (s[n - 1] == ' ' || s[n - 1] == '\t'); n--)
		;
	s[n] = '\0';
	return s;
}

int pairs_next(char **text, char **key, char **value)
{
	char *item, *equals;

	do {
		item = strsep(text, ",");
		if (!item)
			return 0;
		item = trimmed(item);
	} while (!*item);
	equals = strchr(item, '=');
	if (!equals)
		return -EINVAL;
	*equals = '\0';
	*key = trimmed(item);
	*value = trimmed(equals + 1);
	return **key && percent_decode(*value) ? 1 : -EINVAL;
}
