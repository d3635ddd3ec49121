/* SPDX-License-Identifier: MIT */
/*
 * test_join.c - the states of one thread, from hand-made records, nanosecond by nanosecond
 */
#include "unit/checker.h"
#include "unit/recorder.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, FUTEX = 202, READ = 0 };

/* Runs the tape from 1000 to 4000 and compares the intervals. */
static void expect(struct tape *t, const char *intervals)
{
	struct recorder rec = {.what = "ix"};
	struct checker check = {0};
	struct sink sinks[] = {{&recorder_ops, &rec}, {&checker_ops, &check}};
	struct run r = run_tape(t, 1000, 4000, NULL, sinks, 2);

	assert_string_equal(rec.text, intervals);
	model_free(r.m);
	checker_release(&check);
	tape_free(t);
}

static struct tape one_thread(void)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	return t;
}

static void thread_without_records_ran_all_the_time(void **state)
{
	struct tape t = one_thread();

	expect(&t, "11 running 1000-4000\n");
}

static void blocked_then_woken_then_running(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 2000, 2300, 2400, A, .state = 1, .nr = FUTEX);
	expect(&t, "11 running 1000-2000\n11 lock 2000-2300\n11 runnable 2300-2400\n"
		   "11 running 2400-4000\n");
}

static void wait_without_a_wakeup_is_blocked_to_its_end(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 2000, 0, 2400, A, .state = 1, .nr = FUTEX);
	expect(&t, "11 running 1000-2000\n11 lock 2000-2400\n11 running 2400-4000\n");
}

/* sched_waking often comes while the sleeper is still on its CPU. */
static void wake_before_the_switch_out_is_runnable_from_the_switch_out(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 2000, 1990, 2400, A, .state = 1, .nr = FUTEX);
	expect(&t, "11 running 1000-2000\n11 runnable 2000-2400\n11 running 2400-4000\n");
}

static void wake_after_the_return_is_cut_at_the_return(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 2000, 9000, 2400, A, .state = 1, .nr = FUTEX);
	expect(&t, "11 running 1000-2000\n11 lock 2000-2400\n11 running 2400-4000\n");
}

static void preempted_thread_is_preempted_to_its_return(void **state)
{
	struct tape t = one_thread();

	/* A wakeup of a thread that is runnable means nothing. */
	tape_off(&t, 0, 2000, 2100, 2400, A, .state = 0);
	tape_off(&t, 0, 2500, 0, 2600, A, .state = 0, .nr = 24);
	tape_off(&t, 0, 2700, 0, 2800, A, .state = 0, .h.flags = WIRE_OFF_THROTTLED);
	expect(&t, "11 running 1000-2000\n11 preempted 2000-2400\n11 running 2400-2500\n"
		   "11 yield 2500-2600\n11 running 2600-2700\n11 throttled 2700-2800\n"
		   "11 running 2800-4000\n");
}

static void throttled_when_woken_is_throttled_from_the_wakeup(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 2000, 2100, 2400, A, .state = 1, .nr = FUTEX,
		 .h.flags = WIRE_OFF_THROTTLED_WAKE);
	expect(&t, "11 running 1000-2000\n11 lock 2000-2100\n11 throttled 2100-2400\n"
		   "11 running 2400-4000\n");
}

static void new_thread_waits_for_its_first_cpu(void **state)
{
	struct tape t = {0};

	tape_thread(&t, 0, 2000, PID, B, .h.flags = WIRE_THREAD_FORK, .parent_tid = A,
		    .parent_pid = PID);
	tape_off(&t, 0, 2010, 0, 2100, B, .h.flags = WIRE_OFF_BIRTH);
	expect(&t, "12 runnable 2000-2100\n12 running 2100-4000\n");
}

static void wait_that_began_before_the_trace_begins_with_it(void **state)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1050, PID, A, .state = 1);
	tape_off(&t, 0, 1000, 2000, 2100, A, .state = 1, .nr = FUTEX, .h.flags = WIRE_OFF_CLIPPED);
	expect(&t, "11 lock 1050-2000\n11 runnable 2000-2100\n11 running 2100-4000\n");
}

static void thread_that_waited_for_a_cpu_when_the_trace_began_is_runnable(void **state)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A);
	tape_off(&t, 0, 1000, 1000, 1200, A, .state = 0, .h.flags = WIRE_OFF_CLIPPED);
	expect(&t, "11 runnable 1000-1200\n11 running 1200-4000\n");
}

