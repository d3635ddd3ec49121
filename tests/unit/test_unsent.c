/* SPDX-License-Identifier: MIT */
/* test_unsent.c - files of spans that were not sent: made when needed, in no other's place */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/unsent.h"

static char dir[64];

static int setup(void **state)
{
	strcpy(dir, "/tmp/ctrace-unsent.XXXXXX");
	return !mkdtemp(dir) || chdir(dir);
}

static int teardown(void **state)
{
	static const char *const names[] = {"x.unsent.otlp.pb", "x.unsent-2.otlp.pb",
					    "x.unsent-3.otlp.pb"};

	for (size_t i = 0; i < 3; i++)
		unlink(names[i]);
	return chdir("/") || rmdir(dir);
}

static struct unsent of(const char *base)
{
	return (struct unsent){.base = base, .what = "unsent", .uid = (uid_t)-1, .gid = (gid_t)-1};
}

static void nothing_is_made_for_nothing(void **state)
{
	struct unsent u = of("x");

	assert_int_equal(unsent_close(&u, NULL), 0);
	assert_string_equal(u.path, "");
	assert_int_equal(access("x.unsent.otlp.pb", F_OK), -1);
}

static void requests_follow_each_other_in_a_file_of_ones_own(void **state)
{
	struct unsent u = of("x");
	char text[16] = "";
	struct stat st;
	FILE *f;

	assert_int_equal(unsent_add(&u, "abc", 3, 2, NULL), 0);
	assert_int_equal(unsent_add(&u, "de", 2, 5, NULL), 0);
	f = fopen("x.unsent.otlp.pb", "r"); /* it is there before the end */
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text), f), 5);
	fclose(f);
	assert_string_equal(text, "abcde");
	assert_int_equal(unsent_close(&u, NULL), 0);
	assert_int_equal(u.spans, 7);
	assert_string_equal(u.path, "x.unsent.otlp.pb");
	assert_int_equal(stat(u.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_file_that_is_there_stays(void **state)
{
	struct unsent u = of("x"), v = of("x");
	struct err err = {0};

	assert_int_equal(unsent_add(&u, "a", 1, 1, NULL), 0);
	assert_int_equal(symlink("nowhere", "x.unsent-2.otlp.pb"), 0);
	assert_int_equal(unsent_add(&v, "b", 1, 1, &err), 0);
	assert_string_equal(v.path, "x.unsent-3.otlp.pb");
	assert_int_equal(err.code, 0);
	assert_int_equal(unsent_close(&u, NULL), 0);
	assert_int_equal(unsent_close(&v, NULL), 0);
}

static void what_cannot_be_kept_is_an_error(void **state)
{
	struct unsent u = of("no/such/folder/x");
	struct err err = {0};

	assert_true(unsent_add(&u, "a", 1, 1, &err) < 0);
	assert_non_null(strstr(err.text, "no/such/folder"));
	assert_int_equal(u.spans, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_made_for_nothing),
		TEST(requests_follow_each_other_in_a_file_of_ones_own),
		TEST(a_file_that_is_there_stays),
		TEST(what_cannot_be_kept_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
