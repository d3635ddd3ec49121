/* SPDX-License-Identifier: MIT */
/* test_about.c - what a capture says of itself, however little or much of it is there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/about.h"
#include "store_util.h"

static struct about a;

/* Gives a payload as the reader would: only if it is wanted. */
static int give(int type, const void *p, size_t n)
{
	struct chunk_buf buf = {.n = n};
	int rc = about_wants(&a, type, (uint32_t)n);

	if (rc <= 0)
		return rc;
	buf.p = malloc(n ? n : 1);
	assert_non_null(buf.p);
	memcpy(buf.p, p, n);
	rc = about_chunk(&a, type, &buf);
	free(buf.p);
	return rc;
}

static int give_text(int type, const char *text)
{
	return give(type, text, strlen(text));
}

static int release(void **state)
{
	about_release(&a);
	return 0;
}

static void capture_without_any_text_has_empty_names(void **state)
{
	assert_int_equal(about_finish(&a, 77), 0);
	assert_string_equal(a.info.host, "");
	assert_string_equal(a.info.kernel, "");
	assert_string_equal(a.info.command, "");
	assert_string_equal(a.info.version, "");
	assert_string_equal(a.info.end_reason, "");
	assert_true(a.info.cut);
	assert_int_equal(a.info.stop_ts, 77);
	assert_int_equal(a.info.processes_nr, 0);
	assert_null(about_meta(&a, "host"));
}

static void last_value_of_a_meta_key_counts(void **state)
{
	assert_int_equal(give_text(FORMAT_META, "host=a\nkernel=k\nhost=b\n"), 1);
	assert_int_equal(give_text(FORMAT_META, "host=c\nother=\\\\x\\n\n"), 1);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_string_equal(a.info.host, "c");
	assert_string_equal(a.info.kernel, "k");
	assert_string_equal(about_meta(&a, "other"), "\\x\n");
}

static void later_chunk_for_the_same_process_replaces_it(void **state)
{
	assert_int_equal(give_text(FORMAT_PROCESS, "pid=9\ncomm=nine\nexe=/9\nthreads=1\n"), 1);
	assert_int_equal(give_text(FORMAT_PROCESS, "pid=5\ncomm=five\nmore=later\n"), 1);
	assert_int_equal(give_text(FORMAT_PROCESS, "comm=Nine\nthreads=4294967295\npid=9\n"), 1);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_int_equal(a.info.processes_nr, 2);
	assert_int_equal(a.info.processes[0].pid, 5);
	assert_string_equal(a.info.processes[0].comm, "five");
	assert_string_equal(a.info.processes[0].exe, "");
	assert_int_equal(a.info.processes[1].pid, 9);
	assert_string_equal(a.info.processes[1].comm, "Nine");
	assert_string_equal(a.info.processes[1].exe, "");
	assert_int_equal(a.info.processes[1].threads, UINT32_MAX);
}

static void text_that_says_nothing_sound_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	    "comm=x\n",		  "pid=\n",	 "pid=-1\n", "pid=4294967296\n",
		"pid=1x\n", "pid=1\nthreads=x\n", "pid=1\ncomm", "pid 1\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(give_text(FORMAT_PROCESS, bad[i]), 0);
	assert_int_equal(give_text(FORMAT_META, "host=a\nbad"), 0);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_int_equal(a.info.processes_nr, 0);
	assert_string_equal(a.info.host, "a");
}

static void last_losses_count_and_their_names_are_cleaned(void **state)
{
	static const struct format_loss first[] = {{"ring_full", 5}, {"no_state", 5}};
	static const struct format_loss last[] = {
		{"no_state", 0},	 {"ring_full", 6},
		{"A b\"\x1b[0m\xff", 2}, {"twentyfour_bytes_no_nul_", UINT64_MAX - 10},
		{"ring_full", 1},	 {"", 3},
	};

	for (int i = 0; i < 2; i++) {
		assert_int_equal(give(FORMAT_LOSSES, first, sizeof(first)), 1);
		assert_int_equal(a.info.losses_nr, 2);
		assert_int_equal(a.info.lost_total, 10);
	}
	assert_int_equal(give(FORMAT_LOSSES, last, sizeof(last)), 1);
	assert_int_equal(give(FORMAT_LOSSES, first, sizeof(first) - 1), 0);
	assert_int_equal(about_finish(&a, 0), 0);
	assert_int_equal(a.info.losses_nr, 4);
	assert_string_equal(a.info.losses[0].name, "ring_full");
	assert_int_equal(a.info.losses[0].count, 7);
	assert_string_equal(a.info.losses[1].name, "__b___0m_");
	assert_string_equal(a.info.losses[2].name, "twentyfour_bytes_no_nul_");
	assert_string_equal(a.info.losses[3].name, "_");
	assert_true(a.info.lost_total == UINT64_MAX);
}