static void wait_that_outlives_the_trace_ends_with_it(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 2000, 0, 3990, A, .state = 1, .nr = FUTEX, .h.flags = WIRE_OFF_OPEN);
	expect(&t, "11 running 1000-2000\n11 lock 2000-4000\n");
}

static void wait_through_the_whole_trace_is_all_there_is(void **state)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .state = 1);
	tape_off(&t, 0, 1000, 0, 4000, A, .state = 1, .nr = FUTEX,
		 .h.flags = WIRE_OFF_OPEN | WIRE_OFF_CLIPPED);
	/* Totals at the end say nothing of its state, whichever comes first. */
	tape_totals(&t, 0, 4000, A);
	expect(&t, "11 lock 1000-4000\n");
}

static void totals_before_the_open_wait_do_not_make_it_run(void **state)
{
	struct tape t = one_thread();

	tape_totals(&t, 0, 3990, A);
	tape_off(&t, 0, 2000, 2500, 4000, A, .state = 1, .nr = FUTEX, .h.flags = WIRE_OFF_OPEN);
	expect(&t, "11 running 1000-2000\n11 lock 2000-2500\n11 runnable 2500-4000\n");
}

static void thread_that_was_off_cpu_and_told_nothing_is_unknown(void **state)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .state = 1);
	tape_off(&t, 0, 2000, 0, 2400, A, .state = 1, .nr = FUTEX);
	expect(&t, "11 unknown 1000-2000\n11 lock 2000-2400\n11 running 2400-4000\n");
}

static void mark_shows_that_an_unknown_thread_runs(void **state)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .state = 1);
	tape_string(&t, 0, 1500, PID, A, 0x10, "r");
	tape_region(&t, 0, 1500, A, WIRE_MARK_BEGIN, 0x10);
	expect(&t, "11 unknown 1000-1500\n11 running 1500-4000\n");
}

static void first_record_of_an_unheard_thread_is_its_begin(void **state)
{
	struct tape t = {0};

	tape_off(&t, 0, 2000, 0, 2400, A, .state = 1, .nr = FUTEX);
	expect(&t, "11 lock 2000-2400\n11 running 2400-4000\n");
}

static void overlapping_waits_share_no_time(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 2000, 0, 2400, A, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 2300, 0, 2500, A, .state = 0);
	tape_off(&t, 0, 2200, 0, 2450, A, .state = 0);
	expect(&t, "11 running 1000-2000\n11 lock 2000-2400\n11 preempted 2400-2450\n"
		   "11 preempted 2450-2500\n11 running 2500-4000\n");
}

static void times_outside_of_the_trace_are_cut_off(void **state)
{
	struct tape t = {0};

	tape_thread(&t, 0, 500, PID, A, .on_cpu = 1);
	tape_off(&t, 0, 700, 0, 900, A, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 950, 0, 1100, A, .state = 0);
	tape_off(&t, 0, 3900, 0, 4100, A, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 4200, 0, 4300, A, .state = 1, .nr = FUTEX);
	expect(&t, "11 preempted 1000-1100\n11 running 1100-3900\n11 lock 3900-4000\n");
}

static void wait_that_ends_before_it_begins_is_a_bad_record(void **state)
{
	struct tape t = one_thread();

	struct run r;

	/* But it may have come back while the tracer looked at it for the first time, or the last. */
	tape_off(&t, 0, 1200, 0, 1100, A, .h.flags = WIRE_OFF_CLIPPED, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 3000, 0, 2000, A, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 3995, 0, 3990, A, .h.flags = WIRE_OFF_OPEN, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 0, 0, 3991, A, .h.flags = WIRE_OFF_OPEN, .state = 1, .nr = FUTEX);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(r.s->bad_records, 1);
	assert_int_equal(r.s->waits_nr, 0);
	model_free(r.m);
	expect(&t, "11 running 1000-4000\n");
}

static void dead_thread_that_never_came_back_ended_at_its_last_switch(void **state)
{
	struct tape t = one_thread();

	tape_off(&t, 0, 3000, 0, 4000, A, .state = 0x80, .h.flags = WIRE_OFF_OPEN);
	expect(&t, "11 running 1000-3000\n");
}

/* --- losses ---------------------------------------------------------------------------------- */

static void mark(struct tape *t, uint64_t ts, uint64_t cpu_ns, uint8_t op)
{
	tape_region(t, 0, ts, A, op, 0x10, .used = {.cpu_ns = cpu_ns});
}

