/* SPDX-License-Identifier: MIT */
/*
 * test_stacks.c - time by call stack: what the rows say, and that they add up
 */
#include "unit/checker.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, FUTEX = 202, NS = 1000 };

/* A stack of addresses in memory, each the return address of the one before. */
static void tape_stack(struct tape *t, uint64_t ts, uint32_t pid, uint64_t id, uint8_t flags,
		       uint32_t n, const uint64_t *ips)
{
	struct {
		struct wire_stack r;
		uint64_t ips[WIRE_STACK_MAX];
	} rec = {.r = {.h = {.kind = WIRE_STACK, .tid = A, .ts = ts, .flags = flags}}};

	rec.r.id = id;
	rec.r.pid = pid;
	rec.r.n = n;
	memcpy(rec.ips, ips, n * sizeof(*ips));
	tape_put(t, 0, &rec, sizeof(rec.r) + n * sizeof(*ips));
}

#define STACK(t, ts, pid, id, flags, ...)                                        \
	tape_stack(t, ts, pid, id, flags, sizeof((uint64_t[]){__VA_ARGS__}) / 8, \
		   (uint64_t[]){__VA_ARGS__})
#define tape_at(t, s, ts, tid, user_, kernel_) \
	TAPE_REC(t, s, BLOCKED_AT, wire_blocked_at, tid, ts, .user = (user_), .kernel = (kernel_))
#define tape_sample(t, s, ts, tid, user_, kernel_, ns_)                                    \
	TAPE_REC(t, s, SAMPLE, wire_sample, tid, ts, .user = (user_), .kernel = (kernel_), \
		 .ns = (ns_))

/* 0x1000 is in leaf, 0x2000 and 0x3000 in main, 0x9000 in _start; sorted as about.c does. */
static const struct capture_symbol symbols[] = {
	{.pid = 0, .addr = 0x8000, .name = "bpf_prog_x", .module = "kernel", .site = ""},
	{.pid = 0, .addr = 0x80ff, .name = "__schedule", .module = "kernel", .site = ""},
	{.pid = 0, .addr = 0x81ff, .name = "do_wait", .module = "kernel", .site = ""},
	{.pid = PID, .addr = 0x1000, .name = "leaf", .module = "/bin/x", .site = "x.c:1", .off = 4},
	{.pid = PID, .addr = 0x1fff, .name = "inner", .module = "/bin/x", .site = "x.c:9"},
	{.pid = PID, .addr = 0x1fff, .name = "main", .module = "/bin/x", .site = "x.c:20"},
	{.pid = PID, .addr = 0x2fff, .name = "main", .module = "/bin/x", .site = "x.c:30"},
	{.pid = PID, .addr = 0x8fff, .name = "_start", .module = "/bin/x", .site = ""},
	{.pid = PID, .addr = 0x8fff, .from_ts = 3000, .name = "clone", .module = "/y", .site = ""},
};

static struct run run_with_symbols(struct tape *t, size_t symbols_nr)
{
	static struct checker check;
	const struct sink sinks[] = {{&checker_ops, &check}};
	struct source src = tape_source(t);
	struct run r = {.info = {.machine = EM_X86_64,
				 .start_ts = 1000,
				 .stop_ts = 9000,
				 .stacks = true,
				 .symbols = symbols,
				 .symbols_nr = symbols_nr}};
	static const struct model_opts none;
	struct capture_info *info = malloc(sizeof(*info));

	checker_release(&check);
	check = (struct checker){0};
	*info = r.info; /* the model keeps a pointer to it */
	r.m = model_new(&none, info, sinks, 1);
	assert_non_null(r.m);
	assert_int_equal(model_run(r.m, &src, NULL), 0);
	assert_int_equal(r.m->broken, 0);
	r.s = model_summary(r.m);
	return r;
}

static struct run run_stacks(struct tape *t)
{
	return run_with_symbols(t, sizeof(symbols) / sizeof(symbols[0]));
}

static void done(struct run *r, struct tape *t)
{
	free((void *)r->s->capture);
	model_free(r->m);
	tape_free(t);
}

static struct tape one_thread(void)
{
	struct tape t = {0};

	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	return t;
}

/* "leaf < main": the user part of row i. */
static const char *user_of(const struct summary *s, size_t i)
{
	static char text[512];
	size_t n = 0;

	text[0] = '\0';
	assert_true(i < s->stacks_nr);
	for (size_t k = 0; k < s->stacks[i].stack.user_nr; k++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", k ? " < " : "",
				      s->stacks[i].stack.user[k].name);
	return text;
}

