/* SPDX-License-Identifier: MIT */
/* test_pairs.c - lists of pairs, right and wrong */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/pairs.h"

/* "[key]=[value] " of each pair, and "!" if the list ends as none. */
static void is(const char *list, const char *want)
{
	char text[256], said[512] = "", *at = text, *key, *value;
	size_t n = 0;
	int rc;

	snprintf(text, sizeof(text), "%s", list);
	while ((rc = pairs_next(&at, &key, &value)) > 0)
		n += (size_t)snprintf(said + n, sizeof(said) - n, "[%s]=[%s] ", key, value);
	if (rc)
		snprintf(said + n, sizeof(said) - n, "!");
	assert_true(!rc || rc == -EINVAL);
	assert_string_equal(said, want);
}

static void pairs_come_in_their_order(void **state)
{
	is("a=1,b=2", "[a]=[1] [b]=[2] ");
	is(" a = 1 ,, \tb=x y,", "[a]=[1] [b]=[x y] ");
	is("", "");
	is(" , ", "");
	is("a=b=c,d=", "[a]=[b=c] [d]=[] ");
}

static void values_are_percent_decoded(void **state)
{
	is("a=%2c%20%C3%a4,b=100%25", "[a]=[, \xc3\xa4] [b]=[100%] ");
}

static void what_is_no_pair_ends_the_list(void **state)
{
	is("a=1,b", "[a]=[1] !");
	is("=1", "!");
	is("a=%", "!");
	is("a=%1", "!");
	is("a=%zz", "!");
	is("a=%00", "!");
	is("a=%0a", "!");
	is("a=\x01", "!");
	is("a=\x7f", "!");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_come_in_their_order),
		cmocka_unit_test(values_are_percent_decoded),
		cmocka_unit_test(what_is_no_pair_ends_the_list),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
