/* SPDX-License-Identifier: MIT */
/* test_rings.c - how many rings, how large, and how often they are read */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "attach/rings.h"

#define MS  1000000ull
#define MIB (1u << 20)

static void memory_does_not_grow_with_the_machine(void **state)
{
	for (uint32_t cpus = 1; cpus <= 512; cpus++) {
		uint32_t nr = rings_number(cpus);
		uint64_t sz = rings_size(nr);

		assert_in_range(nr, 1, 16);
		assert_int_equal(sz & (sz - 1), 0);
		assert_in_range(nr * sz + RINGS_SPARE_SZ, 24 * MIB, 32 * MIB);
	}
}

static void a_quiet_ring_is_read_seldom(void **state)
{
	assert_int_equal(rings_pace(0, 8 * MIB, 50 * MS), RINGS_WAIT_MAX_MS);
	/* 100,000 records a second, over two CPUs */
	assert_int_equal(rings_pace(100000 * 96 / 2 / 20, 8 * MIB, 50 * MS), RINGS_WAIT_MAX_MS);
}

static void a_ring_that_fills_is_read_before_it_asks(void **state)
{
	/* A mebibyte each 10 ms: a quarter of 8 MiB would be there after 20. */
	assert_int_equal(rings_pace(5 * MIB, 8 * MIB, 50 * MS), 10);
	assert_int_equal(rings_pace(MIB, 8 * MIB, 10 * MS), 10);
}

static void no_load_makes_the_reader_spin(void **state)
{
	assert_int_equal(rings_pace(8 * MIB, 8 * MIB, 1 * MS), RINGS_WAIT_MIN_MS);
	assert_int_equal(rings_pace(4096, 4096, 0), RINGS_WAIT_MIN_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_does_not_grow_with_the_machine),
		cmocka_unit_test(a_quiet_ring_is_read_seldom),
		cmocka_unit_test(a_ring_that_fills_is_read_before_it_asks),
		cmocka_unit_test(no_load_makes_the_reader_spin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
