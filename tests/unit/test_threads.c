/* SPDX-License-Identifier: MIT */
/*
 * test_threads.c - births, deaths, names, exec and tids that are given again
 */
#include "unit/checker.h"
#include "unit/recorder.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, FUTEX = 202, N_T = 0x10, N_R = 0x20 };
enum { BEGIN = WIRE_MARK_BEGIN, END = WIRE_MARK_END };
enum { EXIT = WIRE_TOTALS_EXIT, FORK = WIRE_THREAD_FORK, EXEC = WIRE_THREAD_EXEC };

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

static void birth_and_death_bound_the_account(void **state)
{
	struct tape t = {0};
	const struct summary_thread *th;
	struct run r;

	tape_thread(&t, 0, 1500, PID, B, .h.flags = FORK, .parent_pid = PID, .comm = "bob");
	tape_off(&t, 0, 1500, 0, 1600, B, .h.flags = WIRE_OFF_BIRTH);
	tape_totals(&t, 0, 3000, B, .h.flags = EXIT, .exec_ns = 1390);
	r = go(&t, "ni", "12 bob\n12 runnable 1500-1600\n12 running 1600-3000\n");
	th = thread_of(r.s, B);
	assert_int_equal(th->begin, 1500);
	assert_int_equal(th->end, 3000);
	assert_true(th->exited);
	assert_false(th->clipped);
	assert_true(th->oracle);
	assert_int_equal(th->kernel_cpu_ns, 1390);
	assert_int_equal(th->involuntary + th->voluntary, 0);
	done(&t, &r);
}

/* Between sched_process_exit and its last switch a thread still runs, sleeps and is preempted. */
static void dying_thread_is_not_born_again_by_its_last_records(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1);
	tape_totals(&t, 0, 2000, A, .h.flags = EXIT);
	tape_off(&t, 0, 2010, 0, 2050, A, .state = 2, .nr = 60);
	tape_comm(&t, 0, 2060, PID, A, .comm = "late");
	tape_off(&t, 0, 2070, 0, 4000, A, .state = 0x80, .h.flags = WIRE_OFF_OPEN);
	tape_region(&t, 0, 2080, A, BEGIN, N_R);
	r = go(&t, "i", "11 running 1000-2000\n");
	assert_int_equal(r.s->threads_nr, 1);
	assert_int_equal(misuse_of(r.s, "mark of a thread that had exited"), 1);
	done(&t, &r);
}

static void tid_given_again_is_another_thread(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "old");
	tape_totals(&t, 0, 2000, A, .h.flags = EXIT);
	tape_thread(&t, 0, 2500, 20, A, .h.flags = FORK, .start_ns = 2, .comm = "new");
	tape_off(&t, 0, 2500, 0, 2600, A, .h.flags = WIRE_OFF_BIRTH);
	r = go(&t, "ni",
	       "11 old\n11 running 1000-2000\n11 new\n11 runnable 2500-2600\n"
	       "11 running 2600-4000\n");
	assert_int_equal(r.s->threads_nr, 2);
	assert_string_equal(r.s->threads[0].comm, "old");
	assert_int_equal(r.s->threads[1].pid, 20);
	done(&t, &r);
}

static void other_start_time_tells_a_reused_tid_whose_exit_was_lost(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "old");
	tape_off(&t, 0, 1500, 0, 1600, A, .state = 1, .nr = FUTEX);
	tape_thread(&t, 0, 2500, 20, A, .h.flags = FORK, .start_ns = 2, .comm = "new");
	tape_off(&t, 0, 2500, 0, 2500, A, .h.flags = WIRE_OFF_BIRTH);
	/* Nothing is known of the old one after 1600. */
	r = go(&t, "i", "11 running 1000-1500\n11 lock 1500-1600\n11 running 2500-4000\n");
	assert_int_equal(r.s->threads_nr, 2);
	done(&t, &r);
}

static void same_thread_told_twice_is_one(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_thread(&t, 0, 1100, PID, A, .on_cpu = 1, .comm = "alice2");
	r = go(&t, "i", "11 running 1000-4000\n");
	assert_int_equal(r.s->threads_nr, 1);
	assert_string_equal(r.s->threads[0].comm, "alice2");
	done(&t, &r);
}

