/* SPDX-License-Identifier: MIT */
/* test_duration.c - what people type is understood exactly, or refused with a sentence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "base/err.h"

static void usual_forms_are_understood(void **state)
{
	static const struct {
		const char *s;
		uint64_t ns;
	} t[] = {
		{"5", 5000000000ull},
		{"5s", 5000000000ull},
		{"05s", 5000000000ull},
		{"500ms", 500000000ull},
		{"1m", 60000000000ull},
		{"2h", 7200000000000ull},
		{"250us", 250000ull},
		{"1ns", 1},
		{"1.5s", 1500000000ull},
		{"0.5", 500000000ull},
		{".5s", 500000000ull},
		{"1.5m", 90000000000ull},
		{"0.1h", 360000000000ull},
		{"0.000000001s", 1},
		{"1.9999999999999999999999999999ns", 1},
		{"0.33333333333333333333h", 1199999999999ull},
		{"9223372036854775807ns", INT64_MAX},
		{"9223372036.854775807s", INT64_MAX},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint64_t ns = 0;
		struct err err = {0};

		if (duration_parse(t[i].s, &ns, &err) || ns != t[i].ns)
			fail_msg("%s: %llu ns, %s", t[i].s, (unsigned long long)ns, err.text);
	}
}

static void anything_else_is_refused_with_a_sentence_that_says_why(void **state)
{
	static const struct {
		const char *s, *why;
	} t[] = {
		{"", "is empty"},
		{"-5s", "is negative"},
		{"0", "is zero"},
		{"0.0ms", "is zero"},
		{"0.9ns", "is zero"},
		{"s", "not a number"},
		{".", "not a number"},
		{"5.", "not a number"},
		{"5.s", "not a number"},
		{".s", "not a number"},
		{" 5", "not a number"},
		{"+5", "not a number"},
		{"abc", "not a number"},
		{"5 s", "unknown unit"},
		{"5S", "unknown unit"},
		{"5d", "unknown unit"},
		{"1m30s", "unknown unit"},
		{"1.5.5", "unknown unit"},
		{"5e3", "unknown unit"},
		{"0x10", "unknown unit"},
		{"9223372036854775808ns", "is too long"},
		{"9223372036.854775808s", "is too long"},
		{"18446744073709551616", "is too long"},
		{"99999999999999999999999999h", "is too long"},
		{"3000000h", "is too long"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err err = {0};
		uint64_t ns = 42;

		assert_int_equal(duration_parse(t[i].s, &ns, &err), -EINVAL);
		assert_int_equal(ns, 42);
		assert_int_equal(err.code, -EINVAL);
		if (!strstr(err.text, t[i].why))
			fail_msg("\"%s\": %s", t[i].s, err.text);
	}
}

static void refusal_without_an_err_is_still_a_refusal(void **state)
{
	uint64_t ns;

	assert_int_equal(duration_parse("x", &ns, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_forms_are_understood),
		cmocka_unit_test(anything_else_is_refused_with_a_sentence_that_says_why),
		cmocka_unit_test(refusal_without_an_err_is_still_a_refusal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
