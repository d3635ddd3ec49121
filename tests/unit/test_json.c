/* SPDX-License-Identifier: MIT */
/* test_json.c - the JSON writer, byte by byte. What the summary holds: json_schema.sh. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/json.h"

struct text {
	char *s;
	size_t n;
	FILE *f;
	struct json j;
};

static void begin(struct text *t)
{
	t->f = open_memstream(&t->s, &t->n);
	assert_non_null(t->f);
	json_init(&t->j, t->f);
}

static void expect(struct text *t, const char *want)
{
	assert_int_equal(json_finish(&t->j, NULL), 0);
	fclose(t->f);
	assert_string_equal(t->s, want);
	free(t->s);
}

static void members_are_separated_by_commas_alone(void **state)
{
	struct text t;

	begin(&t);
	json_object(&t.j, NULL, JSON_LINES);
	json_u64(&t.j, "a", 1);
	json_array(&t.j, "empty", JSON_LINES);
	json_close(&t.j);
	json_array(&t.j, "list", JSON_INLINE);
	json_u64(&t.j, NULL, 0);
	json_object(&t.j, NULL, JSON_INLINE);
	json_close(&t.j);
	json_bool(&t.j, NULL, true);
	json_bool(&t.j, NULL, false);
	json_null(&t.j, NULL);
	json_close(&t.j);
	json_object(&t.j, "o", JSON_LINES);
	json_string(&t.j, "s", "x");
	json_close(&t.j);
	json_close(&t.j);
	expect(&t, "{\n"
		   " \"a\": 1,\n"
		   " \"empty\": [],\n"
		   " \"list\": [0, {}, true, false, null],\n"
		   " \"o\": {\n"
		   "  \"s\": \"x\"\n"
		   " }\n"
		   "}\n");
}

static void numbers_of_64_bits_are_exact(void **state)
{
	struct text t;

	begin(&t);
	json_array(&t.j, NULL, JSON_INLINE);
	json_u64(&t.j, NULL, 0);
	json_u64(&t.j, NULL, 9007199254740993u);
	json_u64(&t.j, NULL, UINT64_MAX);
	json_close(&t.j);
	expect(&t, "[0, 9007199254740993, 18446744073709551615]\n");
}

static void string_is(const char *s, const char *want)
{
	struct text t;

	begin(&t);
	json_string(&t.j, NULL, s);
	expect(&t, want);
}

static void strings_are_escaped(void **state)
{
	string_is("", "\"\"\n");
	string_is("a\"b\\c/d", "\"a\\\"b\\\\c/d\"\n");
	string_is("\b\t\n\f\r\x01\x1f\x7f", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"\n");
	string_is("\033[31m", "\"\\u001b[31m\"\n");
	string_is("µ日😀", "\"µ日😀\"\n");
	string_is("\xc2\x9b", "\"\\u009b\"\n"); /* a C1 control */
	string_is("\xe2\x80\xa8", "\"\\u2028\"\n");
}

static void what_is_not_utf8_becomes_the_replacement_character(void **state)
{
	string_is("a\xff"
		  "b",
		  "\"a\xef\xbf\xbd"
		  "b\"\n");
	string_is("\xc3", "\"\xef\xbf\xbd\"\n");
	string_is("\xc3\"", "\"\xef\xbf\xbd\\\"\"\n");
	string_is("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n");
}

static void a_script_element_around_it_does_not_end(void **state)
{
	string_is("</script><!--a<b", "\"\\u003c/script>\\u003c!--a<b\"\n");
}

static void keys_are_escaped_too(void **state)
{
	struct text t;

	begin(&t);
	json_object(&t.j, NULL, JSON_INLINE);
	json_u64(&t.j, "\"\xff\n", 1);
	json_close(&t.j);
	expect(&t, "{\"\\\"\xef\xbf\xbd\\n\": 1}\n");
}

static void wrong_nesting_is_an_error_and_not_an_overflow(void **state)
{
	struct text t;

	begin(&t);
	json_object(&t.j, NULL, JSON_INLINE);
	json_u64(&t.j, NULL, 1); /* no key */
	json_close(&t.j);
	assert_int_equal(json_finish(&t.j, NULL), -EINVAL);
	json_init(&t.j, t.f);
	json_close(&t.j);
	assert_int_equal(json_finish(&t.j, NULL), -EINVAL);
	json_init(&t.j, t.f);
	json_array(&t.j, NULL, JSON_INLINE);
	assert_int_equal(json_finish(&t.j, NULL), -EINVAL);
	json_init(&t.j, t.f);
	for (int i = 0; i < 100; i++)
		json_array(&t.j, NULL, JSON_LINES);
	for (int i = 0; i < 100; i++)
		json_close(&t.j);
	assert_int_equal(json_finish(&t.j, NULL), -EINVAL);
	fclose(t.f);
	free(t.s);
}

static void a_full_disk_is_an_error_with_a_sentence(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct err err = {0};
	struct json j;

	if (!full)
		skip();
	json_init(&j, full);
	json_string(&j, NULL, "x");
	assert_int_equal(json_finish(&j, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "No space left"));
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_separated_by_commas_alone),
		cmocka_unit_test(numbers_of_64_bits_are_exact),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(what_is_not_utf8_becomes_the_replacement_character),
		cmocka_unit_test(a_script_element_around_it_does_not_end),
		cmocka_unit_test(keys_are_escaped_too),
		cmocka_unit_test(wrong_nesting_is_an_error_and_not_an_overflow),
		cmocka_unit_test(a_full_disk_is_an_error_with_a_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
