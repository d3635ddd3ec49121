/* SPDX-License-Identifier: MIT */
/* test_tsc.c - counts become times, and what is known of both clocks is said */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "attach/tsc.h"

#define MASK	   ((1ull << TSC_BITS) - 1)
#define MS	   1000000ull
#define WITHIN	   2 /* ns: of rounding */
#define NEAR(a, b) assert_in_range((a) + 1000, (b) + 1000 - WITHIN, (b) + 1000 + WITHIN)

/* 3 counts a nanosecond, from a count of 7 << 43 on: the low 44 bits begin anew soon. */
static uint64_t count_at(uint64_t ns)
{
	return (7ull << 43) + (1ull << 43) - 500 * MS + 3 * ns;
}

#define TOOK 120 /* counts, of a reading: 40 ns */

static struct tsc fill(int nr, uint64_t step)
{
	struct tsc t = {.nr = 0};

	for (int i = 0; i < nr; i++)
		tsc_take(&t,
			 (struct tsc_pair){count_at((uint64_t)i * step),
					   1000 * MS + (uint64_t)i * step},
			 TOOK);
	return t;
}

static bool add(struct tsc *t, uint64_t at, uint64_t ns)
{
	return tsc_take(t, (struct tsc_pair){count_at(at), ns}, TOOK);
}

static uint64_t at(struct tsc *t, uint64_t count)
{
	uint64_t ns;

	assert_true(tsc_ns(t, count & MASK, &ns));
	return ns;
}

static void nothing_is_known_before_two_readings(void **state)
{
	struct tsc t = {.nr = 0};
	uint64_t ns;

	(void)state;
	assert_false(tsc_ns(&t, 7, &ns));
	assert_true(add(&t, 0, 1000 * MS)); /* another, please */
	assert_false(tsc_ns(&t, count_at(0) & MASK, &ns));
	assert_false(add(&t, 20 * MS, 1020 * MS));
	assert_true(tsc_ns(&t, count_at(0) & MASK, &ns));
}

static void a_count_is_on_the_line_also_where_its_low_bits_begin_anew(void **state)
{
	struct tsc t = fill(30, 20 * MS);

	(void)state;
	for (uint64_t ns = 0; ns < 580 * MS; ns += 123457)
		NEAR(at(&t, count_at(ns)), 1000 * MS + ns);
	assert_int_equal(t.steps, 0);
	assert_in_range(t.err_ns, 40, 45);
}

static void the_line_goes_on_behind_the_last_reading_and_before_the_first(void **state)
{
	struct tsc t = fill(TSC_PAIRS + 100, 20 * MS); /* more than are kept */
	uint64_t last = (TSC_PAIRS + 99) * 20 * MS;

	(void)state;
	NEAR(at(&t, count_at(last + 90 * MS)), 1000 * MS + last + 90 * MS);
	NEAR(at(&t, count_at(100 * MS)), 1100 * MS);
}

static void readings_that_are_near_take_one_place(void **state)
{
	struct tsc t = fill(100, MS);

	(void)state;
	assert_in_range(t.nr, 5, 7);
	for (uint64_t ns = 0; ns < 99 * MS; ns += 12345)
		NEAR(at(&t, count_at(ns)), 1000 * MS + ns);
}

/* The kernel's clock is steered: 20 parts in a million from the tenth reading on. */
static void a_bend_is_followed_and_said(void **state)
{
	struct tsc t = fill(10, 20 * MS);
	uint64_t when = 180 * MS, ns = 1180 * MS;

	(void)state;
	for (int i = 0; i < 10; i++) {
		when += 20 * MS;
		ns += 20 * MS + 400;
		add(&t, when, ns);
	}
	NEAR(at(&t, count_at(when - 10 * MS)), ns - 10 * MS - 200);
	NEAR(at(&t, count_at(when + 10 * MS)), ns + 10 * MS + 200);
	NEAR(at(&t, count_at(90 * MS)), 1090 * MS);
	assert_int_equal(t.steps, 0);
	assert_in_range(t.err_ns, 400, 1000);
}

/* Where the line was going is asked for, and then it is known better. */
static void a_reading_changes_what_was_ahead_of_the_last(void **state)
{
	struct tsc t = fill(10, 20 * MS);

	(void)state;
	NEAR(at(&t, count_at(190 * MS)), 1190 * MS);
	add(&t, 200 * MS, 1200 * MS + 400);
	NEAR(at(&t, count_at(190 * MS)), 1190 * MS + 200);
	NEAR(at(&t, count_at(170 * MS)), 1170 * MS);
	NEAR(at(&t, count_at(190 * MS)), 1190 * MS + 200);
	assert_true(at(&t, count_at(210 * MS)) > 1210 * MS + 400);
}

