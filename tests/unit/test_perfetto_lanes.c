/* SPDX-License-Identifier: MIT */
/* test_perfetto_lanes.c - which tasks share a track */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/perfetto_tracks.h"

static const struct capture_info info = {.start_ts = 0, .stop_ts = 9000};
static struct perfetto_out *out;
static struct perfetto_tracks t;

static int begin(void **state)
{
	out = calloc(1, sizeof(*out));
	out_init(out, &info);
	perfetto_tracks_init(&t, out);
	return 0;
}

static int end(void **state)
{
	assert_false(out->pb.failed);
	assert_int_equal(t.tasks.nr, 0);
	perfetto_tracks_release(&t);
	out_release(out);
	free(out);
	return 0;
}

static void task_begin(uint64_t nr, uint64_t parent, uint64_t ts)
{
	struct span_task task = {.pid = 1, .nr = nr, .parent_nr = parent, .name = "t", .begin = ts};

	perfetto_track_task_begin(&t, &task);
}

static uint64_t task_end(uint64_t nr, uint64_t from, uint64_t to)
{
	struct span_task task = {.pid = 1, .nr = nr, .name = "t", .begin = from, .end = to};
	bool flows;

	return perfetto_track_task(&t, &task, &flows);
}

static void a_child_is_inside_of_its_parent(void **state)
{
	uint64_t child, parent;

	task_begin(1, 0, 10);
	task_begin(2, 1, 20);
	child = task_end(2, 20, 30);
	parent = task_end(1, 10, 40);
	assert_int_equal(child, parent);
}

static void tasks_side_by_side_are_not(void **state)
{
	task_begin(1, 0, 10);
	task_begin(2, 0, 20);
	assert_int_not_equal(task_end(1, 10, 30), task_end(2, 20, 40));
}

static void of_two_children_at_a_time_one_is_inside(void **state)
{
	uint64_t a, b, parent;

	task_begin(1, 0, 10);
	task_begin(2, 1, 20);
	task_begin(3, 1, 25);
	a = task_end(2, 20, 30);
	b = task_end(3, 25, 35);
	parent = task_end(1, 10, 40);
	assert_int_equal(a, parent);
	assert_int_not_equal(b, parent);
}

static void one_that_outlives_its_parent_is_beside_it(void **state)
{
	uint64_t child, parent;

	task_begin(1, 0, 10);
	task_begin(2, 1, 20);
	parent = task_end(1, 10, 30);
	child = task_end(2, 20, 40);
	assert_int_not_equal(child, parent);
}

static void one_that_begins_with_its_parent_is_beside_it(void **state)
{
	uint64_t child, parent;

	task_begin(1, 0, 10);
	task_begin(2, 1, 10);
	child = task_end(2, 10, 20);
	parent = task_end(1, 10, 30);
	assert_int_not_equal(child, parent);
}

static void a_track_is_used_again_when_it_is_free(void **state)
{
	uint64_t first;

	task_begin(1, 0, 10);
	first = task_end(1, 10, 20);
	task_begin(2, 0, 20);
	assert_int_equal(task_end(2, 20, 30), first);
	task_begin(3, 0, 25); /* was seen late: that track is in use then */
	assert_int_not_equal(task_end(3, 25, 50), first);
}

static void one_whose_begin_was_not_told_has_a_track_too(void **state)
{
	assert_true(task_end(7, 10, 20) > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_child_is_inside_of_its_parent),
		TEST(tasks_side_by_side_are_not),
		TEST(of_two_children_at_a_time_one_is_inside),
		TEST(one_that_outlives_its_parent_is_beside_it),
		TEST(one_that_begins_with_its_parent_is_beside_it),
		TEST(a_track_is_used_again_when_it_is_free),
		TEST(one_whose_begin_was_not_told_has_a_track_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
