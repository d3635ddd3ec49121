/* SPDX-License-Identifier: MIT */
/* test_hash.c - the map against a plain array, and that deletion leaves no hole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"

static void empty_map_has_nothing(void **state)
{
	struct hash h = {0};
	size_t at = 0;

	assert_null(hash_get(&h, 0));
	assert_null(hash_del(&h, 7));
	assert_null(hash_next(&h, &at));
	hash_release(&h);
}

static void any_key_can_be_put_replaced_and_deleted(void **state)
{
	static const uint64_t keys[] = {0, 1, UINT64_MAX, 1ull << 63, 0x5555555555555555};
	struct hash h = {0};
	int x, y;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		assert_int_equal(hash_put(&h, keys[i], &x), 0);
		assert_int_equal(hash_put(&h, keys[i], &y), 0);
		assert_int_equal(h.nr, 1);
		assert_ptr_equal(hash_get(&h, keys[i]), &y);
		assert_ptr_equal(hash_del(&h, keys[i]), &y);
		assert_null(hash_get(&h, keys[i]));
		assert_int_equal(h.nr, 0);
	}
	hash_release(&h);
}

/* 200 keys that come and go at random, checked against an array after each change. */
static void map_agrees_with_an_array_through_many_changes(void **state)
{
	enum { KEYS = 200 };
	static char values[KEYS];
	bool in[KEYS] = {0};
	struct hash h = {0};
	size_t nr = 0;

	srand(1);
	for (int step = 0; step < 20000; step++) {
		uint64_t k = (uint64_t)rand() % KEYS, key = k * 0x100000000ull;

		if (rand() % 2) {
			assert_int_equal(hash_put(&h, key, &values[k]), 0);
			nr += !in[k];
			in[k] = true;
		} else {
			assert_ptr_equal(hash_del(&h, key), in[k] ? &values[k] : NULL);
			nr -= in[k];
			in[k] = false;
		}
		assert_int_equal(h.nr, nr);
		for (uint64_t i = 0; i < KEYS; i++)
			assert_ptr_equal(hash_get(&h, i * 0x100000000ull),
					 in[i] ? &values[i] : NULL);
	}
	hash_release(&h);
}

static void walk_meets_every_value_once(void **state)
{
	static char values[100];
	struct hash h = {0};
	size_t at = 0, met = 0;
	char *v;

	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(hash_put(&h, i, &values[i]), 0);
	while ((v = hash_next(&h, &at))) {
		assert_int_equal(*v, 0);
		*v = 1;
		met++;
	}
	assert_int_equal(met, 100);
	hash_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_map_has_nothing),
		cmocka_unit_test(any_key_can_be_put_replaced_and_deleted),
		cmocka_unit_test(map_agrees_with_an_array_through_many_changes),
		cmocka_unit_test(walk_meets_every_value_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
