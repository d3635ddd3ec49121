/* SPDX-License-Identifier: MIT */
/* test_stretches.c - a path as stretches of time: which are one, and which are kept */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/stretches.h"

static void add(struct stretches *s, uint64_t begin, uint64_t end, uint64_t key)
{
	stretches_add(s, &(struct stretch){.begin = begin, .end = end, .key = key, .tid = 1});
}

static void what_follows_on_itself_is_one_stretch(void **state)
{
	struct stretches s = {0};

	add(&s, 80, 100, 7);
	add(&s, 50, 80, 7);
	add(&s, 40, 50, 8);
	add(&s, 30, 39, 8); /* there is a gap */
	stretches_finish(&s);
	assert_int_equal(s.nr, 3);
	assert_int_equal(s.v[2].begin, 50);
	assert_int_equal(s.v[2].end, 100);
	assert_int_equal(s.left_out, 0);
}

static void another_thread_or_depth_is_another_stretch(void **state)
{
	struct stretches s = {0};

	add(&s, 80, 100, 7);
	stretches_add(&s, &(struct stretch){.begin = 60, .end = 80, .key = 7, .tid = 2});
	stretches_add(&s,
		      &(struct stretch){.begin = 50, .end = 60, .key = 7, .tid = 2, .depth = 1});
	stretches_finish(&s);
	assert_int_equal(s.nr, 3);
}

static void they_are_in_the_order_of_time(void **state)
{
	struct stretches s = {0};

	for (uint64_t i = 20; i; i--)
		add(&s, i * 10, i * 10 + 10, i);
	stretches_finish(&s);
	assert_int_equal(s.nr, 20);
	for (size_t i = 0; i < s.nr; i++)
		assert_int_equal(s.v[i].begin, 10 + 10 * i);
}

/* Those of 1 ns … go for those of more; in both orders the same are kept. */
static void shortest_go_for_longer_ones_and_are_counted(void **state)
{
	const uint64_t all = STRETCHES_MAX + 30;

	for (int up = 0; up < 2; up++) {
		struct stretches s = {0};

		for (uint64_t i = 0; i < all; i++) {
			uint64_t begin = (all - i) * 1000;

			add(&s, begin, begin + 1 + (up ? i : all - 1 - i), i);
		}
		stretches_finish(&s);
		assert_int_equal(s.nr, STRETCHES_MAX);
		assert_int_equal(s.left_out, 30);
		for (size_t i = 0; i < s.nr; i++)
			assert_true(s.v[i].end - s.v[i].begin > 30);
	}
}

static void nothing_added_is_nothing(void **state)
{
	struct stretches s = {0};

	stretches_finish(&s);
	assert_int_equal(s.nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_on_itself_is_one_stretch),
		cmocka_unit_test(another_thread_or_depth_is_another_stretch),
		cmocka_unit_test(they_are_in_the_order_of_time),
		cmocka_unit_test(shortest_go_for_longer_ones_and_are_counted),
		cmocka_unit_test(nothing_added_is_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
