/* SPDX-License-Identifier: MIT */
/*
 * fuzz_batch.c - a thread's batch made of any bytes: only whole records with known operations come
 * out of it, in the order of time, and each mark that was made is given out or counted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "attach/batch.h"
#include "model/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t given;

static void records(void *ctx, uint32_t stream, const void *recs, size_t n)
{
	(void)ctx;
	if (stream >= 4)
		abort();
	for (size_t at = 0; at < n;) {
		const struct wire_hdr *h = (const void *)((const char *)recs + at);

		if (decode_check(h, n - at) != DECODE_GOOD || h->kind == WIRE_BATCH)
			abort();
		if ((h->kind == WIRE_TASK || h->kind == WIRE_REGION || h->kind == WIRE_ASYNC) &&
		    !(h->flags & WIRE_MARK_OP))
			abort();
		given += h->kind != WIRE_STRING && h->kind != WIRE_LOST && h->kind != WIRE_USED &&
			 (h->flags & WIRE_MARK_OP) != WIRE_MARK_SEEN;
		at += h->len;
	}
}

static ssize_t text(void *ctx, uint32_t pid, uint64_t addr, char *to, size_t n)
{
	(void)ctx, (void)pid;
	memset(to, 'x', n);
	return addr % 3 ? (ssize_t)(addr % (n + 1)) : -1;
}

static bool tsc(void *ctx, uint64_t count, uint64_t *ns)
{
	(void)ctx;
	*ns = count * 3;
	return count % 5;
}

/* A copy's header from ten bytes of input: few ids, and positions that are near each other. */
static void header(struct wire_batch *r, const uint8_t *d)
{
	uint32_t from = d[2] * 16u, to = from + d[3] % 200u;

	*r = (struct wire_batch){
		.h = {.kind = WIRE_BATCH, .flags = d[0] & 31, .tid = d[1] % 4u + 1}};
	r->h.ts = (uint64_t)d[4] << 40 | (uint64_t)d[5] << 20;
	r->id = d[1] % 3u;
	r->from = (uint64_t)(d[2] + d[6] % 4u) << 32 | from;
	r->to = (uint64_t)(d[2] + d[7] % 200u) << 32 | to;
	r->pid = d[8] % 3u + 1;
	r->n = d[9];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static _Alignas(8) struct {
		struct wire_batch r;
		uint64_t words[256];
	} copy;
	struct batch_ops ops = {records, text, tsc, NULL};
	struct batch *b = batch_new(&ops);
	uint32_t turn = 0;

	if (!b)
		return 0;
	given = 0;
	while (n >= 11) {
		size_t words = data[10];

		header(&copy.r, data);
		data += 11;
		n -= 11;
		words = words * 8 < n ? words : n / 8;
		memset(copy.words, 0, sizeof(copy.words));
		memcpy(copy.words, data, words * 8);
		data += words * 8;
		n -= words * 8;
		batch_take(b, turn % 4, &copy.r, sizeof(copy.r) + 8 * words);
		if (++turn % 3 == 0)
			batch_round(b);
		if (turn % 5 == 0)
			batch_gone(b, copy.r.pid);
		if (turn % 7 == 0)
			batch_forked(b, copy.r.pid, copy.r.pid % 3 + 1);
	}
	batch_finish(b);
	if (given != batch_counts(b).marks)
		abort();
	batch_free(b);
	return 0;
}
