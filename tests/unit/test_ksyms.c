/* SPDX-License-Identifier: MIT */
/* test_ksyms.c - the kernel's functions by address, from texts like /proc/kallsyms */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attach/ksyms.h"

static size_t read_text(struct ksym *v, size_t nr, const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	size_t named;

	assert_non_null(f);
	named = ksyms_read(v, nr, f);
	fclose(f);
	return named;
}

static void address_is_of_the_last_function_before_it(void **state)
{
	struct ksym v[] = {{.addr = 0xffff1000},
			   {.addr = 0xffff1018},
			   {.addr = 0xffff1020},
			   {.addr = 0xffff2004}};

	assert_int_equal(read_text(v, 4,
				   "ffff1000 T schedule\n"
				   "ffff1000 T schedule_alias\n"
				   "ffff1010 d some_data\n"
				   "ffff1020 t local\n"
				   "ffff2000 t ext4_read\t[ext4]\n"
				   "ffff3000 T later\n"),
			 4);
	assert_string_equal(v[0].name, "schedule");
	assert_string_equal(v[1].name, "schedule");
	assert_int_equal(v[1].begin, 0xffff1000);
	assert_string_equal(v[2].name, "local");
	assert_string_equal(v[3].name, "ext4_read");
	assert_string_equal(v[3].module, "ext4");
}

static void order_of_the_lines_does_not_matter(void **state)
{
	struct ksym v[] = {{.addr = 0xffff1008}, {.addr = 0xffff2008}};

	assert_int_equal(read_text(v, 2, "ffff2000 T b\nffff1000 T a\nffff0000 T z\n"), 2);
	assert_string_equal(v[0].name, "a");
	assert_string_equal(v[1].name, "b");
}

static void hidden_addresses_name_nothing(void **state)
{
	struct ksym v[] = {{.addr = 0xffff1000}};

	assert_int_equal(read_text(v, 1, "0000000000000000 T schedule\nno line at all\n\n"), 0);
	assert_string_equal(v[0].name, "");
}

static void address_far_from_any_function_has_no_name(void **state)
{
	struct ksym v[] = {{.addr = 0x1000}, {.addr = 0xffff100000}};

	assert_int_equal(read_text(v, 2, "0ff0 T near\n"), 1);
	assert_string_equal(v[0].name, "near");
	assert_string_equal(v[1].name, "");
}

static void long_names_are_cut(void **state)
{
	struct ksym v[] = {{.addr = 0x1000}};
	char line[1024];

	snprintf(line, sizeof(line), "1000 T %0600d\n1000 T next\n", 0);
	read_text(v, 1, line);
	assert_true(strlen(v[0].name) < sizeof(v[0].name));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_is_of_the_last_function_before_it),
		cmocka_unit_test(order_of_the_lines_does_not_matter),
		cmocka_unit_test(hidden_addresses_name_nothing),
		cmocka_unit_test(address_far_from_any_function_has_no_name),
		cmocka_unit_test(long_names_are_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
