/* SPDX-License-Identifier: MIT */
/* test_kv.c - lines of META and PROCESS chunks: any value comes back, no value forges a line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/kv.h"

static void line_is_written_escaped(void **state)
{
	char to[64] = "";
	size_t n = kv_put(to, sizeof(to), "command", "a\\b\nc=d");

	assert_int_equal(n, strlen("command=a\\\\b\\nc=d\n"));
	assert_memory_equal(to, "command=a\\\\b\\nc=d\n", n);
}

static void every_byte_comes_back(void **state)
{
	char value[256], text[1024], *at = text, *k, *v;
	size_t n;

	for (int i = 1; i < 256; i++)
		value[i - 1] = (char)i;
	value[255] = '\0';
	n = kv_put(text, sizeof(text), "k", value);
	assert_in_range(n, 256, sizeof(text));
	assert_int_equal(kv_next(&at, text + n, &k, &v), 1);
	assert_string_equal(k, "k");
	assert_string_equal(v, value);
	assert_int_equal(kv_next(&at, text + n, &k, &v), 0);
}

static void line_that_does_not_fit_is_measured_and_not_written(void **state)
{
	char to[8] = "0123456";

	assert_int_equal(kv_put(to, 5, "ab", "\n1"), 7);
	assert_string_equal(to, "0123456");
	assert_int_equal(kv_put(to, 7, "ab", "\n1"), 7);
	assert_memory_equal(to, "ab=\\n1\n", 7);
}

static void key_that_would_forge_a_line_is_refused(void **state)
{
	char to[64];

	assert_int_equal(kv_put(to, sizeof(to), "", "v"), 0);
	assert_int_equal(kv_put(to, sizeof(to), "a=b", "v"), 0);
	assert_int_equal(kv_put(to, sizeof(to), "a\nb", "v"), 0);
}

static void lines_are_taken_one_by_one(void **state)
{
	char text[] = "a=1\nb=\nc=x=y\n", *at = text, *end = text + sizeof(text) - 1, *k, *v;
	static const char *const want[][2] = {{"a", "1"}, {"b", ""}, {"c", "x=y"}};

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(kv_next(&at, end, &k, &v), 1);
		assert_string_equal(k, want[i][0]);
		assert_string_equal(v, want[i][1]);
	}
	assert_int_equal(kv_next(&at, end, &k, &v), 0);
}

static void escaped_nul_ends_the_value(void **state)
{
	char text[] = "a=1\\02\n", *at = text, *k, *v;

	assert_int_equal(kv_next(&at, text + sizeof(text) - 1, &k, &v), 1);
	assert_string_equal(v, "1");
}

static void text_that_is_no_lines_is_refused(void **state)
{
	static const char *const bad[] = {"a",	     "\n",     "a=1",	   "=1\n",
					  "a=\\x\n", "a=\\\n", "ab\nc=1\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[16], *at = text, *k = NULL, *v = NULL;

		memcpy(text, bad[i], strlen(bad[i]));
		assert_int_equal(kv_next(&at, text + strlen(bad[i]), &k, &v), -EINVAL);
		assert_null(k);
		assert_null(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_written_escaped),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(line_that_does_not_fit_is_measured_and_not_written),
		cmocka_unit_test(key_that_would_forge_a_line_is_refused),
		cmocka_unit_test(lines_are_taken_one_by_one),
		cmocka_unit_test(escaped_nul_ends_the_value),
		cmocka_unit_test(text_that_is_no_lines_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
