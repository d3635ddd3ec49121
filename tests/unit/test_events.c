/* SPDX-License-Identifier: MIT */
/* test_events.c - which format a file's name stands for */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "export/events.h"

static void is(const char *path, const char *want)
{
	const struct events_format *f = events_format_of_file(path);

	assert_string_equal(f ? f->name : "none", want);
}

static void the_longest_ending_counts(void **state)
{
	is("x.jsonl", "jsonl");
	is("x.otlp.jsonl", "otlp.jsonl");
	is("dir.d/x.y.otlp.pb", "otlp.pb");
	is("x.pftrace", "pftrace");
}

static void a_name_that_is_only_an_ending_stands_for_nothing(void **state)
{
	is("", "none");
	is("jsonl", "none");
	is(".jsonl", "none");
	is("a/.jsonl", "none");
	is("xjsonl", "none");
	is("x.jsonl/y", "none");
	is("x.pb", "none");
	is("otlp.jsonl", "jsonl");
}

static void formats_have_distinct_names(void **state)
{
	for (size_t i = 0; i < events_formats_nr; i++)
		assert_ptr_equal(events_format(events_formats[i].name), &events_formats[i]);
	assert_null(events_format("xml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_ending_counts),
		cmocka_unit_test(a_name_that_is_only_an_ending_stands_for_nothing),
		cmocka_unit_test(formats_have_distinct_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
