/* SPDX-License-Identifier: MIT */
/* test_otlp_events.c - which waits and logs of a span are kept, and in which order */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/otlp_events.h"

static void wait(struct otlp_events *e, uint64_t nr, uint64_t ns, uint64_t ts)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%u", (unsigned int)ns);

	assert_int_equal(otlp_events_wait(e, nr, ns, ts, text, (size_t)n), 0);
}

static void log_line(struct otlp_events *e, uint64_t nr, uint64_t ts, const char *text)
{
	assert_int_equal(otlp_events_log(e, nr, ts, text, strlen(text)), 0);
}

/* As they are put into the span, and that the span is forgotten then. */
static void put_is(struct otlp_events *e, uint64_t nr, const char *want)
{
	struct otlp_code c;

	assert_int_equal(otlp_code_init(&c, true), 0);
	otlp_begin(&c);
	otlp_events_put(e, nr, &c);
	assert_int_equal(otlp_end(&c), 0);
	assert_int_equal(c.n, strlen(want));
	assert_memory_equal(c.bytes, want, c.n);
	otlp_begin(&c);
	otlp_events_put(e, nr, &c);
	assert_int_equal(otlp_end(&c), 0);
	assert_memory_equal(c.bytes, "{}", 2);
	otlp_code_release(&c);
}

static void events_are_in_the_order_of_time_span_by_span(void **state)
{
	struct otlp_events e = {0};

	wait(&e, 1, 50, 2000);
	wait(&e, 2, 60, 1000);
	log_line(&e, 1, 1500, "7");
	wait(&e, 1, 10, 1000);
	put_is(&e, 1, "{\"events\": [10, 7, 50]}");
	put_is(&e, 2, "{\"events\": [60]}");
	put_is(&e, 3, "{}");
	assert_int_equal(e.bytes, 0);
	otlp_events_release(&e);
}

static void the_longest_waits_are_kept_and_the_others_counted(void **state)
{
	char want[1024];
	struct otlp_events e = {0};
	int n = snprintf(want, sizeof(want), "{\"events\": [");

	for (uint64_t i = 0; i < 100; i++) {
		uint64_t ns = i * 37 % 100; /* each of 0 to 99 once */

		assert_int_equal(otlp_events_wants(&e, 1, 1000), true);
		wait(&e, 1, ns, i);
		if (ns >= 100 - EVENTS_WAITS)
			n += snprintf(want + n, sizeof(want) - (size_t)n, "%u, ", (unsigned int)ns);
	}
	snprintf(want + n - 2, sizeof(want) - (size_t)n, "], \"droppedEventsCount\": 68}");
	assert_false(otlp_events_wants(&e, 1, 68));
	assert_int_equal(otlp_events_wait(&e, 2, 5, 5, NULL, 0), 0);
	put_is(&e, 1, want);
	put_is(&e, 2, "{\"droppedEventsCount\": 1}");
	otlp_events_release(&e);
}

static void waits_do_not_push_out_logs_nor_logs_waits(void **state)
{
	struct otlp_events e = {0};
	struct otlp_code c;
	char text[16];
	size_t commas = 0;

	for (unsigned int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%u", 1000 + i);
		log_line(&e, 1, i, text);
		wait(&e, 1, 100 + i, i);
	}
	assert_int_equal(otlp_code_init(&c, false), 0);
	otlp_begin(&c);
	otlp_events_put(&e, 1, &c);
	assert_int_equal(otlp_end(&c), 0);
	for (size_t at = 0; at + 1 < c.n; at += 2 + ((const uint8_t *)c.bytes)[at + 1])
		commas += ((const uint8_t *)c.bytes)[at] == (11 << 3 | 2);
	assert_int_equal(commas, EVENTS_WAITS + EVENTS_LOGS);
	otlp_code_release(&c);
	otlp_events_release(&e);
}

static void memory_has_a_bound_whatever_is_open(void **state)
{
	enum { SZ = 4096, NR = 2 * EVENTS_BYTES / SZ };
	struct otlp_events e = {0};
	char *text = calloc(1, SZ);

	assert_non_null(text);
	for (uint64_t nr = 1; nr <= NR; nr++) {
		assert_int_equal(otlp_events_log(&e, nr, nr, text, SZ), 0);
		assert_int_equal(otlp_events_wait(&e, nr, 5, nr, text, SZ), 0);
	}
	assert_true(e.bytes <= EVENTS_BYTES + SZ);
	put_is(&e, NR, "{\"droppedEventsCount\": 2}");
	free(text);
	otlp_events_release(&e); /* the sanitizer looks whether all is */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_in_the_order_of_time_span_by_span),
		cmocka_unit_test(the_longest_waits_are_kept_and_the_others_counted),
		cmocka_unit_test(waits_do_not_push_out_logs_nor_logs_waits),
		cmocka_unit_test(memory_has_a_bound_whatever_is_open),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
