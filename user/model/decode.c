/* SPDX-License-Identifier: MIT */
/* decode.c - see decode.h. Invariant: no byte beyond n, or beyond the record's own len, is read. */
#include <stdbool.h>
#include <stdint.h>

#include "model/decode.h"

#define KIND_SIZE(nr, NAME, type, text) [nr] = sizeof(struct type),
static const uint16_t sizes[WIRE_KIND_NR] = {WIRE_KINDS(KIND_SIZE)};
#undef KIND_SIZE

/* A kind that has grown is still known by its first size. Batched marks end before their numbers. */
static uint16_t least_sz(const struct wire_hdr *h)
{
	if (h->flags & WIRE_MARK_BATCHED && h->kind == WIRE_REGION)
		return WIRE_REGION_BATCHED_SZ;
	if (h->flags & WIRE_MARK_BATCHED && h->kind == WIRE_TASK)
		return WIRE_TASK_BATCHED_SZ;
	return h->kind == WIRE_OFFCPU ? WIRE_OFFCPU_LEAST : sizes[h->kind];
}

#define KIND_NAME(nr, NAME, type, text) [nr] = #NAME,
static const char *const kind_names[WIRE_KIND_NR] = {WIRE_KINDS(KIND_NAME)};
#undef KIND_NAME

static bool string_fits(const struct wire_hdr *h)
{
	const struct wire_string *s = (const struct wire_string *)h;

	return s->n <= WIRE_STR_MAX && sizeof(*s) + s->n <= h->len;
}

static bool log_fits(const struct wire_hdr *h)
{
	const struct wire_log *l = (const struct wire_log *)h;

	return sizeof(*l) + l->category_n + l->message_n <= h->len;
}

static bool resource_fits(const struct wire_hdr *h)
{
	const struct wire_resource *r = (const struct wire_resource *)h;

	return sizeof(*r) + r->n <= h->len;
}

static bool ran_fits(const struct wire_hdr *h)
{
	const struct wire_ran *r = (const struct wire_ran *)h;

	return r->nr <= (h->len - sizeof(*r)) / sizeof(struct wire_ran_by);
}

static bool stack_fits(const struct wire_hdr *h)
{
	const struct wire_stack *s = (const struct wire_stack *)h;

	return s->n <= WIRE_STACK_MAX && sizeof(*s) + s->n * 8ul <= h->len;
}

enum decode_verdict decode_check(const void *rec, size_t n)
{
	const struct wire_hdr *h = rec;

	if ((uintptr_t)rec % WIRE_ALIGN || n < sizeof(*h))
		return DECODE_BAD;
	if (h->len > n || h->len < sizeof(*h) || h->len % WIRE_ALIGN || h->len > WIRE_REC_MAX)
		return DECODE_BAD;
	if (h->kind >= WIRE_KIND_NR || !sizes[h->kind])
		return DECODE_UNKNOWN;
	if (h->len < least_sz(h))
		return DECODE_BAD;
	if (h->kind == WIRE_STRING && !string_fits(h))
		return DECODE_BAD;
	if (h->kind == WIRE_LOG && !log_fits(h))
		return DECODE_BAD;
	if (h->kind == WIRE_RESOURCE && !resource_fits(h))
		return DECODE_BAD;
	if (h->kind == WIRE_RAN && !ran_fits(h))
		return DECODE_BAD;
	if (h->kind == WIRE_STACK && !stack_fits(h))
		return DECODE_BAD;
	return DECODE_GOOD;
}

const char *decode_kind_name(unsigned int kind)
{
	return kind < WIRE_KIND_NR && kind_names[kind] ? kind_names[kind] : "";
}
