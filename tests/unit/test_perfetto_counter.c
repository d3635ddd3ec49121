/* SPDX-License-Identifier: MIT */
/* test_perfetto_counter.c - what waited is all in the buckets, and nowhere else */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "export/perfetto_counter.h"

static struct perfetto_counter c;

static uint64_t total(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c.nr; i++)
		sum += c.ns[i];
	return sum;
}

static void time_is_put_where_it_was_spent(void **state)
{
	c = (struct perfetto_counter){0};
	counter_init(&c, 1000, 1000 + 5000000);
	assert_int_equal(c.width, 1000000);
	counter_add(&c, 1000 + 999999, 1000 + 2000001);
	assert_int_equal(c.ns[0], 1);
	assert_int_equal(c.ns[1], 1000000);
	assert_int_equal(c.ns[2], 1);
	assert_int_equal(total(), 1000002);
}

static void two_at_a_time_count_twice(void **state)
{
	c = (struct perfetto_counter){0};
	counter_init(&c, 0, 1000000);
	counter_add(&c, 10, 20);
	counter_add(&c, 15, 25);
	assert_int_equal(c.ns[0], 20);
}

static void a_long_trace_has_wide_buckets_of_whole_milliseconds(void **state)
{
	const uint64_t hour = 3600000000000ull;

	c = (struct perfetto_counter){0};
	counter_init(&c, 7, 7 + hour);
	assert_true(c.nr <= BUCKETS_MAX);
	assert_int_equal(c.width % 1000000, 0);
	counter_add(&c, 7, 7 + hour);
	assert_int_equal(total(), hour);
}

static void an_empty_trace_has_no_time(void **state)
{
	c = (struct perfetto_counter){0};
	counter_init(&c, 5, 5);
	counter_add(&c, 5, 5);
	assert_int_equal(total(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_put_where_it_was_spent),
		cmocka_unit_test(two_at_a_time_count_twice),
		cmocka_unit_test(a_long_trace_has_wide_buckets_of_whole_milliseconds),
		cmocka_unit_test(an_empty_trace_has_no_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
