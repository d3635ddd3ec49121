/* SPDX-License-Identifier: MIT */
/*
 * test_spans.c - the numbers of spans: which is inside of which, also when ids are given twice
 */
#include <stdio.h>

#include "unit/checker.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, FUTEX = 202 };
enum { N_A = 0x10, N_B = 0x20, N_T = 0x30, N_U = 0x40 };
enum { BEGIN = WIRE_MARK_BEGIN, END = WIRE_MARK_END, ENTER = WIRE_MARK_ENTER };

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

/* --- a sink that writes the numbers down --------------------------------------------------- */

struct said {
	char text[4096];
	size_t n;
};

#define SAY(ctx, ...)                                                                              \
	do {                                                                                       \
		struct said *s_ = (ctx);                                                           \
		s_->n +=                                                                           \
			(size_t)snprintf(s_->text + s_->n, sizeof(s_->text) - s_->n, __VA_ARGS__); \
	} while (0)
#define N(x) ((unsigned long long)(x))

static int say_begin(void *ctx, const struct capture_info *info, struct err *err)
{
	return 0;
}

static int say_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	if (i->wait)
		SAY(ctx, "%s in %llu\n", state_names[i->state], N(i->wait->span_nr));
	return 0;
}

static int say_region(void *ctx, const struct span_region *r, struct err *err)
{
	SAY(ctx, "region %s %llu in %llu of %llu, task %llu\n", r->name, N(r->nr), N(r->around_nr),
	    N(r->outer_nr), N(r->task_nr));
	return 0;
}

static int say_async(void *ctx, const struct span_async *a, struct err *err)
{
	SAY(ctx, "async %s %llu task %llu\n", a->name, N(a->nr), N(a->task_nr));
	return 0;
}

static int say_log(void *ctx, const struct span_log *l, struct err *err)
{
	SAY(ctx, "log in %llu\n", N(l->span_nr));
	return 0;
}

static int say_task_open(void *ctx, const struct span_task *t, struct err *err)
{
	SAY(ctx, "open %s %llu in %llu%s\n", t->name, N(t->nr), N(t->parent_nr),
	    t->traceparent[0] ? " traced" : "");
	return 0;
}

static int say_task(void *ctx, const struct span_task *t, struct err *err)
{
	SAY(ctx, "task %s %llu in %llu\n", t->name, N(t->nr), N(t->parent_nr));
	return 0;
}

static int say_end(void *ctx, const struct summary *s, struct err *err)
{
	return 0;
}

static const struct sink_ops say_ops = {
	.name = "numbers",
	.begin = say_begin,
	.interval = say_interval,
	.region = say_region,
	.async = say_async,
	.log = say_log,
	.task_open = say_task_open,
	.task = say_task,
	.end = say_end,
};

/* --- tests --------------------------------------------------------------------------------- */

static struct tape young_threads(void)
{
	struct tape t = {0};

	for (uint32_t tid = A; tid <= B; tid++) {
		tape_thread(&t, 0, 1000, PID, tid, .h.flags = WIRE_THREAD_FORK, .parent_pid = PID,
			    .parent_tid = 1);
		tape_off(&t, 0, 1000, 0, 1000, tid, .h.flags = WIRE_OFF_BIRTH);
	}
	tape_string(&t, 0, 1001, PID, A, N_A, "a");
	tape_string(&t, 0, 1001, PID, A, N_B, "b");
	tape_string(&t, 0, 1001, PID, A, N_T, "t");
	tape_string(&t, 0, 1001, PID, A, N_U, "u");
	return t;
}

static void says(struct tape *t, const char *text)
{
	struct said said = {.n = 0};
	struct checker check = {0};
	struct sink sinks[] = {{&say_ops, &said}, {&checker_ops, &check}};
	struct run r = run_tape(t, 1000, 4000, NULL, sinks, 2);

	assert_string_equal(said.text, text);
	checker_release(&check);
	model_free(r.m);
	tape_free(t);
}

static void a_region_is_inside_of_the_one_around_it_and_of_its_task(void **state)
{
	struct tape t = young_threads();

	tape_task(&t, 0, 2000, A, BEGIN, .id = 7, .name = N_T);
	tape_region(&t, 0, 2100, A, BEGIN, N_A);
	tape_region(&t, 0, 2200, A, BEGIN, N_B);
	tape_off(&t, 0, 2300, 2350, 2400, A, .state = 1, .nr = FUTEX);
	tape_region(&t, 0, 2500, A, END, N_B);
	tape_region(&t, 0, 2600, A, END, N_A);
	tape_off(&t, 0, 2700, 2750, 2800, A, .state = 1, .nr = FUTEX);
	tape_task(&t, 0, 2900, A, END, .id = 7);
	says(&t, "open t 1 in 0\n"
		 "lock in 3\nrunnable in 3\n"
		 "region b 3 in 2 of 2, task 1\n"
		 "region a 2 in 0 of 2, task 1\n"
		 "lock in 1\nrunnable in 1\n"
		 "task t 1 in 0\n");
}

