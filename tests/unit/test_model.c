/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - hand-made captures through the whole model, with known answers
 */
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, C = 13 };
enum { N_GET = 0x1000, N_PARSE = 0x1010, N_DB = 0x1020, N_SITE = 0x1030 };

/* Three threads on CPU from 1000 on, and some names. */
static void people(struct tape *t)
{
	tape_thread(t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_thread(t, 0, 1000, PID, B, .on_cpu = 1, .comm = "bob");
	tape_thread(t, 0, 1000, PID, C, .on_cpu = 1, .comm = "carol");
	tape_string(t, 0, 1000, PID, A, N_GET, "GET /");
	tape_string(t, 0, 1000, PID, A, N_PARSE, "parse");
	tape_string(t, 0, 1000, PID, A, N_DB, "db");
	tape_string(t, 0, 1000, PID, A, N_SITE, "main.c:7");
}

static void task_on_one_thread_is_told_by_its_states(void **state)
{
	struct tape t = {0};
	const struct summary_task *task;
	struct run r;

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	tape_off(&t, 0, 2100, 2400, 2450, A, .state = 1, .nr = 202, .arg0 = 0x7f00);
	tape_task(&t, 0, 3000, A, WIRE_MARK_END, .id = 1);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);

	task = task_of(r.s, "GET /");
	assert_int_equal(task->count, 1);
	assert_int_equal(task->complete, 1);
	assert_int_equal(task->wall_ns, 1000);
	assert_int_equal(task->idle_ns, 0);
	assert_int_equal(task->spent.ns[STATE_RUNNING], 100 + 550);
	assert_int_equal(task->spent.ns[STATE_LOCK], 300);
	assert_int_equal(task->spent.ns[STATE_RUNNABLE], 50);
	assert_int_equal(task->duration_ns.p50, 1000);
	assert_int_equal(r.s->misuse_nr, 0);
	model_free(r.m);
	tape_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(task_on_one_thread_is_told_by_its_states),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
