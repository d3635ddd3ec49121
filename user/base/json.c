/* SPDX-License-Identifier: MIT */
/*
 * json.c - see json.h
 *
 * Nobody else writes to the FILE meanwhile, so it is not locked for each piece.
 *
 * Invariant: whatever the strings hold, the output is valid JSON in valid UTF-8, as long as every
 * object and array is closed; if one is not, json_finish says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/utf8.h"

/*
 * "</" and "<!" would end or confuse a <script> element around the text. U+2028 and U+2029 end a
 * line in older JavaScript.
 */
static void escaped(FILE *out, uint32_t cp, const char *s, int n)
{
	static const char shorts[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
				      ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

	if (cp < sizeof(shorts) && shorts[cp])
		fprintf(out, "\\%c", shorts[cp]);
	else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 ||
		 (cp == '<' && (s[1] == '/' || s[1] == '!')))
		fprintf(out, "\\u%04" PRIx32, cp);
	else
		fwrite(s, 1, (size_t)n, out);
}

/* Bytes at the beginning that stand for themselves: most texts are nothing else. */
static size_t plain(const char *s)
{
	size_t n = 0;

	while (s[n] >= ' ' && s[n] < 0x7f && s[n] != '"' && s[n] != '\\' && s[n] != '<')
		n++;
	return n;
}

static void quoted(FILE *out, const char *s)
{
	putc_unlocked('"', out);
	while (*s) {
		size_t run = plain(s);
		uint32_t cp;
		int n;

		fwrite_unlocked(s, 1, run, out);
		s += run;
		if (!*s)
			break;
		n = utf8_decode(s, &cp);
		if (n)
			escaped(out, cp, s, n);
		else
			fputs(UTF8_REPLACEMENT, out);
		s += n ? n : 1;
	}
	putc_unlocked('"', out);
}

static void new_line(struct json *j)
{
	fprintf(j->out, "\n%*s", (int)j->depth, "");
}

/* What stands before any value: comma, line break, key. */
static void member(struct json *j, const char *key)
{
	uint32_t bit = 1u << j->depth;
	bool in_object = j->depth && !(j->arrays & bit);

	if (in_object != (key != NULL) || (!j->depth && j->begun & bit))
		j->misused = true;
	if (j->begun & bit)
		fputs_unlocked(j->lines & bit ? "," : ", ", j->out);
	if (j->depth && j->lines & bit)
		new_line(j);
	j->begun |= bit;
	if (key) {
		quoted(j->out, key);
		fputs_unlocked(": ", j->out);
	}
}

static void nest(struct json *j, const char *key, enum json_layout layout, bool array)
{
	uint32_t bit;

	member(j, key);
	putc_unlocked(array ? '[' : '{', j->out);
	if (j->depth == JSON_DEPTH_MAX) {
		j->misused = true;
		return;
	}
	bit = 1u << ++j->depth;
	j->begun &= ~bit;
	j->lines = layout == JSON_LINES ? j->lines | bit : j->lines & ~bit;
	j->arrays = array ? j->arrays | bit : j->arrays & ~bit;
}

void json_init(struct json *j, FILE *out)
{
	*j = (struct json){.out = out};
}

void json_object(struct json *j, const char *key, enum json_layout layout)
{
	nest(j, key, layout, false);
}

void json_array(struct json *j, const char *key, enum json_layout layout)
{
	nest(j, key, layout, true);
}

void json_close(struct json *j)
{
	uint32_t bit = 1u << j->depth;

	if (!j->depth) {
		j->misused = true;
		return;
	}
	j->depth--;
	if (j->lines & bit && j->begun & bit)
		new_line(j);
	putc_unlocked(j->arrays & bit ? ']' : '}', j->out);
}

void json_string(struct json *j, const char *key, const char *value)
{
	member(j, key);
	quoted(j->out, value);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	member(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void json_count(struct json *j, const char *key, uint64_t value, bool known)
{
	if (known)
		json_u64(j, key, value);
	else
		json_null(j, key);
}

void json_us(struct json *j, const char *key, uint64_t ns)
{
	member(j, key);
	fprintf(j->out, "%" PRIu64 ".%03u", ns / 1000, (unsigned int)(ns % 1000));
}

void json_bool(struct json *j, const char *key, bool value)
{
	member(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *key)
{
	member(j, key);
	fputs("null", j->out);
}

void json_raw(struct json *j, const char *key, const void *bytes, size_t n)
{
	member(j, key);
	fwrite(bytes, 1, n, j->out);
}

int json_finish(struct json *j, struct err *err)
{
	fputc('\n', j->out);
	if (j->misused || j->depth)
		return err_set(err, -EINVAL, "the JSON writer was used wrongly: report this bug");
	errno = 0;
	if (fflush(j->out) || ferror(j->out)) {
		int code = errno ? -errno : -EIO;

		return err_set(err, code, "cannot write the JSON: %s", strerror(-code));
	}
	return 0;
}
