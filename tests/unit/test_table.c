/* SPDX-License-Identifier: MIT */
/* test_table.c - narrow terminals drop columns, never rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/table.h"

static const struct column columns[] = {
	{.title = "NAME", .least = 6, .most = 20, .cut = UTF8_CUT_MIDDLE},
	{.title = "empty"},
	{.title = "n", .right = true},
	{.title = "p50", .right = true, .drop = 1},
	{.title = "p95", .right = true, .drop = 2},
	{.title = "where", .least = 12, .items = true},
};

/* Prints the same rows in a width; the caller frees. */
static char *printed(size_t width)
{
	struct table t;
	char *s = NULL;
	size_t n;
	FILE *f = open_memstream(&s, &n);

	assert_non_null(f);
	table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (int i = 0; i < 3; i++) {
		table_cell(&t, "%s", i == 1 ? "GET /messages" : "été");
		table_cell(&t, "%s", "");
		table_cell(&t, "%d", i == 1 ? 1000 : i);
		table_cell(&t, "%s", "3.21 ms");
		table_cell(&t, "%s", i == 2 ? "" : "12.3 ms");
		table_cell(&t, "%s", "network 61%  lock 22%  running 9%");
	}
	assert_int_equal(table_print(&t, f, 0, width, false), 0);
	table_release(&t);
	fclose(f);
	return s;
}

static void columns_are_aligned_and_an_empty_one_is_left_out(void **state)
{
	char *s = printed(100);

	assert_string_equal(
		s, "NAME              n      p50      p95  where\n"
		   "été               0  3.21 ms  12.3 ms  network 61%  lock 22%  running 9%\n"
		   "GET /messages  1000  3.21 ms  12.3 ms  network 61%  lock 22%  running 9%\n"
		   "été               2  3.21 ms           network 61%  lock 22%  running 9%\n");
	free(s);
}

static void lists_are_cut_at_an_item_before_columns_go(void **state)
{
	char *s = printed(62);

	assert_string_equal(s, "NAME              n      p50      p95  where\n"
			       "été               0  3.21 ms  12.3 ms  network 61%  lock 22% …\n"
			       "GET /messages  1000  3.21 ms  12.3 ms  network 61%  lock 22% …\n"
			       "été               2  3.21 ms           network 61%  lock 22% …\n");
	free(s);
	s = printed(61); /* a column less: the mark has no room behind the second item */
	assert_non_null(strstr(s, "  network 61% …\n"));
	assert_null(strstr(s, "lock"));
	free(s);
}

static void columns_go_by_their_rank_when_names_are_short_already(void **state)
{
	char *s = printed(36);

	assert_string_equal(s, "NAME        n      p50  where\n"
			       "été         0  3.21 ms  network 61%…\n"
			       "GET…ges  1000  3.21 ms  network 61%…\n"
			       "été         2  3.21 ms  network 61%…\n");
	free(s);
}

static void no_line_is_wider_than_asked_and_no_row_is_lost(void **state)
{
	for (size_t width = 22; width < 120; width++) {
		char *s = printed(width), *line, *save = NULL;
		int lines = 0;

		for (line = strtok_r(s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			assert_true(utf8_width(line) <= width);
			assert_true(line[strlen(line) - 1] != ' ');
			lines++;
		}
		assert_int_equal(lines, 4);
		free(s);
	}
}

static void a_table_without_rows_is_its_titles(void **state)
{
	static const struct column one[] = {{.title = "NAME"}};
	struct table t;
	char *s = NULL;
	size_t n;
	FILE *f = open_memstream(&s, &n);

	table_init(&t, one, 1);
	assert_int_equal(table_print(&t, f, 0, 80, false), 0);
	table_release(&t);
	fclose(f);
	assert_string_equal(s, "\n");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned_and_an_empty_one_is_left_out),
		cmocka_unit_test(lists_are_cut_at_an_item_before_columns_go),
		cmocka_unit_test(columns_go_by_their_rank_when_names_are_short_already),
		cmocka_unit_test(no_line_is_wider_than_asked_and_no_row_is_lost),
		cmocka_unit_test(a_table_without_rows_is_its_titles),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
