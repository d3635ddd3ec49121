/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - hand-made captures through the whole model, with known answers
 */
#include <errno.h>
#include <stdio.h>

#include "unit/checker.h"
#include "unit/runs.h"

enum { PID = 10, A = 11, B = 12, C = 13 };
enum { N_GET = 0x1000, N_PARSE = 0x1010, N_DB = 0x1020, N_SITE = 0x1030 };

/* Three threads on CPU from 1000 on, and some names. */
static void people(struct tape *t)
{
	tape_thread(t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_thread(t, 0, 1000, PID, B, .on_cpu = 1, .comm = "bob");
	tape_thread(t, 0, 1000, PID, C, .on_cpu = 1, .comm = "carol");
	tape_string(t, 0, 1000, PID, A, N_GET, "GET /");
	tape_string(t, 0, 1000, PID, A, N_PARSE, "parse");
	tape_string(t, 0, 1000, PID, A, N_DB, "db");
	tape_string(t, 0, 1000, PID, A, N_SITE, "main.c:7");
}

static void task_on_one_thread_is_told_by_its_states(void **state)
{
	struct tape t = {0};
	const struct summary_task *task;
	struct run r;

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	tape_off(&t, 0, 2100, 2400, 2450, A, .state = 1, .nr = 202, .arg0 = 0x7f00);
	tape_task(&t, 0, 3000, A, WIRE_MARK_END, .id = 1);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);

	task = task_of(r.s, "GET /");
	assert_int_equal(task->count, 1);
	assert_int_equal(task->complete, 1);
	assert_int_equal(task->wall_ns, 1000);
	assert_int_equal(task->idle_ns, 0);
	assert_int_equal(task->spent.ns[STATE_RUNNING], 100 + 550);
	assert_int_equal(task->spent.ns[STATE_LOCK], 300);
	assert_int_equal(task->spent.ns[STATE_RUNNABLE], 50);
	assert_int_equal(task->duration_ns.p50, 1000);
	assert_int_equal(r.s->misuse_nr, 0);
	model_free(r.m);
	tape_free(&t);
}

static void empty_capture_has_an_empty_summary(void **state)
{
	struct checker check = {0};
	struct sink sink = {&checker_ops, &check};
	struct tape t = {0};
	struct run r = run_tape(&t, 1000, 4000, NULL, &sink, 1);

	assert_int_equal(r.s->threads_nr + r.s->tasks_nr + r.s->regions_nr + r.s->waits_nr, 0);
	assert_int_equal(r.s->marks + r.s->late + r.s->misuse_nr + r.s->bad_records, 0);
	model_free(r.m);
	checker_release(&check);
}

static void trace_without_length_has_no_time(void **state)
{
	struct checker check = {0};
	struct sink sink = {&checker_ops, &check};
	struct tape t = {0};
	struct run r;

	people(&t);
	tape_off(&t, 0, 2100, 2400, 2450, A, .state = 1, .nr = 202);
	r = run_tape(&t, 1000, 1000, NULL, &sink, 1);
	assert_int_equal(check.intervals, 0);
	model_free(r.m);
	checker_release(&check);
	tape_free(&t);
}

/* --- sinks and errors ------------------------------------------------------------------------- */

struct failing {
	const char *at;
	int calls;
};

static int fail_at(struct failing *f, const char *at, struct err *err)
{
	f->calls++;
	return strcmp(f->at, at) ? 0 : err_set(err, -EPIPE, "no more room for a %s", at);
}

