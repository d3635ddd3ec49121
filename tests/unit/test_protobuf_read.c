/* SPDX-License-Identifier: MIT */
/* test_protobuf_read.c - fields of messages, whole, cut and hostile */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/protobuf.h"
#include "base/protobuf_read.h"

static void what_was_written_is_read(void **state)
{
	struct pb pb = {0};
	struct pb_reader r, inner;
	struct pb_field f;
	size_t at;

	pb_u64(&pb, 1, UINT64_MAX);
	pb_fixed64(&pb, 2, 7);
	pb_fixed32(&pb, 3, 7);
	at = pb_open(&pb, 300);
	pb_u64(&pb, 1, 5);
	pb_close(&pb, at);
	pb_string(&pb, 4, "");
	r = (struct pb_reader){pb.bytes, pb.bytes + pb.n};
	assert_int_equal(pb_next(&r, &f), 1);
	assert_int_equal(f.nr, 1);
	assert_true(f.number == UINT64_MAX);
	assert_null(f.bytes.p);
	assert_int_equal(pb_next(&r, &f), 1);
	assert_int_equal(f.nr, 2);
	assert_int_equal(pb_next(&r, &f), 1);
	assert_int_equal(f.nr, 3);
	assert_int_equal(pb_next(&r, &f), 1);
	assert_int_equal(f.nr, 300);
	assert_int_equal(f.bytes.end - f.bytes.p, 2);
	inner = f.bytes;
	assert_int_equal(pb_next(&inner, &f), 1);
	assert_int_equal(f.number, 5);
	assert_int_equal(pb_next(&r, &f), 1);
	assert_non_null(f.bytes.p);
	assert_ptr_equal(f.bytes.p, f.bytes.end);
	assert_int_equal(pb_next(&r, &f), 0);
	pb_release(&pb);
}

/* In memory of its own size, so that the sanitizer sees a byte too many. Fields before the end. */
static int fields(const char *bytes, size_t n, int *rc)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct pb_reader r = {exact, exact + n};
	struct pb_field f;
	int nr = 0;

	assert_non_null(exact);
	memcpy(exact, bytes, n);
	while ((*rc = pb_next(&r, &f)) > 0)
		nr++;
	free(exact);
	return nr;
}

static void any_prefix_is_harmless(void **state)
{
	static const char whole[] = "\x08\x96\x01\x11"
				    "12345678\x1d"
				    "1234\x22\x03"
				    "abc";
	int rc;

	for (size_t n = 0; n < sizeof(whole); n++)
		assert_true(fields(whole, n, &rc) <= 4);
	assert_int_equal(fields(whole, sizeof(whole) - 1, &rc), 4);
	assert_int_equal(rc, 0);
	assert_int_equal(fields(whole, sizeof(whole) - 2, &rc), 3);
	assert_int_equal(rc, -1);
}

static void what_is_no_message_is_refused(void **state)
{
	static const char *const bad[] = {
		"\x07",						    /* number 0 */
		"\x0b",						    /* a group */
		"\x0f",						    /* a type that there is not */
		"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", /* a number of 77 bits */
		"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",	    /* a length of 2^64 - 1 */
	};
	int rc;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(fields(bad[i], strlen(bad[i]), &rc), 0);
		assert_int_equal(rc, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(any_prefix_is_harmless),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
