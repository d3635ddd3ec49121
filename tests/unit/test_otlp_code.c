/* SPDX-License-Identifier: MIT */
/* test_otlp_code.c - the same calls in both of OTLP's notations, byte by byte */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "export/otlp_code.h"

static const uint8_t id[8] = {0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff};

static void is(struct otlp_code *c, const char *want, size_t n)
{
	assert_int_equal(otlp_end(c), 0);
	assert_int_equal(c->n, n);
	assert_memory_equal(c->bytes, want, n);
}

#define IS(c, want) is(c, want, sizeof(want) - 1)

static void write_fields(struct otlp_code *c)
{
	otlp_begin(c);
	otlp_id(c, SPAN_ID, id, sizeof(id));
	otlp_string(c, SPAN_NAME, "a\"b\n\xff");
	otlp_u32(c, SPAN_KIND, 1);
	otlp_fixed64(c, SPAN_BEGIN, 1544712660000000000u);
	otlp_fixed32(c, SPAN_FLAGS, 0x301);
}

static void fields_are_ids_numbers_and_texts(void **state)
{
	struct otlp_code c;

	assert_int_equal(otlp_code_init(&c, true), 0);
	write_fields(&c);
	IS(&c,
	   "{\"spanId\": \"00010203fcfdfeff\", \"name\": \"a\\\"b\\n\xef\xbf\xbd\", \"kind\": 1, "
	   "\"startTimeUnixNano\": \"1544712660000000000\", \"flags\": 769}");
	otlp_code_release(&c);
	assert_int_equal(otlp_code_init(&c, false), 0);
	write_fields(&c);
	IS(&c, "\x12\x08\x00\x01\x02\x03\xfc\xfd\xfe\xff"
	       "\x2a\x07"
	       "a\"b\n\xef\xbf\xbd"
	       "\x30\x01"
	       "\x39\x00\x48\x59\xe3\xfa\xeb\x6f\x15"
	       "\x85\x01\x01\x03\x00\x00");
	otlp_code_release(&c);
}

static void write_attributes(struct otlp_code *c)
{
	otlp_begin(c);
	otlp_list(c, EVENT_ATTRIBUTES);
	otlp_attr_u64(c, "n", UINT64_MAX);
	otlp_attr_text(c, "s", "x");
	otlp_attr_text(c, "empty", "");
	otlp_attr_true(c, "b", true);
	otlp_attr_true(c, "not", false);
	otlp_list_end(c);
}

static void attributes_have_types_and_numbers_are_signed(void **state)
{
	struct otlp_code c;

	assert_int_equal(otlp_code_init(&c, true), 0);
	write_attributes(&c);
	IS(&c, "{\"attributes\": [{\"key\": \"n\", \"value\": {\"intValue\": "
	       "\"9223372036854775807\"}}, {\"key\": \"s\", \"value\": {\"stringValue\": \"x\"}}, "
	       "{\"key\": \"b\", \"value\": {\"boolValue\": true}}]}");
	otlp_code_release(&c);
	assert_int_equal(otlp_code_init(&c, false), 0);
	write_attributes(&c);
	IS(&c, "\x1a\x0f\x0a\x01n\x12\x0a\x18\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
	       "\x1a\x08\x0a\x01s\x12\x03\x0a\x01x"
	       "\x1a\x07\x0a\x01"
	       "b\x12\x02\x10\x01");
	otlp_code_release(&c);
}

/* What was written before becomes a part of what is written now. */
static void put_together(bool text, const char *want, size_t n)
{
	struct pb whole = {0}, gathered = {0};
	struct otlp_code c;

	assert_int_equal(otlp_code_init(&c, text), 0);
	for (uint32_t i = 1; i <= 2; i++) {
		otlp_begin(&c);
		otlp_fixed32(&c, SPAN_FLAGS, i);
		assert_int_equal(otlp_end(&c), 0);
		pb_append(&whole, c.bytes, c.n);
		otlp_begin(&c);
		otlp_u32(&c, SPAN_KIND, i);
		assert_int_equal(otlp_end(&c), 0);
		{
			struct pb both = {0};

			otlp_join(&c, &both, whole.bytes, whole.n, c.bytes, c.n);
			otlp_gather(&c, &gathered, SCOPE_SPANS_SPANS, both.bytes, both.n);
			pb_release(&both);
		}
		whole.n = 0;
	}
	otlp_begin(&c);
	otlp_raw_list(&c, SCOPE_SPANS_SPANS, &gathered);
	is(&c, want, n);
	otlp_code_release(&c);
	pb_release(&whole);
	pb_release(&gathered);
}

#define PUT_TOGETHER(text, want) put_together(text, want, sizeof(want) - 1)

static void messages_are_put_together(void **state)
{
	PUT_TOGETHER(true,
		     "{\"spans\": [{\"flags\": 1, \"kind\": 1}, {\"flags\": 2, \"kind\": 2}]}");
	PUT_TOGETHER(false, "\x12\x08\x85\x01\x01\x00\x00\x00\x30\x01"
			    "\x12\x08\x85\x01\x02\x00\x00\x00\x30\x02");
}

static void a_shorter_message_leaves_nothing_of_the_one_before(void **state)
{
	struct otlp_code c;

	assert_int_equal(otlp_code_init(&c, true), 0);
	write_attributes(&c);
	assert_int_equal(otlp_end(&c), 0);
	otlp_begin(&c);
	otlp_u32(&c, SPAN_KIND, 1);
	IS(&c, "{\"kind\": 1}");
	otlp_code_release(&c);
}

static void a_message_that_is_not_closed_is_refused(void **state)
{
	struct otlp_code c;

	assert_int_equal(otlp_code_init(&c, true), 0);
	otlp_begin(&c);
	otlp_open(&c, SPAN_STATUS);
	assert_int_not_equal(otlp_end(&c), 0);
	otlp_code_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_ids_numbers_and_texts),
		cmocka_unit_test(attributes_have_types_and_numbers_are_signed),
		cmocka_unit_test(messages_are_put_together),
		cmocka_unit_test(a_shorter_message_leaves_nothing_of_the_one_before),
		cmocka_unit_test(a_message_that_is_not_closed_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