static uint64_t total(const struct summary *s, enum state state)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < s->stacks_nr; i++)
		ns += s->stacks[i].state == state ? s->stacks[i].ns : 0;
	return ns;
}

static void interval_is_counted_where_its_thread_left_the_cpu(void **state)
{
	struct tape t = one_thread();
	struct run r;

	STACK(&t, 2000, PID, 77, 0, 0x1000, 0x2000, 0x9000);
	tape_at(&t, 0, 3000, A, 77, 0);
	tape_off(&t, 0, 2000, 2800, 3000, A, .state = 1, .nr = FUTEX);
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 2);
	assert_string_equal(user_of(r.s, 0), "leaf < inner < main < _start");
	assert_int_equal(r.s->stacks[0].state, STATE_LOCK);
	assert_int_equal(r.s->stacks[0].ns, 800);
	assert_int_equal(r.s->stacks[0].count, 1);
	assert_false(r.s->stacks[0].sampled);
	assert_string_equal(r.s->stacks[0].process, "alice");
	assert_true(r.s->stacks[0].stack.user[1].inlined);
	assert_false(r.s->stacks[0].stack.user[2].inlined);
	assert_string_equal(r.s->stacks[0].stack.user[0].site, "x.c:1");
	assert_int_equal(r.s->stacks[0].stack.user[0].off, 4);
	assert_false(r.s->stacks[0].stack.user_cut);
	/* Once it is woken, it waits for a CPU at the same place. */
	assert_int_equal(r.s->stacks[1].state, STATE_RUNNABLE);
	assert_int_equal(r.s->stacks[1].ns, 200);
	assert_string_equal(user_of(r.s, 1), "leaf < inner < main < _start");
	done(&r, &t);
}

static void stack_of_another_time_is_not_taken_for_the_interval(void **state)
{
	struct tape t = one_thread();
	struct run r;

	STACK(&t, 2000, PID, 77, 0, 0x1000, 0x9000);
	tape_at(&t, 0, 2500, A, 77, 0); /* its OFFCPU was lost */
	tape_off(&t, 0, 2600, 2900, 3000, A, .state = 1, .nr = FUTEX);
	r = run_stacks(&t);
	for (size_t i = 0; i < r.s->stacks_nr; i++)
		assert_int_equal(r.s->stacks[i].stack.user_nr, 0);
	assert_int_equal(total(r.s, STATE_LOCK), 300);
	done(&r, &t);
}

static void rows_of_a_state_add_up_to_what_the_threads_spent(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_thread(&t, 0, 1000, PID, B, .comm = "bob");
	STACK(&t, 1500, PID, 77, 0, 0x1000, 0x9000);
	for (uint64_t ts = 2000; ts < 8000; ts += 500) {
		if (ts % 1000)
			tape_at(&t, 0, ts + 300, A, 77, 0);
		tape_off(&t, 0, ts, ts + 200, ts + 300, A, .state = 1, .nr = FUTEX);
		tape_off(&t, 1, ts + 10, 0, ts + 200, B, .state = 0);
	}
	tape_lost(&t, 0, 4000, 4100, 3);
	r = run_stacks(&t);
	for (int s = STATE_RUNNING + 1; s < STATE_NR; s++)
		assert_int_equal(total(r.s, s), r.s->all.ns[s]);
	assert_true(r.s->all.ns[STATE_LOCK] && r.s->all.ns[STATE_UNKNOWN]);
	done(&r, &t);
}

static void time_is_by_region_the_outermost_first(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_string(&t, 0, 1000, PID, A, 0x100, "outer");
	tape_string(&t, 0, 1000, PID, A, 0x200, "inner");
	tape_region(&t, 0, 1100, A, WIRE_MARK_BEGIN, 0x100);
	tape_region(&t, 0, 1200, A, WIRE_MARK_BEGIN, 0x200);
	tape_off(&t, 0, 2000, 0, 2500, A, .state = 1, .nr = FUTEX);
	tape_region(&t, 0, 2600, A, WIRE_MARK_END, 0x200);
	tape_off(&t, 0, 3000, 0, 3100, A, .state = 1, .nr = FUTEX);
	tape_region(&t, 0, 3200, A, WIRE_MARK_END, 0x100);
	tape_off(&t, 0, 4000, 0, 4010, A, .state = 1, .nr = FUTEX);
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 3);
	assert_int_equal(r.s->stacks[0].ns, 500);
	assert_int_equal(r.s->stacks[0].regions_nr, 2);
	assert_string_equal(r.s->stacks[0].regions[0], "outer");
	assert_string_equal(r.s->stacks[0].regions[1], "inner");
	assert_int_equal(r.s->stacks[1].ns, 100);
	assert_int_equal(r.s->stacks[1].regions_nr, 1);
	assert_int_equal(r.s->stacks[2].ns, 10);
	assert_int_equal(r.s->stacks[2].regions_nr, 0);
	done(&r, &t);
}

