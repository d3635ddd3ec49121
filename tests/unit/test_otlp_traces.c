/* SPDX-License-Identifier: MIT */
/*
 * test_otlp_traces.c - which trace a span is part of, and when it is given on
 *
 * A span's message is here its name alone, as JSON; what is given on is written down as
 * "name@trace/flags", the trace as the last byte of its id if it is the application's, as "#nr" if
 * it was made of a span's number, as "%id" if of a task's id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "export/otlp_traces.h"

struct fixture {
	struct otlp_ids ids;
	struct otlp_code code;
	struct otlp_traces t;
	char said[4096];
	size_t n;
};

static int give(void *to, uint32_t pid, const void *span, size_t n, struct err *err)
{
	struct fixture *f = to;
	char text[256], id[33], name[64], where[64] = "?";
	unsigned int flags;

	assert_true(n < sizeof(text));
	memcpy(text, span, n);
	text[n] = '\0';
	assert_int_equal(
		sscanf(text, "{\"traceId\": \"%32[0-9a-f]\", \"flags\": %u, \"name\": \"%63[^\"]",
		       id, &flags, name),
		3);
	if (!strncmp(id, "00000000", 8))
		snprintf(where, sizeof(where), "%s", id + 30);
	for (uint64_t nr = 1; nr < 100 && where[0] == '?'; nr++) {
		struct otlp_trace a = otlp_trace_of_span(&f->ids, nr);
		struct otlp_trace b = otlp_trace_of_task_id(&f->ids, nr);
		char hex[3];

		snprintf(hex, sizeof(hex), "%02x", a.id[15]);
		if (!strcmp(id + 30, hex))
			snprintf(where, sizeof(where), "#%u", (unsigned int)nr);
		snprintf(hex, sizeof(hex), "%02x", b.id[15]);
		if (!strcmp(id + 30, hex))
			snprintf(where, sizeof(where), "%%%u", (unsigned int)nr);
	}
	f->n += (size_t)snprintf(f->said + f->n, sizeof(f->said) - f->n, "%s@%s/%x ", name, where,
				 flags);
	return 0;
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.ids = (struct otlp_ids){{11, 22, 33, 44}};
	if (otlp_code_init(&f.code, true))
		return -1;
	f.t = (struct otlp_traces){.ids = &f.ids, .code = &f.code, .give = give, .to = &f};
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	otlp_traces_release(&f->t);
	otlp_code_release(&f->code);
	return 0;
}

static struct span_task task(uint64_t nr, uint64_t parent_nr, const char *traceparent)
{
	return (struct span_task){.nr = nr,
				  .id = nr,
				  .parent_nr = parent_nr,
				  .parent_id = parent_nr,
				  .traceparent = traceparent};
}

static void open_task(struct fixture *f, uint64_t nr, uint64_t parent_nr, int trace, int flags)
{
	char text[64] = "";
	struct span_task t = task(nr, parent_nr, text);

	if (trace)
		snprintf(text, sizeof(text), "00-%032x-%016x-%02x", trace, trace, flags);
	assert_int_equal(otlp_traces_open(&f->t, &t, NULL), 0);
}

static void add(struct fixture *f, uint64_t task_nr, const char *name)
{
	char text[64];
	struct otlp_span s = {.pid = 1, .bytes = text};

	s.n = (size_t)snprintf(text, sizeof(text), "{\"name\": \"%s\"}", name);
	assert_int_equal(otlp_traces_add(&f->t, task_nr, &s, NULL), 0);
}

static void close_task(struct fixture *f, uint64_t nr, uint64_t parent_nr)
{
	struct span_task t = task(nr, parent_nr, "");

	assert_int_equal(otlp_traces_close(&f->t, &t, NULL), 0);
}

static void says(struct fixture *f, const char *want)
{
	assert_string_equal(f->said, want);
	f->n = 0;
	f->said[0] = '\0';
}

static void spans_are_held_until_the_traceparent_is_known(void **state)
{
	struct fixture *f = *state;

	open_task(f, 1, 0, 0, 0);
	add(f, 1, "a");
	says(f, "");
	open_task(f, 1, 0, 7, 1);
	says(f, "a@07/101 ");
	add(f, 1, "b");
	says(f, "b@07/101 ");
	close_task(f, 1, 0);
	says(f, "");
	assert_int_equal(f->t.held, 0);
}

static void without_one_they_are_held_until_the_root_ends(void **state)
{
	struct fixture *f = *state;

	open_task(f, 1, 0, 0, 0);
	open_task(f, 2, 1, 0, 0);
	open_task(f, 3, 2, 0, 0);
	add(f, 3, "c");
	add(f, 3, "3");
	close_task(f, 3, 2);
	add(f, 2, "2");
	close_task(f, 2, 1);
	says(f, "");
	add(f, 3, "late"); /* of a task that has ended */
	says(f, "");
	add(f, 1, "1");
	close_task(f, 1, 0);
	says(f, "c@#1/103 3@#1/103 2@#1/103 late@#1/103 1@#1/103 ");
	add(f, 3, "later");
	says(f, "later@#1/103 ");
	assert_int_equal(f->t.held, 0);
}

