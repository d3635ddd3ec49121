/* SPDX-License-Identifier: MIT */
/* test_otlp_answer.c - answers of receivers, whole, cut and hostile */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/otlp_answer.h"

/* In memory of its own size, so that the sanitizer sees a byte too many. */
static bool partial(struct otlp_answer *a, const char *bytes, size_t n)
{
	char *exact = malloc(n ? n : 1);
	bool ok;

	assert_non_null(exact);
	memcpy(exact, bytes, n);
	ok = otlp_answer_partial(a, exact, n);
	free(exact);
	return ok;
}

static void error(struct otlp_answer *a, const char *bytes, size_t n)
{
	char *exact = malloc(n ? n : 1);

	assert_non_null(exact);
	memcpy(exact, bytes, n);
	otlp_answer_error(a, exact, n);
	free(exact);
}

#define PARTIAL(a, bytes) partial(a, bytes, sizeof(bytes) - 1)
#define ERROR(a, bytes)	  error(a, bytes, sizeof(bytes) - 1)

static void an_empty_answer_is_a_full_success(void **state)
{
	struct otlp_answer a;

	assert_true(PARTIAL(&a, ""));
	assert_int_equal(a.rejected, 0);
	assert_string_equal(a.text, "");
	assert_true(PARTIAL(&a, "\x0a\x00"));
	assert_int_equal(a.rejected, 0);
}

static void a_partial_success_has_a_number_and_a_text(void **state)
{
	struct otlp_answer a;

	assert_true(PARTIAL(&a, "\x0a\x0a\x08\xac\x02\x12\x05"
				"stale"));
	assert_int_equal(a.rejected, 300);
	assert_string_equal(a.text, "stale");
	/* Fields that we do not know, of all types, are passed over. */
	assert_true(PARTIAL(&a, "\x10\x05\x19"
				"12345678\x25"
				"1234\x0a\x04\x08\x07\x18\x01"));
	assert_int_equal(a.rejected, 7);
}

static void what_is_no_message_is_none(void **state)
{
	struct otlp_answer a;

	assert_false(PARTIAL(&a, "{}"));
	assert_false(PARTIAL(&a, "\x0a"));
	assert_false(PARTIAL(&a, "\x0a\x7f\x08"));
	assert_false(PARTIAL(&a, "\x0a\x02\x12\x7f"));
	assert_false(PARTIAL(&a, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	assert_false(PARTIAL(&a, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
	assert_false(PARTIAL(&a, "\x00\x01"));
	assert_int_equal(a.rejected, 0);
}

static void a_negative_number_rejects_nothing(void **state)
{
	struct otlp_answer a;

	assert_true(PARTIAL(&a, "\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	assert_int_equal(a.rejected, 0);
}

static void any_prefix_of_an_answer_is_harmless(void **state)
{
	static const char whole[] = "\x0a\x0a\x08\xac\x02\x12\x05stale\x19"
				    "12345678";
	struct otlp_answer a;

	for (size_t n = 0; n < sizeof(whole); n++) {
		partial(&a, whole, n);
		error(&a, whole, n);
	}
}

static void the_text_of_an_error_is_its_message_or_itself(void **state)
{
	struct otlp_answer a;

	ERROR(&a, "\x08\x0d\x12\x04nope");
	assert_string_equal(a.text, "nope");
	ERROR(&a, "no such path\r\n");
	assert_string_equal(a.text, "no such path");
	ERROR(&a, "");
	assert_string_equal(a.text, "");
	ERROR(&a, "\x08\x0d");
	assert_string_equal(a.text, "");
}

static void texts_are_escaped_and_cut(void **state)
{
	struct otlp_answer a;
	char large[4096];

	ERROR(&a, "a\x1b[31mb\xff");
	assert_string_equal(a.text, "a\\x1b[31mb\\xff");
	memset(large, '\x1b', sizeof(large));
	error(&a, large, sizeof(large));
	assert_true(strlen(a.text) < sizeof(a.text));
	assert_null(strchr(a.text, '\x1b'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_answer_is_a_full_success),
		cmocka_unit_test(a_partial_success_has_a_number_and_a_text),
		cmocka_unit_test(what_is_no_message_is_none),
		cmocka_unit_test(a_negative_number_rejects_nothing),
		cmocka_unit_test(any_prefix_of_an_answer_is_harmless),
		cmocka_unit_test(the_text_of_an_error_is_its_message_or_itself),
		cmocka_unit_test(texts_are_escaped_and_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
