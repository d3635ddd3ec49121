/* SPDX-License-Identifier: MIT */
/* test_decode.c - which bytes are a record, at every length around the right one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/decode.h"

static union {
	struct wire_hdr h;
	struct wire_string s;
	struct wire_log l;
	uint64_t words[WIRE_REC_MAX / 8 + 8];
} rec;

static enum decode_verdict check(unsigned int kind, unsigned int len, size_t n)
{
	memset(&rec, 0, sizeof(rec));
	rec.h.kind = (uint8_t)kind;
	rec.h.len = (uint16_t)len;
	return decode_check(&rec, n);
}

static void each_kind_is_good_from_its_own_length_on(void **state)
{
	static const size_t sizes[WIRE_KIND_NR] = {
#define SIZE(nr, NAME, type, text) [nr] = sizeof(struct type),
		WIRE_KINDS(SIZE)
#undef SIZE
	};

	for (unsigned int kind = 1; kind < WIRE_KIND_NR; kind++) {
		for (unsigned int len = 0; len <= 160; len += 8) {
			size_t least = kind == WIRE_OFFCPU ? WIRE_OFFCPU_LEAST : sizes[kind];
			enum decode_verdict want = DECODE_GOOD;

			if (len < least || len < sizeof(struct wire_hdr))
				want = DECODE_BAD;
			else if (!sizes[kind])
				want = DECODE_UNKNOWN;

			assert_int_equal(check(kind, len, 160), want);
		}
	}
}

static void a_resources_text_and_the_list_of_who_ran_must_be_inside_of_it(void **state)
{
	struct {
		struct wire_resource r;
		char text[16];
	} res = {.r.h = {.kind = WIRE_RESOURCE, .len = sizeof(res)}, .r.n = 16};
	struct {
		struct wire_ran r;
		struct wire_ran_by v[2];
	} ran = {.r.h = {.kind = WIRE_RAN, .len = sizeof(ran)}, .r.nr = 2};

	assert_int_equal(decode_check(&res, sizeof(res)), DECODE_GOOD);
	res.r.n++;
	assert_int_equal(decode_check(&res, sizeof(res)), DECODE_BAD);
	assert_int_equal(decode_check(&ran, sizeof(ran)), DECODE_GOOD);
	ran.r.nr++;
	assert_int_equal(decode_check(&ran, sizeof(ran)), DECODE_BAD);
	ran.r.nr = UINT32_MAX;
	assert_int_equal(decode_check(&ran, sizeof(ran)), DECODE_BAD);
}

static void unknown_kinds_are_told_from_bad_records(void **state)
{
	assert_int_equal(check(0, 16, 16), DECODE_UNKNOWN);
	assert_int_equal(check(WIRE_KIND_NR, 16, 16), DECODE_UNKNOWN);
	assert_int_equal(check(255, 64, 64), DECODE_UNKNOWN);
	assert_int_equal(check(255, 8, 64), DECODE_BAD);
}

static void length_must_be_there_and_whole(void **state)
{
	assert_int_equal(check(WIRE_COMM, 40, 39), DECODE_BAD);
	assert_int_equal(check(WIRE_COMM, 41, 64), DECODE_BAD);
	assert_int_equal(check(WIRE_COMM, 44, 64), DECODE_BAD);
	assert_int_equal(check(WIRE_COMM, 48, 64), DECODE_GOOD);
	assert_int_equal(check(WIRE_COMM, 40, 8), DECODE_BAD);
	assert_int_equal(check(WIRE_COMM, WIRE_REC_MAX, WIRE_REC_MAX), DECODE_GOOD);
	assert_int_equal(check(WIRE_COMM, WIRE_REC_MAX + 8, WIRE_REC_MAX + 8), DECODE_BAD);
	assert_int_equal(decode_check((char *)&rec + 4, 64), DECODE_BAD);
}

static void string_must_be_inside_of_its_record(void **state)
{
	check(WIRE_STRING, 40, 40);
	rec.s.n = 8;
	assert_int_equal(decode_check(&rec, 40), DECODE_GOOD);
	rec.s.n = 9;
	assert_int_equal(decode_check(&rec, 40), DECODE_BAD);
	rec.s.n = UINT32_MAX;
	assert_int_equal(decode_check(&rec, 40), DECODE_BAD);
	rec.h.len = 32 + 256;
	rec.s.n = WIRE_STR_MAX;
	assert_int_equal(decode_check(&rec, 32 + 256), DECODE_GOOD);
	rec.s.n = WIRE_STR_MAX + 1;
	assert_int_equal(decode_check(&rec, 32 + 256), DECODE_BAD);
}

static void both_texts_of_a_log_must_be_inside_of_it(void **state)
{
	check(WIRE_LOG, 48, 48);
	rec.l.category_n = 8;
	rec.l.message_n = 8;
	assert_int_equal(decode_check(&rec, 48), DECODE_GOOD);
	rec.l.message_n = 9;
	assert_int_equal(decode_check(&rec, 48), DECODE_BAD);
	rec.l.category_n = rec.l.message_n = UINT16_MAX;
	assert_int_equal(decode_check(&rec, 48), DECODE_BAD);
}

static void stack_that_does_not_hold_its_addresses_is_bad(void **state)
{
	struct {
		struct wire_stack s;
		uint64_t ips[WIRE_STACK_MAX + 1];
	} st = {.s = {.h = {.kind = WIRE_STACK, .len = sizeof(struct wire_stack) + 16}}};

	st.s.n = 2;
	assert_int_equal(decode_check(&st, sizeof(st)), DECODE_GOOD);
	st.s.n = 3;
	assert_int_equal(decode_check(&st, sizeof(st)), DECODE_BAD);
	st.s.h.len = sizeof(st);
	st.s.n = WIRE_STACK_MAX;
	assert_int_equal(decode_check(&st, sizeof(st)), DECODE_GOOD);
	st.s.n = WIRE_STACK_MAX + 1;
	assert_int_equal(decode_check(&st, sizeof(st)), DECODE_BAD);
	st.s.n = UINT32_MAX;
	assert_int_equal(decode_check(&st, sizeof(st)), DECODE_BAD);
}

static void kinds_have_names(void **state)
{
	assert_string_equal(decode_kind_name(WIRE_OFFCPU), "OFFCPU");
	assert_string_equal(decode_kind_name(0), "");
	assert_string_equal(decode_kind_name(WIRE_KIND_NR), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_good_from_its_own_length_on),
		cmocka_unit_test(a_resources_text_and_the_list_of_who_ran_must_be_inside_of_it),
		cmocka_unit_test(unknown_kinds_are_told_from_bad_records),
		cmocka_unit_test(length_must_be_there_and_whole),
		cmocka_unit_test(string_must_be_inside_of_its_record),
		cmocka_unit_test(both_texts_of_a_log_must_be_inside_of_it),
		cmocka_unit_test(stack_that_does_not_hold_its_addresses_is_bad),
		cmocka_unit_test(kinds_have_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