static void running_beyond_its_cpu_time_is_unknown_if_records_were_lost(void **state)
{
	struct tape t = one_thread();

	tape_string(&t, 0, 1000, PID, A, 0x10, "r");
	mark(&t, 1500, 500, WIRE_MARK_BEGIN);
	tape_lost(&t, 0, 1600, 2100, 5);
	mark(&t, 2500, 800, WIRE_MARK_END); /* 700 of the 1000 were not on CPU */
	expect(&t, "1600-2100 5\n11 running 1000-1600\n11 unknown 1600-2300\n"
		   "11 running 2300-4000\n");
}

static void unknown_time_fits_between_the_marks(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_string(&t, 0, 1000, PID, A, 0x10, "r");
	mark(&t, 1500, 500, WIRE_MARK_BEGIN);
	tape_lost(&t, 0, 2400, 2600, 5);
	mark(&t, 2500, 600, WIRE_MARK_END);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(region_of(r.s, "r")->spent.ns[STATE_RUNNING], 100);
	assert_int_equal(region_of(r.s, "r")->spent.ns[STATE_UNKNOWN], 900);
	assert_int_equal(region_of(r.s, "r")->tainted, 1);
	assert_int_equal(thread_of(r.s, A)->spent.ns[STATE_UNKNOWN], 900);
	model_free(r.m);
	expect(&t, "2400-2600 5\n11 running 1000-1600\n11 unknown 1600-2500\n"
		   "11 running 2500-4000\n");
}

static void without_loss_the_account_is_believed(void **state)
{
	struct tape t = one_thread();

	tape_string(&t, 0, 1000, PID, A, 0x10, "r");
	mark(&t, 1500, 500, WIRE_MARK_BEGIN);
	mark(&t, 2500, 800, WIRE_MARK_END);
	tape_lost(&t, 0, 3000, 3100, 5); /* elsewhere */
	expect(&t, "3000-3100 5\n11 running 1000-4000\n");
}

/* The second stretch has too little CPU time too, but no record of it was lost. */
static void only_the_stretch_that_a_loss_is_in_is_corrected(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_string(&t, 0, 1000, PID, A, 0x10, "r");
	mark(&t, 1500, 500, WIRE_MARK_BEGIN);
	tape_lost(&t, 0, 1600, 1700, 5);
	mark(&t, 2000, 700, WIRE_MARK_END);
	mark(&t, 2500, 700, WIRE_MARK_BEGIN);
	mark(&t, 3000, 800, WIRE_MARK_END);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(thread_of(r.s, A)->spent.ns[STATE_UNKNOWN], 300);
	model_free(r.m);
	tape_free(&t);
}

static void totals_at_the_end_correct_what_marks_did_not(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_lost(&t, 0, 2000, 2100, 5);
	tape_totals(&t, 0, 4000, A, .used = {.cpu_ns = 1000});
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(thread_of(r.s, A)->spent.ns[STATE_RUNNING], 1000);
	assert_int_equal(thread_of(r.s, A)->spent.ns[STATE_UNKNOWN], 2000);
	model_free(r.m);
	tape_free(&t);
}

/* It left its CPU at 2000, then again at 2600; its return in between was missed. */
static void batched(struct tape *t, uint64_t ts, uint8_t op)
{
	struct wire_region r = {.h = {.kind = WIRE_REGION, .tid = A, .ts = ts}, .name = 0x10};

	r.h.flags = op | WIRE_MARK_BATCHED;
	tape_put(t, 0, &r, WIRE_REGION_BATCHED_SZ);
}

/* Only what ran since the last mark can be unknown: the rest is told already, or being counted. */
static void after_batched_marks_a_correction_takes_nothing_from_regions(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_string(&t, 0, 1000, PID, A, 0x10, "r");
	batched(&t, 1500, WIRE_MARK_BEGIN);
	batched(&t, 2500, WIRE_MARK_END);
	tape_lost(&t, 0, 1600, 1700, 5);
	batched(&t, 2600, WIRE_MARK_BEGIN);
	TAPE_REC(&t, 0, USED, wire_usage, A, 3000, .used = {.cpu_ns = 200});
	batched(&t, 3500, WIRE_MARK_END);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(region_of(r.s, "r")->spent.ns[STATE_UNKNOWN], 400);
	assert_int_equal(region_of(r.s, "r")->spent.ns[STATE_RUNNING], 1500);
	assert_int_equal(region_of(r.s, "r")->spent.over.absent, OVER_NO_SYSCALLS | OVER_NO_FAULTS);
	assert_int_equal(r.s->bad_records, 0);
	model_free(r.m);
	tape_free(&t);
}

