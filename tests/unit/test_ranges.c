/* SPDX-License-Identifier: MIT */
/* test_ranges.c - what is where in the memory of a process */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/ranges.h"

static void add(struct ranges *r, uint64_t begin, uint64_t end, uint64_t tag)
{
	assert_int_equal(ranges_add(r, &(struct range){.begin = begin, .end = end, .offset = tag}),
			 0);
}

/* The tag of the range that addr is in; 0 none. */
static uint64_t at(const struct ranges *r, uint64_t addr)
{
	const struct range *range = ranges_find(r, addr);

	return range ? range->offset : 0;
}

static void an_address_is_in_the_range_that_begins_before_and_ends_behind_it(void **state)
{
	struct ranges r = {0};

	assert_int_equal(at(&r, 5), 0);
	add(&r, 20, 30, 2);
	add(&r, 10, 20, 1);
	assert_int_equal(at(&r, 9), 0);
	assert_int_equal(at(&r, 10), 1);
	assert_int_equal(at(&r, 19), 1);
	assert_int_equal(at(&r, 20), 2);
	assert_int_equal(at(&r, 30), 0);
	ranges_release(&r);
}

static void a_new_range_takes_the_place_of_those_that_it_overlaps(void **state)
{
	struct ranges r = {0};

	add(&r, 10, 20, 1);
	add(&r, 20, 30, 2);
	add(&r, 30, 40, 3);
	add(&r, 15, 31, 4);
	assert_int_equal(r.nr, 1);
	assert_int_equal(at(&r, 12), 0);
	assert_int_equal(at(&r, 15), 4);
	assert_int_equal(at(&r, 30), 4);
	add(&r, 30, 30, 5); /* empty */
	assert_int_equal(r.nr, 1);
	ranges_release(&r);
}

static void random_ranges_stay_sorted_and_the_newest_wins(void **state)
{
	static uint8_t owner[1000];
	struct ranges r = {0};

	srand(1);
	for (unsigned int i = 1; i <= 200; i++) {
		uint64_t begin = (uint64_t)rand() % 990, end = begin + 1 + (uint64_t)rand() % 9;
		uint64_t was;

		for (uint64_t a = begin; a < end; a++) {
			was = owner[a];
			for (uint64_t k = 0; was && k < sizeof(owner); k++)
				owner[k] = owner[k] == was ? 0 : owner[k];
		}
		memset(owner + begin, (int)i, end - begin);
		add(&r, begin, end, i);
		for (uint64_t a = 0; a < sizeof(owner); a++)
			assert_int_equal(at(&r, a), owner[a]);
	}
	for (size_t i = 1; i < r.nr; i++)
		assert_true(r.v[i - 1].end <= r.v[i].begin);
	ranges_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_in_the_range_that_begins_before_and_ends_behind_it),
		cmocka_unit_test(a_new_range_takes_the_place_of_those_that_it_overlaps),
		cmocka_unit_test(random_ranges_stay_sorted_and_the_newest_wins),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