static void end_says_when_and_why(void **state)
{
	struct format_end end = {.stop_ts = 99, .records = 3};
	unsigned char longer[sizeof(end) + 8] = {0};

	memset(end.reason, 'r', sizeof(end.reason));
	memcpy(longer, &end, sizeof(end));
	assert_int_equal(give(FORMAT_END, &end, 47), 0);
	assert_int_equal(give(FORMAT_END, &end, 48), 1); /* of minor version 0 */
	assert_int_equal(give(FORMAT_END, longer, sizeof(longer)), 1);
	assert_int_equal(about_finish(&a, 1000), 0);
	assert_false(a.info.cut);
	assert_int_equal(a.info.stop_ts, 99);
	assert_int_equal(strlen(a.info.end_reason), sizeof(end.reason));
}

static void last_clock_is_kept(void **state)
{
	struct format_clock clock = {1, 2, 3};

	assert_int_equal(give(FORMAT_CLOCK, &clock, sizeof(clock)), 1);
	clock.ts = 10;
	assert_int_equal(give(FORMAT_CLOCK, &clock, sizeof(clock)), 1);
	assert_int_equal(give(FORMAT_CLOCK, &clock, sizeof(clock) - 8), 0);
	assert_true(a.has_clock);
	assert_int_equal(a.clock.ts, 10);
	assert_int_equal(a.clock.err_ns, 3);
}

static void unknown_types_are_told_apart(void **state)
{
	assert_int_equal(about_wants(&a, 0, 8), -ENOENT);
	assert_int_equal(about_wants(&a, FORMAT_RECORDS, 8), -ENOENT);
	assert_int_equal(about_wants(&a, 77, 8), -ENOENT);
	assert_int_equal(about_wants(&a, 65535, 8), -ENOENT);
}

static void hostile_amounts_end_at_a_bound(void **state)
{
	const uint32_t n = 1 << 20;
	char *text = malloc(n);
	int taken = 0;

	memset(text, 'x', n);
	text[1] = '=';
	text[n - 1] = '\n';
	while (give(FORMAT_META, text, n) == 1)
		taken++;
	assert_int_equal(taken, ABOUT_TEXT_MAX / n);
	assert_int_equal(about_wants(&a, FORMAT_META, 1), 0);
	assert_int_equal(about_wants(&a, FORMAT_PROCESS, 1), 0);
	assert_int_equal(about_wants(&a, FORMAT_LOSSES, ABOUT_LOSSES_MAX * 32 + 32), 0);
	assert_int_equal(about_wants(&a, FORMAT_END, n), 0);
	about_release(&a);
	for (uint32_t i = 0; i < n; i++)
		text[i] = "k=\n"[i % 3];
	assert_int_equal(give(FORMAT_META, text, n / 3 * 3), 0);
	assert_int_equal(a.meta_nr, ABOUT_META_MAX);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(capture_without_any_text_has_empty_names, release),
		cmocka_unit_test_teardown(last_value_of_a_meta_key_counts, release),
		cmocka_unit_test_teardown(later_chunk_for_the_same_process_replaces_it, release),
		cmocka_unit_test_teardown(text_that_says_nothing_sound_is_refused, release),
		cmocka_unit_test_teardown(last_losses_count_and_their_names_are_cleaned, release),
		cmocka_unit_test_teardown(end_says_when_and_why, release),
		cmocka_unit_test_teardown(last_clock_is_kept, release),
		cmocka_unit_test_teardown(unknown_types_are_told_apart, release),
		cmocka_unit_test_teardown(hostile_amounts_end_at_a_bound, release),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