#define FAIL_AT(event, ...)                                              \
	static int fail_##event(void *ctx, __VA_ARGS__, struct err *err) \
	{                                                                \
		return fail_at(ctx, #event, err);                        \
	}

FAIL_AT(begin, const struct capture_info *x)
FAIL_AT(thread, const struct span_thread *x)
FAIL_AT(interval, const struct span_interval *x)
FAIL_AT(region, const struct span_region *x)
FAIL_AT(async, const struct span_async *x)
FAIL_AT(log, const struct span_log *x)
FAIL_AT(task, const struct span_task *x)
FAIL_AT(lost, uint64_t from, uint64_t to, uint64_t n)
FAIL_AT(end, const struct summary *x)

static const struct sink_ops failing_ops = {
	.name = "failing",
	.begin = fail_begin,
	.thread = fail_thread,
	.interval = fail_interval,
	.region = fail_region,
	.async = fail_async,
	.log = fail_log,
	.task = fail_task,
	.lost = fail_lost,
	.end = fail_end,
};

static struct tape a_bit_of_everything(void)
{
	struct tape t = {0};

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	tape_region(&t, 0, 2010, A, WIRE_MARK_BEGIN, N_PARSE, .site = N_SITE);
	tape_async(&t, 0, 2020, A, WIRE_MARK_BEGIN, 7, N_DB, .task = 1);
	tape_log(&t, 0, 2030, A, 1, "order", "id=42");
	tape_off(&t, 0, 2100, 2400, 2450, A, .state = 1, .nr = 202);
	tape_lost(&t, 0, 2420, 2430, 3);
	tape_region(&t, 0, 2500, A, WIRE_MARK_END, N_PARSE);
	tape_async(&t, 0, 2600, B, WIRE_MARK_END, 7, N_DB);
	tape_task(&t, 0, 3000, A, WIRE_MARK_END, .id = 1);
	return t;
}

static void error_of_any_event_ends_the_run_with_its_sentence(void **state)
{
	static const char *const events[] = {"begin", "thread", "interval", "region", "async",
					     "log",   "task",	"lost",	    "end"};
	struct capture_info info = {.machine = EM_X86_64, .start_ts = 1000, .stop_ts = 4000};
	struct tape t = a_bit_of_everything();

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		struct failing f = {.at = events[i]}, unreached = {.at = ""};
		struct sink sinks[] = {{&failing_ops, &f}, {&failing_ops, &unreached}};
		struct model_opts opts = {0};
		struct source src = tape_source(&t);
		struct model *m = model_new(&opts, &info, sinks, 2);
		char want[64];
		struct err err = {0};

		assert_non_null(m);
		assert_int_equal(model_run(m, &src, &err), -EPIPE);
		snprintf(want, sizeof(want), "no more room for a %s", events[i]);
		assert_string_equal(err.text, want);
		assert_int_equal(unreached.calls, f.calls - 1);
		model_free(m);
	}
	tape_free(&t);
}

/* Under a leak checker: what is open, and what has ended but waits for a thread, is released. */
static void error_in_the_middle_leaves_nothing_behind(void **state)
{
	struct capture_info info = {.machine = EM_X86_64, .start_ts = 1000, .stop_ts = 4000};
	struct failing f = {.at = "log"};
	struct sink sink = {&failing_ops, &f};
	struct model_opts opts = {0};
	struct tape t = {0};
	struct source src;
	struct model *m;
	struct err err;

	people(&t);
	for (uint64_t id = 1; id < 9; id++) {
		tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = id, .name = N_GET);
		tape_task(&t, 0, 2100, B, WIRE_MARK_ENTER, .id = id);
		if (id % 2 == 0) /* the last of them while B works for it */
			tape_task(&t, 0, 2200, A, WIRE_MARK_END, .id = id);
		tape_region(&t, 0, 2300, A, WIRE_MARK_BEGIN, N_PARSE);
		tape_async(&t, 0, 2400, A, WIRE_MARK_BEGIN, id, N_DB);
	}
	tape_log(&t, 0, 2500, A, 1, "order", "id=42");
	src = tape_source(&t);
	m = model_new(&opts, &info, &sink, 1);
	assert_int_equal(model_run(m, &src, &err), -EPIPE);
	model_free(m);
	tape_free(&t);
}

static int broken_next(void *ctx, int stream, const void **rec, size_t *len, struct err *err)
{
	struct tape *t = ctx;
	struct source src = {.ctx = t, .streams = t->streams_nr, .next = tape_next};
	int rc = src.next(t, stream, rec, len, err);

	return rc ? rc : err_set(err, -EIO, "the file is broken");
}

