/* SPDX-License-Identifier: MIT */
/* test_tsc.c - counts become times, and what is known of both clocks is said */
#include <setjmp.h>
#include <stdarg.h>
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

static struct tsc fill(int nr, uint64_t step)
{
	struct tsc t = {.nr = 0};

	for (int i = 0; i < nr; i++)
		tsc_add(&t, count_at((uint64_t)i * step), 1000 * MS + (uint64_t)i * step);
	return t;
}

static void nothing_is_known_before_two_readings(void **state)
{
	struct tsc t = fill(1, MS);

	(void)state;
	assert_int_equal(tsc_ns(&t, count_at(0) & MASK), 0);
}

static void a_count_is_on_the_line_also_where_its_low_bits_begin_anew(void **state)
{
	struct tsc t = fill(30, 20 * MS);

	(void)state;
	for (uint64_t ns = 0; ns < 580 * MS; ns += 123457)
		NEAR(tsc_ns(&t, count_at(ns) & MASK), 1000 * MS + ns);
	assert_int_equal(t.steps, 0);
}

static void the_line_goes_on_behind_the_last_reading_and_before_the_first(void **state)
{
	struct tsc t = fill(200, 20 * MS); /* more than are kept */

	(void)state;
	NEAR(tsc_ns(&t, count_at(199 * 20 * MS + 90 * MS) & MASK),
	     1000 * MS + 199 * 20 * MS + 90 * MS);
	NEAR(tsc_ns(&t, count_at(100 * MS) & MASK), 1100 * MS);
}

/* The kernel's clock is steered: 100 parts in a million from the tenth reading on. */
static void a_bend_is_followed_and_is_no_step(void **state)
{
	struct tsc t = fill(10, 20 * MS);
	uint64_t at = 180 * MS, ns = 1180 * MS;

	(void)state;
	for (int i = 0; i < 10; i++) {
		at += 20 * MS;
		ns += 20 * MS + 2000;
		tsc_add(&t, count_at(at), ns);
	}
	NEAR(tsc_ns(&t, count_at(at - 10 * MS) & MASK), ns - 10 * MS - 1000);
	NEAR(tsc_ns(&t, count_at(at + 10 * MS) & MASK), ns + 10 * MS + 1000);
	NEAR(tsc_ns(&t, count_at(90 * MS) & MASK), 1090 * MS);
	assert_int_equal(t.steps, 0);
}

/* A machine that slept: the counter went on, CLOCK_MONOTONIC did not. */
static void a_step_is_counted(void **state)
{
	struct tsc t = fill(10, 20 * MS);

	(void)state;
	tsc_add(&t, count_at(5180 * MS), 1200 * MS);
	assert_int_equal(t.steps, 1);
	NEAR(tsc_ns(&t, count_at(5180 * MS) & MASK), 1200 * MS);
}

static void a_counter_that_went_back_begins_a_new_line(void **state)
{
	struct tsc t = fill(10, 20 * MS);

	(void)state;
	tsc_add(&t, 1000, 1200 * MS);
	assert_int_equal(t.steps, 1);
	assert_int_equal(tsc_ns(&t, 1000), 0);
	tsc_add(&t, 1000 + 6 * MS, 1202 * MS);
	NEAR(tsc_ns(&t, 1000 + 3 * MS), 1201 * MS);
}

#ifdef __x86_64__
/* Whether it is trusted or not: here the two are read side by side. */
static void what_it_says_is_the_time(void **state)
{
	uint64_t worst = UINT64_MAX;
	struct tsc t;

	(void)state;
	tsc_init(&t);
	assert_true(t.why[0]);
	for (int i = 0; i < 10; i++) {
		nanosleep(&(struct timespec){0, 5 * MS}, NULL);
		tsc_read_now(&t);
	}
	nanosleep(&(struct timespec){0, 5 * MS}, NULL);
	for (int i = 0; i < 50; i++) { /* one of them was not interrupted */
		struct timespec a;
		uint64_t count, ns, said;

		clock_gettime(CLOCK_MONOTONIC, &a);
		count = __builtin_ia32_rdtsc();
		ns = (uint64_t)a.tv_sec * 1000000000u + (uint64_t)a.tv_nsec;
		said = tsc_ns(&t, count & MASK);
		said = said > ns ? said - ns : ns - said;
		worst = said < worst ? said : worst;
	}
	assert_in_range(worst, 0, 1000);
	assert_in_range(t.err_ns, 1, 100000);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_two_readings),
		cmocka_unit_test(a_count_is_on_the_line_also_where_its_low_bits_begin_anew),
		cmocka_unit_test(the_line_goes_on_behind_the_last_reading_and_before_the_first),
		cmocka_unit_test(a_bend_is_followed_and_is_no_step),
		cmocka_unit_test(a_step_is_counted),
		cmocka_unit_test(a_counter_that_went_back_begins_a_new_line),
#ifdef __x86_64__
		cmocka_unit_test(what_it_says_is_the_time),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