static void return_that_was_missed_is_unknown_and_concerns_that_thread_alone(void **state)
{
	struct tape t = one_thread();
	struct recorder rec = {.what = "rt"};
	struct sink sink = {&recorder_ops, &rec};
	struct run r;

	tape_thread(&t, 0, 1000, PID, B, .on_cpu = 1);
	tape_string(&t, 0, 1001, PID, A, 0x10, "r");
	tape_region(&t, 0, 1500, B, WIRE_MARK_BEGIN, 0x10);
	tape_task(&t, 0, 1500, A, WIRE_MARK_BEGIN, .id = 1, .name = 0x10);
	tape_region(&t, 0, 1500, A, WIRE_MARK_BEGIN, 0x10);
	TAPE_REC(&t, 0, LOST, wire_lost, A, 2600, .from_ts = 2000, .count = 1);
	tape_off(&t, 0, 2600, 0, 2700, A, .state = 1, .nr = FUTEX);
	tape_region(&t, 0, 3000, A, WIRE_MARK_END, 0x10);
	tape_task(&t, 0, 3000, A, WIRE_MARK_END, .id = 1);
	tape_region(&t, 0, 3000, B, WIRE_MARK_END, 0x10);
	r = run_tape(&t, 1000, 4000, NULL, &sink, 1);
	assert_string_equal(rec.text, "11 r 1500-3000 self 1500 depth 0 task 1 flags 8: running "
				      "800 lock 100 unknown 600\n"
				      "r 1500-3000 id 1 parent 0 () threads 1 idle 0 flags 8: "
				      "running 800 lock 100 unknown 600\n"
				      "12 r 1500-3000 self 1500 depth 0 task 0 flags 0: running "
				      "1500\n");
	model_free(r.m);
	tape_free(&t);
}

/* --- what the summary adds -------------------------------------------------------------------- */

static void switches_are_counted_but_after_a_loss_the_kernels_counts_win(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_off(&t, 0, 2000, 0, 2100, A, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 2200, 0, 2300, A, .state = 0);
	tape_off(&t, 0, 2400, 0, 2500, A, .state = 0);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(thread_of(r.s, A)->voluntary, 1);
	assert_int_equal(thread_of(r.s, A)->involuntary, 2);
	assert_false(thread_of(r.s, A)->oracle);
	assert_true(thread_of(r.s, A)->clipped);
	model_free(r.m);
	tape_totals(&t, 0, 4000, A, .nvcsw = 7, .nivcsw = 8, .exec_ns = 2700, .run_delay_ns = 30,
		    .used = {.cpu_ns = 2700, .sys_ns = 9, .syscalls = 4}, .min_flt = 5,
		    .maj_flt = 6);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(thread_of(r.s, A)->voluntary, 1);
	assert_int_equal(thread_of(r.s, A)->involuntary, 2);
	assert_true(thread_of(r.s, A)->oracle);
	assert_int_equal(thread_of(r.s, A)->kernel_cpu_ns, 2700);
	assert_int_equal(thread_of(r.s, A)->kernel_run_delay_ns, 30);
	assert_int_equal(thread_of(r.s, A)->spent.over.syscalls, 4);
	assert_int_equal(thread_of(r.s, A)->spent.over.syscall_ns, 9);
	assert_int_equal(thread_of(r.s, A)->spent.over.faults, 11);
	model_free(r.m);
	tape_lost(&t, 0, 3000, 3001, 1);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(thread_of(r.s, A)->voluntary, 7);
	assert_int_equal(thread_of(r.s, A)->involuntary, 8);
	model_free(r.m);
	tape_free(&t);
}

/*
 * The kernel's figures are from the THREAD record to the TOTALS, 600 to 4500; the trace is from
 * 1000 to 4000.
 */
