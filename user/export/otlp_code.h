/* SPDX-License-Identifier: MIT */
/*
 * otlp_code.h - writes messages of OTLP into memory, in either of its two notations
 *
 *	struct otlp_code c;
 *	size_t at;
 *
 *	if (otlp_code_init(&c, true)) …                true: JSON, false: protobuf
 *	otlp_begin(&c);
 *	otlp_string(&c, SPAN_NAME, untrusted);
 *	otlp_list(&c, SPAN_ATTRIBUTES);
 *	otlp_attr_u64(&c, "ctrace.tid", 7);
 *	otlp_list_end(&c);
 *	if (otlp_end(&c)) …                            out of memory
 *	use(c.bytes, c.n);                             valid until the next otlp_begin
 *	otlp_code_release(&c);
 *
 * A message that was written before is put into another one by otlp_raw or otlp_raw_list: in the
 * same notation. Strings may hold anything; what is not UTF-8 becomes U+FFFD. Not thread-safe.
 */
#ifndef CTRACE_OTLP_CODE_H
#define CTRACE_OTLP_CODE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"
#include "base/protobuf.h"
#include "export/otlp_schema.h"

struct otlp_code {
	bool text;
	struct pb pb;
	struct json json;
	FILE *mem; /* of JSON, with its text */
	char *mem_text;
	size_t mem_n;
	uint32_t list; /* number of the innermost list, for attributes */
	const void *bytes;
	size_t n;
};

int otlp_code_init(struct otlp_code *c, bool text); /* 0 or -ENOMEM */
void otlp_code_release(struct otlp_code *c);	    /* a zeroed struct is fine */

void otlp_begin(struct otlp_code *c);
int otlp_end(struct otlp_code *c); /* 0, or -ENOMEM: then the bytes are worth nothing */

void otlp_u32(struct otlp_code *c, struct otlp_field f, uint32_t v); /* also an enum */
void otlp_fixed32(struct otlp_code *c, struct otlp_field f, uint32_t v);
void otlp_fixed64(struct otlp_code *c, struct otlp_field f, uint64_t v);
void otlp_string(struct otlp_code *c, struct otlp_field f, const char *s);
void otlp_id(struct otlp_code *c, struct otlp_field f, const uint8_t *id, size_t n); /* n <= 16 */

/* What is written until otlp_close is the message of that field; otlp_item: the next of a list. */
size_t otlp_open(struct otlp_code *c, struct otlp_field f);
void otlp_close(struct otlp_code *c, size_t at);
void otlp_list(struct otlp_code *c, struct otlp_field f);
size_t otlp_item(struct otlp_code *c, struct otlp_field f); /* closed by otlp_close */
void otlp_list_end(struct otlp_code *c);
/* A message that was written before: in an open list of that field. */
void otlp_raw_item(struct otlp_code *c, struct otlp_field f, const void *bytes, size_t n);
/* Those that otlp_gather has put together: the whole list. */
void otlp_raw_list(struct otlp_code *c, struct otlp_field f, const struct pb *gathered);

/* Adds a message to a list that is being gathered elsewhere. */
void otlp_gather(const struct otlp_code *c, struct pb *to, struct otlp_field f, const void *bytes,
		 size_t n);
/* The bytes of a message made of those of two. */
void otlp_join(const struct otlp_code *c, struct pb *to, const void *a, size_t a_n, const void *b,
	       size_t b_n);

/* In an open list of attributes; what is "" or false is left out. */
void otlp_attr_u64(struct otlp_code *c, const char *key, uint64_t v);
void otlp_attr_text(struct otlp_code *c, const char *key, const char *s);
void otlp_attr_true(struct otlp_code *c, const char *key, bool v);

#endif
