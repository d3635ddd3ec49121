/* SPDX-License-Identifier: MIT */
/*
 * test_tasks.c - tasks over threads and processes, their stories, and what goes wrong with them
 */
#include "unit/checker.h"
#include "unit/recorder.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, C = 13, FUTEX = 202, READ = 0 };
enum { N_T = 0x10, N_U = 0x20, N_V = 0x30, N_R = 0x40, N_WHY = 0x50 };
enum { BEGIN = WIRE_MARK_BEGIN, END = WIRE_MARK_END, ENTER = WIRE_MARK_ENTER };
enum { LEAVE = WIRE_MARK_LEAVE, SEEN = WIRE_MARK_SEEN, DETACHED = WIRE_MARK_DETACHED };

static void names(struct tape *t)
{
	tape_string(t, 0, 1001, PID, A, N_T, "T");
	tape_string(t, 0, 1001, PID, A, N_U, "U");
	tape_string(t, 0, 1001, PID, A, N_V, "V");
	tape_string(t, 0, 1001, PID, A, N_R, "r");
	tape_string(t, 0, 1001, PID, A, N_WHY, "timeout");
}

/* Three threads that the trace met alive. */
static struct tape people(void)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_thread(&t, 0, 1000, PID, B, .on_cpu = 1, .comm = "bob");
	tape_thread(&t, 0, 1000, PID, C, .on_cpu = 1, .comm = "carol");
	names(&t);
	return t;
}

/* The same, born in the trace: no task can have begun before. */
static struct tape newborns(void)
{
	struct tape t = {0};

	for (uint32_t tid = A; tid <= C; tid++) {
		tape_thread(&t, 0, 1000, PID, tid, .h.flags = WIRE_THREAD_FORK, .parent_pid = PID);
		tape_off(&t, 0, 1000, 0, 1000, tid, .h.flags = WIRE_OFF_BIRTH);
	}
	names(&t);
	return t;
}

static struct run go(struct tape *t, const char *what, const char *text)
{
	struct recorder rec = {.what = what};
	struct checker check = {0};
	struct sink sinks[] = {{&recorder_ops, &rec}, {&checker_ops, &check}};
	struct run r = run_tape(t, 1000, 4000, NULL, sinks, 2);

	assert_string_equal(rec.text, text);
	checker_release(&check);
	return r;
}

static void done(struct tape *t, struct run *r)
{
	model_free(r->m);
	tape_free(t);
}

static void task_over_three_threads_sums_what_each_did_for_it(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, B, ENTER, .id = 1);
	tape_off(&t, 0, 2200, 2250, 2300, B, .state = 1, .nr = FUTEX);
	tape_task(&t, 0, 2400, C, ENTER, .id = 1);
	tape_task(&t, 0, 2500, B, LEAVE);
	tape_off(&t, 0, 2600, 0, 2700, B, .state = 1, .nr = FUTEX); /* its own affair */
	tape_task(&t, 0, 2800, C, LEAVE);
	tape_task(&t, 0, 3000, A, END, .id = 1);
	/* A: 1000 running; B: 2100-2500; C: 2400-2800 */
	r = go(&t, "t",
	       "T 2000-3000 id 1 parent 0 () threads 3 idle 0 flags 0:"
	       " running 1700 runnable 50 lock 50\n");
	assert_int_equal(task_of(r.s, "T")->complete, 1);
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void detached_task_idles_until_somebody_enters_it(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN | DETACHED, .id = 1, .name = N_T);
	tape_task(&t, 0, 2300, B, ENTER, .id = 1);
	tape_task(&t, 0, 2400, B, LEAVE);
	tape_task(&t, 0, 2600, C, ENTER, .id = 1);
	tape_task(&t, 0, 2900, C, END, .id = 1);
	tape_task(&t, 0, 2950, C, LEAVE);
	r = go(&t, "t", "T 2000-2900 id 1 parent 0 () threads 2 idle 500 flags 0: running 400\n");
	assert_int_equal(task_of(r.s, "T")->idle_ns, 500);
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

