/* SPDX-License-Identifier: MIT */
/* test_containers.c - heap, pool, arena, intern and recent */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/intern.h"
#include "base/pool.h"
#include "base/recent.h"

static void heap_gives_back_in_order_and_equal_keys_by_tie(void **state)
{
	struct heap h = {0};
	struct heap_item last = {0};

	srand(1);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(heap_push(&h, (struct heap_item){(uint64_t)rand() % 50, i, NULL}),
				 0);
	for (int i = 0; i < 1000; i++) {
		struct heap_item top = heap_pop(&h);

		assert_true(!i || heap_less(&last, &top));
		last = top;
	}
	assert_int_equal(h.nr, 0);
	heap_release(&h);
}

static void heap_replace_top_is_pop_and_push(void **state)
{
	struct heap h = {0};

	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(heap_push(&h, (struct heap_item){i, 0, NULL}), 0);
	heap_replace_top(&h, (struct heap_item){5, 1, NULL});
	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(heap_pop(&h).key, i);
	assert_int_equal(h.v[0].key, 5);
	assert_int_equal(heap_pop(&h).tie, 1);
	assert_int_equal(heap_pop(&h).key, 6);
	heap_release(&h);
}

static void pool_objects_are_distinct_zeroed_and_reused(void **state)
{
	struct pool p = {.size = 24};
	void *v[5000];

	for (int i = 0; i < 5000; i++) {
		static const char zero[24];

		v[i] = pool_get(&p);
		assert_memory_equal(v[i], zero, 24);
		assert_int_equal((uintptr_t)v[i] % 16, 0);
		memset(v[i], i & 255, 24);
	}
	for (int i = 0; i < 5000; i++)
		assert_int_equal(*(unsigned char *)v[i], i & 255);
	pool_put(&p, v[7]);
	assert_ptr_equal(pool_get(&p), v[7]);
	assert_int_equal(*(char *)v[7], 0);
	pool_put(&p, NULL);
	pool_release(&p);
}

static void arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
	struct arena a = {0};

	for (size_t i = 0; i < 300; i++) {
		size_t n = i * i % 3000 + (i == 200 ? 1000000 : 0);
		unsigned char *p = arena_get(&a, n, 1);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[k], 0);
		memset(p, 255, n);
	}
	assert_null(arena_get(&a, SIZE_MAX / 2, 4));
	arena_release(&a);
}

static void equal_texts_are_one_name(void **state)
{
	struct intern t = {0};
	const struct name *a = intern_get(&t, "parse", 5), *b;
	char text[16];

	assert_ptr_equal(intern_get(&t, "parse, and more", 5), a);
	assert_ptr_equal(intern_get(&t, "parse\0x", 7), a);
	assert_string_equal(a->text, "parse");
	assert_null(intern_find(&t, "pars", 4));
	assert_ptr_equal(intern_find(&t, "parse", 5), a);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		b = intern_get(&t, text, sizeof(text));
		assert_string_equal(b->text, text);
		assert_int_equal(b->idx, i + 2);
	}
	assert_ptr_equal(intern_get(&t, "parse", 5), a);
	assert_ptr_not_equal(intern_get(&t, "", 0), NULL);
	intern_release(&t);
}

static void recent_forgets_what_was_added_first(void **state)
{
	struct recent r = {.size = sizeof(uint64_t), .max = 100};

	for (uint64_t i = 0; i < 250; i++)
		*(uint64_t *)recent_put(&r, i) = i * 3;
	for (uint64_t i = 0; i < 150; i++)
		assert_null(recent_get(&r, i));
	for (uint64_t i = 150; i < 250; i++)
		assert_int_equal(*(uint64_t *)recent_get(&r, i), i * 3);
	recent_release(&r);
}

static void recent_can_delete_and_add_again(void **state)
{
	struct recent r = {.size = 4, .max = 3};

	for (uint64_t i = 0; i < 1000; i++) {
		assert_non_null(recent_put(&r, i % 5));
		assert_non_null(recent_get(&r, i % 5));
		if (i % 3 == 0) {
			recent_del(&r, i % 5);
			assert_null(recent_get(&r, i % 5));
		}
		assert_true(r.index.nr <= 3);
	}
	recent_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_gives_back_in_order_and_equal_keys_by_tie),
		cmocka_unit_test(heap_replace_top_is_pop_and_push),
		cmocka_unit_test(pool_objects_are_distinct_zeroed_and_reused),
		cmocka_unit_test(arena_gives_zeroed_aligned_memory_of_any_size),
		cmocka_unit_test(equal_texts_are_one_name),
		cmocka_unit_test(recent_forgets_what_was_added_first),
		cmocka_unit_test(recent_can_delete_and_add_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
