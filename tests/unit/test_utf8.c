/* SPDX-License-Identifier: MIT */
/* test_utf8.c - what is a character, how wide it is, and where a string is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "base/utf8.h"

static void characters_of_every_length_are_decoded(void **state)
{
	static const struct {
		const char *s;
		int n;
		uint32_t cp;
	} cases[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
	};
	uint32_t cp;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(utf8_decode(cases[i].s, &cp), cases[i].n);
		assert_int_equal(cp, cases[i].cp);
	}
}

static void what_is_not_utf8_is_refused(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xc3(",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xe2\x82",
		"\xf0\x8f",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xfe",
	};
	uint32_t cp = 42;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(utf8_decode(bad[i], &cp), 0);
	assert_int_equal(cp, 42);
}

static void width_counts_columns_not_bytes(void **state)
{
	assert_int_equal(utf8_width(""), 0);
	assert_int_equal(utf8_width("µs"), 2);
	assert_int_equal(utf8_width("日本"), 4);
	assert_int_equal(utf8_width("e\xcc\x81"), 1); /* e and a combining accent */
	assert_int_equal(utf8_width("😀"), 2);
	assert_int_equal(utf8_width("\xff\xfe"), 2); /* bytes that are no characters */
}

static void a_string_is_cut_where_it_says_least(void **state)
{
	char buf[64];

	assert_int_equal(utf8_fit(buf, sizeof(buf), "GET /messages", 13, UTF8_CUT_END), 13);
	assert_string_equal(buf, "GET /messages");
	assert_int_equal(utf8_fit(buf, sizeof(buf), "GET /messages", 9, UTF8_CUT_END), 9);
	assert_string_equal(buf, "GET /mes…");
	utf8_fit(buf, sizeof(buf), "GET /messages", 9, UTF8_CUT_START);
	assert_string_equal(buf, "…messages");
	utf8_fit(buf, sizeof(buf), "GET /messages", 9, UTF8_CUT_MIDDLE);
	assert_string_equal(buf, "GET …ages");
	assert_int_equal(utf8_fit(buf, sizeof(buf), "abc", 1, UTF8_CUT_MIDDLE), 1);
	assert_string_equal(buf, "…");
	assert_int_equal(utf8_fit(buf, sizeof(buf), "abc", 0, UTF8_CUT_MIDDLE), 0);
	assert_string_equal(buf, "");
}

static void no_character_is_cut_in_two(void **state)
{
	static const char text[] = "日本語の名前とemoji😀😀";
	char buf[64];

	for (size_t width = 0; width < 32; width++)
		for (size_t sz = 1; sz < sizeof(buf); sz++)
			for (int cut = UTF8_CUT_END; cut <= UTF8_CUT_START; cut++) {
				uint32_t cp;

				assert_true(utf8_fit(buf, sz, text, width, (enum utf8_cut)cut) <=
					    width);
				assert_true(strlen(buf) < sz);
				assert_true(utf8_width(buf) <= width);
				for (const char *s = buf; *s; s += utf8_decode(s, &cp))
					assert_int_not_equal(utf8_decode(s, &cp), 0);
			}
}

static void a_full_strbuf_ends_with_a_whole_character(void **state)
{
	char buf[16];

	for (size_t sz = 1; sz <= sizeof(buf); sz++) {
		struct strbuf b;

		strbuf_init(&b, buf, sz);
		strbuf_add(&b, "%s", "a日😀");
		strbuf_escaped(&b, "\xff\n");
		assert_true(b.len < sz);
		assert_int_equal(b.len, strlen(buf));
		for (const char *s = buf; *s;) {
			uint32_t cp;
			int n = utf8_decode(s, &cp);

			assert_int_not_equal(n, 0);
			s += n;
		}
	}
	assert_string_equal(buf, "a日😀\\xff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_of_every_length_are_decoded),
		cmocka_unit_test(what_is_not_utf8_is_refused),
		cmocka_unit_test(width_counts_columns_not_bytes),
		cmocka_unit_test(a_string_is_cut_where_it_says_least),
		cmocka_unit_test(no_character_is_cut_in_two),
		cmocka_unit_test(a_full_strbuf_ends_with_a_whole_character),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