/* B is off CPU from 2200 to 3500, and its record comes at 3500: long after the end. */
static void end_while_another_thread_is_blocked_cuts_its_wait(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, B, ENTER, .id = 1);
	tape_off(&t, 0, 2200, 3400, 3500, B, .state = 1, .nr = FUTEX);
	tape_task(&t, 0, 3000, A, END, .id = 1);
	tape_task(&t, 0, 3600, B, LEAVE);
	r = go(&t, "t",
	       "T 2000-3000 id 1 parent 0 () threads 2 idle 0 flags 0:"
	       " running 1100 lock 800\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void end_while_another_thread_stays_blocked_is_cut_at_the_end_of_the_trace(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, B, ENTER, .id = 1);
	tape_task(&t, 0, 3000, A, END, .id = 1);
	tape_off(&t, 0, 2200, 0, 4000, B, .state = 1, .nr = FUTEX, .h.flags = WIRE_OFF_OPEN);
	r = go(&t, "t",
	       "T 2000-3000 id 1 parent 0 () threads 2 idle 0 flags 0:"
	       " running 1100 lock 800\n");
	done(&t, &r);
}

static void nested_tasks_both_have_the_time_and_children_know_their_parent(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2200, A, BEGIN, .id = 2, .name = N_U);
	tape_task(&t, 0, 2500, A, END, .id = 2);
	tape_task(&t, 0, 2600, A, BEGIN | WIRE_MARK_ROOT, .id = 3, .name = N_V);
	tape_task(&t, 0, 2700, A, END, .id = 3);
	tape_task(&t, 0, 3000, A, END, .id = 1);
	tape_task(&t, 0, 3100, A, BEGIN, .id = 4, .parent = 1, .name = N_U);
	tape_task(&t, 0, 3200, A, END, .id = 4);
	r = go(&t, "t",
	       "U 2200-2500 id 2 parent 1 (T) threads 1 idle 0 flags 0: running 300\n"
	       "V 2600-2700 id 3 parent 0 () threads 1 idle 0 flags 0: running 100\n"
	       "T 2000-3000 id 1 parent 0 () threads 1 idle 0 flags 0: running 1000\n"
	       "U 3100-3200 id 4 parent 1 (T) threads 1 idle 0 flags 0: running 100\n");
	done(&t, &r);
}

static void enter_hides_what_the_thread_did_before_and_leave_shows_it_again(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 1900, B, BEGIN | DETACHED, .id = 2, .name = N_U);
	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2200, A, ENTER, .id = 2);
	tape_task(&t, 0, 2600, A, LEAVE, .id = 1);
	tape_task(&t, 0, 2700, A, ENTER); /* for nobody */
	tape_task(&t, 0, 2800, A, LEAVE, .id = 1);
	tape_task(&t, 0, 3000, A, END, .id = 1);
	tape_task(&t, 0, 3100, B, END, .id = 2);
	r = go(&t, "t",
	       "T 2000-3000 id 1 parent 0 () threads 1 idle 500 flags 0: running 500\n"
	       "U 1900-3100 id 2 parent 0 () threads 1 idle 800 flags 0: running 400\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void task_begun_inside_of_an_entered_one_is_its_child(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 1900, B, BEGIN | DETACHED, .id = 1, .name = N_T);
	tape_task(&t, 0, 2000, A, ENTER, .id = 1);
	tape_task(&t, 0, 2100, A, BEGIN, .id = 2, .name = N_U);
	tape_task(&t, 0, 2300, A, END, .id = 2);
	tape_task(&t, 0, 2400, A, LEAVE);
	tape_task(&t, 0, 2500, B, END, .id = 1);
	r = go(&t, "t",
	       "U 2100-2300 id 2 parent 1 (T) threads 1 idle 0 flags 0: running 200\n"
	       "T 1900-2500 id 1 parent 0 () threads 1 idle 200 flags 0: running 400\n");
	done(&t, &r);
}