/* Each line is kept for its own counts only, in whatever order they come. */
static void what_is_kept_of_a_line_ends_where_it_does(void **state)
{
	enum { EARLIER = TSC_PAIRS - 5 };
	struct tsc t = fill(EARLIER, 20 * MS);
	uint64_t when = (EARLIER - 1) * 20 * MS, ns = 1000 * MS + when, first;

	(void)state;
	for (int i = 0; i < TSC_PAIRS - 2;
	     i++) { /* the bend is in the second segment that is kept */
		when += 20 * MS;
		ns += 20 * MS + 400;
		add(&t, when, ns);
	}
	first = t.pair[t.nr % TSC_PAIRS].ns - 1000 * MS;
	for (int i = 0; i < 2; i++) {
		NEAR(at(&t, count_at(first - MS)), 1000 * MS + first - MS - 20);
		NEAR(at(&t, count_at(first + 5 * MS)), 1000 * MS + first + 5 * MS);
		NEAR(at(&t, count_at(first + 19 * MS)), 1000 * MS + first + 19 * MS);
		NEAR(at(&t, count_at(first + 30 * MS)), 1000 * MS + first + 30 * MS + 200);
		NEAR(at(&t, count_at(when + 10 * MS)), ns + 10 * MS + 200);
	}
}

/* The clock went on for an hour, the counter did not. */
static void times_in_a_step_lie_between_its_ends(void **state)
{
	struct tsc t = fill(10, 20 * MS);
	uint64_t from = count_at(180 * MS), hour = 3600000 * MS, before = 0;

	(void)state;
	tsc_take(&t, (struct tsc_pair){from + 100, 1180 * MS + hour}, TOOK);
	tsc_take(&t, (struct tsc_pair){from + 100 + 60 * MS, 1200 * MS + hour}, TOOK);
	assert_int_equal(t.steps, 1);
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t ns = at(&t, from + i);

		assert_in_range(ns, 1180 * MS, 1180 * MS + hour);
		assert_true(ns >= before);
		before = ns;
	}
	NEAR(at(&t, from + 10), 1180 * MS + 10 * 65536); /* the most that a rate can be */
	NEAR(at(&t, from + 100), 1180 * MS + hour);
}

/* Of the line before the step one reading is left: its rate is that of the next line. */
static void before_the_last_of_a_line_the_rate_is_the_next_ones(void **state)
{
	struct tsc t = fill(10, 20 * MS);
	uint64_t slept = 900000 * MS;

	(void)state;
	for (uint64_t i = 0; i < TSC_PAIRS - 1; i++)
		add(&t, slept + (200 + 20 * i) * MS, (1200 + 20 * i) * MS);
	assert_int_equal(t.steps, 1);
	assert_int_equal(t.nr - TSC_PAIRS, t.line - 1);
	NEAR(at(&t, count_at(170 * MS)), 1170 * MS);
	NEAR(at(&t, count_at(slept + 210 * MS)), 1210 * MS);
}

/* A machine that slept for a quarter of an hour: the counter went on, CLOCK_MONOTONIC did not. */
static void a_step_is_one_and_begins_a_new_line(void **state)
{
	struct tsc t = fill(10, 20 * MS);
	uint64_t slept = 900000 * MS;

	(void)state;
	assert_true(add(&t, slept + 200 * MS, 1200 * MS)); /* another, please */
	for (uint64_t i = 1; i < 10; i++)
		assert_false(add(&t, slept + (200 + 20 * i) * MS, (1200 + 20 * i) * MS));
	assert_int_equal(t.steps, 1);
	assert_in_range(t.err_ns, 40, 100); /* of all else */
	for (uint64_t ns = 0; ns < 400 * MS; ns += 5 * MS)
		NEAR(at(&t, count_at(slept + 200 * MS + ns)), 1200 * MS + ns);
	NEAR(at(&t, count_at(100 * MS)), 1100 * MS);
}

/* Less than a step is an error that is said. */
static void a_jump_of_half_a_microsecond_is_said(void **state)
{
	struct tsc t = fill(10, 20 * MS);

	(void)state;
	add(&t, 200 * MS, 1200 * MS + 500);
	assert_int_equal(t.steps, 0);
	assert_in_range(t.err_ns, 500, 600);
	add(&t, 220 * MS, 1220 * MS + 5000);
	assert_int_equal(t.steps, 1);
}

