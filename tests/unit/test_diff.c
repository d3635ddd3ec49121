/* SPDX-License-Identifier: MIT */
/* test_diff.c - two traces compared: who is paired with whom, what weighs most, what may be
 * chance */
#include "model/diff.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, N_NAME = 0x1000, N_SITE = 0x2000 };

#define MS 1000000ull

struct made {
	struct tape t;
	uint64_t ts, id;
};

static void start(struct made *m)
{
	*m = (struct made){.ts = 1000};
	tape_thread(&m->t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
}

static void name(struct made *m, uint64_t addr, const char *text)
{
	tape_string(&m->t, 0, 1000, PID, A, addr, text);
}

/* nr tasks of that name, of about `ns` each, half of it a lock. */
static void tasks(struct made *m, uint64_t addr, int nr, uint64_t ns)
{
	for (int i = 0; i < nr; i++) {
		uint64_t took = ns + (uint64_t)(i % 5) * ns / 100, half = took / 2;

		m->id++;
		tape_task(&m->t, 0, m->ts, A, WIRE_MARK_BEGIN, .id = m->id, .name = addr);
		tape_off(&m->t, 0, m->ts, m->ts + half, m->ts + half, A, .state = 1, .nr = 202);
		m->ts += took;
		tape_task(&m->t, 0, m->ts, A, WIRE_MARK_END, .id = m->id);
	}
}

static void region(struct made *m, uint64_t addr, uint64_t site, uint64_t ns)
{
	tape_region(&m->t, 0, m->ts, A, WIRE_MARK_BEGIN, addr, .site = site);
	m->ts += ns;
	tape_region(&m->t, 0, m->ts, A, WIRE_MARK_END, addr);
}

static struct run run(struct made *m)
{
	return run_tape(&m->t, 1000, 1000 + 1000 * MS, NULL, NULL, 0);
}

struct both {
	struct made a, b;
	struct run ra, rb;
	struct diff d;
};

static void compare(struct both *x)
{
	x->ra = run(&x->a);
	x->rb = run(&x->b);
	assert_int_equal(diff_make(&x->d, x->ra.s, x->rb.s), 0);
}

static void release(struct both *x)
{
	diff_release(&x->d);
	model_free(x->ra.m);
	model_free(x->rb.m);
	tape_free(&x->a.t);
	tape_free(&x->b.t);
}

static void what_changed_most_in_all_comes_first(void **state)
{
	struct both x;

	for (int i = 0; i < 2; i++) {
		struct made *m = i ? &x.b : &x.a;

		start(m);
		name(m, N_NAME, "rare");
		name(m, N_NAME + 1, "often");
		name(m, N_NAME + 2, "same");
		tasks(m, N_NAME, 5, i ? 8 * MS : 6 * MS);	    /* 2 ms more, 5 times */
		tasks(m, N_NAME + 1, 100, i ? 2 * MS : 3 * MS / 2); /* 0.5 ms more, 100 times */
		tasks(m, N_NAME + 2, 50, MS);
	}
	compare(&x);
	assert_int_equal(x.d.rows_nr, 3);
	assert_string_equal(x.d.rows[0].name, "often");
	assert_string_equal(x.d.rows[1].name, "rare");
	assert_string_equal(x.d.rows[2].name, "same");
	assert_int_equal(x.d.rows[0].weight_ns / MS, 51); /* a second's worth: 100 of 0.51 ms */
	assert_false(x.d.rows[0].noise);
	assert_true(x.d.rows[2].noise);
	assert_int_equal(x.d.rows[2].weight_ns, 0);
	assert_int_equal(x.d.rows[0].a.each_ns, 1530000);
	assert_int_equal(x.d.rows[0].b.each_ns, 2040000);
	assert_int_equal(x.d.rows[0].b.each_states_ns[STATE_LOCK], 1020000);
	release(&x);
}

static void small_change_of_what_varies_much_may_be_chance(void **state)
{
	struct both x;

	for (int i = 0; i < 2; i++) {
		struct made *m = i ? &x.b : &x.a;

		start(m);
		name(m, N_NAME, "wild");
		for (int k = 0; k < 20; k++)
			tasks(m, N_NAME, 1, (k % 2 ? 9 : 1) * MS + (i ? MS / 2 : 0));
	}
	compare(&x);
	assert_int_equal(x.d.rows_nr, 1);
	assert_true(x.d.rows[0].noise);
	assert_int_equal(x.d.rows[0].b.each_ns - x.d.rows[0].a.each_ns, MS / 2);
	release(&x);
}

static void name_of_one_trace_alone_has_one_side(void **state)
{
	struct both x;

	start(&x.a);
	start(&x.b);
	name(&x.a, N_NAME, "old");
	tasks(&x.a, N_NAME, 3, MS);
	name(&x.b, N_NAME, "new");
	tasks(&x.b, N_NAME, 4, MS);
	compare(&x);
	assert_int_equal(x.d.rows_nr, 2);
	assert_string_equal(x.d.rows[0].name, "new");
	assert_false(x.d.rows[0].a.there);
	assert_int_equal(x.d.rows[0].b.count, 4);
	assert_string_equal(x.d.rows[1].name, "old");
	assert_false(x.d.rows[1].b.there);
	assert_false(x.d.rows[1].noise);
	release(&x);
}

static void region_that_moved_in_the_source_is_the_same_one(void **state)
{
	struct both x;

	for (int i = 0; i < 2; i++) {
		struct made *m = i ? &x.b : &x.a;

		start(m);
		name(m, N_NAME, "moved");
		name(m, N_NAME + 1, "twice");
		name(m, N_SITE, i ? "a.c:2" : "a.c:1");
		name(m, N_SITE + 1, "b.c:1");
		name(m, N_SITE + 2, i ? "b.c:3" : "b.c:2");
		region(m, N_NAME, N_SITE, MS);
		region(m, N_NAME + 1, N_SITE + 1, 2 * MS);
		region(m, N_NAME + 1, N_SITE + 2, 3 * MS);
	}
	compare(&x);
	/* "twice" has two sites: which of them is which, nobody can tell, if it is not the same. */
	assert_int_equal(x.d.rows_nr, 4);
	for (size_t i = 0; i < x.d.rows_nr; i++) {
		const struct diff_row *r = &x.d.rows[i];
		bool one = !strcmp(r->site, "b.c:2") || !strcmp(r->site, "b.c:3");

		assert_int_equal(r->a.there && r->b.there, !one);
	}
	release(&x);
}

static void empty_traces_have_nothing_to_compare(void **state)
{
	struct both x;

	start(&x.a);
	start(&x.b);
	compare(&x);
	assert_int_equal(x.d.rows_nr, 0);
	release(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changed_most_in_all_comes_first),
		cmocka_unit_test(small_change_of_what_varies_much_may_be_chance),
		cmocka_unit_test(name_of_one_trace_alone_has_one_side),
		cmocka_unit_test(region_that_moved_in_the_source_is_the_same_one),
		cmocka_unit_test(empty_traces_have_nothing_to_compare),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
