/* SPDX-License-Identifier: MIT */
/* test_otlp_ids.c - ids of traces and spans: distinct, the same each time, and never zero */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "export/otlp_ids.h"
#include "export/otlp_schema.h"

static const uint8_t zero[16];

static struct otlp_ids of(const char *id, uint64_t start)
{
	const struct capture_info info = {.id = id, .host = "h", .start_ts = start};
	struct otlp_ids ids;

	otlp_ids_init(&ids, &info);
	return ids;
}

static uint64_t as_number(const uint8_t *id)
{
	uint64_t v;

	memcpy(&v, id, sizeof(v));
	return v;
}

static void ids_of_different_spans_differ(void **state)
{
	struct otlp_ids ids = of("x", 1);
	struct hash seen = {0};

	for (uint64_t nr = 1; nr < 100000; nr++) {
		struct otlp_trace t = otlp_trace_of_span(&ids, nr);
		uint8_t id[8];

		otlp_span_id(&ids, nr, id);
		assert_memory_not_equal(id, zero, sizeof(id));
		assert_null(hash_get(&seen, as_number(id)));
		assert_int_equal(hash_put(&seen, as_number(id), &seen), 0);
		assert_memory_not_equal(t.id + 8, zero, 8);
		assert_null(hash_get(&seen, as_number(t.id + 8)));
		assert_int_equal(hash_put(&seen, as_number(t.id + 8), &seen), 0);
		assert_int_equal(t.flags, TRACE_SAMPLED | TRACE_RANDOM);
	}
	hash_release(&seen);
}

static void the_number_that_would_make_an_id_of_zero_does_not(void **state)
{
	struct otlp_ids ids = {.seed = {(uint64_t)-7, 2, 3, 4}};
	uint8_t id[8];

	otlp_span_id(&ids, 7, id);
	assert_memory_not_equal(id, zero, sizeof(id));
}

static void another_capture_has_other_ids_and_the_same_one_the_same(void **state)
{
	const struct otlp_ids a = of("a", 1), again = of("a", 1), b = of("b", 1), old = of("", 1),
			      older = of("", 2);
	uint8_t x[8], y[8];

	otlp_span_id(&a, 1, x);
	otlp_span_id(&again, 1, y);
	assert_memory_equal(x, y, sizeof(x));
	otlp_span_id(&b, 1, y);
	assert_memory_not_equal(x, y, sizeof(x));
	/* Without an id of its own, a capture has its time. */
	otlp_span_id(&old, 1, x);
	otlp_span_id(&older, 1, y);
	assert_memory_not_equal(x, y, sizeof(x));
}

static void several_captures_together_have_other_ids_than_the_first_alone(void **state)
{
	static const struct capture_part parts[] = {{.host = "h", .start_ts = 1}, {.host = "i"}};
	const struct capture_info alone = {.id = "a", .host = "h", .start_ts = 1};
	struct capture_info both = alone;
	struct otlp_ids one, two;
	uint8_t x[8], y[8];

	both.parts = parts;
	both.parts_nr = 2;
	otlp_ids_init(&one, &alone);
	otlp_ids_init(&two, &both);
	otlp_span_id(&one, 1, x);
	otlp_span_id(&two, 1, y);
	assert_memory_not_equal(x, y, sizeof(x));
}

static void a_trace_of_a_task_id_is_none_of_a_span(void **state)
{
	struct otlp_ids ids = of("x", 1);
	struct otlp_trace a = otlp_trace_of_span(&ids, 5), b = otlp_trace_of_task_id(&ids, 5);

	assert_memory_not_equal(a.id, b.id, sizeof(a.id));
}

static void a_traceparent_is_taken_apart(void **state)
{
	static const uint8_t trace[16] = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
					  0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c};
	static const uint8_t span[8] = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};
	struct otlp_trace t;
	uint8_t id[8];

	otlp_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", &t, id);
	assert_memory_equal(t.id, trace, sizeof(trace));
	assert_memory_equal(id, span, sizeof(span));
	assert_int_equal(t.flags, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_different_spans_differ),
		cmocka_unit_test(the_number_that_would_make_an_id_of_zero_does_not),
		cmocka_unit_test(another_capture_has_other_ids_and_the_same_one_the_same),
		cmocka_unit_test(several_captures_together_have_other_ids_than_the_first_alone),
		cmocka_unit_test(a_trace_of_a_task_id_is_none_of_a_span),
		cmocka_unit_test(a_traceparent_is_taken_apart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
