/* SPDX-License-Identifier: MIT */
/* test_naming.c - addresses of this very process, looked up as those of a traced one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "attach/naming.h"

static int in_data = 1, in_bss, table[9];
static struct naming *n;
static union naming_record out;

static int setup(void **state)
{
	struct wire_thread t = {.h = {.kind = WIRE_THREAD, .tid = 77, .ts = 1000000000},
				.pid = (uint32_t)getpid()};

	n = naming_new();
	assert_int_equal(naming_see(n, &t.h, &out), 0);
	return 0;
}

static int teardown(void **state)
{
	naming_free(n);
	return 0;
}

static size_t futex(uint64_t ts, const void *addr)
{
	struct wire_offcpu r = {.h = {.kind = WIRE_OFFCPU, .len = sizeof(r), .tid = 77, .ts = ts},
				.state = 1,
				.nr = SYS_futex,
				.arg0 = (uintptr_t)addr};

	return naming_see(n, &r.h, &out);
}

static void text_is(const char *part)
{
	char text[NAMING_TEXT_MAX + 1] = "";

	memcpy(text, &out.r + 1, out.r.n);
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void an_address_of_a_files_data_has_the_files_name_once(void **state)
{
	size_t len = futex(2000000000, &in_data);

	assert_int_equal(len, out.r.h.len);
	assert_int_equal(len % 8, 0);
	assert_int_equal(out.r.what, WIRE_RES_ADDR);
	assert_int_equal(out.r.dev, getpid());
	assert_true(out.r.id <= (uintptr_t)&in_data && (uintptr_t)&in_data - out.r.id < out.r.size);
	text_is("test_naming");
	/* It holds for what other rings have of a little before. */
	assert_true(out.r.h.ts < 2000000000 && out.r.h.ts > 1000000000);
	assert_true(futex(2000000001, &in_data) > 0); /* there is more to say: the variable */
	assert_int_equal(futex(2000000002, &in_data), 0);
}

static void what_a_file_has_beyond_its_own_bytes_belongs_to_it(void **state)
{
	futex(2000000000, &in_data);
	futex(2000000000, &in_data);
	if (futex(2000000001, &in_bss) && !(out.r.h.flags & WIRE_RES_SYMBOL))
		text_is("test_naming");
}

static void a_variable_is_named_wherever_in_it_the_address_is(void **state)
{
	futex(2000000000, &table[3]); /* the mapping */
	while (!(out.r.h.flags & WIRE_RES_SYMBOL))
		assert_true(futex(2000000000, &table[3]) > 0);
	text_is("table");
	assert_int_equal(out.r.id, (uintptr_t)table);
	assert_int_equal(out.r.size, sizeof(table));
	assert_int_equal(futex(2000000001, &table[7]), 0); /* it is the same one */
}

static void a_stack_is_told(void **state)
{
	int here = 0;

	assert_true(futex(2000000000, &here) > 0);
	text_is("[stack]");
}

static void an_address_where_nothing_is_is_not_asked_for_again_at_once(void **state)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, 4096);
	assert_int_equal(futex(2000000000, p), 0);
	assert_int_equal(futex(2000000001, &in_data), 0); /* not yet */
	assert_true(futex(2100000000, &in_data) > 0);
}

static void after_an_exec_names_are_sent_again_and_hold_from_then_on(void **state)
{
	struct wire_thread t = {
		.h = {.kind = WIRE_THREAD, .flags = WIRE_THREAD_EXEC, .tid = 77, .ts = 2000000000},
		.pid = (uint32_t)getpid()};

	while (futex(1900000000, &in_data))
		;
	naming_see(n, &t.h, &out);
	assert_true(futex(2000000100, &in_data) > 0);
	assert_true(out.r.h.ts > 2000000000 && out.r.h.ts <= 2000000100);
}

static void a_record_that_says_nothing_of_an_address_passes(void **state)
{
	struct wire_offcpu r = {.h = {.kind = WIRE_OFFCPU, .len = sizeof(r), .tid = 77},
				.nr = 35,
				.state = 1,
				.arg0 = (uintptr_t)&in_data};

	assert_int_equal(naming_see(n, &r.h, &out), 0);
	r.nr = SYS_futex;
	r.state = 0; /* preempted */
	assert_int_equal(naming_see(n, &r.h, &out), 0);
	r.state = 1;
	r.h.tid = 78; /* not known */
	assert_int_equal(naming_see(n, &r.h, &out), 0);
	r.h.tid = 77;
	r.h.len = WIRE_OFFCPU_LEAST; /* of another tracer */
	assert_int_equal(naming_see(n, &r.h, &out), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_of_a_files_data_has_the_files_name_once),
		TEST(what_a_file_has_beyond_its_own_bytes_belongs_to_it),
		TEST(a_variable_is_named_wherever_in_it_the_address_is),
		TEST(a_stack_is_told),
		TEST(an_address_where_nothing_is_is_not_asked_for_again_at_once),
		TEST(after_an_exec_names_are_sent_again_and_hold_from_then_on),
		TEST(a_record_that_says_nothing_of_an_address_passes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
