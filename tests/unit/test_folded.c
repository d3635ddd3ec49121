/* SPDX-License-Identifier: MIT */
/* test_folded.c - lines for flame graphs, whatever names there are; and the same in the report */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/events.h"
#include "export/export.h"
#include "sample.h"

static const struct span_frame user[] = {
	{.name = "read", .module = "/lib/libc.so.6", .site = "read.c:26", .addr = 0x10},
	{.name = "inner", .module = "/x", .site = "", .addr = 0x20, .inlined = true},
	{.name = "load(int, char)", .module = "/x", .site = "", .addr = 0x20},
	{.name = "", .module = "/usr/lib/libx.so.1", .site = "", .addr = 0x30, .off = 0x1234},
	{.name = "", .module = "", .site = "", .addr = 0xbeef},
	{.name = "main", .module = "/x", .site = "", .addr = 0x40},
};
static const struct span_frame kernel[] = {
	{.name = "schedule", .module = "kernel", .site = ""},
	{.name = "do_syscall_64", .module = "kernel", .site = ""},
};
static const char *const regions[] = {"outer", "a;b\n\x1b[1m"};

#define STACK                                                                \
	{                                                                    \
		.user = user, .user_nr = 6, .kernel = kernel, .kernel_nr = 2 \
	}

static char *folded(const struct summary_stack *v, size_t nr)
{
	const struct summary s = {.capture = sample_summary.capture, .stacks = v, .stacks_nr = nr};
	struct events_ctx ctx = {0};
	char *text = NULL;
	size_t n;

	ctx.out = open_memstream(&text, &n);
	assert_non_null(ctx.out);
	assert_int_equal(folded_sink.begin(&ctx, s.capture, NULL), 0);
	assert_int_equal(folded_sink.end(&ctx, &s, NULL), 0);
	fclose(ctx.out);
	return text;
}

static void expect(const struct summary_stack *v, size_t nr, const char *want)
{
	char *text = folded(v, nr);

	assert_string_equal(text, want);
	free(text);
}

static void outermost_comes_first_then_the_kernel_then_the_state(void **state)
{
	const struct summary_stack v[] = {
		{.process = "web",
		 .regions = regions,
		 .regions_nr = 1,
		 .state = STATE_DISK,
		 .stack = STACK,
		 .count = 3,
		 .ns = 12345},
	};

	expect(v, 1,
	       "web;outer;main;0xbeef;libx.so.1+0x1234;load(int, char);inner_[i];read;"
	       "do_syscall_64_[k];schedule_[k];[disk] 12345\n");
}

static void what_is_missing_is_said(void **state)
{
	struct summary_stack v[] = {
		{.process = "web", .state = STATE_LOCK, .stack = STACK, .ns = 1},
		{.process = "web", .state = STATE_POLL, .ns = 2},
		{.process = "web", .state = STATE_POLL, .ns = 3, .others = true},
		{.process = "web", .state = STATE_POLL, .ns = 4, .stack = {.user_lost = true}},
	};

	v[0].stack.user_nr = 1;
	v[0].stack.user_cut = v[0].stack.kernel_cut = true;
	expect(v, 4,
	       "web;[cut];read;[cut];do_syscall_64_[k];schedule_[k];[lock] 1\n"
	       "web;[poll] 2\n"
	       "web;[others];[poll] 3\n"
	       "web;[stack lost];[poll] 4\n");
}

static void no_name_can_forge_a_frame_or_a_line(void **state)
{
	const struct summary_stack v[] = {
		{.process = "x;y 7\n",
		 .regions = regions,
		 .regions_nr = 2,
		 .state = STATE_RUNNING,
		 .sampled = true,
		 .ns = 9},
	};
	char *text = folded(v, 1), *nl = strchr(text, '\n');

	assert_non_null(nl);
	assert_string_equal(nl, "\n");
	assert_null(strchr(text, '\x1b'));
	/* process, two regions, the state */
	assert_ptr_equal(strstr(text, "x\\x3by 7"), text);
	assert_non_null(strstr(text, ";outer;a\\x3bb"));
	assert_non_null(strstr(text, ";[running] 9\n"));
	free(text);
}

static char *report(const struct summary_stack *v, size_t nr, const char *region)
{
	struct text_ctx ctx = {.width = 160, .filter.region = region};
	struct summary s = sample_summary;
	char *text = NULL;
	size_t n;

	s.stacks = v;
	s.stacks_nr = nr;
	ctx.out = open_memstream(&text, &n);
	assert_int_equal(text_sink.end(&ctx, &s, NULL), 0);
	fclose(ctx.out);
	return text;
}

static void report_lists_them_from_the_function_that_waits_outwards(void **state)
{
	struct summary_stack v[] = {
		{.process = "web",
		 .regions = regions,
		 .regions_nr = 1,
		 .state = STATE_DISK,
		 .stack = STACK,
		 .count = 3,
		 .ns = 5000000},
		{.process = "web",
		 .state = STATE_RUNNING,
		 .sampled = true,
		 .stack = STACK,
		 .count = 2,
		 .ns = 20202020},
	};
	char *text = report(v, 2, NULL);

	assert_non_null(
		strstr(text, "read (read.c:26) < inner < load < libx.so.1+0x1234 < 0xbeef < main"));
	assert_non_null(strstr(text, "running is estimated, from samples"));
	assert_null(strstr(text, "keeps no frame pointers"));
	free(text);
	v[1].stack.user_cut = true;
	text = report(v, 2, NULL);
	assert_non_null(strstr(text, "< main < ?"));
	assert_non_null(strstr(text, "keeps no frame pointers"));
	free(text);
	text = report(v, 2, "outer");
	assert_null(strstr(text, "running  read"));
	free(text);
}

static void report_adds_up_what_it_shows_alike(void **state)
{
	struct summary_stack v[] = {
		{.process = "web", .state = STATE_DISK, .stack = STACK, .count = 3, .ns = 5000000},
		{.process = "web", .state = STATE_DISK, .stack = STACK, .count = 4, .ns = 1000000},
	};
	char *text;

	v[1].stack.kernel_nr = 1;
	text = report(v, 2, NULL);
	assert_non_null(strstr(text, "6.00 ms"));
	free(text);
}

static void capture_without_stacks_has_no_such_section(void **state)
{
	const struct summary_stack v[] = {{.process = "web", .state = STATE_DISK, .ns = 5}};
	char *text = report(v, 1, NULL);

	assert_null(strstr(text, "STACKS"));
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(outermost_comes_first_then_the_kernel_then_the_state),
		cmocka_unit_test(what_is_missing_is_said),
		cmocka_unit_test(no_name_can_forge_a_frame_or_a_line),
		cmocka_unit_test(report_lists_them_from_the_function_that_waits_outwards),
		cmocka_unit_test(report_adds_up_what_it_shows_alike),
		cmocka_unit_test(capture_without_stacks_has_no_such_section),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
