/* SPDX-License-Identifier: MIT */
/* test_past.c - what is remembered of a thread, for how long, and what is forgotten first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/past.h"

static const struct name *const none;

/* Off CPU from 10 * i + 5 to 10 * i + 9, woken at 10 * i + 8. */
static void add_off(struct pasts *all, struct past *p, uint64_t i)
{
	const struct past_off off = {.begin = 10 * i + 5,
				     .woken = 10 * i + 8,
				     .end = 10 * i + 9,
				     .resource = none,
				     .state = STATE_LOCK,
				     .ready_state = STATE_RUNNABLE};

	past_add_off(all, p, &off);
}

static void stretch_before_a_time_is_found(void **state)
{
	struct pasts all = {0};
	struct past *p = past_new(&all, 7, 1, 3);

	assert_int_equal(past_off_before(p, 100), 0);
	for (uint64_t i = 0; i < 100; i++)
		add_off(&all, p, i);
	assert_int_equal(p->known, 3);
	assert_int_equal(past_off_first(p), 0);
	for (uint64_t ts = 0; ts < 1000; ts++) {
		uint64_t want = ts < 6 ? 0 : (ts - 6) / 10 + 1;

		assert_int_equal(past_off_before(p, ts), want);
	}
	assert_int_equal(past_off(p, 42)->begin, 425);
	past_free(&all, p);
	assert_int_equal(all.bytes, 0);
}

static void oldest_stretch_is_forgotten_and_known_says_so(void **state)
{
	struct pasts all = {0};
	struct past *p = past_new(&all, 7, 1, 3);

	for (uint64_t i = 0; i < PAST_OFF_MAX + 10; i++)
		add_off(&all, p, i);
	assert_int_equal(past_off_first(p), 10);
	assert_int_equal(past_off(p, 10)->begin, 105);
	assert_int_equal(p->known, 99); /* the end of the last one that is not there */
	assert_int_equal(p->known_acc[STATE_RUNNING], 99 - 3 - 4 * 10);
	assert_int_equal(p->known_acc[STATE_LOCK], 30);
	assert_int_equal(p->known_acc[STATE_RUNNABLE], 10);
	assert_int_equal(past_off_before(p, 50), 10);
	assert_int_equal(past_off_before(p, 10 * PAST_OFF_MAX), PAST_OFF_MAX);
	past_free(&all, p);
}

static void place_is_the_last_one_not_after_a_time(void **state)
{
	struct name region[2] = {{.idx = 1}, {.idx = 2}};
	struct pasts all = {0};
	struct past *p = past_new(&all, 7, 1, 0);

	assert_null(past_place(p, 100));
	for (uint64_t i = 1; i <= 100; i++) {
		struct past_place place = {.ts = 10 * i, .region = &region[i % 2]};

		past_add_place(&all, p, &place);
	}
	assert_null(past_place(p, 9));
	for (uint64_t ts = 10; ts < 1100; ts++) {
		uint64_t want = ts / 10 < 100 ? ts / 10 * 10 : 1000;

		assert_int_equal(past_place(p, ts)->ts, want);
	}
	past_free(&all, p);
}

static void same_place_is_noted_once_and_time_never_goes_back(void **state)
{
	struct name region[2] = {{.idx = 1}, {.idx = 2}};
	struct past_place at[] = {
		{.ts = 10, .region = &region[0]},
		{.ts = 20, .region = &region[0]},
		{.ts = 30, .region = &region[1]},
		{.ts = 25, .region = &region[0]},
	};
	struct pasts all = {0};
	struct past *p = past_new(&all, 7, 1, 0);

	for (int i = 0; i < 4; i++)
		past_add_place(&all, p, &at[i]);
	assert_int_equal(p->places_nr, 2);
	assert_int_equal(past_place(p, 29)->ts, 10);
	assert_int_equal(past_place(p, 30)->ts, 30);
	assert_ptr_equal(past_place(p, 30)->region, &region[0]);
	past_free(&all, p);
}

static void places_beyond_the_bound_are_forgotten(void **state)
{
	struct name region[2] = {{.idx = 1}, {.idx = 2}};
	struct pasts all = {0};
	struct past *p = past_new(&all, 7, 1, 0);

	for (uint64_t i = 0; i < PAST_PLACES_MAX + 5; i++) {
		struct past_place place = {.ts = i + 1, .region = &region[i % 2]};

		past_add_place(&all, p, &place);
	}
	assert_null(past_place(p, 5));
	assert_int_equal(past_place(p, 6)->ts, 6);
	past_free(&all, p);
}

