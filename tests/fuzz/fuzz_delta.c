/* SPDX-License-Identifier: MIT */
/*
 * fuzz_delta.c - bytes as coded records, and as plain ones
 *
 * What decodes is records with right lengths; and any such records are coded so that they decode
 * to themselves.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctrace/wire.h"
#include "store/delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(int is_right)
{
	if (!is_right)
		abort();
}

/* Bytes of whole records at the start of p. */
static size_t whole_records(const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (n - at >= sizeof(struct wire_hdr)) {
		struct wire_hdr h;

		memcpy(&h, p + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > WIRE_REC_MAX || h.len % WIRE_ALIGN ||
		    h.len > n - at)
			break;
		at += h.len;
	}
	return at;
}

static void code(const uint8_t *records, size_t n)
{
	uint8_t *coded = malloc(n + 1), *back = malloc(n + 1);
	uint32_t by_kind[WIRE_KINDS_MAX] = {0};
	size_t coded_n = delta_encode(coded, records, n, by_kind);

	check(coded_n <= n);
	if (coded_n) {
		check(delta_decode(back, n, coded, coded_n));
		check(!memcmp(back, records, n));
	}
	free(coded);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* The first two bytes choose how long the plain records should be. */
	size_t plain_n = n < 2 ? 0 : (size_t)(data[0] | data[1] << 8) * WIRE_ALIGN % (1 << 16);
	uint8_t *plain = malloc(plain_n + 1);

	if (n >= 2 && delta_decode(plain, plain_n, data + 2, n - 2)) {
		check(whole_records(plain, plain_n) == plain_n);
		code(plain, plain_n);
	}
	code(data, whole_records(data, n));
	free(plain);
	return 0;
}