static void parent_may_be_in_another_process(void **state)
{
	struct tape t = people();
	struct run r;

	tape_thread(&t, 0, 1000, 20, 21, .on_cpu = 1);
	tape_string(&t, 0, 1001, 20, 21, N_U, "backend");
	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, 21, BEGIN, .id = 2, .parent = 1, .name = N_U);
	tape_task(&t, 0, 2200, 21, END, .id = 2);
	tape_task(&t, 0, 3000, A, END, .id = 1);
	r = go(&t, "t",
	       "backend 2100-2200 id 2 parent 1 (T) threads 1 idle 0 flags 0: running 100\n"
	       "T 2000-3000 id 1 parent 0 () threads 1 idle 0 flags 0: running 1000\n");
	done(&t, &r);
}

static void first_end_counts_and_the_second_is_misuse(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, A, END, .id = 1);
	tape_task(&t, 0, 2900, B, END, .id = 1);
	r = go(&t, "t", "T 2000-2100 id 1 parent 0 () threads 1 idle 0 flags 0: running 100\n");
	assert_int_equal(misuse_of(r.s, "task ended twice"), 1);
	assert_int_equal(task_of(r.s, "T")->count, 1);
	done(&t, &r);
}

static void failed_task_says_why(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, A, END | WIRE_MARK_FAILED, .id = 1, .message = N_WHY);
	r = go(&t, "t", "T 2000-2100 id 1 parent 0 () threads 1 idle 0 flags 4: running 100\n");
	assert_int_equal(task_of(r.s, "T")->failed, 1);
	assert_int_equal(task_of(r.s, "T")->complete, 1);
	assert_string_equal(task_of(r.s, "T")->slowest[0].fail_message, "timeout");
	done(&t, &r);
}

static void task_that_was_not_begun_is_misuse_of_a_young_process(void **state)
{
	struct tape t = newborns();
	struct run r;

	tape_task(&t, 0, 2100, A, END, .id = 1);
	r = go(&t, "t", "");
	assert_int_equal(misuse_of(r.s, "task ended that was not begun"), 1);
	done(&t, &r);
}

