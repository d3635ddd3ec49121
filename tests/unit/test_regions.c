/* SPDX-License-Identifier: MIT */
/*
 * test_regions.c - regions, nested, crossed, unfinished and misused; async regions
 */
#include "unit/checker.h"
#include "unit/recorder.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, FUTEX = 202 };
enum { N_A = 0x10, N_B = 0x20, N_C = 0x30, N_SITE = 0x40 };
enum { BEGIN = WIRE_MARK_BEGIN, END = WIRE_MARK_END };

static void names(struct tape *t, uint32_t tid)
{
	tape_string(t, 0, 1001, PID, tid, N_A, "a");
	tape_string(t, 0, 1001, PID, tid, N_B, "b");
	tape_string(t, 0, 1001, PID, tid, N_C, "c");
	tape_string(t, 0, 1001, PID, tid, N_SITE, "main.c:7");
}

/* A thread that the trace met alive. */
static struct tape old_thread(void)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1);
	names(&t, A);
	return t;
}

/* One that was born in the trace: all of its marks are known. */
static struct tape young_thread(void)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .h.flags = WIRE_THREAD_FORK, .parent_pid = PID,
		    .parent_tid = B);
	tape_off(&t, 0, 1000, 0, 1000, A, .h.flags = WIRE_OFF_BIRTH);
	names(&t, A);
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

static void nested_regions_have_inclusive_and_self_time(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A, .site = N_SITE);
	tape_region(&t, 0, 2100, A, BEGIN, N_B);
	tape_off(&t, 0, 2200, 2250, 2300, A, .state = 1, .nr = FUTEX);
	tape_region(&t, 0, 2400, A, END, N_B);
	tape_region(&t, 0, 2500, A, BEGIN, N_B);
	tape_region(&t, 0, 2600, A, END, N_B);
	tape_region(&t, 0, 3000, A, END, N_A);
	r = go(&t, "r",
	       "11 b 2100-2400 self 300 depth 1 task 0 flags 0: running 200 runnable 50 lock 50\n"
	       "11 b 2500-2600 self 100 depth 1 task 0 flags 0: running 100\n"
	       "11 a 2000-3000 self 600 depth 0 task 0 flags 0: running 900 runnable 50 lock 50\n");
	assert_int_equal(r.s->misuse_nr, 0);
	assert_string_equal(region_of(r.s, "a")->site, "main.c:7");
	assert_int_equal(region_of(r.s, "b")->count, 2);
	assert_int_equal(region_of(r.s, "b")->self_ns, 400);
	assert_int_equal(region_of(r.s, "b")->duration_ns.min, 100);
	assert_int_equal(region_of(r.s, "b")->duration_ns.max, 300);
	assert_string_equal(r.s->regions[0].name, "a");
	done(&t, &r);
}

static void same_name_at_two_sites_is_two_rows(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A, .site = N_SITE);
	tape_region(&t, 0, 2100, A, END, N_A);
	tape_region(&t, 0, 2200, A, BEGIN, N_A);
	tape_region(&t, 0, 2400, A, END, N_A);
	r = go(&t, "", "");
	assert_int_equal(r.s->regions_nr, 2);
	assert_int_equal(r.s->regions[0].wall_ns, 200);
	assert_string_equal(r.s->regions[0].site, "");
	assert_string_equal(r.s->regions[1].site, "main.c:7");
	done(&t, &r);
}

