/* SPDX-License-Identifier: MIT */
/* test_batch_text.c - what processes said of their literals */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "attach/batch_text.h"

static void a_text_is_of_its_process(void **state)
{
	struct batch_texts t;
	struct batch_process *a, *b;

	batch_texts_init(&t);
	a = batch_process_get(&t, 1);
	b = batch_process_get(&t, 2);
	assert_ptr_equal(a, batch_process_get(&t, 1));
	assert_non_null(batch_text_put(&t, a, 0x10, "one", 3, false));
	assert_string_equal(batch_text_find(&t, a, 0x10)->name->text, "one");
	assert_null(batch_text_find(&t, b, 0x10));
	assert_null(batch_text_find(&t, a, 0x11));
	batch_texts_release(&t);
}

static void a_child_knows_what_its_parents_said_and_tells_it_itself(void **state)
{
	struct batch_texts t;
	struct batch_process *child;
	struct batch_text *text;

	batch_texts_init(&t);
	batch_text_put(&t, batch_process_get(&t, 1), 0x10, "one", 3, true)->told_ts = 5;
	batch_process_get(&t, 2)->parent = 1;
	child = batch_process_get(&t, 3);
	child->parent = 2;
	text = batch_text_find(&t, child, 0x10);
	assert_string_equal(text->name->text, "one");
	assert_true(text->cut);
	assert_true(text->told_ts == UINT64_MAX); /* not for the child */
	batch_process_drop(&t, 1);
	assert_non_null(batch_text_find(&t, child, 0x10));
	batch_texts_release(&t);
}

static void parents_in_a_circle_end_somewhere(void **state)
{
	struct batch_texts t;

	batch_texts_init(&t);
	batch_process_get(&t, 1)->parent = 2;
	batch_process_get(&t, 2)->parent = 1;
	assert_null(batch_text_find(&t, batch_process_get(&t, 1), 0x10));
	batch_texts_release(&t);
}

static void another_text_at_the_same_place_is_told_again(void **state)
{
	struct batch_texts t;
	struct batch_process *p;
	struct batch_text *text;

	batch_texts_init(&t);
	p = batch_process_get(&t, 1);
	text = batch_text_put(&t, p, 0x10, "one", 3, false);
	text->told_ts = 5;
	assert_int_equal(batch_text_put(&t, p, 0x10, "one", 3, false)->told_ts, 5);
	assert_true(batch_text_put(&t, p, 0x10, "two", 3, false)->told_ts == UINT64_MAX);
	batch_texts_release(&t);
}

static void there_is_an_end_to_what_is_noted(void **state)
{
	struct batch_texts t;
	struct batch_process *p;
	char s[16];

	batch_texts_init(&t);
	p = batch_process_get(&t, 1);
	for (uint64_t i = 0; i < BATCH_TEXTS_MAX; i++)
		assert_non_null(batch_text_put(
			&t, p, i, s, (uint32_t)snprintf(s, sizeof(s), "%d", (int)i), false));
	assert_null(batch_text_put(&t, p, BATCH_TEXTS_MAX, "x", 1, false));
	assert_non_null(batch_text_put(&t, p, 7, "x", 1, false));
	batch_texts_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_of_its_process),
		cmocka_unit_test(a_child_knows_what_its_parents_said_and_tells_it_itself),
		cmocka_unit_test(parents_in_a_circle_end_somewhere),
		cmocka_unit_test(another_text_at_the_same_place_is_told_again),
		cmocka_unit_test(there_is_an_end_to_what_is_noted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