static void task_begun_before_the_trace_is_worked_for_since_its_begin(void **state)
{
	struct tape t = people();
	struct run r;

	tape_off(&t, 0, 1500, 0, 1600, A, .state = 1, .nr = FUTEX);
	tape_task(&t, 0, 2000, A, SEEN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2000, A, BEGIN, .id = 2, .parent = 1, .name = N_U);
	tape_task(&t, 0, 2100, A, END, .id = 2);
	tape_task(&t, 0, 2200, A, END, .id = 1);
	/* The next one of this thread is another matter. */
	tape_task(&t, 0, 3000, A, SEEN, .id = 3, .name = N_V);
	tape_task(&t, 0, 3100, A, END, .id = 3);
	r = go(&t, "t",
	       "U 2000-2100 id 2 parent 1 (T) threads 1 idle 0 flags 0: running 100\n"
	       "T 1000-2200 id 1 parent 0 () threads 1 idle 0 flags 1: running 1100 lock 100\n"
	       "V 1000-3100 id 3 parent 0 () threads 1 idle 2000 flags 1: running 100\n");
	assert_int_equal(task_of(r.s, "T")->count, 1);
	assert_int_equal(task_of(r.s, "T")->complete, 0);
	assert_int_equal(r.s->marks, 4); /* SEEN is none */
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void end_alone_of_an_old_thread_is_a_task_begun_before(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, END, .id = 1, .name = N_T);
	r = go(&t, "t", "T 1000-2000 id 1 parent 0 () threads 1 idle 0 flags 1: running 1000\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void leave_alone_goes_back_to_a_task_begun_before(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, LEAVE, .id = 1, .name = N_T);
	tape_task(&t, 0, 2500, A, END, .id = 1);
	r = go(&t, "t", "T 1000-2500 id 1 parent 0 () threads 1 idle 1000 flags 1: running 500\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

/* It had entered the task before the trace, and a region of it came first. */
static void leave_of_what_was_entered_before_is_no_misuse_and_ends_the_work(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, SEEN, .id = 1, .name = N_T);
	tape_region(&t, 0, 2000, A, BEGIN, N_R);
	tape_region(&t, 0, 2100, A, END, N_R);
	tape_task(&t, 0, 2200, A, LEAVE);
	tape_task(&t, 0, 2500, B, END, .id = 1);
	r = go(&t, "t", "T 1000-2500 id 1 parent 0 () threads 1 idle 300 flags 1: running 1200\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void leave_without_enter_is_counted(void **state)
{
	struct tape t = newborns();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, A, LEAVE, .id = 1);
	tape_task(&t, 0, 2200, A, END, .id = 1);
	r = go(&t, "t", "T 2000-2200 id 1 parent 0 () threads 1 idle 0 flags 0: running 200\n");
	assert_int_equal(misuse_of(r.s, "task left that was not entered"), 1);
	done(&t, &r);
}

static void leave_to_a_task_that_has_ended_is_no_new_task(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2050, B, BEGIN | DETACHED, .id = 2, .name = N_U);
	tape_task(&t, 0, 2100, A, ENTER, .id = 2);
	tape_task(&t, 0, 2200, B, END, .id = 1);
	tape_task(&t, 0, 2300, A, LEAVE, .id = 1);
	tape_task(&t, 0, 2400, B, END, .id = 2);
	r = go(&t, "t",
	       "T 2000-2200 id 1 parent 0 () threads 1 idle 100 flags 0: running 100\n"
	       "U 2050-2400 id 2 parent 0 () threads 1 idle 150 flags 0: running 200\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void entering_an_ended_task_works_for_nobody(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 1900, A, BEGIN, .id = 2, .name = N_U);
	tape_task(&t, 0, 2000, B, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, B, END, .id = 1);
	tape_task(&t, 0, 2200, A, ENTER, .id = 1);
	tape_task(&t, 0, 2300, A, LEAVE, .id = 2);
	tape_task(&t, 0, 2400, A, END, .id = 2);
	r = go(&t, "t",
	       "T 2000-2100 id 1 parent 0 () threads 1 idle 0 flags 0: running 100\n"
	       "U 1900-2400 id 2 parent 0 () threads 1 idle 100 flags 0: running 400\n");
	assert_int_equal(misuse_of(r.s, "task entered after its end"), 1);
	done(&t, &r);
}

static void id_that_is_begun_again_closes_the_old_task_unfinished(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, A, BEGIN, .id = 1, .name = N_U);
	tape_task(&t, 0, 2200, A, END, .id = 1);
	tape_task(&t, 0, 2300, A, BEGIN, .id = 1, .name = N_V); /* after the end: fine */
	tape_task(&t, 0, 2400, A, END, .id = 1);
	r = go(&t, "t",
	       "T 2000-2100 id 1 parent 0 () threads 1 idle 0 flags 2: running 100\n"
	       "U 2100-2200 id 1 parent 0 () threads 1 idle 0 flags 0: running 100\n"
	       "V 2300-2400 id 1 parent 0 () threads 1 idle 0 flags 0: running 100\n");
	assert_int_equal(misuse_of(r.s, "task begun while one of its id was open"), 1);
	assert_int_equal(r.s->misuse_nr, 1);
	done(&t, &r);
}

static void same_id_in_two_processes_is_two_tasks(void **state)
{
	struct tape t = people();
	struct run r;

	tape_thread(&t, 0, 1000, 20, 21, .on_cpu = 1);
	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2100, 21, BEGIN, .id = 1, .name = 0);
	tape_task(&t, 0, 2200, A, END, .id = 1);
	tape_task(&t, 0, 2300, 21, END, .id = 1);
	r = go(&t, "t",
	       "T 2000-2200 id 1 parent 0 () threads 1 idle 0 flags 0: running 200\n"
	       " 2100-2300 id 1 parent 0 () threads 1 idle 0 flags 0: running 200\n");
	done(&t, &r);
}

static void task_without_an_id_is_counted_and_ignored(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .name = N_T);
	tape_task(&t, 0, 2000, A, END);
	r = go(&t, "t", "");
	assert_int_equal(misuse_of(r.s, "task without an id"), 2);
	done(&t, &r);
}

static void task_open_at_the_end_is_unfinished(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_off(&t, 0, 2200, 0, 4000, A, .state = 1, .nr = FUTEX, .h.flags = WIRE_OFF_OPEN);
	r = go(&t, "t",
	       "T 2000-4000 id 1 parent 0 () threads 1 idle 0 flags 2:"
	       " running 200 lock 1800\n");
	assert_int_equal(task_of(r.s, "T")->complete, 0);
	assert_int_equal(task_of(r.s, "T")->histogram_nr, 0);
	done(&t, &r);
}