static void end_matches_the_innermost_of_its_name(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_region(&t, 0, 2100, A, BEGIN, N_A);
	tape_region(&t, 0, 2200, A, END, N_A);
	tape_region(&t, 0, 2300, A, END, N_A);
	r = go(&t, "r",
	       "11 a 2100-2200 self 100 depth 1 task 0 flags 0: running 100\n"
	       "11 a 2000-2300 self 200 depth 0 task 0 flags 0: running 300\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

/* a   2000 ------------- 2400
 * b        2100 ------------------ 2600 */
static void crossed_regions_both_end_where_they_end(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 1900, A, BEGIN, N_C);
	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_region(&t, 0, 2100, A, BEGIN, N_B);
	tape_region(&t, 0, 2400, A, END, N_A);
	tape_region(&t, 0, 2600, A, END, N_B);
	tape_region(&t, 0, 2700, A, END, N_C);
	r = go(&t, "r",
	       "11 a 2000-2400 self 100 depth 1 task 0 flags 0: running 400\n"
	       "11 b 2100-2600 self 500 depth 1 task 0 flags 0: running 500\n"
	       /* 1900-2000 and 2600-2700: the rest was a's or b's */
	       "11 c 1900-2700 self 200 depth 0 task 0 flags 0: running 800\n");
	assert_int_equal(misuse_of(r.s, "regions crossed"), 1);
	assert_int_equal(r.s->misuse_nr, 1);
	done(&t, &r);
}

static void end_without_begin_is_counted_and_nothing_else(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, END, N_A);
	r = go(&t, "r", "");
	assert_int_equal(misuse_of(r.s, "region ended that was not begun"), 1);
	assert_int_equal(r.s->regions_nr, 0);
	done(&t, &r);
}

static void second_end_is_counted_and_the_first_stands(void **state)
{
	struct tape t = old_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_region(&t, 0, 2100, A, END, N_A);
	tape_region(&t, 0, 2200, A, END, N_A);
	r = go(&t, "r", "11 a 2000-2100 self 100 depth 0 task 0 flags 0: running 100\n");
	assert_int_equal(misuse_of(r.s, "region ended twice"), 1);
	done(&t, &r);
}

static void end_on_another_thread_matches_nothing(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_thread(&t, 0, 1000, PID, B, .h.flags = WIRE_THREAD_FORK, .parent_pid = PID);
	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_region(&t, 0, 2100, B, END, N_A);
	r = go(&t, "r", "11 a 2000-4000 self 2000 depth 0 task 0 flags 2: running 2000\n");
	assert_int_equal(misuse_of(r.s, "region ended that was not begun"), 1);
	assert_int_equal(region_of(r.s, "a")->complete, 0);
	assert_int_equal(region_of(r.s, "a")->count, 1);
	done(&t, &r);
}

static void region_begun_before_the_trace_is_there_from_the_threads_first_instant(void **state)
{
	struct tape t = old_thread();
	struct run r;

	tape_region(&t, 0, 1500, A, BEGIN, N_B);
	tape_region(&t, 0, 1600, A, END, N_B);
	tape_off(&t, 0, 1800, 0, 1900, A, .state = 1, .nr = FUTEX);
	tape_region(&t, 0, 2000, A, END, N_A);
	r = go(&t, "r",
	       "11 b 1500-1600 self 100 depth 0 task 0 flags 0: running 100\n"
	       "11 a 1000-2000 self 1000 depth 0 task 0 flags 1: running 900 lock 100\n");
	assert_int_equal(r.s->misuse_nr, 0);
	assert_int_equal(region_of(r.s, "a")->complete, 0);
	done(&t, &r);
}

static void region_begun_before_the_trace_is_counted_at_the_only_site_of_its_name(void **state)
{
	struct tape t = old_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, END, N_A);
	tape_region(&t, 0, 2100, A, BEGIN, N_A, .site = N_SITE);
	tape_region(&t, 0, 2200, A, END, N_A);
	r = go(&t, "", "");
	assert_int_equal(r.s->regions_nr, 1);
	assert_string_equal(r.s->regions[0].site, "main.c:7");
	assert_int_equal(r.s->regions[0].count, 2);
	assert_int_equal(r.s->regions[0].complete, 1);
	assert_int_equal(r.s->regions[0].wall_ns, 1100);
	model_free(r.m);
	tape_region(&t, 0, 2300, A, BEGIN, N_A, .site = N_B); /* which of the two? */
	tape_region(&t, 0, 2400, A, END, N_A);
	r = go(&t, "", "");
	assert_int_equal(r.s->regions_nr, 3);
	done(&t, &r);
}

