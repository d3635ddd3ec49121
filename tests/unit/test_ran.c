/* SPDX-License-Identifier: MIT */
/* test_ran.c - who had the CPU, interrupts that took it, and the softirq that woke */
#include "unit/checker.h"
#include "unit/runs.h"

enum { START = 1000, STOP = 100000, PID = 10, TID = 11, N_TASK = 0x100, N_REGION = 0x200 };

static struct tape tape;
static struct run r;

static int setup(void **state)
{
	memset(&tape, 0, sizeof(tape));
	tape_thread(&tape, 0, START, PID, TID, .on_cpu = 1, .comm = "waiter");
	tape_comm(&tape, 0, START, 50, 51, .comm = "hog");
	tape_comm(&tape, 0, START, 60, 61, .comm = "cc1");
	return 0;
}

static int teardown(void **state)
{
	model_free(r.m);
	tape_free(&tape);
	return 0;
}

static void run(void)
{
	static struct checker check;
	struct sink sink = {&checker_ops, &check};

	memset(&check, 0, sizeof(check));
	r = run_tape(&tape, START, STOP, NULL, &sink, 1);
	checker_release(&check);
}

static const struct summary_wait *row(enum state state)
{
	for (size_t i = 0; i < r.s->waits_nr; i++)
		if (r.s->waits[i].state == state)
			return &r.s->waits[i];
	fail_msg("no wait in state %s", state_names[state]);
	return NULL;
}

static void who_had_the_cpu_is_a_culprit_of_a_wait_for_it(void **state)
{
	const struct wire_ran_by by[] = {{61, 60, 100}, {51, 50, 700}, {0, 0, 0}};
	const struct summary_wait *w;

	tape_ran(&tape, 0, 2000, 3000, TID, (struct wire_ran){.idle_ns = 150, .others_ns = 50}, by,
		 3);
	tape_off(&tape, 0, 2000, 0, 3000, TID, .state = 0);
	run();
	w = row(STATE_PREEMPTED);
	assert_string_equal(w->resource, "CPU");
	assert_int_equal(w->total_ns, 1000);
	assert_int_equal(w->culprits_nr, 2);
	assert_string_equal(w->culprits[0].comm, "hog");
	assert_int_equal(w->culprits[0].ns, 700);
	assert_int_equal(w->culprits[1].tid, 61);
	assert_int_equal(w->culprits_others_ns, 50);
	assert_int_equal(w->cpu_idle_ns, 150);
}

static void the_parts_of_a_wait_on_two_cpus_are_added_up(void **state)
{
	const struct wire_ran_by by[] = {{51, 50, 400}};
	const struct summary_wait *w;

	tape_ran(&tape, 0, 2500, 3000, TID, (struct wire_ran){0}, by, 1);
	tape_ran(&tape, 0, 3000, 3600, TID, (struct wire_ran){0}, by, 1);
	tape_off(&tape, 0, 2000, 2500, 3600, TID, .state = 1, .nr = 202, .off_cpu = 0, .on_cpu = 1);
	/* What was said belongs to that wait alone. */
	tape_off(&tape, 0, 4000, 4100, 4600, TID, .state = 1, .nr = 202);
	run();
	w = row(STATE_RUNNABLE);
	assert_int_equal(w->total_ns, 1100 + 500);
	assert_int_equal(w->culprits[0].ns, 800);
	assert_int_equal(thread_of(r.s, TID)->migrations, 1);
}

static void parts_that_exceed_the_whole_are_a_bad_record(void **state)
{
	const struct wire_ran_by by[] = {{51, 50, 900}, {61, 60, 200}};

	tape_ran(&tape, 0, 2000, 3000, TID, (struct wire_ran){0}, by, 2);
	tape_ran(&tape, 0, 2000, 3000, TID, (struct wire_ran){.idle_ns = UINT64_MAX}, by, 1);
	tape_off(&tape, 0, 2000, 0, 3000, TID, .state = 0);
	run();
	assert_int_equal(r.s->bad_records, 2);
	assert_int_equal(row(STATE_PREEMPTED)->culprits_nr, 0);
}