static void name_may_change_and_be_longer_than_it_should(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_comm(&t, 0, 2000, PID, A, .comm = "0123456789abcdef"); /* no NUL */
	r = go(&t, "n", "11 alice\n11 0123456789abcde\n");
	assert_string_equal(r.s->threads[0].comm, "0123456789abcde");
	done(&t, &r);
}

static void thread_first_heard_of_by_a_record_gets_its_identity_later(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_off(&t, 0, 1500, 0, 1600, A, .state = 1, .nr = FUTEX);
	tape_comm(&t, 0, 1700, PID, A, .comm = "alice");
	r = go(&t, "n", "11 \n11 alice\n");
	assert_int_equal(r.s->threads[0].pid, PID);
	assert_true(r.s->threads[0].clipped);
	assert_int_equal(r.s->threads[0].begin, 1500);
	done(&t, &r);
}

static void exec_goes_on_with_the_thread_and_closes_what_the_old_image_had(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "shell");
	tape_string(&t, 0, 1001, PID, A, N_T, "T");
	tape_string(&t, 0, 1001, PID, A, N_R, "r");
	tape_task(&t, 0, 1500, A, BEGIN, .id = 1, .name = N_T);
	tape_region(&t, 0, 1600, A, BEGIN, N_R);
	tape_thread(&t, 0, 2000, PID, A, .h.flags = EXEC, .comm = "server");
	tape_region(&t, 0, 2500, A, END, N_R);
	r = go(&t, "nrti",
	       "11 shell\n"
	       "11 r 1600-2000 self 400 depth 0 task 1 flags 2: running 400\n"
	       "T 1500-2000 id 1 parent 0 () threads 1 idle 0 flags 2: running 500\n"
	       "11 server\n"
	       /* Begun in the new image, where our probes were not in place yet. */
	       "11 r 2000-2500 self 500 depth 0 task 0 flags 1: running 500\n"
	       "11 running 1000-4000\n");
	assert_int_equal(r.s->threads_nr, 1);
	done(&t, &r);
}

static void exec_by_another_thread_takes_the_leaders_tid(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, PID, .on_cpu = 1, .comm = "leader");
	tape_thread(&t, 0, 1000, PID, B, .on_cpu = 1, .comm = "worker");
	tape_off(&t, 0, 1200, 0, 1300, B, .state = 1, .nr = FUTEX);
	tape_totals(&t, 0, 1900, PID, .h.flags = EXIT);
	tape_thread(&t, 0, 2000, PID, PID, .h.flags = EXEC, .parent_tid = B, .comm = "new");
	tape_off(&t, 0, 2500, 0, 2600, PID, .state = 1, .nr = FUTEX);
	tape_totals(&t, 0, 4000, PID, .used = {.cpu_ns = 2800, .sys_ns = 2500, .syscalls = 9},
		    .exec_ns = 2800);
	r = go(&t, "ni",
	       "10 leader\n12 worker\n"
	       "12 running 1000-1200\n12 lock 1200-1300\n10 running 1000-1900\n12 running "
	       "1300-2000\n10 new\n"
	       "10 running 2000-2500\n10 lock 2500-2600\n10 running 2600-4000\n");
	assert_int_equal(r.s->threads_nr, 3);
	assert_string_equal(r.s->threads[0].comm, "leader");
	assert_int_equal(r.s->threads[0].end, 1900);
	assert_string_equal(r.s->threads[1].comm, "new");
	assert_int_equal(r.s->threads[1].tid, PID);
	assert_int_equal(r.s->threads[1].begin, 2000);
	assert_int_equal(r.s->threads[1].end, 4000);
	assert_int_equal(r.s->threads[1].spent.ns[STATE_LOCK], 100);
	assert_false(r.s->threads[1].exited);
	assert_string_equal(r.s->threads[2].comm, "worker");
	assert_int_equal(r.s->threads[2].tid, B);
	assert_int_equal(r.s->threads[2].begin, 1000);
	assert_int_equal(r.s->threads[2].end, 2000);
	assert_int_equal(r.s->threads[2].spent.ns[STATE_LOCK], 100);
	assert_true(r.s->threads[2].exited);
	/* The kernel counts them as one: nobody knows how much is whose. */
	for (int i = 1; i < 3; i++) {
		assert_false(r.s->threads[i].oracle);
		assert_true(r.s->threads[i].spent.over.absent & OVER_NO_SYSCALLS);
	}
	done(&t, &r);
}

