/* SPDX-License-Identifier: MIT */
/* test_steps.c - stories keep the heaviest steps, within their own bound and that of all */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/story.h"

static void add(struct stories *p, struct story **s, enum story_kind kind, uint64_t begin,
		uint64_t end)
{
	struct step *step = story_add(p, s, kind, begin, end);

	if (!step)
		return;
	assert_int_equal(step->kind, kind);
	step->depth = step->tid = 0;
	memset(step->comm, 0, sizeof(step->comm));
	if (kind == STORY_LOG)
		strcpy(step->text, "text");
}

static void longest_steps_stay_whatever_the_order(void **state)
{
	enum { MAX = 16, ALL = 500 };
	static struct story_step v[MAX];

	srand(1);
	for (int round = 0; round < 20; round++) {
		uint64_t lengths[ALL];
		struct stories p;
		struct story *s = NULL;

		stories_init(&p, MAX);
		for (uint64_t i = 0; i < ALL; i++)
			lengths[i] = i;
		for (size_t i = ALL; i-- > 1;) {
			size_t k = (size_t)rand() % (i + 1);
			uint64_t x = lengths[i];

			lengths[i] = lengths[k];
			lengths[k] = x;
		}
		for (uint64_t i = 0; i < ALL; i++)
			add(&p, &s, STORY_CHILD, i * 1000, i * 1000 + lengths[i]);
		assert_int_equal(story_view(s, v), MAX);
		assert_int_equal(s->left_out, ALL - MAX);
		for (size_t i = 0; i < MAX; i++) {
			assert_true(v[i].end - v[i].begin >= ALL - MAX);
			assert_true(!i || v[i - 1].begin < v[i].begin);
		}
		story_free(&p, s);
		assert_int_equal(p.steps, 0);
		stories_release(&p);
	}
}

static void logs_have_a_quarter_of_their_own(void **state)
{
	static struct story_step v[16];
	struct stories p;
	struct story *s = NULL;
	size_t logs = 0;

	stories_init(&p, 16);
	for (uint64_t i = 0; i < 100; i++)
		add(&p, &s, STORY_LOG, i, i);
	for (uint64_t i = 0; i < 100; i++)
		add(&p, &s, STORY_CHILD, i, i + 100);
	assert_int_equal(story_view(s, v), 16);
	for (size_t i = 0; i < 16; i++)
		logs += v[i].kind == STORY_LOG;
	assert_int_equal(logs, 4);
	story_free(&p, s);
	stories_release(&p);
}

static void outer_step_comes_before_the_inner_one(void **state)
{
	static struct story_step v[8];
	struct stories p;
	struct story *s = NULL;

	stories_init(&p, 8);
	add(&p, &s, STORY_CHILD, 10, 20);
	add(&p, &s, STORY_CHILD, 10, 90);
	add(&p, &s, STORY_ENTER, 10, 90);
	add(&p, &s, STORY_CHILD, 5, 6);
	assert_int_equal(story_view(s, v), 4);
	assert_int_equal(v[0].begin, 5);
	assert_int_equal(v[1].kind, STORY_CHILD);
	assert_int_equal(v[1].end, 90);
	assert_int_equal(v[2].kind, STORY_ENTER);
	assert_int_equal(v[3].end, 20);
	story_free(&p, s);
	stories_release(&p);
}

static void all_stories_together_are_bounded(void **state)
{
	struct story *v[10] = {0};
	static struct story_step room[8];
	struct stories p;
	size_t kept = 0;
	uint64_t left_out = 0;

	stories_init(&p, 8);
	p.steps_max = 20;
	for (uint64_t i = 0; i < 80; i++)
		add(&p, &v[i % 10], STORY_CHILD, 0, i);
	for (int i = 0; i < 10; i++) {
		kept += story_view(v[i], room);
		left_out += v[i]->left_out;
		story_free(&p, v[i]);
	}
	assert_int_equal(kept, 20);
	assert_int_equal(left_out, 60);
	assert_int_equal(p.steps, 0);
	stories_release(&p);
}

static void no_story_is_no_step(void **state)
{
	struct stories p;

	stories_init(&p, 8);
	assert_int_equal(story_view(NULL, NULL), 0);
	story_free(&p, NULL);
	stories_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_steps_stay_whatever_the_order),
		cmocka_unit_test(logs_have_a_quarter_of_their_own),
		cmocka_unit_test(outer_step_comes_before_the_inner_one),
		cmocka_unit_test(all_stories_together_are_bounded),
		cmocka_unit_test(no_story_is_no_step),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
