/* SPDX-License-Identifier: MIT */
/* test_chain.c - the chain of a wait as a tree: what is one link, in which order, and what is
 * pruned */
#include <stdio.h>

#include "model/critical.h"
#include "unit/checker.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, C = 13 };
enum { N_GET = 0x1000, N_PARSE = 0x1010, N_DB = 0x1020, FUTEX = 202, SLEEP = 230 };

static void people(struct tape *t)
{
	tape_thread(t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_thread(t, 0, 1000, PID, B, .on_cpu = 1, .comm = "bob");
	tape_thread(t, 0, 1000, PID, C, .on_cpu = 1, .comm = "carol");
	tape_string(t, 0, 1000, PID, A, N_GET, "GET /");
	tape_string(t, 0, 1000, PID, A, N_PARSE, "parse");
	tape_string(t, 0, 1000, PID, A, N_DB, "db");
}

static void lock(struct tape *t, uint64_t off, uint64_t wake, uint64_t on, uint32_t tid,
		 uint32_t by)
{
	tape_off(t, 0, off, wake, on, tid, .state = 1, .nr = FUTEX, .arg0 = 0x7f00, .waker_tid = by,
		 .waker_pid = PID, .waker_ctx = WIRE_WAKER_TASK);
}

static void slept(struct tape *t, uint64_t off, uint64_t on, uint32_t tid)
{
	tape_off(t, 0, off, on, on, tid, .state = 1, .nr = SLEEP, .waker_tid = C,
		 .waker_ctx = WIRE_WAKER_HARDIRQ);
}

/* The wait that is the longest step of the task's story. */
static const struct span_wait *longest_wait(const struct summary *s)
{
	const struct span_task *t = &task_of(s, "GET /")->slowest[0];
	const struct span_wait *found = NULL;

	for (size_t i = 0; i < t->steps_nr; i++) {
		const struct span_wait *w = t->steps[i].wait;

		if (w && (!found || w->end - w->begin > found->end - found->begin))
			found = w;
	}
	assert_non_null(found);
	return found;
}

static struct run run(struct tape *t)
{
	struct checker check = {0};
	struct sink sink = {&checker_ops, &check};
	struct run r;

	tape_task(t, 0, 60000, A, WIRE_MARK_END, .id = 1);
	r = run_tape(t, 1000, 90000, NULL, &sink, 1);
	checker_release(&check);
	tape_free(t);
	return r;
}

static void stretches_of_one_kind_are_one_link_and_the_largest_is_first(void **state)
{
	const struct span_link *l;
	struct tape t = {0};
	struct run r;

	people(&t);
	tape_region(&t, 0, 1500, B, WIRE_MARK_BEGIN, N_DB);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	slept(&t, 10000, 14000, B);
	lock(&t, 20000, 45000, 46000, B, C);
	slept(&t, 47000, 50000, B);
	lock(&t, 3000, 53000, 53100, A, B);
	r = run(&t);

	assert_int_equal(longest_wait(r.s)->chain_nr, 6);
	l = longest_wait(r.s)->chain;
	assert_int_equal(l[0].ns, 50000);
	assert_int_equal(l[0].self_ns, 0);
	assert_int_equal(l[0].state, STATE_LOCK);
	assert_string_equal(l[0].comm, "alice");
	assert_string_equal(l[0].task, "GET /");
	/* bob's own wait, and what is behind it */
	assert_int_equal(l[1].depth, 1);
	assert_int_equal(l[1].state, STATE_LOCK);
	assert_int_equal(l[1].ns, 25000);
	assert_string_equal(l[1].region, "db");
	assert_string_equal(l[1].resource, "futex 0x7f00");
	assert_int_equal(l[2].depth, 2);
	assert_int_equal(l[2].via, BLAME_VIA_WAKER);
	assert_string_equal(l[2].comm, "carol");
	assert_int_equal(l[2].self_ns, 25000);
	/* it ran four times */
	assert_int_equal(l[3].state, STATE_RUNNING);
	assert_int_equal(l[3].count, 4);
	assert_int_equal(l[3].ns, 7000 + 6000 + 1000 + 3000);
	assert_int_equal(l[3].ended, BLAME_WORK);
	assert_int_equal(l[4].state, STATE_SLEEP);
	assert_int_equal(l[4].ns, 7000);
	assert_int_equal(l[4].ended, BLAME_INTERRUPT);
	assert_int_equal(l[5].state, STATE_RUNNABLE);
	model_free(r.m);
}

static void wait_that_leads_nowhere_has_no_chain(void **state)
{
	struct tape t = {0};
	struct run r;

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	slept(&t, 3000, 50000, A);
	r = run(&t);
	assert_int_equal(longest_wait(r.s)->chain_nr, 0);
	model_free(r.m);
}

static void smallest_links_become_part_of_the_one_above(void **state)
{
	const struct span_wait *w;
	struct tape t = {0};
	struct run r;

	people(&t);
	for (uint64_t i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "r%d", (int)i);
		tape_string(&t, 0, 1000, PID, B, 0x2000 + i, name);
	}
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	for (uint64_t i = 0; i < 100; i++) {
		tape_region(&t, 0, 3000 + 400 * i, B, WIRE_MARK_BEGIN, 0x2000 + i);
		tape_region(&t, 0, 3300 + 400 * i + i, B, WIRE_MARK_END, 0x2000 + i);
	}
	lock(&t, 2500, 53000, 53100, A, B);
	r = run(&t);
	w = longest_wait(r.s);
	assert_int_equal(w->chain_nr, CHAIN_LINKS);
	assert_int_equal(w->chain[0].ended, BLAME_BOUND);
	assert_true(w->chain[0].self_ns > 20000);
	assert_string_equal(w->chain[1].region, "");
	assert_string_equal(w->chain[2].region, "r99");
	assert_string_equal(w->chain[CHAIN_LINKS - 1].region, "r70");
	model_free(r.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stretches_of_one_kind_are_one_link_and_the_largest_is_first),
		cmocka_unit_test(wait_that_leads_nowhere_has_no_chain),
		cmocka_unit_test(smallest_links_become_part_of_the_one_above),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