static void error_of_the_source_ends_the_run(void **state)
{
	struct capture_info info = {.machine = EM_X86_64, .start_ts = 1000, .stop_ts = 4000};
	struct tape t = a_bit_of_everything();
	struct source src = tape_source(&t);
	struct model_opts opts = {0};
	struct model *m = model_new(&opts, &info, NULL, 0);
	struct err err = {0};

	src.next = broken_next;
	assert_int_equal(model_run(m, &src, &err), -EIO);
	assert_string_equal(err.text, "the file is broken");
	model_free(m);
	tape_free(&t);
}

static int begin_only(void *ctx, const struct capture_info *info, struct err *err)
{
	return 0;
}

static int end_only(void *ctx, const struct summary *s, struct err *err)
{
	*(const struct summary **)ctx = s;
	return 0;
}

static void sink_may_have_no_events_at_all(void **state)
{
	static const struct sink_ops ops = {.name = "quiet", .begin = begin_only, .end = end_only};
	const struct summary *seen = NULL;
	struct sink sink = {&ops, &seen};
	struct tape t = a_bit_of_everything();
	struct run r = run_tape(&t, 1000, 4000, NULL, &sink, 1);

	assert_ptr_equal(seen, r.s);
	assert_int_equal(r.s->marks, 7);
	model_free(r.m);
	tape_free(&t);
}

static void records_of_another_version_are_counted(void **state)
{
	struct tape t = a_bit_of_everything();
	struct wire_hdr *h = tape_comm(&t, 0, 3100, PID, A, .comm = "x");
	struct run r;

	h->kind = 99;
	h = tape_comm(&t, 0, 3150, PID, A, .comm = "x");
	h->kind = WIRE_OFFCPU;			     /* too short */
	h = tape_region(&t, 0, 3200, A, 6, N_PARSE); /* no such operation */
	h = tape_task(&t, 0, 3200, A, 6, .id = 1);
	h = tape_async(&t, 0, 3200, A, 6, 1, 1);
	r = run_tape(&t, 1000, 4000, NULL, NULL, 0);
	assert_int_equal(r.s->unknown_kinds, 1);
	assert_int_equal(r.s->bad_records, 4);
	model_free(r.m);
	tape_free(&t);
}

static void late_records_are_counted_and_nothing_breaks(void **state)
{
	struct model_opts opts = {.lateness_ns = 10};
	struct checker check = {0};
	struct sink sink = {&checker_ops, &check};
	struct tape t = {0};
	struct run r;

	people(&t);
	tape_region(&t, 0, 2000, A, WIRE_MARK_BEGIN, N_PARSE);
	tape_region(&t, 0, 3000, B, WIRE_MARK_BEGIN, N_PARSE);
	tape_region(&t, 0, 3500, B, WIRE_MARK_END, N_PARSE);
	tape_region(&t, 0, 2500, A, WIRE_MARK_END, N_PARSE);
	r = run_tape(&t, 1000, 4000, &opts, &sink, 1);
	assert_int_equal(r.s->late, 1);
	assert_int_equal(region_of(r.s, "parse")->duration_ns.min, 500);
	assert_int_equal(region_of(r.s, "parse")->duration_ns.max, 500);
	model_free(r.m);
	checker_release(&check);
	tape_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(task_on_one_thread_is_told_by_its_states),
		cmocka_unit_test(empty_capture_has_an_empty_summary),
		cmocka_unit_test(trace_without_length_has_no_time),
		cmocka_unit_test(error_of_any_event_ends_the_run_with_its_sentence),
		cmocka_unit_test(error_in_the_middle_leaves_nothing_behind),
		cmocka_unit_test(error_of_the_source_ends_the_run),
		cmocka_unit_test(sink_may_have_no_events_at_all),
		cmocka_unit_test(records_of_another_version_are_counted),
		cmocka_unit_test(late_records_are_counted_and_nothing_breaks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
