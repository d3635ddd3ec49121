/* SPDX-License-Identifier: MIT */
/* test_nearest.c - a misspelt name finds the one that was meant, another one finds none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *const names[] = {"GET /messages", "report", "export", "list", "ab", ""};

static const char *find(const char *asked)
{
	return nearest(asked, names, sizeof(names) / sizeof(names[0]));
}

static void two_edits_are_near(void **state)
{
	assert_string_equal(find("report"), "report");
	assert_string_equal(find("reprot"), "report");
	assert_string_equal(find("rport"), "report");
	assert_string_equal(find("rreportt"), "report");
	assert_string_equal(find("exprt"), "export");
	assert_string_equal(find("Get /messages"), "GET /messages");
}

static void three_are_not(void **state)
{
	assert_null(find("GET /mess"));
	assert_null(find("get /messages"));
	assert_null(find("rrreporttt"));
	assert_null(find("doctor"));
}

static void something_of_the_name_must_be_left(void **state)
{
	assert_null(find("xy"));
	assert_null(find("x"));
	assert_null(find(""));
	assert_string_equal(find("xb"), "ab");
}

static void of_two_the_nearer_is_taken_then_the_first(void **state)
{
	static const char *const v[] = {"lost", "list", "lists"};

	assert_string_equal(nearest("lists", v, 3), "lists");
	assert_string_equal(nearest("lxst", v, 3), "lost");
	assert_null(nearest("lists", v, 0));
}

static void what_is_too_long_to_be_a_name_is_near_to_none(void **state)
{
	char longest[256], more[258];
	const char *v[] = {longest};

	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	memset(more, 'x', sizeof(more));
	more[256] = '\0';
	assert_null(nearest(more, v, 1));
	more[255] = '\0';
	more[0] = 'y';
	assert_ptr_equal(nearest(more, v, 1), longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_edits_are_near),
		cmocka_unit_test(three_are_not),
		cmocka_unit_test(something_of_the_name_must_be_left),
		cmocka_unit_test(of_two_the_nearer_is_taken_then_the_first),
		cmocka_unit_test(what_is_too_long_to_be_a_name_is_near_to_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
