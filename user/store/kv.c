/* SPDX-License-Identifier: MIT */
/* kv.c - see kv.h. Invariant: what kv_next gives is what kv_put was given, byte for byte. */
#include <errno.h>
#include <string.h>

#include "store/kv.h"

/* What stands behind a backslash, and what it means. */
static const struct {
	char written, meant;
} escapes[] = {{'\\', '\\'}, {'n', '\n'}, {'0', '\0'}};

#define ESCAPES (sizeof(escapes) / sizeof(escapes[0]))

static char written_for(char meant)
{
	for (size_t i = 0; i < ESCAPES; i++) {
		if (escapes[i].meant == meant)
			return escapes[i].written;
	}
	return 0;
}

static const char *meant_by(char written)
{
	for (size_t i = 0; i < ESCAPES; i++) {
		if (escapes[i].written == written)
			return &escapes[i].meant;
	}
	return NULL;
}

size_t kv_put(char *dst, size_t sz, const char *key, const char *value)
{
	size_t key_n = strlen(key), need = key_n + strlen("=\n");

	if (!*key || strpbrk(key, "=\n"))
		return 0;
	for (const char *v = value; *v; v++)
		need += written_for(*v) ? 2 : 1;
	if (need > sz)
		return need;
	memcpy(dst, key, key_n);
	dst += key_n;
	*dst++ = '=';
	for (; *value; value++) {
		char written = written_for(*value);

		if (written)
			*dst++ = '\\';
		*dst++ = written ? written : *value;
	}
	*dst = '\n';
	return need;
}

/* Unescapes the value from v to end into itself. */
static int unescape(char *v, const char *end)
{
	char *to = v;

	while (v < end) {
		const char *meant = v;

		if (*v == '\\') {
			meant = ++v < end ? meant_by(*v) : NULL;
			if (!meant)
				return -EINVAL;
		}
		*to++ = *meant;
		v++;
	}
	*to = '\0';
	return 0;
}

int kv_next(char **at, char *end, char **key, char **value)
{
	size_t left = (size_t)(end - *at);
	char *nl, *eq;

	if (!left)
		return 0;
	nl = memchr(*at, '\n', left);
	eq = nl ? memchr(*at, '=', (size_t)(nl - *at)) : NULL;
	if (!eq || eq == *at || unescape(eq + 1, nl) < 0)
		return -EINVAL;
	*eq = '\0';
	*key = *at;
	*value = eq + 1;
	*at = nl + 1;
	return 1;
}
