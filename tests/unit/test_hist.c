/* SPDX-License-Identifier: MIT */
/* test_hist.c - percentiles against a sorted array; buckets that miss nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/arena.h"
#include "model/hist.h"

enum { N = 5000 };

static int by_value(const void *pa, const void *pb)
{
	const uint64_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static void percentiles_are_within_one_percent(void **state)
{
	static const unsigned int ps[] = {1, 500, 900, 950, 990, 999, 1000};

	srand(1);
	for (int shift = 0; shift < 50; shift += 7) {
		static uint64_t v[N];
		struct hist h = {0};
		uint64_t sum = 0;

		for (int i = 0; i < N; i++) {
			v[i] = (uint64_t)rand() << shift >> (rand() % 31);
			sum += v[i];
			assert_int_equal(hist_add(&h, v[i]), 0);
		}
		qsort(v, N, sizeof(*v), by_value);
		for (size_t i = 0; i < sizeof(ps) / sizeof(*ps); i++) {
			uint64_t want = v[(N * ps[i] + 999) / 1000 - 1];
			uint64_t got = hist_permille(&h, ps[i]);
			uint64_t diff = got > want ? got - want : want - got;

			assert_true(diff * 100 <= want);
		}
		assert_int_equal(hist_percentiles(&h).min, v[0]);
		assert_int_equal(hist_percentiles(&h).max, v[N - 1]);
		assert_int_equal(hist_percentiles(&h).mean, sum / N);
		hist_release(&h);
	}
}

static void small_values_are_exact(void **state)
{
	for (uint64_t v = 0; v < 256; v++) {
		struct hist h = {0};

		assert_int_equal(hist_add(&h, v), 0);
		assert_int_equal(hist_permille(&h, 500), v);
		hist_release(&h);
	}
}

static void empty_histogram_is_all_zero(void **state)
{
	const struct hist_bucket *b;
	struct arena arena = {0};
	struct hist h = {0};

	assert_int_equal(hist_percentiles(&h).p99, 0);
	assert_int_equal(hist_percentiles(&h).mean, 0);
	assert_int_equal(hist_buckets(&h, &arena, &b), 0);
	arena_release(&arena);
}

/* Every bound of the coarse buckets, and its neighbours. */
static void each_value_is_in_the_one_bucket_that_holds_it(void **state)
{
	for (int e = 0; e < 63; e++) {
		for (uint64_t d = 0; d < 40; d++) {
			uint64_t v = (1ull << e) + d * ((1ull << e) / 40) - (d % 3 == 0);
			const struct hist_bucket *b;
			struct arena arena = {0};
			struct hist h = {0};

			assert_int_equal(hist_add(&h, v), 0);
			assert_int_equal(hist_buckets(&h, &arena, &b), 1);
			assert_int_equal(b->count, 1);
			assert_true(b->lo_ns <= v && v < b->hi_ns);
			/* Eight to a power of two. */
			assert_true(v < 8 || (b->hi_ns - b->lo_ns) * 8 <= v);
			arena_release(&arena);
			hist_release(&h);
		}
	}
}

static void buckets_are_disjoint_rising_and_complete(void **state)
{
	const struct hist_bucket *b;
	struct arena arena = {0};
	struct hist h = {0};
	uint64_t total = 0;
	long nr;

	srand(2);
	for (int i = 0; i < N; i++)
		assert_int_equal(hist_add(&h, (uint64_t)rand() >> (rand() % 31)), 0);
	nr = hist_buckets(&h, &arena, &b);
	assert_true(nr > 20);
	for (long i = 0; i < nr; i++) {
		assert_true(b[i].lo_ns < b[i].hi_ns);
		assert_true(!i || b[i - 1].hi_ns <= b[i].lo_ns);
		assert_true(b[i].count > 0);
		total += b[i].count;
	}
	assert_int_equal(total, N);
	arena_release(&arena);
	hist_release(&h);
}

static void highest_numbers_are_counted(void **state)
{
	struct hist h = {0};

	assert_int_equal(hist_add(&h, UINT64_MAX), 0);
	assert_int_equal(hist_add(&h, 1ull << 63), 0);
	assert_int_equal(hist_permille(&h, 1000), UINT64_MAX);
	assert_true(hist_permille(&h, 500) >= 1ull << 63);
	hist_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_within_one_percent),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(empty_histogram_is_all_zero),
		cmocka_unit_test(each_value_is_in_the_one_bucket_that_holds_it),
		cmocka_unit_test(buckets_are_disjoint_rising_and_complete),
		cmocka_unit_test(highest_numbers_are_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
