/* SPDX-License-Identifier: MIT */
/* html_part.c - see html_part.h */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "export/html_part.h"

/* As it may stand in a JSON string, with one unit of UTF-16 or two. */
static size_t put_escaped(FILE *out, uint32_t c)
{
	uint32_t high = 0xd800 + ((c - 0x10000) >> 10), low = 0xdc00 + (c & 0x3ff);

	if (out && c < 0x10000)
		fprintf(out, "\\u%04x", (unsigned int)c);
	else if (out)
		fprintf(out, "\\u%04x\\u%04x", (unsigned int)high, (unsigned int)low);
	return c < 0x10000 ? 6 : 12;
}

static size_t put(FILE *out, const char *text, size_t sz)
{
	bool in_string = false, escaped = false;
	size_t n = 0, len;
	uint32_t code;

	for (size_t i = 0; i < sz; i += len) {
		char c = text[i];

		len = 1;
		if (!in_string && (c == ' ' || c == '\n'))
			continue;
		if (c == '"' && !escaped)
			in_string = !in_string;
		escaped = c == '\\' && !escaped;
		if (c == '<' || (c & 0x80)) {
			int bytes = utf8_decode(text + i, &code);

			n += put_escaped(out, bytes ? code : 0xfffd);
			len = bytes ? (size_t)bytes : 1;
			continue;
		}
		n++;
		if (out)
			putc(c, out);
	}
	return n;
}

size_t html_part_size(const char *text, size_t sz)
{
	return put(NULL, text, sz);
}

void html_part_put(FILE *out, const struct html_part *p)
{
	put(out, p->text, p->sz);
}

int html_part_make(struct html_part *p, html_write_fn *write, void *ctx, size_t rows,
		   struct err *err)
{
	FILE *f;
	int rc;

	html_part_release(p);
	f = open_memstream(&p->text, &p->sz);
	if (!f)
		return err_set(err, -ENOMEM, "not enough memory for the page");
	rc = write(ctx, rows, f, err);
	if (fclose(f) && !rc)
		rc = err_set(err, -ENOMEM, "not enough memory for the page");
	if (!rc)
		p->page_sz = html_part_size(p->text, p->sz);
	return rc;
}

int html_part_fit(struct html_part *p, html_write_fn *write, void *ctx, size_t *rows, size_t room,
		  struct err *err)
{
	for (;; *rows /= 2) {
		int rc = html_part_make(p, write, ctx, *rows, err);

		if (rc || !*rows || p->page_sz <= room)
			return rc;
	}
}

void html_part_release(struct html_part *p)
{
	free(p->text);
	*p = (struct html_part){0};
}
