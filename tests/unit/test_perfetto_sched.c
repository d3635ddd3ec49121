/* SPDX-License-Identifier: MIT */
/* test_perfetto_sched.c - waits of threads become the switches of CPUs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctrace/wire.h"
#include "export/perfetto_sched.h"

enum { START = 1000, STOP = 9000 };

static const struct capture_info info = {.start_ts = START, .stop_ts = STOP, .cpus = 2};
static const struct span_thread one = {
	.tid = 11, .comm = "one", .begin = START, .last = STOP, .key = (void *)1};
static const struct span_thread two = {
	.tid = 12, .comm = "two", .begin = START, .last = STOP, .key = (void *)2};
static struct perfetto_out *out;
static struct sched *s;

static int begin(void **state)
{
	out = calloc(1, sizeof(*out));
	s = calloc(1, sizeof(*s));
	out_init(out, &info);
	sched_init(s, out);
	sched_thread(s, &one);
	sched_thread(s, &two);
	return 0;
}

static int end(void **state)
{
	assert_false(out->pb.failed);
	sched_release(s);
	out_release(out);
	free(out);
	free(s);
	return 0;
}

static struct span_wait wait_of(uint64_t off, uint64_t woken, uint64_t on, uint16_t off_cpu,
				uint16_t on_cpu)
{
	return (struct span_wait){.state = STATE_LOCK,
				  .begin = off,
				  .woken = woken,
				  .end = on,
				  .nr = 202,
				  .syscall = "futex",
				  .resource = "futex 0x1",
				  .kernel_state = 1,
				  .off_cpu = off_cpu,
				  .on_cpu = on_cpu,
				  .peer = {.comm = ""},
				  .holder = {.softirq = "", .comm = "", .region = "", .task = ""},
				  .kernel = "",
				  .waker = {.softirq = "", .comm = "", .region = "", .task = ""},
				  .prev_comm = ""};
}

static bool put(const struct span_thread *th, const struct span_wait *w)
{
	const struct span_interval i = {th, w->state, w->begin, w->woken, w};

	return sched_interval(s, &i);
}

/* "ts prev_state>next …" of the CPU's switches, in the order of time, without the first. */
static const char *switches(int cpu)
{
	static char text[1024];
	const struct bundle_cpu *c = s->bundles.cpus[cpu];
	const struct bundle_event *sorted[BUNDLE_EVENTS];
	size_t n = 0, nr = c ? c->switches.nr : 0;

	text[0] = '\0';
	for (size_t i = 1; i < nr; i++) {
		size_t at = i - 1;

		for (; at && sorted[at - 1]->ts > c->switches.v[i].ts; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &c->switches.v[i];
	}
	for (size_t i = 0; i + 1 < nr; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%llu %x>%u", i ? ", " : "",
				      (unsigned long long)sorted[i]->ts, sorted[i]->flags,
				      sorted[i]->tid);
	return text;
}

static void a_thread_that_ran_from_the_start_came_to_its_cpu_then(void **state)
{
	struct span_wait w = wait_of(2000, 3000, 3000, 1, 0);

	assert_true(put(&one, &w));
	assert_false(put(&one, &w));
	assert_string_equal(switches(1), "1000 0>11, 2000 1>0");
	assert_string_equal(switches(0), "3000 0>11");
}

static void one_thread_right_after_another_is_one_switch(void **state)
{
	struct span_wait second = wait_of(START, 1500, 2000, 0, 1), first;

	second.prev_tid = 11;
	put(&two, &second); /* at 2000 it comes to CPU 1 from one, which is told later why */
	assert_string_equal(switches(1), "1000 0>11");
	first = wait_of(2000, 4000, 5000, 1, 1);
	put(&one, &first);
	assert_string_equal(switches(1), "1000 0>11, 2000 1>12, 5000 0>11");
}

static void one_that_came_after_idling_does_not_say_when_the_other_left(void **state)
{
	struct span_wait second = wait_of(START, 1500, 2000, 0, 1), first;

	put(&two, &second);
	first = wait_of(1800, 4000, 5000, 1, 0);
	put(&one, &first);
	assert_string_equal(switches(1), "1000 0>11, 1800 1>0, 2000 0>12");
	assert_string_equal(switches(0), "5000 0>11");
}

static void what_a_thread_wanted_is_told_by_its_state(void **state)
{
	static const struct {
		uint32_t kernel_state, prev_state;
	} v[] = {{0, 0x100},	{1, 1}, {2, 2}, {0x102, 2},
		 {0x402, 0x80}, {4, 4}, {8, 8}, {0x8000, 2}};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct span_wait w = wait_of(2000 + i * 100, 2050 + i * 100, 2050 + i * 100, 0, 0);

		w.kernel_state = v[i].kernel_state;
		put(&one, &w);
		assert_int_equal(s->bundles.cpus[0]->switches.v[2 * i + 2].flags, v[i].prev_state);
	}
}

