/* SPDX-License-Identifier: MIT */
/* test_losses.c - losses by reason: user/attach/losses.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "attach/losses.h"

static void a_reason_stands_once(void **state)
{
	struct losses l = {};

	losses_add(&l, "no_state", 2);
	losses_add(&l, "string_fault", 3);
	losses_add(&l, "no_state", 5);
	assert_int_equal(l.nr, 2);
	assert_string_equal(l.v[0].name, "no_state");
	assert_int_equal(l.v[0].count, 7);
	assert_int_equal(l.v[1].count, 3);
	assert_int_equal(l.total, 10);
}

static void nothing_lost_is_no_reason(void **state)
{
	struct losses l = {};

	losses_add(&l, "no_state", 0);
	assert_int_equal(l.nr, 0);
	assert_int_equal(l.total, 0);
}

/* A C program may take the field as a string; and a cut name is still found again. */
static void a_long_name_is_cut_and_stays_terminated(void **state)
{
	struct losses l = {};

	for (int i = 0; i < 2; i++)
		losses_add(&l, "a_reason_of_loss_that_is_far_too_long", 1);
	assert_int_equal(l.nr, 1);
	assert_string_equal(l.v[0].name, "a_reason_of_loss_that_i");
	assert_int_equal(l.v[0].count, 2);
}

static void with_no_room_for_more_reasons_the_total_is_right(void **state)
{
	struct losses l = {};
	char name[24];

	for (int i = 0; i < LOSSES_MAX + 3; i++) {
		snprintf(name, sizeof(name), "reason_%d", i);
		losses_add(&l, name, 1);
	}
	assert_int_equal(l.nr, LOSSES_MAX);
	assert_int_equal(l.total, LOSSES_MAX + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reason_stands_once),
		cmocka_unit_test(nothing_lost_is_no_reason),
		cmocka_unit_test(a_long_name_is_cut_and_stays_terminated),
		cmocka_unit_test(with_no_room_for_more_reasons_the_total_is_right),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