static void a_childs_own_traceparent_goes_before_its_parents(void **state)
{
	struct fixture *f = *state;

	open_task(f, 1, 0, 7, 1);
	open_task(f, 2, 1, 0, 0);
	add(f, 2, "a");
	says(f, "");
	open_task(f, 2, 1, 8, 1);
	says(f, "a@08/101 ");
	open_task(f, 3, 1, 0, 0);
	add(f, 3, "b");
	close_task(f, 3, 1);
	says(f, "b@07/101 ");
}

static void a_child_that_outlives_its_parent_is_in_its_trace(void **state)
{
	struct fixture *f = *state;

	open_task(f, 1, 0, 0, 0);
	open_task(f, 2, 1, 0, 0);
	open_task(f, 3, 2, 0, 0);
	close_task(f, 2, 1);
	add(f, 3, "a");
	close_task(f, 3, 2);
	says(f, "");
	open_task(f, 1, 0, 9, 1);
	says(f, "a@09/101 ");
	close_task(f, 1, 0);
	open_task(f, 4, 2, 0, 0);
	add(f, 4, "b");
	close_task(f, 4, 2);
	says(f, "b@09/101 ");
}

static void children_of_what_was_not_seen_share_a_trace(void **state)
{
	struct fixture *f = *state;

	for (uint64_t nr = 1; nr < 3; nr++) {
		struct span_task t = {.nr = nr, .id = nr, .parent_id = 77, .traceparent = ""};

		assert_int_equal(otlp_traces_open(&f->t, &t, NULL), 0);
		add(f, nr, "a");
		assert_int_equal(otlp_traces_close(&f->t, &t, NULL), 0);
	}
	says(f, "a@%77/103 a@%77/103 ");
}

static void a_trace_that_is_not_sampled_is_counted_and_not_given_on(void **state)
{
	struct fixture *f = *state;

	open_task(f, 1, 0, 0, 0);
	add(f, 1, "a");
	open_task(f, 1, 0, 7, 0);
	open_task(f, 2, 1, 0, 0);
	add(f, 2, "b");
	close_task(f, 2, 1);
	add(f, 1, "c");
	close_task(f, 1, 0);
	says(f, "");
	assert_int_equal(f->t.unsampled, 3);
}

static void beyond_the_bound_all_is_decided_and_a_later_traceparent_is_a_link(void **state)
{
	struct fixture *f = *state;
	struct span_task t = task(2, 1, "");
	struct otlp_trace trace;
	uint8_t id[8];

	f->t.held_max = 90;
	open_task(f, 1, 0, 0, 0);
	open_task(f, 2, 1, 0, 0);
	open_task(f, 3, 0, 7, 1);
	open_task(f, 4, 3, 0, 0);
	for (int i = 0; i < 3; i++)
		add(f, 2, "a");
	add(f, 4, "b");
	says(f, "a@#1/103 a@#1/103 a@#1/103 b@07/101 ");
	assert_false(otlp_traces_link(&f->t, &t, &trace, id));
	open_task(f, 2, 1, 9, 1);
	add(f, 2, "c");
	says(f, "c@#1/103 ");
	assert_int_equal(f->t.late, 1);
	assert_true(otlp_traces_link(&f->t, &t, &trace, id));
	assert_int_equal(trace.id[15], 9);
	assert_int_equal(id[7], 9);
	assert_false(otlp_traces_remote_parent(&f->t, &t, id));
}

static void a_task_that_is_its_own_parent_ends_all_the_same(void **state)
{
	struct fixture *f = *state;

	open_task(f, 5, 5, 0, 0);
	add(f, 5, "a");
	close_task(f, 5, 5);
	says(f, "a@#5/103 ");
	f->t.held_max = 1;
	open_task(f, 6, 6, 0, 0);
	add(f, 6, "a");
	says(f, "a@#6/103 ");
}

static void spans_that_are_held_at_an_early_end_are_freed(void **state)
{
	struct fixture *f = *state;

	open_task(f, 1, 0, 0, 0);
	add(f, 1, "a"); /* the sanitizer looks at the rest */
	says(f, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(spans_are_held_until_the_traceparent_is_known),
		TEST(without_one_they_are_held_until_the_root_ends),
		TEST(a_childs_own_traceparent_goes_before_its_parents),
		TEST(a_child_that_outlives_its_parent_is_in_its_trace),
		TEST(children_of_what_was_not_seen_share_a_trace),
		TEST(a_trace_that_is_not_sampled_is_counted_and_not_given_on),
		TEST(beyond_the_bound_all_is_decided_and_a_later_traceparent_is_a_link),
		TEST(a_task_that_is_its_own_parent_ends_all_the_same),
		TEST(spans_that_are_held_at_an_early_end_are_freed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
