/* SPDX-License-Identifier: MIT */
/* test_nesting.c - which regions a viewer can draw inside of each other */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/nesting.h"

static const struct span_thread one = {.tid = 1, .key = (const void *)1};
static const struct span_thread two = {.tid = 2, .key = (const void *)2};

static bool put(struct nesting *n, const struct span_thread *th, uint32_t depth, uint64_t begin,
		uint64_t end)
{
	const struct span_region r = {.thread = th, .depth = depth, .begin = begin, .end = end};

	return nesting_fits(n, &r);
}

static void regions_inside_of_each_other_fit(void **state)
{
	struct nesting n = {0};

	assert_true(put(&n, &one, 2, 3, 4));
	assert_true(put(&n, &one, 2, 4, 5));
	assert_true(put(&n, &one, 1, 2, 5));
	assert_true(put(&n, &one, 1, 6, 6));
	assert_true(put(&n, &one, 0, 1, 7));
	assert_true(put(&n, &one, 0, 7, 8));
	nesting_release(&n);
}

static void of_two_that_cross_the_second_does_not_fit(void **state)
{
	struct nesting n = {0};

	assert_true(put(&n, &one, 0, 1, 5));
	assert_false(put(&n, &one, 0, 3, 9)); /* its depth was 1 until 5 */
	assert_true(put(&n, &one, 0, 9, 12));
	nesting_release(&n);
}

static void what_is_inside_of_one_that_crosses_still_fits(void **state)
{
	struct nesting n = {0};

	assert_true(put(&n, &one, 0, 1, 5));
	assert_true(put(&n, &one, 1, 6, 7));
	assert_false(put(&n, &one, 0, 3, 9));
	assert_true(put(&n, &one, 0, 10, 12));
	nesting_release(&n);
}

static void one_begun_before_the_trace_around_others_does_not_fit(void **state)
{
	struct nesting n = {0};

	assert_true(put(&n, &one, 0, 100, 150));
	assert_true(put(&n, &one, 0, 160, 170));
	assert_false(put(&n, &one, 0, 100, 180));
	nesting_release(&n);
}

static void one_that_begins_with_the_one_inside_does_not_fit(void **state)
{
	struct nesting n = {0};

	assert_true(put(&n, &one, 1, 100, 150));
	assert_false(put(&n, &one, 0, 100, 180));
	nesting_release(&n);
}

static void threads_have_nothing_to_do_with_each_other(void **state)
{
	struct nesting n = {0};

	assert_true(put(&n, &one, 0, 1, 5));
	assert_true(put(&n, &two, 0, 3, 9));
	assert_true(put(&n, &one, 0, 6, 12));
	nesting_release(&n);
}

static void the_deepest_are_told_apart_only_so_far(void **state)
{
	struct nesting n = {0};

	assert_true(put(&n, &one, NESTING_DEEP + 1, 100, 110));
	assert_false(put(&n, &one, NESTING_DEEP, 90, 120));
	assert_false(put(&n, &one, NESTING_DEEP - 1, 80, 130));
	assert_true(put(&n, &one, NESTING_DEEP - 2, 70, 140));
	nesting_release(&n);
}

/* --- random marks, against a viewer -------------------------------------------------------- */

enum { OPEN_MAX = 40, MARKS = 400 };

struct slice {
	uint64_t begin, end;
};

/* A viewer sorts by time, and by order in the file; a slice is ended by the next end. */
static void viewer_agrees(const struct slice *v, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		for (size_t j = 0; j < i; j++) {
			bool apart = v[j].end <= v[i].begin;
			bool inside = v[j].begin > v[i].begin && v[j].end <= v[i].end;

			assert_true(apart || inside);
		}
	}
}

static uint64_t random_of(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % below;
}

static void random_program(uint64_t seed, size_t *fit, size_t *not_fit)
{
	uint64_t open[OPEN_MAX], ts = 1;
	struct slice kept[MARKS];
	struct nesting n = {0};
	size_t nr = 0, kept_nr = 0;

	for (int i = 0; i < MARKS; i++) {
		ts += random_of(&seed, 4);
		if (nr < OPEN_MAX && (!nr || random_of(&seed, 2))) {
			open[nr++] = ts;
			continue;
		}
		/* Now and then not the innermost one. */
		size_t at = random_of(&seed, 10) ? nr - 1 : random_of(&seed, nr);

		if (put(&n, &one, (uint32_t)at, open[at], ts)) {
			kept[kept_nr++] = (struct slice){open[at], ts};
			++*fit;
		} else {
			++*not_fit;
		}
		memmove(open + at, open + at + 1, (--nr - at) * sizeof(*open));
	}
	viewer_agrees(kept, kept_nr);
	nesting_release(&n);
}

static void what_fits_is_a_stack_to_a_viewer(void **state)
{
	size_t fit = 0, not_fit = 0;

	for (uint64_t seed = 0; seed < 500; seed++)
		random_program(seed, &fit, &not_fit);
	assert_true(fit > not_fit);
	assert_true(not_fit > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regions_inside_of_each_other_fit),
		cmocka_unit_test(of_two_that_cross_the_second_does_not_fit),
		cmocka_unit_test(what_is_inside_of_one_that_crosses_still_fits),
		cmocka_unit_test(one_begun_before_the_trace_around_others_does_not_fit),
		cmocka_unit_test(one_that_begins_with_the_one_inside_does_not_fit),
		cmocka_unit_test(threads_have_nothing_to_do_with_each_other),
		cmocka_unit_test(the_deepest_are_told_apart_only_so_far),
		cmocka_unit_test(what_fits_is_a_stack_to_a_viewer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