static void kernels_figures_are_cut_to_the_trace(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 600, PID, A, .on_cpu = 1, .exec_ns = 5000);
	tape_off(&t, 0, 700, 750, 780, A, .state = 1, .nr = FUTEX); /* 100 run, 30 delay outside */
	tape_off(&t, 0, 900, 0, 1050, A, .state = 0);		    /* 120 run, 100 delay outside */
	tape_off(&t, 0, 2000, 2100, 2200, A, .state = 1, .nr = FUTEX);
	tape_off(&t, 0, 3900, 3950, 4100, A, .state = 1, .nr = FUTEX); /* 100 delay outside */
	tape_off(&t, 0, 4200, 4200, 4250, A, .state = 1,
		 .nr = FUTEX); /* 100 run, 50 delay outside */
	tape_totals(&t, 0, 4500, A, .exec_ns = 8300, .run_delay_ns = 430); /* 250 run outside */
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(thread_of(r.s, A)->kernel_cpu_ns, 3300 - 100 - 120 - 100 - 250);
	assert_int_equal(thread_of(r.s, A)->kernel_run_delay_ns, 430 - 30 - 100 - 100 - 50);
	assert_int_equal(thread_of(r.s, A)->voluntary, 2);
	assert_int_equal(thread_of(r.s, A)->involuntary, 0);
	model_free(r.m);
	tape_free(&t);
}

static void waits_are_summed_by_resource_and_region_with_their_wakers(void **state)
{
	struct tape t = one_thread();
	const struct summary_wait *w;
	struct run r;

	tape_comm(&t, 0, 1000, 77, 78, .comm = "stranger");
	tape_thread(&t, 0, 1000, PID, B, .on_cpu = 1, .comm = "bob");
	tape_string(&t, 0, 1000, PID, A, 0x10, "mine");
	tape_string(&t, 0, 1000, PID, A, 0x20, "his");
	tape_region(&t, 0, 1100, B, WIRE_MARK_BEGIN, 0x20);
	tape_region(&t, 0, 1200, A, WIRE_MARK_BEGIN, 0x10);
	tape_off(&t, 0, 1300, 1400, 1500, A, .state = 1, .nr = FUTEX, .arg0 = 0x99, .waker_tid = B,
		 .waker_pid = PID, .waker_ctx = WIRE_WAKER_TASK);
	tape_region(&t, 0, 1600, B, WIRE_MARK_END, 0x20);
	tape_off(&t, 0, 1700, 1900, 2000, A, .state = 1, .nr = FUTEX, .arg0 = 0x99, .waker_tid = B,
		 .waker_pid = PID, .waker_ctx = WIRE_WAKER_TASK);
	/* The waker's region is the one that it was in at the wakeup, not at the return. */
	tape_off(&t, 0, 2000, 2010, 2500, A, .state = 1, .nr = FUTEX, .arg0 = 0x99, .waker_tid = B,
		 .waker_pid = PID, .waker_ctx = WIRE_WAKER_TASK);
	tape_region(&t, 0, 2100, B, WIRE_MARK_BEGIN, 0x20);
	tape_off(&t, 0, 2600, 2610, 2620, A, .state = 1, .nr = FUTEX, .arg0 = 0x99, .waker_tid = 78,
		 .waker_pid = 77, .waker_ctx = WIRE_WAKER_TASK);
	tape_off(&t, 0, 2700, 2710, 2720, A, .state = 1, .nr = FUTEX, .arg0 = 0x99, .waker_tid = 78,
		 .waker_pid = 77, .waker_ctx = WIRE_WAKER_SOFTIRQ);
	tape_region(&t, 0, 2800, A, WIRE_MARK_END, 0x10);
	tape_off(&t, 0, 2900, 2910, 2920, A, .state = 1, .nr = FUTEX, .arg0 = 0x99);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);

	/* The ways back to a CPU are waits of their own. */
	assert_int_equal(r.s->waits_nr, 4);
	assert_int_equal(r.s->waits[0].state, STATE_RUNNABLE);
	assert_string_equal(r.s->waits[0].resource, "CPU");
	assert_int_equal(r.s->waits[0].total_ns, 100 + 100 + 490 + 10 + 10);
	assert_int_equal(r.s->waits[0].wakers_nr, 0);
	w = &r.s->waits[1];
	assert_int_equal(w->state, STATE_LOCK);
	assert_string_equal(w->resource, "futex 0x99");
	assert_string_equal(w->region, "mine");
	assert_int_equal(w->count, 5);
	assert_int_equal(w->total_ns, 100 + 200 + 10 + 10 + 10);
	assert_int_equal(w->max_ns, 200);
	assert_int_equal(w->wakers_nr, 4);
	assert_string_equal(w->wakers[0].comm, "bob");
	assert_string_equal(w->wakers[0].region, "");
	assert_int_equal(w->wakers[0].count, 2);
	assert_int_equal(w->wakers[1].tid, 0);
	assert_int_equal(w->wakers[1].ctx, WIRE_WAKER_SOFTIRQ);
	assert_string_equal(w->wakers[1].comm, "");
	assert_string_equal(w->wakers[2].comm, "bob");
	assert_string_equal(w->wakers[2].region, "his");
	assert_string_equal(w->wakers[3].comm, "stranger");
	for (size_t i = 2; i < 4; i++) {
		assert_string_equal(r.s->waits[i].region, "");
		assert_int_equal(r.s->waits[i].wakers_nr, 0);
	}
	model_free(r.m);
	tape_free(&t);
}

