/* SPDX-License-Identifier: MIT */
/*
 * otlp_code.c - see otlp_code.h
 *
 * OTLP's JSON is not protobuf's: ids are hex, enums numbers, 64-bit numbers strings. Invariant: a
 * sequence of calls makes messages that say the same in both notations.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/otlp_code.h"

enum { ID_MAX = 16 };

int otlp_code_init(struct otlp_code *c, bool text)
{
	*c = (struct otlp_code){.text = text};
	if (!text)
		return 0;
	c->mem = open_memstream(&c->mem_text, &c->mem_n);
	return c->mem ? 0 : -ENOMEM;
}

void otlp_code_release(struct otlp_code *c)
{
	if (c->mem)
		fclose(c->mem);
	free(c->mem_text);
	pb_release(&c->pb);
	*c = (struct otlp_code){0};
}

void otlp_begin(struct otlp_code *c)
{
	c->pb.n = 0;
	if (!c->text)
		return;
	rewind(c->mem);
	json_init(&c->json, c->mem);
	json_object(&c->json, NULL, JSON_INLINE);
}

int otlp_end(struct otlp_code *c)
{
	if (!c->text) {
		c->bytes = c->pb.bytes;
		c->n = c->pb.n;
		return c->pb.failed ? -ENOMEM : 0;
	}
	json_close(&c->json);
	if (fflush(c->mem) || ferror(c->mem) || c->json.misused || c->json.depth)
		return -ENOMEM;
	c->bytes = c->mem_text;
	c->n = (size_t)ftell(c->mem);
	return 0;
}

/* --- fields -------------------------------------------------------------------------------- */

void otlp_u32(struct otlp_code *c, struct otlp_field f, uint32_t v)
{
	if (c->text)
		json_u64(&c->json, f.name, v);
	else
		pb_u64(&c->pb, f.nr, v);
}

void otlp_fixed32(struct otlp_code *c, struct otlp_field f, uint32_t v)
{
	if (c->text)
		json_u64(&c->json, f.name, v);
	else
		pb_fixed32(&c->pb, f.nr, v);
}

static void decimal(struct otlp_code *c, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	json_string(&c->json, key, text);
}

void otlp_fixed64(struct otlp_code *c, struct otlp_field f, uint64_t v)
{
	if (c->text)
		decimal(c, f.name, v);
	else
		pb_fixed64(&c->pb, f.nr, v);
}

void otlp_string(struct otlp_code *c, struct otlp_field f, const char *s)
{
	if (c->text)
		json_string(&c->json, f.name, s);
	else
		pb_string(&c->pb, f.nr, s);
}

void otlp_id(struct otlp_code *c, struct otlp_field f, const uint8_t *id, size_t n)
{
	char hex[2 * ID_MAX + 1] = "";

	if (!c->text) {
		pb_bytes(&c->pb, f.nr, id, n);
		return;
	}
	for (size_t i = 0; i < n && i < ID_MAX; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	json_string(&c->json, f.name, hex);
}

/* --- messages in messages ------------------------------------------------------------------ */

size_t otlp_open(struct otlp_code *c, struct otlp_field f)
{
	if (!c->text)
		return pb_open(&c->pb, f.nr);
	json_object(&c->json, f.name, JSON_INLINE);
	return 0;
}

void otlp_close(struct otlp_code *c, size_t at)
{
	if (c->text)
		json_close(&c->json);
	else
		pb_close(&c->pb, at);
}

void otlp_list(struct otlp_code *c, struct otlp_field f)
{
	c->list = f.nr;
	if (c->text)
		json_array(&c->json, f.name, JSON_INLINE);
}

size_t otlp_item(struct otlp_code *c, struct otlp_field f)
{
	f.name = NULL;
	return otlp_open(c, f);
}

void otlp_list_end(struct otlp_code *c)
{
	if (c->text)
		json_close(&c->json);
}

void otlp_raw_item(struct otlp_code *c, struct otlp_field f, const void *bytes, size_t n)
{
	if (c->text)
		json_raw(&c->json, NULL, bytes, n);
	else
		pb_bytes(&c->pb, f.nr, bytes, n);
}

void otlp_raw_list(struct otlp_code *c, struct otlp_field f, const struct pb *gathered)
{
	if (!c->text) {
		pb_append(&c->pb, gathered->bytes, gathered->n);
		return;
	}
	json_array(&c->json, f.name, JSON_INLINE);
	json_raw(&c->json, NULL, gathered->bytes, gathered->n);
	json_close(&c->json);
}

void otlp_gather(const struct otlp_code *c, struct pb *to, struct otlp_field f, const void *bytes,
		 size_t n)
{
	if (!c->text) {
		pb_bytes(to, f.nr, bytes, n);
		return;
	}
	if (to->n)
		pb_append(to, ", ", 2);
	pb_append(to, bytes, n);
}

void otlp_join(const struct otlp_code *c, struct pb *to, const void *a, size_t a_n, const void *b,
	       size_t b_n)
{
	if (c->text && a_n > 2 && b_n > 2) { /* {…} and {…}, neither empty */
		pb_append(to, a, a_n - 1);
		pb_append(to, ", ", 2);
		pb_append(to, (const char *)b + 1, b_n - 1);
		return;
	}
	pb_append(to, a, a_n);
	pb_append(to, b, b_n);
}

/* --- attributes ---------------------------------------------------------------------------- */

struct attribute {
	size_t at, value;
};

static struct attribute attr_open(struct otlp_code *c, const char *key)
{
	struct attribute a = {.at = otlp_item(c, OTLP_FIELD(c->list, NULL))};

	otlp_string(c, ATTRIBUTE_KEY, key);
	a.value = otlp_open(c, ATTRIBUTE_VALUE);
	return a;
}

static void attr_close(struct otlp_code *c, struct attribute a)
{
	otlp_close(c, a.value);
	otlp_close(c, a.at);
}

void otlp_attr_u64(struct otlp_code *c, const char *key, uint64_t v)
{
	struct attribute a = attr_open(c, key);
	struct otlp_field f = VALUE_INT;

	if (v > INT64_MAX) /* the field is signed */
		v = INT64_MAX;
	if (c->text)
		decimal(c, f.name, v);
	else
		pb_u64(&c->pb, f.nr, v);
	attr_close(c, a);
}

void otlp_attr_text(struct otlp_code *c, const char *key, const char *s)
{
	struct attribute a;

	if (!s[0])
		return;
	a = attr_open(c, key);
	otlp_string(c, VALUE_STRING, s);
	attr_close(c, a);
}

void otlp_attr_true(struct otlp_code *c, const char *key, bool v)
{
	struct otlp_field f = VALUE_BOOL;
	struct attribute a;

	if (!v)
		return;
	a = attr_open(c, key);
	if (c->text)
		json_bool(&c->json, f.name, true);
	else
		pb_u64(&c->pb, f.nr, 1);
	attr_close(c, a);
}