static void many_culprits_are_summed_up(void **state)
{
	const struct summary_wait *w;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 60; i++) {
		uint64_t at = 2000 + i * 100;
		struct wire_ran_by by = {1000 + i, 1000 + i, 50};

		tape_comm(&tape, 0, at, 1000 + i, 1000 + i, .comm = "sh");
		tape_ran(&tape, 0, at, at + 60, TID, (struct wire_ran){0}, &by, 1);
		tape_off(&tape, 0, at, 0, at + 60, TID, .state = 0);
	}
	run();
	w = row(STATE_PREEMPTED);
	for (size_t i = 0; i < w->culprits_nr; i++)
		sum += w->culprits[i].ns;
	assert_int_equal(sum + w->culprits_others_ns, 60 * 50);
	assert_string_equal(w->culprits[0].comm, "sh");
	assert_int_equal(w->culprits[0].tid, 0); /* several */
	assert_true(w->culprits[0].ns > 30 * 50);
}

static void a_step_of_a_story_keeps_those_who_had_the_cpu_longest(void **state)
{
	const struct wire_ran_by by[] = {
		{51, 50, 30000}, {61, 60, 20000}, {70, 70, 10000}, {71, 71, 5000}};
	const struct story_step *step = NULL;
	const struct span_task *task;

	tape_string(&tape, 0, START, PID, TID, N_TASK, "job");
	tape_task(&tape, 0, 1500, TID, WIRE_MARK_BEGIN, .id = 1, .name = N_TASK);
	tape_ran(&tape, 0, 2000, 72000, TID, (struct wire_ran){.idle_ns = 5000}, by, 4);
	tape_off(&tape, 0, 2000, 0, 72000, TID, .state = 0);
	tape_task(&tape, 0, 80000, TID, WIRE_MARK_END, .id = 1, .name = N_TASK);
	run();
	task = &task_of(r.s, "job")->slowest[0];
	for (size_t i = 0; i < task->steps_nr; i++)
		if (task->steps[i].kind == STORY_WAIT)
			step = &task->steps[i];
	assert_non_null(step);
	assert_int_equal(step->wait->culprits_nr, STEP_CULPRITS);
	assert_string_equal(step->wait->culprits[0].comm, "hog");
	assert_string_equal(step->wait->culprits[1].comm, "cc1");
	assert_int_equal(step->wait->culprits_others_ns, 5000);
	assert_int_equal(step->wait->cpu_idle_ns, 5000);
}

static void what_interrupts_took_is_an_overlay_of_the_region_that_ran(void **state)
{
	tape_string(&tape, 0, START, PID, TID, N_REGION, "work");
	tape_region(&tape, 0, 2000, TID, WIRE_MARK_BEGIN, N_REGION);
	tape_stolen(&tape, 0, 2500, TID, WIRE_STOLEN_HARDIRQ, 70);
	tape_stolen(&tape, 0, 2600, TID, WIRE_STOLEN_SOFTIRQ, 30);
	tape_region(&tape, 0, 3000, TID, WIRE_MARK_END, N_REGION);
	tape_stolen(&tape, 0, 3500, TID, WIRE_STOLEN_HARDIRQ, 5);
	run();
	assert_int_equal(region_of(r.s, "work")->spent.over.irq_ns, 70);
	assert_int_equal(region_of(r.s, "work")->spent.over.softirq_ns, 30);
	assert_int_equal(thread_of(r.s, TID)->spent.over.irq_ns, 75);
}

static void the_softirq_that_woke_is_named(void **state)
{
	const struct summary_wait *w;

	tape_off(&tape, 0, 2000, 3000, 3000, TID, .state = 1, .nr = 45, .fd_kind = WIRE_FD_INET,
		 .waker_tid = 51, .waker_ctx = WIRE_WAKER_SOFTIRQ, .waker_softirq = 4);
	tape_off(&tape, 0, 4000, 5000, 5000, TID, .state = 1, .nr = 45, .fd_kind = WIRE_FD_INET,
		 .waker_tid = 51, .waker_ctx = WIRE_WAKER_SOFTIRQ, .waker_softirq = 99);
	run();
	w = row(STATE_NETWORK);
	assert_int_equal(w->wakers_nr, 2);
	assert_true(!strcmp(w->wakers[0].softirq, "NET_RX") ||
		    !strcmp(w->wakers[1].softirq, "NET_RX"));
	assert_int_equal(w->wakers[0].tid, 0); /* who was interrupted has nothing to do with it */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_had_the_cpu_is_a_culprit_of_a_wait_for_it),
		TEST(the_parts_of_a_wait_on_two_cpus_are_added_up),
		TEST(parts_that_exceed_the_whole_are_a_bad_record),
		TEST(many_culprits_are_summed_up),
		TEST(a_step_of_a_story_keeps_those_who_had_the_cpu_longest),
		TEST(what_interrupts_took_is_an_overlay_of_the_region_that_ran),
		TEST(the_softirq_that_woke_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
