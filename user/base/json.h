/* SPDX-License-Identifier: MIT */
/*
 * json.h - writes JSON, member by member, to a FILE
 *
 *	struct json j;
 *
 *	json_init(&j, out);
 *	json_object(&j, NULL, JSON_LINES);
 *	json_string(&j, "name", untrusted);
 *	json_array(&j, "numbers", JSON_INLINE);
 *	json_u64(&j, NULL, 18446744073709551615u);
 *	json_close(&j);
 *	json_close(&j);
 *	ret = json_finish(&j, &err);
 *
 * Commas, quotes and line breaks are the writer's work. key: the member's name in an object, NULL
 * in an array and at the top. Numbers are integers, so there is no NaN and no rounding. Strings
 * may hold anything: what is not UTF-8 becomes U+FFFD, and the text can stand inside a <script>
 * of an HTML page. Keeps no memory; not thread-safe.
 */
#ifndef CTRACE_JSON_H
#define CTRACE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;

enum json_layout { JSON_INLINE, JSON_LINES /* each member on a line of its own */ };

#define JSON_DEPTH_MAX 30

struct json {
	FILE *out;
	unsigned int depth;
	uint32_t lines, arrays, begun; /* a bit per depth: layout, kind, has a member already */
	bool misused;		       /* by our own code: nesting is wrong */
};

void json_init(struct json *j, FILE *out);
void json_object(struct json *j, const char *key, enum json_layout layout);
void json_array(struct json *j, const char *key, enum json_layout layout);
void json_close(struct json *j); /* the innermost object or array */
void json_string(struct json *j, const char *key, const char *value);
void json_u64(struct json *j, const char *key, uint64_t value);
/* The value, or null if it is not known. */
void json_count(struct json *j, const char *key, uint64_t value, bool known);
/* A duration as us, exactly: with three decimals. */
void json_us(struct json *j, const char *key, uint64_t ns);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* n bytes that are one value of JSON already, or several with commas in between. */
void json_raw(struct json *j, const char *key, const void *bytes, size_t n);
/* Ends the text with a newline. Returns 0, or -errno with *err filled: it could not be written. */
int json_finish(struct json *j, struct err *err);

#endif