static void region_open_at_its_threads_exit_is_unfinished(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_region(&t, 0, 2100, A, BEGIN, N_B);
	tape_totals(&t, 0, 2500, A, .h.flags = WIRE_TOTALS_EXIT);
	r = go(&t, "r",
	       "11 b 2100-2500 self 400 depth 1 task 0 flags 2: running 400\n"
	       "11 a 2000-2500 self 100 depth 0 task 0 flags 2: running 500\n");
	assert_int_equal(region_of(r.s, "b")->duration_ns.max, 0);
	done(&t, &r);
}

/* An early return in C: the end of b is never reached, again and again. */
static void forgotten_ends_do_not_pile_up(void **state)
{
	struct tape t = young_thread();
	struct run r;

	for (uint64_t i = 0; i < 2000; i++) {
		tape_region(&t, 0, 1002 + i, A, BEGIN, N_A);
		tape_region(&t, 0, 1002 + i, A, BEGIN, N_B);
		tape_region(&t, 0, 1002 + i, A, END, N_A);
	}
	tape_region(&t, 0, 3500, A, BEGIN, N_C);
	tape_region(&t, 0, 3600, A, END, N_C);
	r = go(&t, "", "");
	assert_int_equal(region_of(r.s, "a")->complete, 2000);
	assert_int_equal(region_of(r.s, "b")->count, 2000);
	assert_int_equal(region_of(r.s, "b")->complete, 0);
	assert_int_equal(region_of(r.s, "c")->complete, 1);
	assert_int_equal(misuse_of(r.s, "regions crossed"), 2000);
	assert_int_equal(misuse_of(r.s, "region begun again without its end"), 1999);
	assert_int_equal(misuse_of(r.s, "regions nested too deep"), 0);
	done(&t, &r);
}

static void too_deep_nesting_is_counted_and_survived(void **state)
{
	struct tape t = young_thread();
	struct run r;

	for (uint64_t i = 0; i < 1100; i++)
		tape_region(&t, 0, 1002 + i, A, BEGIN, N_A);
	for (uint64_t i = 0; i < 1100; i++)
		tape_region(&t, 0, 2200 + i, A, END, N_A);
	r = go(&t, "", "");
	assert_int_equal(misuse_of(r.s, "regions nested too deep"), 76);
	assert_int_equal(r.s->misuse_nr, 1);
	assert_int_equal(region_of(r.s, "a")->complete, 1024);
	done(&t, &r);
}

static void lost_end_is_no_misuse_and_its_region_is_closed_tainted(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A, .used = {.cpu_ns = 1000});
	tape_region(&t, 0, 2100, A, BEGIN, N_B, .used = {.cpu_ns = 1100});
	tape_lost(&t, 0, 2150, 2250, 1); /* the end of b */
	tape_region(&t, 0, 2300, A, END, N_A, .used = {.cpu_ns = 1300});
	tape_lost(&t, 0, 2900, 3000, 1); /* the begin of c */
	tape_region(&t, 0, 3100, A, END, N_C, .used = {.cpu_ns = 2100});
	r = go(&t, "r",
	       "11 b 2100-2300 self 200 depth 1 task 0 flags 10: running 200\n"
	       "11 a 2000-2300 self 100 depth 0 task 0 flags 8: running 300\n");
	assert_int_equal(misuse_of(r.s, "mark whose partner may be among the lost records"), 2);
	assert_int_equal(r.s->misuse_nr, 1);
	assert_int_equal(region_of(r.s, "a")->tainted, 1);
	done(&t, &r);
}