static void a_counter_that_went_back_begins_a_new_line(void **state)
{
	struct tsc t = fill(10, 20 * MS);

	(void)state;
	assert_true(tsc_take(&t, (struct tsc_pair){1000, 1200 * MS}, TOOK));
	assert_int_equal(t.steps, 1);
	assert_false(tsc_take(&t, (struct tsc_pair){1000 + 6 * MS, 1202 * MS}, TOOK));
	NEAR(at(&t, 1000 + 3 * MS), 1201 * MS);
	NEAR(at(&t, 1000 + 60 * MS), 1220 * MS);
}

static void a_reading_that_was_interrupted_is_made_again(void **state)
{
	struct tsc t = fill(10, 20 * MS);

	(void)state;
	assert_true(
		tsc_take(&t, (struct tsc_pair){count_at(200 * MS), 1200 * MS + 900}, 20 * TOOK));
	assert_false(add(&t, 200 * MS, 1200 * MS));
	assert_in_range(t.err_ns, 40, 45);
}

/* As when the kernel has another clock from now on. */
static void a_clock_that_has_become_slow_is_read_all_the_same(void **state)
{
	struct tsc t = fill(10, 20 * MS);
	int tries = 1;

	(void)state;
	while (tries < 10 &&
	       tsc_take(&t, (struct tsc_pair){count_at(200 * MS), 1200 * MS}, 30 * TOOK))
		tries++;
	assert_in_range(tries, 2, 5);
	assert_in_range(t.err_ns, 1200, 2500);
}

#ifdef __x86_64__
/* Whether it is trusted or not: here the two are read side by side. */
static void what_it_says_is_the_time(void **state)
{
	int right = 0;
	struct tsc t;

	(void)state;
	tsc_init(&t);
	assert_true(t.why[0]);
	for (int i = 0; i < 20; i++) {
		nanosleep(&(struct timespec){0, 5 * MS}, NULL);
		tsc_read(&t, UINT64_MAX);
	}
	for (int i = 0; i < 50; i++) { /* few of them are interrupted */
		struct timespec a;
		uint64_t count, ns, said;

		clock_gettime(CLOCK_MONOTONIC, &a);
		count = __builtin_ia32_rdtsc();
		ns = (uint64_t)a.tv_sec * 1000000000u + (uint64_t)a.tv_nsec;
		tsc_read(&t, ns + 1);
		said = at(&t, count);
		said = said > ns ? said - ns : ns - said;
		right += said <= 1000;
	}
	assert_in_range(right, 40, 50);
	assert_in_range(t.err_ns, 1, 100000);
}

static void what_was_read_late_enough_is_not_read_again(void **state)
{
	struct tsc t;
	uint64_t nr;

	(void)state;
	tsc_init(&t);
	tsc_read(&t, UINT64_MAX);
	nr = t.nr;
	tsc_read(&t, t.pair[(nr - 1) % TSC_PAIRS].ns);
	assert_int_equal(t.nr, nr);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_two_readings),
		cmocka_unit_test(a_count_is_on_the_line_also_where_its_low_bits_begin_anew),
		cmocka_unit_test(the_line_goes_on_behind_the_last_reading_and_before_the_first),
		cmocka_unit_test(readings_that_are_near_take_one_place),
		cmocka_unit_test(a_bend_is_followed_and_said),
		cmocka_unit_test(a_reading_changes_what_was_ahead_of_the_last),
		cmocka_unit_test(what_is_kept_of_a_line_ends_where_it_does),
		cmocka_unit_test(times_in_a_step_lie_between_its_ends),
		cmocka_unit_test(before_the_last_of_a_line_the_rate_is_the_next_ones),
		cmocka_unit_test(a_step_is_one_and_begins_a_new_line),
		cmocka_unit_test(a_jump_of_half_a_microsecond_is_said),
		cmocka_unit_test(a_counter_that_went_back_begins_a_new_line),
		cmocka_unit_test(a_reading_that_was_interrupted_is_made_again),
		cmocka_unit_test(a_clock_that_has_become_slow_is_read_all_the_same),
#ifdef __x86_64__
		cmocka_unit_test(what_it_says_is_the_time),
		cmocka_unit_test(what_was_read_late_enough_is_not_read_again),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
