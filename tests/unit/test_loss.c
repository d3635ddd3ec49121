/* SPDX-License-Identifier: MIT */
/* test_loss.c - the windows of loss, against one bit a nanosecond */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/loss.h"

static void windows_agree_with_a_bitmap(void **state)
{
	enum { TIME = 500 };
	srand(1);
	for (int round = 0; round < 50; round++) {
		bool lost[TIME + 1] = {0};
		struct loss l = {0};

		for (int i = 0; i < 30; i++) {
			uint64_t from = (uint64_t)rand() % TIME;
			uint64_t to = from + (uint64_t)rand() % 10;

			if (to > TIME)
				to = TIME;
			memset(&lost[from], 1, to - from + 1);
			assert_int_equal(loss_add(&l, from, to), 0);
			for (size_t k = 1; k < l.nr; k++)
				assert_true(l.v[k - 1].to < l.v[k].from);
		}
		for (uint64_t a = 0; a < TIME; a += 3) {
			for (uint64_t b = a; b < TIME; b += 7) {
				bool want = memchr(&lost[a], 1, b - a + 1);

				assert_int_equal(!!loss_in(&l, a, b), want);
			}
		}
		loss_release(&l);
	}
}

static void both_ends_belong_to_a_window(void **state)
{
	const struct loss_window *w;
	struct loss l = {0};

	assert_null(loss_in(&l, 0, UINT64_MAX));
	assert_int_equal(loss_add(&l, 10, 20), 0);
	assert_null(loss_in(&l, 0, 9));
	assert_null(loss_in(&l, 21, 30));
	w = loss_in(&l, 20, 30);
	assert_int_equal(w->from, 10);
	assert_int_equal(w->to, 20);
	assert_non_null(loss_in(&l, 0, 10));
	assert_int_equal(loss_add(&l, 40, 30), 0); /* the wrong way round */
	assert_int_equal(l.v[1].from, 30);
	loss_release(&l);
}

static void beyond_the_bound_windows_are_joined_never_dropped(void **state)
{
	struct loss l = {0};

	for (uint64_t i = 0; i < 3 * LOSS_WINDOWS; i++) {
		uint64_t at = i * 7919 % (3 * LOSS_WINDOWS) * 10;

		assert_int_equal(loss_add(&l, at, at + 1), 0);
		assert_true(l.nr <= LOSS_WINDOWS);
		assert_non_null(loss_in(&l, at, at));
	}
	for (uint64_t i = 0; i < 3 * LOSS_WINDOWS; i++)
		assert_non_null(loss_in(&l, i * 10, i * 10));
	loss_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_agree_with_a_bitmap),
		cmocka_unit_test(both_ends_belong_to_a_window),
		cmocka_unit_test(beyond_the_bound_windows_are_joined_never_dropped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
