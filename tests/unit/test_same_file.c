/* SPDX-License-Identifier: MIT */
/* test_same_file.c - one file is known under every name that it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/same_file.h"

static char folder[] = "/tmp/same-file-XXXXXX";

static int setup(void **state)
{
	FILE *f;

	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	f = fopen("file", "w");
	if (!f || fclose(f))
		return -1;
	return symlink("file", "symbolic") || link("file", "hard") || symlink("gone", "dangling");
}

static int teardown(void **state)
{
	unlink("file");
	unlink("symbolic");
	unlink("hard");
	unlink("dangling");
	return rmdir(folder);
}

static void file_is_found_by_any_name(void **state)
{
	static const char *const inputs[] = {"other", "file"};
	static const char *const names[] = {"file", "./file", ".//file", "symbolic", "hard"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(same_file_of(names[i], inputs, 2));
	assert_false(same_file_of("file", inputs, 1));
	assert_false(same_file_of("file", inputs, 0));
}

static void what_is_not_there_is_no_input(void **state)
{
	static const char *const inputs[] = {"gone", "dangling", "file"};

	assert_false(same_file_of("gone", inputs, 3));
	assert_false(same_file_of("dangling", inputs, 3));
	assert_false(same_file_of("-", inputs, 3));
}

static void names_are_compared_within_their_folder(void **state)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/new", folder);
	assert_true(same_file_name("new", "./new"));
	assert_true(same_file_name("new", path));
	assert_true(same_file_name("-", "-"));
	assert_false(same_file_name("new", "./new2"));
	assert_false(same_file_name("new", "/new"));
	assert_false(same_file_name("new", "nosuch/new"));
	assert_false(same_file_name("-", "./-"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_is_found_by_any_name),
		cmocka_unit_test(what_is_not_there_is_no_input),
		cmocka_unit_test(names_are_compared_within_their_folder),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
