/* SPDX-License-Identifier: MIT */
/* test_retry.c - how long is waited, and when it is enough */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "net/retry.h"

static void waits_double_and_are_spread(void **state)
{
	for (uint64_t random = 0; random < 100000; random += 997) {
		struct retry r = {0};
		uint64_t ms;

		for (uint64_t want = RETRY_FIRST_MS, i = 0; i < RETRIES; i++, want *= 2) {
			assert_true(retry_next(&r, random, 0, &ms));
			assert_true(ms >= want / 2 && ms <= want + want / 2);
		}
		assert_false(retry_next(&r, random, 0, &ms));
	}
}

static void two_clients_do_not_come_back_together(void **state)
{
	struct retry a = {0}, b = {0};
	uint64_t x, y;

	assert_true(retry_next(&a, 1, 0, &x));
	assert_true(retry_next(&b, 400, 0, &y));
	assert_int_not_equal(x, y);
}

static void the_servers_word_counts(void **state)
{
	struct retry r = {0};
	uint64_t ms;

	assert_true(retry_next(&r, 0, 7, &ms));
	assert_int_equal(ms, 7000);
	assert_true(retry_next(&r, 12345, RETRY_AFTER_MAX_S, &ms));
	assert_true(ms >= RETRY_AFTER_MAX_S * 1000 &&
		    ms < RETRY_AFTER_MAX_S * 1000 + RETRY_FIRST_MS);
}

static void a_server_that_wants_too_long_is_left_alone(void **state)
{
	struct retry r = {0};
	uint64_t ms;

	assert_false(retry_next(&r, 0, RETRY_AFTER_MAX_S + 1, &ms));
	assert_false(retry_next(&r, 0, UINT64_MAX, &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_and_are_spread),
		cmocka_unit_test(two_clients_do_not_come_back_together),
		cmocka_unit_test(the_servers_word_counts),
		cmocka_unit_test(a_server_that_wants_too_long_is_left_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