static void task_outlives_the_thread_that_began_it_but_not_its_process(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 2050, A, BEGIN, .id = 2, .name = N_U);
	tape_totals(&t, 0, 2100, A, .h.flags = WIRE_TOTALS_EXIT);
	tape_task(&t, 0, 2300, B, END, .id = 1);
	tape_totals(&t, 0, 2400, B, .h.flags = WIRE_TOTALS_EXIT);
	tape_totals(&t, 0, 2500, C, .h.flags = WIRE_TOTALS_EXIT);
	r = go(&t, "t",
	       "T 2000-2300 id 1 parent 0 () threads 1 idle 200 flags 0: running 100\n"
	       "U 2050-2500 id 2 parent 1 (T) threads 1 idle 400 flags 2: running 50\n");
	done(&t, &r);
}

static void too_many_nested_tasks_are_counted_and_survived(void **state)
{
	struct tape t = people();
	struct run r;

	for (uint64_t i = 0; i < 300; i++)
		tape_task(&t, 0, 1100 + i, A, BEGIN, .id = 1 + i, .name = N_T);
	for (uint64_t i = 300; i--;)
		tape_task(&t, 0, 2000, A, END, .id = 1 + i);
	r = go(&t, "", "");
	assert_int_equal(misuse_of(r.s, "tasks nested too deep"), 300 - 256);
	assert_int_equal(task_of(r.s, "T")->complete, 300);
	done(&t, &r);
}

static void task_over_a_loss_is_tainted(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T, .used = {.cpu_ns = 1000});
	tape_task(&t, 0, 2100, A, END, .id = 1, .used = {.cpu_ns = 1100});
	tape_lost(&t, 0, 2150, 2250, 3);
	tape_task(&t, 0, 2200, A, BEGIN, .id = 2, .name = N_T, .used = {.cpu_ns = 1200});
	tape_task(&t, 0, 2300, A, END, .id = 2, .used = {.cpu_ns = 1300});
	r = go(&t, "t",
	       "T 2000-2100 id 1 parent 0 () threads 1 idle 0 flags 0: running 100\n"
	       "T 2200-2300 id 2 parent 0 () threads 1 idle 0 flags 8: running 100\n");
	assert_int_equal(task_of(r.s, "T")->tainted, 1);
	assert_int_equal(task_of(r.s, "T")->complete, 2);
	done(&t, &r);
}

static void traceparent_is_taken_if_it_is_valid(void **state)
{
	static const char good[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	static const char *const bad[] = {
		"",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
	};
	struct tape t = people();
	struct wire_parent *p;
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T);
	p = TAPE_REC(&t, 0, PARENT, wire_parent, A, 2050, .id = 1);
	memcpy(p->traceparent, good, sizeof(good));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		p = TAPE_REC(&t, 0, PARENT, wire_parent, A, 2060, .id = 1);
		memcpy(p->traceparent, bad[i], strlen(bad[i]));
	}
	tape_task(&t, 0, 2100, A, END, .id = 1);
	r = go(&t, "", "");
	assert_string_equal(task_of(r.s, "T")->slowest[0].traceparent, good);
	assert_int_equal(misuse_of(r.s, "traceparent that is not valid"),
			 sizeof(bad) / sizeof(*bad));
	done(&t, &r);
}

