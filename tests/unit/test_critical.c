/* SPDX-License-Identifier: MIT */
/* test_critical.c - what critical paths hung on, summed up: what is one cause, and what is
 * bounded */
#include <stdio.h>

#include "model/critical.h"
#include "model/stretches.h"
#include "unit/checker.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, C = 13, OTHER_PID = 20 };
enum { N_GET = 0x1000, N_PARSE = 0x1010, N_DB = 0x1020, FUTEX = 202 };

static void people(struct tape *t)
{
	tape_thread(t, 0, 1000, PID, A, .on_cpu = 1, .comm = "worker-1");
	tape_thread(t, 0, 1000, PID, B, .on_cpu = 1, .comm = "worker-2");
	tape_thread(t, 0, 1000, OTHER_PID, C, .on_cpu = 1, .comm = "worker-3");
	for (int i = 0; i < 2; i++) {
		uint32_t pid = i ? OTHER_PID : PID, tid = i ? C : A;

		tape_string(t, 0, 1000, pid, tid, N_GET, "GET /");
		tape_string(t, 0, 1000, pid, tid, N_PARSE, "parse");
		tape_string(t, 0, 1000, pid, tid, N_DB, "db");
	}
}

static void lock(struct tape *t, uint64_t off, uint64_t wake, uint64_t on, uint32_t tid,
		 uint32_t by)
{
	tape_off(t, 0, off, wake, on, tid, .state = 1, .nr = FUTEX, .arg0 = 0x7f00, .waker_tid = by,
		 .waker_pid = PID, .waker_ctx = WIRE_WAKER_TASK);
}

static void request(struct tape *t, uint64_t at, uint32_t tid, uint64_t id)
{
	tape_task(t, 0, at, tid, WIRE_MARK_BEGIN, .id = id, .name = N_GET);
	tape_region(t, 0, at + 100, tid, WIRE_MARK_BEGIN, N_PARSE);
	tape_region(t, 0, at + 400, tid, WIRE_MARK_END, N_PARSE);
	tape_task(t, 0, at + 1000, tid, WIRE_MARK_END, .id = id);
}

static struct run run(struct tape *t, const struct model_opts *opts)
{
	struct checker check = {0};
	struct sink sink = {&checker_ops, &check};
	struct run r = run_tape(t, 1000, 900000, opts, &sink, 1);

	checker_release(&check);
	tape_free(t);
	return r;
}

static void threads_that_differ_in_a_number_are_one_cause(void **state)
{
	const struct span_path *p;
	struct tape t = {0};
	struct run r;

	people(&t);
	request(&t, 2000, A, 1);
	request(&t, 4000, B, 2);
	r = run(&t, NULL);
	p = &task_of(r.s, "GET /")->path;
	assert_int_equal(p->parts_nr, 2);
	assert_int_equal(p->ns[STATE_RUNNING], 2000);
	assert_string_equal(p->parts[0].comm, "worker-*");
	assert_string_equal(p->parts[0].region, "");
	assert_int_equal(p->parts[0].pid, PID);
	assert_int_equal(p->parts[0].ns, 1400);
	assert_int_equal(p->parts[0].count, 4);
	assert_string_equal(p->parts[1].region, "parse");
	assert_int_equal(p->parts[1].ns, 600);
	assert_false(p->parts[1].behind || p->parts[1].idle);
	model_free(r.m);
}

static void cause_in_several_processes_has_no_pid(void **state)
{
	const struct span_path *p;
	struct tape t = {0};
	struct run r;

	people(&t);
	request(&t, 2000, A, 1);
	request(&t, 4000, C, 2);
	r = run(&t, NULL);
	p = &task_of(r.s, "GET /")->path;
	assert_int_equal(p->parts[0].pid, 0);
	assert_int_equal(p->parts[0].ns, 1400);
	model_free(r.m);
}

static void cause_behind_a_wait_says_behind_which(void **state)
{
	const struct span_blame *b;
	struct tape t = {0};
	struct run r;

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	tape_region(&t, 0, 2000, A, WIRE_MARK_BEGIN, N_PARSE);
	tape_region(&t, 0, 2050, B, WIRE_MARK_BEGIN, N_DB);
	lock(&t, 2100, 2900, 2900, A, B);
	tape_task(&t, 0, 3000, A, WIRE_MARK_END, .id = 1);
	r = run(&t, NULL);
	b = &task_of(r.s, "GET /")->path.parts[0];
	assert_int_equal(b->ns, 800);
	assert_string_equal(b->comm, "worker-2");
	assert_string_equal(b->region, "db");
	assert_true(b->behind);
	assert_int_equal(b->own_state, STATE_LOCK);
	assert_string_equal(b->own_region, "parse");
	/* the slow task's own path says the same */
	b = &task_of(r.s, "GET /")->slowest[0].path.parts[0];
	assert_string_equal(b->region, "db");
	assert_int_equal(b->ns, 800);
	model_free(r.m);
}