static void marks_before_the_trace_and_after_it_are_not_counted(void **state)
{
	struct tape t = {0};
	struct run r;

	tape_thread(&t, 0, 900, PID, A, .on_cpu = 1);
	tape_string(&t, 0, 900, PID, A, N_A, "a");
	tape_string(&t, 0, 900, PID, A, N_B, "b");
	tape_region(&t, 0, 910, A, BEGIN, N_A);
	tape_region(&t, 0, 920, A, BEGIN, N_B);
	tape_region(&t, 0, 930, A, END, N_B);
	tape_region(&t, 0, 940, A, END, N_A);
	tape_region(&t, 0, 950, A, BEGIN, N_A);
	tape_region(&t, 0, 1500, A, END, N_A);
	tape_region(&t, 0, 3900, A, BEGIN, N_B);
	tape_region(&t, 0, 4100, A, END, N_B);
	r = go(&t, "r",
	       "11 a 1000-1500 self 500 depth 0 task 0 flags 1: running 500\n"
	       "11 b 3900-4000 self 100 depth 0 task 0 flags 2: running 100\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void overlays_are_the_difference_of_two_snapshots(void **state)
{
	struct tape t = young_thread();
	const struct breakdown *b;
	struct run r;

	/* A thread that has made many calls: up to here in two steps. */
	tape_region(&t, 0, 1800, A, BEGIN, N_B, .used = {.syscalls = 0x7ffffffe});
	tape_region(&t, 0, 1900, A, END, N_B, .used = {.syscalls = 0xfffffffd});
	tape_region(&t, 0, 2000, A, BEGIN, N_A,
		    .used = {.cpu_ns = 10, .sys_ns = 5, .syscalls = 0xfffffffe, .faults = 100});
	tape_region(&t, 0, 2500, A, END, N_A,
		    .used = {.cpu_ns = 500, .sys_ns = 205, .syscalls = 3, .faults = 107});
	r = go(&t, "", "");
	b = &region_of(r.s, "a")->spent;
	assert_int_equal(b->over.syscall_ns, 200);
	assert_int_equal(b->over.syscalls, 5); /* 32 bits wrap */
	assert_int_equal(b->over.faults, 7);
	done(&t, &r);
}

/* --- names --------------------------------------------------------------------------------- */

static void name_holds_until_its_address_is_defined_again(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_string(&t, 0, 2050, PID, A, N_A, "other library");
	tape_region(&t, 0, 2100, A, BEGIN, N_A);
	tape_region(&t, 0, 2200, A, END, N_A);
	r = go(&t, "r",
	       "11 other library 2100-2200 self 100 depth 1 task 0 flags 0: running 100\n"
	       "11 a 2000-4000 self 1900 depth 0 task 0 flags 2: running 2000\n");
	done(&t, &r);
}

static void same_text_at_two_addresses_is_one_name(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_string(&t, 0, 1500, PID, A, 0x999, "a");
	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_region(&t, 0, 2100, A, END, 0x999);
	r = go(&t, "r", "11 a 2000-2100 self 100 depth 0 task 0 flags 0: running 100\n");
	done(&t, &r);
}

static void once_string_is_for_one_mark_of_its_thread(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_string_flags(&t, 0, 2000, PID, A, N_A, "one", WIRE_STR_ONCE);
	tape_region(&t, 0, 2000, A, BEGIN | WIRE_MARK_ONCE, N_A);
	tape_string_flags(&t, 0, 2100, PID, A, N_A, "one", WIRE_STR_ONCE);
	tape_region(&t, 0, 2100, A, END | WIRE_MARK_ONCE, N_A);
	tape_region(&t, 0, 2200, A, BEGIN, N_A); /* the literal is still there */
	tape_region(&t, 0, 2300, A, END, N_A);
	tape_region(&t, 0, 2400, A, BEGIN | WIRE_MARK_ONCE, N_A); /* no string came for it */
	r = go(&t, "r",
	       "11 one 2000-2100 self 100 depth 0 task 0 flags 0: running 100\n"
	       "11 a 2200-2300 self 100 depth 0 task 0 flags 0: running 100\n"
	       "11 0x10 2400-4000 self 1600 depth 0 task 0 flags 2: running 1600\n");
	assert_int_equal(misuse_of(r.s, "mark whose name was not captured"), 1);
	done(&t, &r);
}

static void unknown_name_is_its_address_and_a_cut_one_says_so(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_string_flags(&t, 0, 1500, PID, A, 0x66, "long na", WIRE_STR_CUT);
	tape_string_flags(&t, 0, 1500, PID, A, 0x77, "", WIRE_STR_FAULT);
	tape_region(&t, 0, 2000, A, BEGIN, 0x66);
	tape_region(&t, 0, 2100, A, END, 0x66);
	tape_region(&t, 0, 2200, A, BEGIN, 0x77);
	tape_region(&t, 0, 2300, A, END, 0x77);
	r = go(&t, "r",
	       "11 long na… 2000-2100 self 100 depth 0 task 0 flags 0: running 100\n"
	       "11 0x77 2200-2300 self 100 depth 0 task 0 flags 0: running 100\n");
	done(&t, &r);
}

static void strings_of_one_process_say_nothing_of_another(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_thread(&t, 0, 1000, 20, 21, .on_cpu = 1);
	tape_string(&t, 0, 1000, 20, 21, N_A, "theirs");
	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_region(&t, 0, 2000, 21, BEGIN, N_A);
	r = go(&t, "r",
	       "11 a 2000-4000 self 2000 depth 0 task 0 flags 2: running 2000\n"
	       "21 theirs 2000-4000 self 2000 depth 0 task 0 flags 2: running 2000\n");
	done(&t, &r);
}

static void names_are_bounded_and_the_rest_is_one_row(void **state)
{
	struct tape t = young_thread();
	uint64_t count = 0;
	struct run r;

	for (uint64_t i = 0; i < 6000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", (int)i);
		tape_string(&t, 0, 1001, PID, A, 0x10000 + i, name);
		tape_region(&t, 0, 1001 + i / 3, A, BEGIN, 0x10000 + i);
		tape_region(&t, 0, 1001 + i / 3, A, END, 0x10000 + i);
	}
	r = go(&t, "", "");
	assert_true(r.s->regions_nr <= 4097);
	for (size_t i = 0; i < r.s->regions_nr; i++)
		count += r.s->regions[i].count;
	assert_int_equal(count, 6000);
	assert_int_equal(region_of(r.s, "(other names)")->count, 6000 - 4096);
	done(&t, &r);
}

static void names_of_one_mark_can_not_crowd_out_literals(void **state)
{
	struct tape t = young_thread();
	struct run r;

	for (uint64_t i = 0; i < 60000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "request %d", (int)i);
		tape_string_flags(&t, 0, 2000 + i, PID, A, 0x99, name, WIRE_STR_ONCE);
		tape_region(&t, 0, 2000 + i, A, BEGIN | WIRE_MARK_ONCE, 0x99);
	}
	tape_string(&t, 0, 70000, PID, A, 0x77, "a literal");
	tape_region(&t, 0, 70000, A, BEGIN, 0x77);
	r = run_tape(&t, 1000, 100000, NULL, NULL, 0);
	assert_true(misuse_of(r.s, "too many different names") > 5000);
	assert_int_equal(misuse_of(r.s, "mark whose name was not captured"), 0);
	assert_true(r.m->names.nr < 50000);
	assert_non_null(intern_find(&r.m->names, "a literal", 9));
	done(&t, &r);
}

/* --- async regions ---------------------------------------------------------------------------- */

static void async_region_may_end_on_another_thread(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_thread(&t, 0, 1000, PID, B, .on_cpu = 1);
	tape_async(&t, 0, 2000, A, BEGIN, 5, N_A, .task = 9, .site = N_SITE);
	tape_async(&t, 0, 2500, B, END, 5, N_A);
	r = go(&t, "a", "a 2000-2500 id 5 task 9 flags 0\n");
	assert_true(region_of(r.s, "a")->async);
	assert_int_equal(region_of(r.s, "a")->complete, 1);
	assert_int_equal(region_of(r.s, "a")->wall_ns, 500);
	assert_int_equal(region_of(r.s, "a")->self_ns, 0);
	done(&t, &r);
}

static void async_region_and_region_of_one_name_are_two_rows(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_region(&t, 0, 2000, A, BEGIN, N_A);
	tape_async(&t, 0, 2000, A, BEGIN, 5, N_A);
	tape_async(&t, 0, 2500, A, END, 5, N_A);
	tape_region(&t, 0, 2500, A, END, N_A);
	r = go(&t, "", "");
	assert_int_equal(r.s->regions_nr, 2);
	assert_false(r.s->regions[0].async);
	assert_true(r.s->regions[1].async);
	done(&t, &r);
}

static void async_region_without_its_other_half_is_clipped_or_counted(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_async(&t, 0, 2000, A, BEGIN, 5, N_A);
	tape_async(&t, 0, 2100, A, BEGIN, 5, N_A); /* again */
	tape_async(&t, 0, 2200, A, END, 6, N_A);   /* never begun, by a young process */
	r = go(&t, "a", "a 2000-2100 id 5 task 0 flags 2\na 2100-4000 id 5 task 0 flags 2\n");
	assert_int_equal(misuse_of(r.s, "async region begun while one of its id was open"), 1);
	assert_int_equal(misuse_of(r.s, "async region ended that was not begun"), 1);
	done(&t, &r);
	t = old_thread();
	tape_async(&t, 0, 2200, A, END, 6, N_A);
	r = go(&t, "a", "a 1000-2200 id 6 task 0 flags 1\n");
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void async_regions_of_one_id_in_two_processes_are_two(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_thread(&t, 0, 1000, 20, 21, .on_cpu = 1);
	tape_string(&t, 0, 1001, 20, 21, N_A, "theirs");
	tape_async(&t, 0, 2000, A, BEGIN, 5, N_A);
	tape_async(&t, 0, 2100, 21, BEGIN, 5, N_A);
	tape_lost(&t, 0, 2300, 2310, 1);
	tape_async(&t, 0, 2200, A, END, 5, N_A);
	tape_async(&t, 0, 2400, 21, END, 5, N_A);
	r = go(&t, "a", "a 2000-2200 id 5 task 0 flags 0\ntheirs 2100-2400 id 5 task 0 flags 8\n");
	assert_int_equal(region_of(r.s, "theirs")->tainted, 1);
	assert_int_equal(r.s->misuse_nr, 0);
	done(&t, &r);
}

static void async_region_ends_with_its_process(void **state)
{
	struct tape t = young_thread();
	struct run r;

	tape_async(&t, 0, 2000, A, BEGIN, 5, N_A);
	tape_totals(&t, 0, 2500, A, .h.flags = WIRE_TOTALS_EXIT);
	r = go(&t, "a", "a 2000-2500 id 5 task 0 flags 2\n");
	done(&t, &r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_regions_have_inclusive_and_self_time),
		cmocka_unit_test(same_name_at_two_sites_is_two_rows),
		cmocka_unit_test(end_matches_the_innermost_of_its_name),
		cmocka_unit_test(crossed_regions_both_end_where_they_end),
		cmocka_unit_test(end_without_begin_is_counted_and_nothing_else),
		cmocka_unit_test(second_end_is_counted_and_the_first_stands),
		cmocka_unit_test(end_on_another_thread_matches_nothing),
		cmocka_unit_test(
			region_begun_before_the_trace_is_there_from_the_threads_first_instant),
		cmocka_unit_test(
			region_begun_before_the_trace_is_counted_at_the_only_site_of_its_name),
		cmocka_unit_test(region_open_at_its_threads_exit_is_unfinished),
		cmocka_unit_test(forgotten_ends_do_not_pile_up),
		cmocka_unit_test(too_deep_nesting_is_counted_and_survived),
		cmocka_unit_test(lost_end_is_no_misuse_and_its_region_is_closed_tainted),
		cmocka_unit_test(marks_before_the_trace_and_after_it_are_not_counted),
		cmocka_unit_test(overlays_are_the_difference_of_two_snapshots),
		cmocka_unit_test(name_holds_until_its_address_is_defined_again),
		cmocka_unit_test(same_text_at_two_addresses_is_one_name),
		cmocka_unit_test(once_string_is_for_one_mark_of_its_thread),
		cmocka_unit_test(unknown_name_is_its_address_and_a_cut_one_says_so),
		cmocka_unit_test(strings_of_one_process_say_nothing_of_another),
		cmocka_unit_test(names_are_bounded_and_the_rest_is_one_row),
		cmocka_unit_test(names_of_one_mark_can_not_crowd_out_literals),
		cmocka_unit_test(async_region_may_end_on_another_thread),
		cmocka_unit_test(async_region_and_region_of_one_name_are_two_rows),
		cmocka_unit_test(async_region_without_its_other_half_is_clipped_or_counted),
		cmocka_unit_test(async_regions_of_one_id_in_two_processes_are_two),
		cmocka_unit_test(async_region_ends_with_its_process),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