static void place_is_found_from_any_hint(void **state)
{
	struct pasts all = {0};
	struct past *p = past_new(&all, 1, 1, 0);

	for (uint64_t i = 0; i < PAST_PLACES_MAX + 100; i++)
		past_add_place(&all, p, &(struct past_place){.ts = 10 * i, .task_id = 1 + i});
	for (uint64_t ts = 0; ts < 10 * p->places_nr + 20; ts += 995) {
		for (uint32_t hint = 0; hint < p->places_nr + 3; hint++)
			assert_int_equal(past_places_near(p, ts, hint), past_places_until(p, ts));
	}
	past_free(&all, p);
	pasts_release(&all);
}

static void rings_of_all_threads_stay_below_the_bound(void **state)
{
	enum { NR = 50 };
	struct pasts all = {.bytes_max = 200000};
	struct past *p[NR];

	for (uint32_t k = 0; k < NR; k++) {
		p[k] = past_new(&all, k, 1, 0);
		for (uint64_t i = 0; i < 3000; i++)
			add_off(&all, p[k], i);
		assert_true(p[k]->off_cap >= 16); /* a little is granted to each */
	}
	assert_true(all.bytes <= 200000 + NR * 2 * 16 * sizeof(struct past_off));
	assert_int_equal(p[NR - 1]->known, 10 * (3000 - 16 - 1) + 9);
	for (uint32_t k = 0; k < NR; k++)
		past_free(&all, p[k]);
	assert_int_equal(all.bytes, 0);
}

static void dead_are_remembered_by_tid_and_time(void **state)
{
	struct pasts all = {0};
	struct past *first = past_new(&all, 7, 1, 10), *second = past_new(&all, 7, 2, 30);

	past_bury(&all, first, 20);
	assert_ptr_equal(past_of_dead(&all, 7, 10), first);
	assert_ptr_equal(past_of_dead(&all, 7, 20), first);
	assert_null(past_of_dead(&all, 7, 9));
	assert_ptr_equal(past_of_dead(&all, 7, 21), first); /* it may be dying still */
	assert_null(past_of_dead(&all, 7, 1000000021));
	assert_null(past_of_dead(&all, 8, 15));
	past_bury(&all, second, 40);
	assert_ptr_equal(past_of_dead(&all, 7, 35), second);
	past_bury(&all, NULL, 40);
	pasts_release(&all);
}

static void as_many_dead_are_remembered_as_there_are_graves(void **state)
{
	struct pasts all = {0};

	for (uint32_t k = 1; k <= PAST_GRAVES + 3; k++)
		past_bury(&all, past_new(&all, k, 1, 0), 10);
	for (uint32_t k = 1; k <= PAST_GRAVES + 3; k++)
		assert_int_equal(past_of_dead(&all, k, 5) != NULL, k > 3);
	pasts_release(&all);
	assert_int_equal(all.bytes, 0);
}

static void dead_make_room_for_the_living(void **state)
{
	struct pasts all = {.bytes_max = 100000};
	struct past *p;

	for (uint32_t k = 1; k <= 200; k++) {
		p = past_new(&all, k, 1, 0);
		for (uint64_t i = 0; i < 100; i++)
			add_off(&all, p, i);
		past_bury(&all, p, 2000);
	}
	assert_true(all.bytes <= 50000);
	assert_null(past_of_dead(&all, 1, 5));
	assert_non_null(past_of_dead(&all, 200, 5));
	pasts_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stretch_before_a_time_is_found),
		cmocka_unit_test(oldest_stretch_is_forgotten_and_known_says_so),
		cmocka_unit_test(place_is_the_last_one_not_after_a_time),
		cmocka_unit_test(same_place_is_noted_once_and_time_never_goes_back),
		cmocka_unit_test(places_beyond_the_bound_are_forgotten),
		cmocka_unit_test(place_is_found_from_any_hint),
		cmocka_unit_test(rings_of_all_threads_stay_below_the_bound),
		cmocka_unit_test(dead_are_remembered_by_tid_and_time),
		cmocka_unit_test(as_many_dead_are_remembered_as_there_are_graves),
		cmocka_unit_test(dead_make_room_for_the_living),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
