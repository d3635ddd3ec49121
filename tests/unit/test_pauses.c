/* SPDX-License-Identifier: MIT */
/* test_pauses.c - what a runtime's pauses overlapped: an overlay, of every thread of its process */
#include "unit/checker.h"
#include "unit/runs.h"

enum {
	START = 1000,
	STOP = 100000,
	PID = 10,
	ONE = 11,
	TWO = 12,
	OTHER = 20,
	ELSE = 21,
	LATE = 13
};
enum { N_WORK = 0x100, N_GC = 0x200, N_QUEUE = 0x300, N_JOB = 0x400, N_NEXT = 0x500 };

static struct tape tape;
static struct run r;

static void names(uint32_t pid, uint32_t tid)
{
	tape_string(&tape, 0, START, pid, tid, N_WORK, pid == PID ? "work" : "else");
	tape_string(&tape, 0, START, pid, tid, N_GC, "gc");
	tape_string(&tape, 0, START, pid, tid, N_QUEUE, "queue");
	tape_string(&tape, 0, START, pid, tid, N_JOB, "job");
	tape_string(&tape, 0, START, pid, tid, N_NEXT, "next");
}

static int setup(void **state)
{
	memset(&tape, 0, sizeof(tape));
	tape_thread(&tape, 0, START, PID, ONE, .on_cpu = 1, .comm = "one");
	tape_thread(&tape, 0, START, PID, TWO, .on_cpu = 1, .comm = "two");
	tape_thread(&tape, 0, START, OTHER, ELSE, .on_cpu = 1, .comm = "else");
	names(PID, ONE);
	names(OTHER, ELSE);
	return 0;
}

static int teardown(void **state)
{
	model_free(r.m);
	r.m = NULL;
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

static uint64_t gc_of(const char *region)
{
	return region_of(r.s, region)->spent.over.gc_ns;
}

/* A pause from, to, that `tid` marks. */
static void pause_of(uint32_t tid, uint64_t from, uint64_t to, uint64_t id)
{
	tape_async(&tape, 0, from, tid, WIRE_MARK_BEGIN, id, N_GC);
	if (to)
		tape_async(&tape, 0, to, tid, WIRE_MARK_END, id, N_GC);
}

static void region(uint32_t tid, uint64_t from, uint64_t to)
{
	tape_region(&tape, 0, from, tid, WIRE_MARK_BEGIN, N_WORK);
	tape_region(&tape, 0, to, tid, WIRE_MARK_END, N_WORK);
}

static void a_region_has_what_of_a_pause_overlaps_it(void **state)
{
	static const struct {
		uint64_t from, to, overlap;
	} pauses[] = {{2000, 2500, 0},	  {2500, 3200, 200}, {3100, 3300, 200}, {3900, 4500, 100},
		      {2000, 5000, 1000}, {4000, 4500, 0},   {3900, 0, 100}};

	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		/* Whichever thread collects, and whatever this one does meanwhile. */
		for (uint32_t tid = ONE; tid <= TWO; tid++) {
			teardown(state);
			setup(state);
			region(ONE, 3000, 4000);
			region(ELSE, 3000, 4000);
			tape_off(&tape, 0, 3150, 0, 3250, ONE, .state = 1, .nr = 202);
			pause_of(tid, pauses[i].from, pauses[i].to, 7);
			run();
			assert_int_equal(gc_of("work"), pauses[i].overlap);
			assert_int_equal(gc_of("else"), 0);
		}
	}
}

static void pauses_that_overlap_each_other_count_once(void **state)
{
	region(ONE, 3000, 9000);
	pause_of(ONE, 4000, 6000, 1);
	pause_of(TWO, 5000, 7000, 2);
	pause_of(TWO, 8000, 8100, 3);
	tape_async(&tape, 0, 3000, ONE, WIRE_MARK_BEGIN, 9, N_QUEUE); /* no pause */
	tape_async(&tape, 0, 9000, ONE, WIRE_MARK_END, 9, N_QUEUE);
	run();
	assert_int_equal(gc_of("work"), 3100);
	assert_int_equal(thread_of(r.s, TWO)->spent.over.gc_ns, 3100);
}

static void a_thread_has_none_of_the_pauses_before_it(void **state)
{
	pause_of(ONE, 2000, 3000, 1);
	tape_thread(&tape, 0, 5000, PID, LATE, .comm = "late");
	tape_region(&tape, 0, 6000, LATE, WIRE_MARK_BEGIN, N_NEXT);
	tape_region(&tape, 0, 9000, LATE, WIRE_MARK_END, N_NEXT);
	pause_of(ONE, 7000, 7500, 2);
	run();
	assert_int_equal(gc_of("next"), 500);
	assert_int_equal(thread_of(r.s, LATE)->spent.over.gc_ns, 500);
}

static void a_task_has_those_while_threads_worked_for_it(void **state)
{
	tape_task(&tape, 0, 2000, ONE, WIRE_MARK_BEGIN, .id = 1, .name = N_JOB);
	pause_of(TWO, 2500, 3500, 1);
	tape_task(&tape, 0, 3000, ONE, WIRE_MARK_LEAVE, .id = 0);
	tape_task(&tape, 0, 5000, TWO, WIRE_MARK_ENTER, .id = 1, .name = N_JOB);
	pause_of(ONE, 5100, 5300, 2);
	tape_task(&tape, 0, 6000, TWO, WIRE_MARK_END, .id = 1, .name = N_JOB);
	run();
	assert_int_equal(task_of(r.s, "job")->spent.over.gc_ns, 500 + 200);
}

/* One that was going on when the trace began has no begin: how long it was is not known. */
static void a_pause_whose_begin_was_not_seen_counts_not(void **state)
{
	region(ONE, 2000, 9000);
	tape_async(&tape, 0, 3000, TWO, WIRE_MARK_END, 5, N_GC);
	pause_of(TWO, 4000, 4100, 6);
	run();
	assert_int_equal(gc_of("work"), 100);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_region_has_what_of_a_pause_overlaps_it),
		TEST(pauses_that_overlap_each_other_count_once),
		TEST(a_thread_has_none_of_the_pauses_before_it),
		TEST(a_task_has_those_while_threads_worked_for_it),
		TEST(a_pause_whose_begin_was_not_seen_counts_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