static void sample_stands_for_its_time_on_the_cpu(void **state)
{
	struct tape t = one_thread();
	struct run r;

	STACK(&t, 2000, PID, 77, 0, 0x1000, 0x3000, 0x9000);
	for (uint64_t ts = 2000; ts < 2005; ts++)
		tape_sample(&t, 0, ts, A, 77, 0, 10101010);
	tape_sample(&t, 0, 900, A, 77, 0, 10101010); /* before the trace */
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 1);
	assert_true(r.s->stacks[0].sampled);
	assert_int_equal(r.s->stacks[0].state, STATE_RUNNING);
	assert_int_equal(r.s->stacks[0].count, 5);
	assert_int_equal(r.s->stacks[0].ns, 50505050);
	done(&r, &t);
}

static void tracer_on_top_of_a_kernel_stack_is_left_out_but_not_of_samples(void **state)
{
	struct tape t = one_thread();
	struct run r;

	STACK(&t, 2000, 0, 88, WIRE_STACK_KERNEL, 0x8000, 0x8100, 0x8200);
	tape_at(&t, 0, 3000, A, 0, 88);
	tape_off(&t, 0, 2000, 0, 3000, A, .state = 1, .nr = FUTEX);
	tape_sample(&t, 0, 4000, A, 0, 88, 10);
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 2);
	assert_int_equal(r.s->stacks[0].stack.kernel_nr, 1);
	assert_string_equal(r.s->stacks[0].stack.kernel[0].name, "do_wait");
	assert_int_equal(r.s->stacks[1].stack.kernel_nr, 3);
	done(&r, &t);
}

static void what_is_no_code_ends_a_stack_which_is_then_cut(void **state)
{
	struct tape t = one_thread();
	struct run r;

	STACK(&t, 2000, PID, 77, 0, 0x1000, 0xdead, 0x3000, 0x9000);
	STACK(&t, 2000, PID, 78, 0, 0x1000, 0x3000); /* main is not a thread's first function */
	STACK(&t, 2000, PID, 79, WIRE_STACK_CUT, 0x1000, 0x9000);
	for (uint64_t i = 0; i < 3; i++) {
		tape_at(&t, 0, 2100 + 200 * i, A, 77 + i, 0);
		tape_off(&t, 0, 2000 + 200 * i, 0, 2100 + 200 * i - i, A, .h.ts = 2100 + 200 * i,
			 .state = 1, .nr = FUTEX);
	}
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(r.s->stacks[i].stack.user_cut);
		if (r.s->stacks[i].stack.user_nr == 1)
			assert_string_equal(user_of(r.s, i), "leaf");
	}
	done(&r, &t);
}

static void stacks_that_are_shown_alike_are_one_row(void **state)
{
	struct tape t = one_thread();
	struct run r;

	/* Two addresses of one line, and an address of another. */
	STACK(&t, 2000, PID, 77, 0, 0x1000, 0x9000);
	STACK(&t, 2000, PID, 78, 0, 0x1000, 0x9000);
	tape_at(&t, 0, 2100, A, 77, 0);
	tape_off(&t, 0, 2000, 0, 2100, A, .state = 1, .nr = FUTEX);
	tape_at(&t, 0, 2300, A, 78, 0);
	tape_off(&t, 0, 2200, 0, 2300, A, .state = 1, .nr = FUTEX);
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 1);
	assert_int_equal(r.s->stacks[0].count, 2);
	assert_int_equal(r.s->stacks[0].ns, 200);
	/* And so for the wait that they are of. */
	assert_int_equal(r.s->waits_nr, 1);
	assert_int_equal(r.s->waits[0].stacks_nr, 1);
	assert_int_equal(r.s->waits[0].stacks[0].count, 2);
	assert_int_equal(r.s->waits[0].stacks[0].ns, 200);
	done(&r, &t);
}

