/* SPDX-License-Identifier: MIT */
/* test_shrink.c - what the programs reserved and did not need is not kept; the rest is as it was */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attach/shrink.h"
#include "model/decode.h"

#define ENTRIES WIRE_RAN_BY

struct ran {
	struct wire_ran r;
	struct wire_ran_by by[ENTRIES];
};

static _Alignas(8) unsigned char to[WIRE_REC_MAX];

static struct ran some_ran(void)
{
	return (struct ran){.r = {.h = {.len = sizeof(struct ran), .kind = WIRE_RAN, .tid = 7},
				  .from_ts = 5,
				  .others_ns = 6,
				  .nr = ENTRIES}};
}

static void empty_entries_are_left_out(void **state)
{
	const struct wire_ran *r = (const struct wire_ran *)to;
	const struct wire_ran_by *by = (const struct wire_ran_by *)(r + 1);
	struct ran ran = some_ran();

	ran.by[3] = (struct wire_ran_by){30, 31, 32};
	ran.by[15] = (struct wire_ran_by){50, 51, 52};
	assert_int_equal(shrink(to, &ran.r.h), sizeof(*r) + 2 * sizeof(*by));
	assert_int_equal(decode_check(to, r->h.len), DECODE_GOOD);
	assert_int_equal(r->h.len, sizeof(*r) + 2 * sizeof(*by));
	assert_int_equal(r->nr, 2);
	assert_int_equal(r->from_ts, 5);
	assert_int_equal(r->others_ns, 6);
	assert_memory_equal(&by[0], &ran.by[3], sizeof(*by));
	assert_memory_equal(&by[1], &ran.by[15], sizeof(*by));
}

static void full_ones_and_wrong_ones_are_left_alone(void **state)
{
	struct ran ran = some_ran();

	for (int i = 0; i < ENTRIES; i++)
		ran.by[i].tid = 9;
	assert_int_equal(shrink(to, &ran.r.h), 0);
	ran = some_ran();
	ran.r.nr = ENTRIES + 1;
	assert_int_equal(shrink(to, &ran.r.h), 0);
	ran.r.nr = UINT32_MAX;
	assert_int_equal(shrink(to, &ran.r.h), 0);
}

static void texts_are_as_long_as_they_say(void **state)
{
	struct {
		struct wire_string r;
		char s[64];
	} string = {.r = {.h = {.len = sizeof(string), .kind = WIRE_STRING}, .n = 9},
		    .s = "nine long"};
	struct {
		struct wire_log r;
		char s[64];
	} log = {
		.r = {.h = {.len = sizeof(log), .kind = WIRE_LOG}, .category_n = 3, .message_n = 5},
		.s = "catmess."};

	assert_int_equal(shrink(to, &string.r.h), sizeof(string.r) + 16);
	assert_int_equal(decode_check(to, sizeof(string.r) + 16), DECODE_GOOD);
	assert_string_equal((char *)to + sizeof(string.r), "nine long");
	assert_int_equal(shrink(to, &log.r.h), sizeof(log.r) + 8);
	assert_int_equal(decode_check(to, sizeof(log.r) + 8), DECODE_GOOD);
	assert_memory_equal(to + sizeof(log.r), "catmess.", 8);
	string.r.n = UINT32_MAX;
	assert_int_equal(shrink(to, &string.r.h), 0);
	log.r.category_n = log.r.message_n = UINT16_MAX;
	assert_int_equal(shrink(to, &log.r.h), 0);
}

static void all_others_are_as_they_came(void **state)
{
	struct {
		struct wire_hdr h;
		char zeros[200];
	} rec = {.h = {.len = sizeof(rec)}};

	for (unsigned int kind = 0; kind < 256; kind++) {
		rec.h.kind = (__u8)kind;
		if (kind != WIRE_STRING && kind != WIRE_LOG && kind != WIRE_RAN)
			assert_int_equal(shrink(to, &rec.h), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_entries_are_left_out),
		cmocka_unit_test(full_ones_and_wrong_ones_are_left_alone),
		cmocka_unit_test(texts_are_as_long_as_they_say),
		cmocka_unit_test(all_others_are_as_they_came),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
