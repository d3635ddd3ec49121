/* SPDX-License-Identifier: MIT */
/* test_newer.c - what is said of a capture that a newer ctrace-bpf wrote */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "export/newer.h"

static char text[256];

static bool words(uint16_t minor, uint64_t chunks, uint64_t events)
{
	const struct capture_info info = {.newer_major = !!minor, .newer_minor = minor};
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	return newer_words(&b, &info, chunks, events);
}

static void a_capture_that_is_understood_needs_no_word(void **state)
{
	assert_false(words(0, 0, 0));
	assert_string_equal(text, "");
}

static void a_newer_one_is_told_with_its_version(void **state)
{
	assert_true(words(9, 0, 0));
	assert_string_equal(text,
			    "the capture is of a newer ctrace-bpf (format 1.9), and what that has "
			    "added was left out");
}

static void what_is_left_out_is_counted(void **state)
{
	assert_true(words(9, 1, 1200));
	assert_non_null(strstr(text, "was left out: 1 chunk and 1,200 events"));
	assert_true(words(0, 0, 1));
	assert_string_equal(
		text, "what this ctrace-bpf does not know of the capture was left out: 1 event");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_capture_that_is_understood_needs_no_word),
		cmocka_unit_test(a_newer_one_is_told_with_its_version),
		cmocka_unit_test(what_is_left_out_is_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