/* A library may have a current task of its own, which is none. */
static void seen_for_none_is_believed_only_after_a_loss(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T, .used = {.cpu_ns = 1000});
	tape_task(&t, 0, 2100, A, SEEN, .used = {.cpu_ns = 1100});
	tape_lost(&t, 0, 2200, 2250, 3);
	tape_task(&t, 0, 2300, A, SEEN, .used = {.cpu_ns = 1300});
	tape_task(&t, 0, 2500, B, END, .id = 1, .used = {.cpu_ns = 1500});
	r = go(&t, "t", "T 2000-2500 id 1 parent 0 () threads 1 idle 200 flags 8: running 300\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void seen_after_a_loss_ends_what_seemed_to_be_inside_of_it(void **state)
{
	struct tape t = people();
	struct run r;

	tape_task(&t, 0, 2000, A, BEGIN, .id = 1, .name = N_T, .used = {.cpu_ns = 1000});
	tape_task(&t, 0, 2100, A, BEGIN, .id = 2, .name = N_U, .used = {.cpu_ns = 1100});
	tape_lost(&t, 0, 2150, 2250, 3); /* the end of U */
	tape_task(&t, 0, 2300, A, SEEN, .id = 1, .used = {.cpu_ns = 1300});
	tape_task(&t, 0, 2500, A, END, .id = 1, .used = {.cpu_ns = 1500});
	r = go(&t, "t",
	       "T 2000-2500 id 1 parent 0 () threads 1 idle 0 flags 8: running 500\n"
	       "U 2100-4000 id 2 parent 1 (T) threads 1 idle 1700 flags 10: running 200\n");
	done(&t, &r);
}

/* --- stories ---------------------------------------------------------------------------------- */

static void story_tells_regions_waits_logs_children_and_helpers(void **state)
{
	struct tape t = {0};
	struct run r;
	struct recorder rec = {.what = "ts"};
	struct sink sink = {&recorder_ops, &rec};

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_thread(&t, 0, 1000, PID, B, .on_cpu = 1, .comm = "bob");
	names(&t);
	tape_task(&t, 0, 10000, A, BEGIN, .id = 1, .name = N_T);
	tape_region(&t, 0, 20000, A, BEGIN, N_R);
	tape_task(&t, 0, 21000, B, ENTER, .id = 1);
	tape_region(&t, 0, 22000, B, BEGIN, N_U);
	tape_off(&t, 0, 25000, 40000, 50000, A, .state = 1, .nr = FUTEX, .arg0 = 0x7f,
		 .waker_tid = B, .waker_pid = PID, .waker_ctx = WIRE_WAKER_TASK);
	tape_off(&t, 0, 51000, 52000, 52001, A, .state = 1, .nr = FUTEX); /* too short */
	tape_region(&t, 0, 60000, A, END, N_R);
	tape_region(&t, 0, 61000, B, END, N_U);
	tape_task(&t, 0, 62000, B, LEAVE);
	tape_log(&t, 0, 70000, A, 1, "order", "id=42");
	tape_task(&t, 0, 80000, A, BEGIN, .id = 2, .name = N_V);
	tape_off(&t, 0, 81000, 82000, 95000, A, .state = 1, .nr = FUTEX);
	tape_task(&t, 0, 99000, A, END, .id = 2);
	tape_task(&t, 0, 100000, A, END, .id = 1);
	r = run_tape(&t, 1000, 200000, NULL, &sink, 1);
	assert_string_equal(
		rec.text, "V 80000-99000 id 2 parent 1 (T) threads 1 idle 0 flags 0: running 5000 "
			  "runnable 13000 lock 1000\n"
			  "  wait 81000-95000 11 futex 0x0 by \n"
			  "T 10000-100000 id 1 parent 0 () threads 2 idle 0 flags 0: running 90999 "
			  "runnable 23001 lock 17000\n"
			  "  region 20000-60000 11 r\n"
			  "  enter 21000-62000 12\n"
			  "  region 22000-61000 12 U\n"
			  "  wait 25000-50000 11 futex 0x7f by bob in U\n"
			  "  log 70000-70000 11 order id=42\n"
			  "  child 80000-99000 11 V\n");
	done(&t, &r);
}

static void wait_in_which_the_task_ended_is_told_up_to_its_end(void **state)
{
	struct tape t = people();
	struct run r;
	struct recorder rec = {.what = "ts"};
	struct sink sink = {&recorder_ops, &rec};

	tape_task(&t, 0, 10000, A, BEGIN, .id = 1, .name = N_T);
	tape_task(&t, 0, 11000, B, ENTER, .id = 1);
	tape_off(&t, 0, 20000, 60000, 60000, B, .state = 1, .nr = FUTEX);
	tape_task(&t, 0, 50000, A, END, .id = 1);
	tape_task(&t, 0, 70000, B, LEAVE);
	r = run_tape(&t, 1000, 200000, NULL, &sink, 1);
	assert_string_equal(rec.text, "T 10000-50000 id 1 parent 0 () threads 2 idle 0 flags 0: "
				      "running 49000 lock 30000\n"
				      "  enter 11000-50000 12\n"
				      "  wait 20000-50000 12 futex 0x0 by \n");
	done(&t, &r);
}

static void story_keeps_its_longest_steps_and_counts_the_others(void **state)
{
	struct model_opts opts = {.steps = 8};
	struct tape t = people();
	const struct span_task *slowest;
	struct run r;

	tape_task(&t, 0, 1500, A, BEGIN, .id = 1, .name = N_T);
	for (uint64_t i = 0; i < 100; i++) {
		/* Lengths 1 … 100, in no order. */
		tape_region(&t, 0, 2000 + i * 200, A, BEGIN, N_R);
		tape_region(&t, 0, 2001 + i * 200 + i * 37 % 100, A, END, N_R);
	}
	tape_task(&t, 0, 50000, A, END, .id = 1);
	r = run_tape(&t, 1000, 60000, &opts, NULL, 0);
	slowest = &task_of(r.s, "T")->slowest[0];
	assert_int_equal(slowest->steps_nr, 8);
	assert_int_equal(slowest->steps_left_out, 92);
	for (size_t i = 0; i < 8; i++) {
		assert_true(slowest->steps[i].end - slowest->steps[i].begin > 92);
		assert_true(!i || slowest->steps[i - 1].begin < slowest->steps[i].begin);
	}
	done(&t, &r);
}

static int count_row(void *ctx, const struct span_task *t, struct err *err)
{
	uint64_t *counts = ctx;

	if (!t->row)
		counts[0]++;
	else if (!strcmp(t->row, t->name))
		counts[1]++;
	else if (!strcmp(t->row, "(other names)"))
		counts[2]++;
	return 0;
}

static int count_end(void *ctx, const struct summary *s, struct err *err)
{
	return 0;
}

static void a_task_tells_the_row_that_it_is_in(void **state)
{
	const struct sink_ops ops = {
		.name = "rows", .begin = recorder_begin, .task = count_row, .end = count_end};
	const struct model_opts opts = {.min_ns = 10};
	uint64_t counts[3] = {0};
	const struct sink sink = {&ops, counts};
	struct tape t = people();
	struct run r;

	for (uint64_t i = 0; i < 6000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", (int)i);
		tape_string(&t, 0, 1500, PID, A, 0x10000 + i, name);
		tape_task(&t, 0, 2000 + i, A, BEGIN, .id = 1 + i, .name = 0x10000 + i);
		tape_task(&t, 0, 2000 + i + (i < 1000 ? 5 : 10), A, END, .id = 1 + i);
	}
	r = run_tape(&t, 1000, 60000, &opts, &sink, 1);
	assert_int_equal(counts[0], 1000);
	assert_int_equal(counts[1], 4096);
	assert_int_equal(counts[2], 5000 - 4096);
	assert_int_equal(task_of(r.s, "(other names)")->count, 5000 - 4096);
	done(&t, &r);
}

static void slowest_tasks_are_kept_in_order_and_filters_apply(void **state)
{
	struct model_opts opts = {.slowest = 2};
	struct tape t = people();
	const struct summary_task *task;
	struct run r;

	for (uint64_t i = 0; i < 20; i++) {
		tape_task(&t, 0, 2000 + i * 100, A, BEGIN, .id = 1 + i, .name = i % 2 ? N_T : N_U);
		tape_task(&t, 0, 2001 + i * 100 + i * 7 % 20, A, END, .id = 1 + i);
	}
	r = run_tape(&t, 1000, 60000, &opts, NULL, 0);
	assert_int_equal(r.s->tasks_nr, 2);
	task = task_of(r.s, "T");
	assert_int_equal(task->slowest_nr, 2);
	assert_int_equal(task->slowest[0].end - task->slowest[0].begin, 20);
	assert_int_equal(task->slowest[1].end - task->slowest[1].begin, 18);
	model_free(r.m);

	opts = (struct model_opts){.task = "T", .min_ns = 10, .region = "none"};
	r = run_tape(&t, 1000, 60000, &opts, NULL, 0);
	assert_int_equal(r.s->tasks_nr, 1);
	assert_int_equal(r.s->tasks[0].duration_ns.min, 10);
	assert_int_equal(r.s->tasks[0].count, 6);
	assert_int_equal(r.s->regions_nr, 0);
	done(&t, &r);
}

static void logs_reach_the_sinks_whole(void **state)
{
	struct tape t = people();
	char category[300], message[200];
	struct recorder rec = {.what = "l"};
	struct sink sink = {&recorder_ops, &rec};
	struct run r;

	memset(category, 'c', sizeof(category) - 1);
	memset(message, 'm', sizeof(message) - 1);
	category[299] = message[199] = '\0';
	tape_log(&t, 0, 2000, A, 0, category, message);
	tape_log(&t, 0, 2001, A, 0, "", "");
	r = run_tape(&t, 1000, 4000, NULL, &sink, 1);
	assert_non_null(strstr(rec.text, category));
	assert_non_null(strstr(rec.text, message));
	assert_non_null(strstr(rec.text, "11 2001 task 0 : \n"));
	assert_int_equal(r.s->tasks_nr, 0); /* no phantom task 0 */
	assert_int_equal(r.s->marks, 2);
	done(&t, &r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(task_over_three_threads_sums_what_each_did_for_it),
		cmocka_unit_test(detached_task_idles_until_somebody_enters_it),
		cmocka_unit_test(end_while_another_thread_is_blocked_cuts_its_wait),
		cmocka_unit_test(
			end_while_another_thread_stays_blocked_is_cut_at_the_end_of_the_trace),
		cmocka_unit_test(nested_tasks_both_have_the_time_and_children_know_their_parent),
		cmocka_unit_test(enter_hides_what_the_thread_did_before_and_leave_shows_it_again),
		cmocka_unit_test(task_begun_inside_of_an_entered_one_is_its_child),
		cmocka_unit_test(parent_may_be_in_another_process),
		cmocka_unit_test(first_end_counts_and_the_second_is_misuse),
		cmocka_unit_test(failed_task_says_why),
		cmocka_unit_test(task_that_was_not_begun_is_misuse_of_a_young_process),
		cmocka_unit_test(task_begun_before_the_trace_is_worked_for_since_its_begin),
		cmocka_unit_test(end_alone_of_an_old_thread_is_a_task_begun_before),
		cmocka_unit_test(leave_alone_goes_back_to_a_task_begun_before),
		cmocka_unit_test(leave_of_what_was_entered_before_is_no_misuse_and_ends_the_work),
		cmocka_unit_test(leave_without_enter_is_counted),
		cmocka_unit_test(leave_to_a_task_that_has_ended_is_no_new_task),
		cmocka_unit_test(entering_an_ended_task_works_for_nobody),
		cmocka_unit_test(id_that_is_begun_again_closes_the_old_task_unfinished),
		cmocka_unit_test(same_id_in_two_processes_is_two_tasks),
		cmocka_unit_test(task_without_an_id_is_counted_and_ignored),
		cmocka_unit_test(task_open_at_the_end_is_unfinished),
		cmocka_unit_test(task_outlives_the_thread_that_began_it_but_not_its_process),
		cmocka_unit_test(too_many_nested_tasks_are_counted_and_survived),
		cmocka_unit_test(task_over_a_loss_is_tainted),
		cmocka_unit_test(traceparent_is_taken_if_it_is_valid),
		cmocka_unit_test(seen_for_none_is_believed_only_after_a_loss),
		cmocka_unit_test(seen_after_a_loss_ends_what_seemed_to_be_inside_of_it),
		cmocka_unit_test(story_tells_regions_waits_logs_children_and_helpers),
		cmocka_unit_test(wait_in_which_the_task_ended_is_told_up_to_its_end),
		cmocka_unit_test(story_keeps_its_longest_steps_and_counts_the_others),
		cmocka_unit_test(a_task_tells_the_row_that_it_is_in),
		cmocka_unit_test(slowest_tasks_are_kept_in_order_and_filters_apply),
		cmocka_unit_test(logs_reach_the_sinks_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
