/* SPDX-License-Identifier: MIT */
/* test_html_part.c - JSON as it stands in a page: what is written another way, and that it fits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "export/html_part.h"

static int copy(void *ctx, size_t rows, FILE *f, struct err *err)
{
	fputs(ctx, f);
	return 0;
}

static int lines(void *ctx, size_t rows, FILE *f, struct err *err)
{
	for (size_t i = 0; i < rows; i++)
		fputs("1234567890", f);
	return 0;
}

static void becomes(const char *json, const char *in_page)
{
	struct html_part p = {0};
	char *text = NULL;
	size_t sz = 0;
	FILE *out = open_memstream(&text, &sz);

	assert_non_null(out);
	assert_int_equal(html_part_make(&p, copy, (void *)json, 0, NULL), 0);
	html_part_put(out, &p);
	fclose(out);
	assert_string_equal(text, in_page);
	assert_int_equal(p.page_sz, strlen(in_page));
	html_part_release(&p);
	free(text);
}

static void blanks_are_kept_in_strings_only(void **state)
{
	becomes("{\n \"a b\": [1, 2, \" x\\\" y \"],\n \"c\\\\\": 3 }\n",
		"{\"a b\":[1,2,\" x\\\" y \"],\"c\\\\\":3}");
}

static void markup_and_all_but_ascii_is_escaped(void **state)
{
	becomes("\"</script><b>\"", "\"\\u003c/script>\\u003cb>\"");
	becomes("\"\u00b5s \u20ac \U0001f525\"", "\"\\u00b5s \\u20ac \\ud83d\\udd25\"");
}

static void what_is_no_character_is_replaced(void **state)
{
	becomes("\"\xe2\x82", "\"\\ufffd\\ufffd");
}

static void rows_are_halved_until_it_fits(void **state)
{
	struct html_part p = {0};
	size_t rows = 64;

	assert_int_equal(html_part_fit(&p, lines, NULL, &rows, 170, NULL), 0);
	assert_int_equal(rows, 16);
	assert_int_equal(p.page_sz, 160);
	assert_int_equal(html_part_fit(&p, lines, NULL, &rows, 5, NULL), 0);
	assert_int_equal(rows, 0);
	html_part_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_are_kept_in_strings_only),
		cmocka_unit_test(markup_and_all_but_ascii_is_escaped),
		cmocka_unit_test(what_is_no_character_is_replaced),
		cmocka_unit_test(rows_are_halved_until_it_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