static void path_is_told_in_stretches_of_time(void **state)
{
	const struct span_path *p;
	struct tape t = {0};
	struct run r;

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	tape_region(&t, 0, 2000, A, WIRE_MARK_BEGIN, N_PARSE);
	tape_region(&t, 0, 2050, B, WIRE_MARK_BEGIN, N_DB);
	lock(&t, 2100, 2900, 2900, A, B);
	tape_task(&t, 0, 3000, A, WIRE_MARK_END, .id = 1);
	r = run(&t, NULL);
	assert_int_equal(task_of(r.s, "GET /")->path.stretches_nr, 0);
	p = &task_of(r.s, "GET /")->slowest[0].path;
	assert_int_equal(p->stretches_nr, 3);
	assert_int_equal(p->stretches_left_out, 0);
	assert_int_equal(p->stretches[0].begin, 2000);
	assert_int_equal(p->stretches[0].tid, A);
	assert_int_equal(p->stretches[0].depth, 0);
	assert_int_equal(p->stretches[1].begin, 2100);
	assert_int_equal(p->stretches[1].end, 2900);
	assert_int_equal(p->stretches[1].tid, B);
	assert_int_equal(p->stretches[1].depth, 1);
	assert_string_equal(p->stretches[1].comm, "worker-2");
	assert_int_equal(p->stretches[1].state, STATE_RUNNING);
	assert_int_equal(p->stretches[1].part, 0); /* the largest cause */
	assert_int_equal(p->stretches[2].end, 3000);
	assert_int_equal(p->stretches[2].part, 1);
	model_free(r.m);
}

static void tasks_that_are_not_listed_have_no_path(void **state)
{
	struct model_opts opts = {.min_ns = 5000};
	struct tape t = {0};
	struct run r;

	people(&t);
	request(&t, 2000, A, 1);
	r = run(&t, &opts);
	assert_int_equal(r.s->tasks_nr, 0);
	assert_int_equal(r.m->blamed, 0);
	model_free(r.m);
}

static void causes_beyond_the_bound_are_summed_up(void **state)
{
	const struct span_path *p;
	struct tape t = {0};
	struct run r;

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	for (uint64_t i = 0; i < PATH_ROWS + 50; i++) {
		char name[16];

		snprintf(name, sizeof(name), "r%d", (int)i);
		tape_string(&t, 0, 1000, PID, A, 0x2000 + i, name);
		tape_region(&t, 0, 2000 + 100 * i, A, WIRE_MARK_BEGIN, 0x2000 + i);
		tape_region(&t, 0, 2100 + 100 * i, A, WIRE_MARK_END, 0x2000 + i);
	}
	tape_task(&t, 0, 2000 + 100 * (PATH_ROWS + 50), A, WIRE_MARK_END, .id = 1);
	r = run(&t, NULL);
	p = &task_of(r.s, "GET /")->path;
	assert_int_equal(p->parts_nr, PATH_ROWS);
	assert_int_equal(p->others_ns, 5000);
	p = &task_of(r.s, "GET /")->slowest[0].path;
	assert_int_equal(p->parts_nr, TOLD_ROWS);
	assert_int_equal(p->others_ns, 100 * (PATH_ROWS + 50 - TOLD_ROWS));
	/* 64 stretches are kept, some of them of causes that are not listed */
	assert_int_equal(p->stretches_nr, STRETCHES_MAX);
	assert_int_equal(p->stretches_left_out, PATH_ROWS + 50 - STRETCHES_MAX);
	for (size_t i = 0; i < p->stretches_nr; i++)
		assert_true(p->stretches[i].part <= p->parts_nr);
	assert_int_equal(p->stretches[STRETCHES_MAX - 1].part, p->parts_nr);
	model_free(r.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_that_differ_in_a_number_are_one_cause),
		cmocka_unit_test(cause_in_several_processes_has_no_pid),
		cmocka_unit_test(cause_behind_a_wait_says_behind_which),
		cmocka_unit_test(path_is_told_in_stretches_of_time),
		cmocka_unit_test(tasks_that_are_not_listed_have_no_path),
		cmocka_unit_test(causes_beyond_the_bound_are_summed_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