static void address_means_what_it_meant_in_the_program_of_that_time(void **state)
{
	struct tape t = one_thread();
	struct run r;

	STACK(&t, 2000, PID, 77, 0, 0x1000, 0x9000);
	STACK(&t, 3500, PID, 78, 0, 0x1000, 0x9000);
	tape_at(&t, 0, 2100, A, 77, 0);
	tape_off(&t, 0, 2000, 0, 2100, A, .state = 1, .nr = FUTEX);
	tape_at(&t, 0, 4100, A, 78, 0);
	tape_off(&t, 0, 3900, 0, 4100, A, .state = 1, .nr = FUTEX);
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 2);
	assert_string_equal(user_of(r.s, 0), "leaf < clone"); /* the longer one, after the exec */
	assert_string_equal(r.s->stacks[0].stack.user[1].module, "/y");
	assert_string_equal(user_of(r.s, 1), "leaf < _start");
	done(&r, &t);
}

static void stack_that_the_capture_lacks_is_said_to_be_lost(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_at(&t, 0, 2100, A, 77, 78);
	tape_off(&t, 0, 2000, 0, 2100, A, .state = 1, .nr = FUTEX);
	r = run_stacks(&t);
	assert_int_equal(r.s->stacks_nr, 1);
	assert_true(r.s->stacks[0].stack.user_lost);
	assert_true(r.s->stacks[0].stack.kernel_lost);
	done(&r, &t);
}

static void capture_without_symbols_shows_all_addresses(void **state)
{
	struct tape t = one_thread();
	struct run r;

	STACK(&t, 2000, PID, 77, 0, 0x1000, 0xdead, 0x3000);
	tape_at(&t, 0, 2100, A, 77, 0);
	tape_off(&t, 0, 2000, 0, 2100, A, .state = 1, .nr = FUTEX);
	r = run_with_symbols(&t, 0);
	assert_int_equal(r.s->stacks[0].stack.user_nr, 3);
	assert_int_equal(r.s->stacks[0].stack.user[1].addr, 0xdead);
	assert_string_equal(r.s->stacks[0].stack.user[1].name, "");
	assert_true(r.s->stacks[0].stack.user_cut);
	done(&r, &t);
}

static void rows_beyond_the_bound_are_one_and_still_add_up(void **state)
{
	struct tape t = one_thread();
	uint64_t ts = 2000;
	struct run r;
	size_t others = 0;

	tape_free(&t);
	tape_thread(&t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	/* 1 ns each; all are within the trace's 8000 ns only if they are short and many. */
	for (uint32_t i = 0; i < STACK_ROWS_MAX + 100; i++) {
		tape_sample(&t, 0, ts, A, i + 1, 0, 1);
		ts += i % 16 == 0;
	}
	r = run_stacks(&t);
	for (size_t i = 0; i < r.s->stacks_nr; i++)
		others += r.s->stacks[i].others ? r.s->stacks[i].count : 0;
	assert_int_equal(others, 100);
	assert_int_equal(total(r.s, STATE_RUNNING), STACK_ROWS_MAX + 100);
	done(&r, &t);
}

static void nothing_is_gathered_if_nobody_asked(void **state)
{
	struct tape t = one_thread();
	struct run r;

	tape_off(&t, 0, 2000, 0, 2100, A, .state = 1, .nr = FUTEX);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(r.s->stacks_nr, 0);
	assert_int_equal(r.s->waits[0].stacks_nr, 0);
	model_free(r.m);
	tape_free(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(interval_is_counted_where_its_thread_left_the_cpu),
		cmocka_unit_test(stack_of_another_time_is_not_taken_for_the_interval),
		cmocka_unit_test(rows_of_a_state_add_up_to_what_the_threads_spent),
		cmocka_unit_test(time_is_by_region_the_outermost_first),
		cmocka_unit_test(sample_stands_for_its_time_on_the_cpu),
		cmocka_unit_test(tracer_on_top_of_a_kernel_stack_is_left_out_but_not_of_samples),
		cmocka_unit_test(what_is_no_code_ends_a_stack_which_is_then_cut),
		cmocka_unit_test(stacks_that_are_shown_alike_are_one_row),
		cmocka_unit_test(address_means_what_it_meant_in_the_program_of_that_time),
		cmocka_unit_test(stack_that_the_capture_lacks_is_said_to_be_lost),
		cmocka_unit_test(capture_without_symbols_shows_all_addresses),
		cmocka_unit_test(rows_beyond_the_bound_are_one_and_still_add_up),
		cmocka_unit_test(nothing_is_gathered_if_nobody_asked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