static void child_of_fork_may_end_what_its_parent_began(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1);
	tape_string(&t, 0, 1001, PID, A, N_R, "r");
	tape_region(&t, 0, 1500, A, BEGIN, N_R);
	tape_thread(&t, 0, 2000, 20, 20, .h.flags = FORK, .parent_pid = PID, .parent_tid = A);
	tape_off(&t, 0, 2000, 0, 2000, 20, .h.flags = WIRE_OFF_BIRTH);
	tape_string(&t, 0, 2001, 20, 20, N_R, "r");
	tape_region(&t, 0, 2500, 20, END, N_R);
	tape_region(&t, 0, 2600, A, END, N_R);
	r = go(&t, "r",
	       "20 r 2000-2500 self 500 depth 0 task 0 flags 1: running 500\n"
	       "11 r 1500-2600 self 1100 depth 0 task 0 flags 0: running 1100\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void exited_threads_beyond_the_bound_are_summed(void **state)
{
	struct model_opts opts = {.threads_max = 10};
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, PID, PID, .on_cpu = 1);
	for (uint32_t i = 0; i < 100; i++) {
		tape_thread(&t, 0, 1000 + i * 10, PID, 100 + i, .h.flags = FORK, .parent_pid = PID);
		tape_off(&t, 0, 1000 + i * 10, 0, 1001 + i * 10, 100 + i,
			 .h.flags = WIRE_OFF_BIRTH);
		tape_totals(&t, 0, 1005 + i * 10, 100 + i, .h.flags = EXIT);
	}
	r = run_tape(&t, 1000, 4000, &opts, NULL, 0);
	assert_int_equal(r.s->threads_nr, 11);
	assert_int_equal(r.s->threads_left_out, 90);
	assert_int_equal(r.s->all.ns[STATE_RUNNING], 3000 + 100 * 4);
	assert_int_equal(r.s->all.ns[STATE_RUNNABLE], 100);
	done(&t, &r);
}

static void threads_are_listed_by_pid_tid_and_begin(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 1000, 30, 31, .on_cpu = 1);
	tape_thread(&t, 0, 1000, 20, 40, .on_cpu = 1);
	tape_thread(&t, 0, 1000, 20, 21, .on_cpu = 1);
	tape_totals(&t, 0, 2000, 40, .h.flags = EXIT);
	tape_thread(&t, 0, 2500, 20, 40, .h.flags = FORK, .start_ns = 5);
	r = go(&t, "", "");
	assert_int_equal(r.s->threads_nr, 4);
	assert_int_equal(r.s->threads[0].tid, 21);
	assert_int_equal(r.s->threads[1].tid, 40);
	assert_int_equal(r.s->threads[1].begin, 1000);
	assert_int_equal(r.s->threads[2].begin, 2500);
	assert_int_equal(r.s->threads[3].tid, 31);
	done(&t, &r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(birth_and_death_bound_the_account),
		cmocka_unit_test(dying_thread_is_not_born_again_by_its_last_records),
		cmocka_unit_test(tid_given_again_is_another_thread),
		cmocka_unit_test(other_start_time_tells_a_reused_tid_whose_exit_was_lost),
		cmocka_unit_test(same_thread_told_twice_is_one),
		cmocka_unit_test(name_may_change_and_be_longer_than_it_should),
		cmocka_unit_test(thread_first_heard_of_by_a_record_gets_its_identity_later),
		cmocka_unit_test(exec_goes_on_with_the_thread_and_closes_what_the_old_image_had),
		cmocka_unit_test(exec_by_another_thread_takes_the_leaders_tid),
		cmocka_unit_test(child_of_fork_may_end_what_its_parent_began),
		cmocka_unit_test(exited_threads_beyond_the_bound_are_summed),
		cmocka_unit_test(threads_are_listed_by_pid_tid_and_begin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
