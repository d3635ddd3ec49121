/* SPDX-License-Identifier: MIT */
/* test_human.c - numbers as people read them: every digit is known beforehand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/human.h"

static void sizes_are_in_thousands_or_millions(void **state)
{
	char buf[HUMAN_SZ];

	assert_string_equal(human_bytes(buf, 0), "0.0 kB");
	assert_string_equal(human_bytes(buf, 49), "0.0 kB");
	assert_string_equal(human_bytes(buf, 50), "0.1 kB");
	assert_string_equal(human_bytes(buf, 12345), "12.3 kB");
	assert_string_equal(human_bytes(buf, 999949), "999.9 kB");
	assert_string_equal(human_bytes(buf, 1000000), "1.0 MB");
	assert_string_equal(human_bytes(buf, UINT64_MAX), "18446744073709.6 MB");
}

static void durations_have_three_significant_digits(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0 ns"},
		{1, "1 ns"},
		{999, "999 ns"},
		{1000, "1.00 µs"},
		{1004, "1.00 µs"},
		{1005, "1.01 µs"},
		{9994, "9.99 µs"},
		{9995, "10.0 µs"},
		{99949, "99.9 µs"},
		{99950, "100 µs"},
		{999499, "999 µs"},
		{999500, "1.00 ms"},
		{84213456, "84.2 ms"},
		{999499999, "999 ms"},
		{999500000, "1.00 s"},
		{59940000000, "59.9 s"},
		{999499999999, "999 s"},
		{999500000000, "16.7 min"},
		{59970000000000, "16.7 h"},
		{UINT64_MAX, "5124096 h"},
	};
	char buf[HUMAN_SZ];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(human_ns(buf, cases[i].ns), cases[i].text);
}

static void offsets_keep_the_unit_of_the_whole(void **state)
{
	char buf[HUMAN_SZ];

	assert_string_equal(human_offset(buf, 100000, 84200000), "0.10 ms");
	assert_string_equal(human_offset(buf, 0, 84200000), "0.00 ms");
	assert_string_equal(human_offset(buf, 12345678, 842000000), "12.3 ms");
	assert_string_equal(human_offset(buf, 999, 1230000000), "0.000 s");
	assert_string_equal(human_offset(buf, 1229999999, 1230000000), "1.230 s");
	assert_string_equal(human_offset(buf, 7, 900), "7 ns");
	assert_string_equal(human_offset(buf, 5, 0), "5 ns");
}

static void counts_have_separators(void **state)
{
	char buf[HUMAN_SZ];

	assert_string_equal(human_count(buf, 0), "0");
	assert_string_equal(human_count(buf, 999), "999");
	assert_string_equal(human_count(buf, 1000), "1,000");
	assert_string_equal(human_count(buf, 1234567), "1,234,567");
	assert_string_equal(human_count(buf, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void percentages_never_hide_something_nor_complete_it(void **state)
{
	char buf[HUMAN_SZ];

	assert_string_equal(human_percent(buf, 0, 100), "0%");
	assert_string_equal(human_percent(buf, 1, 1000), "<1%");
	assert_string_equal(human_percent(buf, 5, 1000), "1%");
	assert_string_equal(human_percent(buf, 614, 1000), "61%");
	assert_string_equal(human_percent(buf, 999, 1000), "99%");
	assert_string_equal(human_percent(buf, 1000, 1000), "100%");
	assert_string_equal(human_percent(buf, 0, 0), "0%");
	assert_string_equal(human_percent(buf, UINT64_MAX, UINT64_MAX), "100%");
	assert_string_equal(human_percent(buf, UINT64_MAX / 2, UINT64_MAX), "50%");
}

static void times_of_day_are_utc(void **state)
{
	char buf[HUMAN_SZ];

	assert_string_equal(human_utc(buf, 0), "1970-01-01 00:00:00.000");
	assert_string_equal(human_utc(buf, 951782399999999999), "2000-02-28 23:59:59.999");
	assert_string_equal(human_utc(buf, 951782400000000000), "2000-02-29 00:00:00.000");
	assert_string_equal(human_utc(buf, 951868800000000000), "2000-03-01 00:00:00.000");
	assert_string_equal(human_utc(buf, 1735689599000000000), "2024-12-31 23:59:59.000");
	assert_string_equal(human_utc(buf, 1773489663456000000), "2026-03-14 12:01:03.456");
	assert_string_equal(human_utc(buf, UINT64_MAX), "2554-07-21 23:34:33.709");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_in_thousands_or_millions),
		cmocka_unit_test(durations_have_three_significant_digits),
		cmocka_unit_test(offsets_keep_the_unit_of_the_whole),
		cmocka_unit_test(counts_have_separators),
		cmocka_unit_test(percentages_never_hide_something_nor_complete_it),
		cmocka_unit_test(times_of_day_are_utc),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