static void a_task_begun_in_a_region_is_not_of_that_region(void **state)
{
	struct tape t = young_threads();

	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_task(&t, 0, 2100, A, BEGIN, .id = 7, .name = N_T);
	tape_off(&t, 0, 2200, 2300, 2300, A, .state = 1, .nr = FUTEX);
	tape_log(&t, 0, 2350, A, 7, "c", "m");
	tape_region(&t, 0, 2400, A, BEGIN, N_B);
	tape_log(&t, 0, 2450, A, 7, "c", "m");
	tape_region(&t, 0, 2500, A, END, N_B);
	tape_task(&t, 0, 2600, A, END, .id = 7);
	tape_off(&t, 0, 2700, 2800, 2800, A, .state = 1, .nr = FUTEX);
	tape_log(&t, 0, 2850, A, 0, "c", "m");
	tape_region(&t, 0, 2900, A, BEGIN, N_B);
	tape_region(&t, 0, 2950, A, END, N_B);
	tape_region(&t, 0, 3000, A, END, N_A);
	tape_log(&t, 0, 3100, A, 0, "c", "m");
	says(&t, "open t 2 in 0\n"
		 "lock in 2\n"
		 "log in 2\nlog in 3\n"
		 "region b 3 in 0 of 3, task 2\n"
		 "task t 2 in 0\n"
		 "lock in 1\n"
		 "log in 1\n"
		 "region b 4 in 1 of 1, task 0\n"
		 "region a 1 in 0 of 1, task 0\n"
		 "log in 0\n");
}

static void a_child_knows_its_parent_also_when_that_has_ended(void **state)
{
	struct tape t = young_threads();

	tape_task(&t, 0, 2000, A, BEGIN | WIRE_MARK_DETACHED, .id = 7, .name = N_T);
	tape_task(&t, 0, 2100, B, BEGIN, .id = 8, .parent = 7, .name = N_U);
	tape_task(&t, 0, 2200, B, END, .id = 8);
	tape_task(&t, 0, 2300, A, END, .id = 7);
	tape_task(&t, 0, 2400, B, BEGIN, .id = 9, .parent = 7, .name = N_U);
	tape_async(&t, 0, 2450, B, BEGIN, 5, N_B, .task = 9);
	tape_async(&t, 0, 2460, B, BEGIN, 6, N_B, .task = 7);
	tape_task(&t, 0, 2500, B, END, .id = 9);
	tape_async(&t, 0, 2550, B, END, 5, N_B);
	tape_async(&t, 0, 2560, B, END, 6, N_B);
	tape_task(&t, 0, 2600, B, BEGIN, .id = 10, .parent = 99, .name = N_U);
	tape_task(&t, 0, 2700, B, END, .id = 10);
	says(&t, "open t 1 in 0\n"
		 "open u 2 in 1\ntask u 2 in 1\n"
		 "task t 1 in 0\n"
		 "open u 3 in 1\ntask u 3 in 1\n"
		 "async b 4 task 3\nasync b 5 task 1\n"
		 "open u 6 in 0\ntask u 6 in 0\n");
}

static void an_id_given_twice_makes_two_numbers(void **state)
{
	struct tape t = young_threads();

	for (uint64_t ts = 2000; ts < 2400; ts += 200) {
		tape_task(&t, 0, ts, A, BEGIN, .id = 7, .name = N_T);
		tape_task(&t, 0, ts + 100, A, END, .id = 7);
	}
	says(&t, "open t 1 in 0\ntask t 1 in 0\nopen t 2 in 0\ntask t 2 in 0\n");
}

static void a_traceparent_is_told_when_it_comes(void **state)
{
	struct tape t = young_threads();

	tape_task(&t, 0, 2000, A, BEGIN, .id = 7, .name = N_T);
	TAPE_REC(&t, 0, PARENT, wire_parent, A, 2100, .id = 7, .traceparent = PARENT);
	TAPE_REC(&t, 0, PARENT, wire_parent, A, 2200, .id = 7, .traceparent = "nonsense");
	tape_task(&t, 0, 2300, A, END, .id = 7);
	says(&t, "open t 1 in 0\nopen t 1 in 0 traced\ntask t 1 in 0\n");
}

/* The task ends on another thread while this one waits for it: the wait is the task's. */
static void a_wait_that_outlives_its_task_is_of_that_task(void **state)
{
	struct tape t = young_threads();

	tape_task(&t, 0, 2000, A, BEGIN, .id = 7, .name = N_T);
	tape_task(&t, 0, 2500, B, END, .id = 7);
	tape_off(&t, 0, 2100, 2900, 2900, A, .state = 1, .nr = FUTEX);
	says(&t, "open t 1 in 0\nlock in 1\ntask t 1 in 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_region_is_inside_of_the_one_around_it_and_of_its_task),
		cmocka_unit_test(a_task_begun_in_a_region_is_not_of_that_region),
		cmocka_unit_test(a_child_knows_its_parent_also_when_that_has_ended),
		cmocka_unit_test(an_id_given_twice_makes_two_numbers),
		cmocka_unit_test(a_traceparent_is_told_when_it_comes),
		cmocka_unit_test(a_wait_that_outlives_its_task_is_of_that_task),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
