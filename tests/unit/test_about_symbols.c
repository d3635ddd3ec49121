/* SPDX-License-Identifier: MIT */
/* test_about_symbols.c - the names of addresses, from the text of a capture */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/about.h"
#include "store_util.h"

static struct about a;

static int give(const char *text)
{
	struct chunk_buf buf = {.n = strlen(text)};
	int rc = about_wants(&a, FORMAT_SYMBOLS, (uint32_t)buf.n);

	assert_int_equal(rc, 1);
	buf.p = malloc(buf.n + 1);
	assert_non_null(buf.p);
	memcpy(buf.p, text, buf.n);
	rc = about_chunk(&a, FORMAT_SYMBOLS, &buf);
	free(buf.p);
	return rc;
}

static int release(void **state)
{
	about_release(&a);
	return 0;
}

static void symbols_are_sorted_by_process_and_address(void **state)
{
	const struct capture_symbol *s;

	assert_int_equal(give("pid=9\nfrom_ts=5\n@20=b\t4\t/x\tx.c:1\n@10=a\t0\t/x\t\n"), 1);
	assert_int_equal(give("pid=0\nfrom_ts=0\n@ffffffff81000000=k\t1f\tkernel\t\n"), 1);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_int_equal(a.info.symbols_nr, 3);
	s = a.info.symbols;
	assert_int_equal(s[0].pid, 0);
	assert_int_equal(s[0].addr, 0xffffffff81000000);
	assert_int_equal(s[0].off, 0x1f);
	assert_string_equal(s[1].name, "a");
	assert_string_equal(s[1].site, "");
	assert_string_equal(s[2].name, "b");
	assert_string_equal(s[2].module, "/x");
	assert_string_equal(s[2].site, "x.c:1");
	assert_int_equal(s[2].from_ts, 5);
}

static void lines_of_one_address_stay_in_their_order(void **state)
{
	assert_int_equal(give("pid=9\nfrom_ts=5\n@10=inner\t0\t/x\tx.c:1\n@10=outer\t0\t/x\t\n"),
			 1);
	assert_int_equal(give("pid=9\nfrom_ts=4\n@10=before\t0\t/x\t\n"), 1);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_string_equal(a.info.symbols[0].name, "before");
	assert_string_equal(a.info.symbols[1].name, "inner");
	assert_string_equal(a.info.symbols[2].name, "outer");
}

static void missing_fields_are_empty_and_unknown_keys_skipped(void **state)
{
	assert_int_equal(give("pid=9\nlater=1\n@10=\n@11=x\n@12=\\n\\\\\t\t\t\n"), 1);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_int_equal(a.info.symbols_nr, 3);
	assert_string_equal(a.info.symbols[0].name, "");
	assert_string_equal(a.info.symbols[0].module, "");
	assert_string_equal(a.info.symbols[1].name, "x");
	assert_string_equal(a.info.symbols[2].name, "\n\\");
}

static void text_that_is_wrong_is_refused_from_there_on(void **state)
{
	assert_int_equal(give("@10=no pid yet\t0\t\t\n"), 0);
	assert_int_equal(give("pid=9\n@xyz=x\t0\t\t\n"), 0);
	assert_int_equal(give("pid=9\n@10=x\t-1\t\t\n"), 0);
	assert_int_equal(give("pid=99999999999\n@10=x\t0\t\t\n"), 0);
	assert_int_equal(give("pid=9\nfrom_ts=-1\n@10=x\t0\t\t\n"), 0);
	assert_int_equal(give("pid=9\n@10=good\t0\t\t\n@=x\t0\t\t\n"), 0);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_int_equal(a.info.symbols_nr, 1);
	assert_string_equal(a.info.symbols[0].name, "good");
}

static void capture_says_whether_stacks_were_asked_for(void **state)
{
	char meta[] = "stacks=1\n";
	struct chunk_buf buf = {.p = malloc(sizeof(meta)), .n = sizeof(meta) - 1};

	memcpy(buf.p, meta, sizeof(meta));
	assert_int_equal(about_chunk(&a, FORMAT_META, &buf), 1);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_true(a.info.stacks);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(symbols_are_sorted_by_process_and_address, release),
		cmocka_unit_test_teardown(lines_of_one_address_stay_in_their_order, release),
		cmocka_unit_test_teardown(missing_fields_are_empty_and_unknown_keys_skipped,
					  release),
		cmocka_unit_test_teardown(text_that_is_wrong_is_refused_from_there_on, release),
		cmocka_unit_test_teardown(capture_says_whether_stacks_were_asked_for, release),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