static void different_waits_are_bounded_and_the_longest_stay(void **state)
{
	struct tape t = {0};
	struct run r;
	uint64_t count = 0;

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1);
	tape_off(&t, 0, 2000, 9000, 9000, A, .state = 1, .nr = FUTEX, .arg0 = 1);
	for (uint64_t i = 0; i < 20000; i++)
		tape_off(&t, 0, 10000 + i * 10, 10005 + i * 10, 10005 + i * 10, A, .state = 1,
			 .nr = FUTEX, .arg0 = 2 + i);
	r = run_tape(&t, 1000, 1000000, NULL, NULL, 0);
	assert_true(r.s->waits_nr <= 4096);
	assert_string_equal(r.s->waits[0].resource, "futex 0x1");
	for (size_t i = 0; i < r.s->waits_nr; i++)
		count += r.s->waits[i].count;
	assert_int_equal(count + r.s->waits_left_out, 20001);
	model_free(r.m);
	tape_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thread_without_records_ran_all_the_time),
		cmocka_unit_test(blocked_then_woken_then_running),
		cmocka_unit_test(wait_without_a_wakeup_is_blocked_to_its_end),
		cmocka_unit_test(wake_before_the_switch_out_is_runnable_from_the_switch_out),
		cmocka_unit_test(wake_after_the_return_is_cut_at_the_return),
		cmocka_unit_test(preempted_thread_is_preempted_to_its_return),
		cmocka_unit_test(throttled_when_woken_is_throttled_from_the_wakeup),
		cmocka_unit_test(new_thread_waits_for_its_first_cpu),
		cmocka_unit_test(wait_that_began_before_the_trace_begins_with_it),
		cmocka_unit_test(thread_that_waited_for_a_cpu_when_the_trace_began_is_runnable),
		cmocka_unit_test(wait_that_outlives_the_trace_ends_with_it),
		cmocka_unit_test(wait_through_the_whole_trace_is_all_there_is),
		cmocka_unit_test(totals_before_the_open_wait_do_not_make_it_run),
		cmocka_unit_test(thread_that_was_off_cpu_and_told_nothing_is_unknown),
		cmocka_unit_test(mark_shows_that_an_unknown_thread_runs),
		cmocka_unit_test(first_record_of_an_unheard_thread_is_its_begin),
		cmocka_unit_test(overlapping_waits_share_no_time),
		cmocka_unit_test(times_outside_of_the_trace_are_cut_off),
		cmocka_unit_test(wait_that_ends_before_it_begins_is_a_bad_record),
		cmocka_unit_test(dead_thread_that_never_came_back_ended_at_its_last_switch),
		cmocka_unit_test(running_beyond_its_cpu_time_is_unknown_if_records_were_lost),
		cmocka_unit_test(unknown_time_fits_between_the_marks),
		cmocka_unit_test(without_loss_the_account_is_believed),
		cmocka_unit_test(only_the_stretch_that_a_loss_is_in_is_corrected),
		cmocka_unit_test(totals_at_the_end_correct_what_marks_did_not),
		cmocka_unit_test(after_batched_marks_a_correction_takes_nothing_from_regions),
		cmocka_unit_test(return_that_was_missed_is_unknown_and_concerns_that_thread_alone),
		cmocka_unit_test(switches_are_counted_but_after_a_loss_the_kernels_counts_win),
		cmocka_unit_test(kernels_figures_are_cut_to_the_trace),
		cmocka_unit_test(waits_are_summed_by_resource_and_region_with_their_wakers),
		cmocka_unit_test(different_waits_are_bounded_and_the_longest_stay),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