static void one_that_was_woken_before_it_slept_is_runnable(void **state)
{
	struct span_wait w = wait_of(2000, 2000, 3000, 0, 0);

	put(&one, &w);
	assert_string_equal(switches(0), "1000 0>11, 2000 0>0, 3000 0>11");
	assert_int_equal(s->bundles.cpus[0]->blocked.nr, 0);
}

static void a_waking_is_on_the_cpu_of_its_waker(void **state)
{
	struct span_wait first = wait_of(1200, 1300, 1300, 1, 1),
			 second = wait_of(1500, 2500, 2600, 0, 0);

	put(&one, &first);
	second.waker.tid = 11;
	second.waker.ctx = WIRE_WAKER_TASK;
	put(&two, &second);
	assert_int_equal(s->bundles.cpus[1]->wakings.nr, 1);
	assert_int_equal(s->bundles.cpus[1]->wakings.v[0].ts, 2500);
	assert_int_equal(s->bundles.cpus[1]->wakings.v[0].tid, 12);
	assert_int_equal(s->bundles.cpus[1]->wakings.v[0].flags, 0);
	assert_int_equal(sched_waker(s, &second), 1);
}

static void a_waker_that_is_not_traced_runs_elsewhere_for_that_moment(void **state)
{
	struct span_wait w = wait_of(1500, 2500, 2600, 0, 0);

	w.waker.tid = 77;
	w.waker.ctx = WIRE_WAKER_TASK;
	put(&one, &w);
	assert_string_equal(switches(2), "2499 0>77, 2501 1>0");
	assert_int_equal(s->bundles.cpus[2]->wakings.v[0].ts, 2500);
	assert_int_equal(sched_waker(s, &w), 0);
}

static void an_interrupt_wakes_by_its_flags(void **state)
{
	struct span_wait w = wait_of(1500, 2500, 2600, 0, 0);

	w.waker.tid = 77;
	w.waker.ctx = WIRE_WAKER_SOFTIRQ;
	put(&one, &w);
	assert_string_equal(switches(2), "");
	assert_int_equal(s->bundles.cpus[2]->wakings.v[0].flags, 0x10);
	assert_int_equal(sched_waker(s, &w), 0);
}

static void the_reason_is_told_with_the_switch(void **state)
{
	struct span_wait w = wait_of(1500, 2500, 2600, 0, 0);

	w.iowait = true;
	put(&one, &w);
	assert_int_equal(s->bundles.cpus[0]->blocked.nr, 1);
	assert_int_equal(s->bundles.cpus[0]->blocked.v[0].ts, 1500);
	assert_int_equal(s->bundles.cpus[0]->blocked.v[0].tid, 11);
	assert_true(s->bundles.cpus[0]->blocked.v[0].io);
	assert_int_equal(s->bundles.cpus[0]->blocked.v[0].symbol,
			 out_text(out, TEXT_SYMBOL, "lock: futex 0x1"));
}

static void a_cpu_that_the_machine_has_not_is_one_of_those_behind(void **state)
{
	struct span_wait w = wait_of(1500, 2500, 2600, 60000, 60000);

	put(&one, &w);
	put(&two, &w);
	assert_string_equal(switches(3), "1000 0>11, 1500 1>0, 2600 0>11");
	assert_string_equal(switches(4), "1000 0>12, 1500 1>0, 2600 0>12");
}

static void the_end_closes_what_runs_and_what_waits(void **state)
{
	struct span_wait w = wait_of(1500, STOP, STOP, 0, 0);

	w.open = true;
	put(&one, &w);
	sched_thread_end(s, &one);
	sched_thread_end(s, &two); /* ran all the time, nobody knows where */
	assert_string_equal(switches(0), "1000 0>11, 1500 1>0");
	assert_string_equal(switches(2), "9000 0>11, 9000 100>0");
	assert_string_equal(switches(3), "1000 0>12, 9000 100>0");
}

static void one_that_exits_is_dead(void **state)
{
	struct span_thread gone = one;

	gone.end = gone.last = 4000;
	sched_thread_end(s, &gone);
	assert_string_equal(switches(3), "1000 0>11, 4000 10>0");
	assert_int_equal(s->by_tid.nr, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thread_that_ran_from_the_start_came_to_its_cpu_then),
		TEST(one_thread_right_after_another_is_one_switch),
		TEST(one_that_came_after_idling_does_not_say_when_the_other_left),
		TEST(what_a_thread_wanted_is_told_by_its_state),
		TEST(one_that_was_woken_before_it_slept_is_runnable),
		TEST(a_waking_is_on_the_cpu_of_its_waker),
		TEST(a_waker_that_is_not_traced_runs_elsewhere_for_that_moment),
		TEST(an_interrupt_wakes_by_its_flags),
		TEST(the_reason_is_told_with_the_switch),
		TEST(a_cpu_that_the_machine_has_not_is_one_of_those_behind),
		TEST(the_end_closes_what_runs_and_what_waits),
		TEST(one_that_exits_is_dead),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
