/* SPDX-License-Identifier: MIT */
/* test_protobuf.c - the protobuf writer, byte by byte */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/protobuf.h"

static void bytes_are(struct pb *pb, const char *want, size_t n)
{
	assert_false(pb->failed);
	assert_int_equal(pb->n, n);
	assert_memory_equal(pb->bytes, want, n);
	pb_release(pb);
	assert_null(pb->bytes);
}

#define BYTES_ARE(pb, want) bytes_are(pb, want, sizeof(want) - 1)

static void numbers_are_written_in_the_fewest_bytes(void **state)
{
	struct pb pb = {0};

	pb_u64(&pb, 1, 0);
	pb_u64(&pb, 1, 127);
	pb_u64(&pb, 15, 128);
	pb_u64(&pb, 16, 300);
	pb_u64(&pb, 2, UINT64_MAX);
	BYTES_ARE(&pb, "\x08\x00"
		       "\x08\x7f"
		       "\x78\x80\x01"
		       "\x80\x01\xac\x02"
		       "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

static void a_pair_is_a_message_of_two_numbers(void **state)
{
	struct pb pb = {0}, slowly = {0};
	const uint64_t v[] = {0, 127, 128, UINT32_MAX, UINT64_MAX};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		size_t at = pb_open(&slowly, 4);

		pb_u64(&slowly, 1, v[i]);
		pb_u64(&slowly, 1u << 28, v[4 - i]);
		pb_close(&slowly, at);
		pb_pair(&pb, 4, 1, v[i], 1u << 28, v[4 - i]);
	}
	bytes_are(&pb, (const char *)slowly.bytes, slowly.n);
	pb_release(&slowly);
}

static void fixed_numbers_are_little_endian(void **state)
{
	struct pb pb = {0};

	pb_fixed64(&pb, 47, 0x0102030405060708u);
	BYTES_ARE(&pb, "\xf9\x02\x08\x07\x06\x05\x04\x03\x02\x01");
}

static void short_fixed_numbers_are_little_endian(void **state)
{
	struct pb pb = {0};

	pb_fixed32(&pb, 16, 0x01020304u);
	BYTES_ARE(&pb, "\x85\x01\x04\x03\x02\x01");
}

static void bytes_are_written_as_they_are(void **state)
{
	struct pb pb = {0};

	pb_bytes(&pb, 1, "\x00\xff", 2);
	pb_bytes(&pb, 2, NULL, 0);
	pb_append(&pb, "\x08\x05", 2);
	BYTES_ARE(&pb, "\x0a\x02\x00\xff\x12\x00\x08\x05");
}

static void messages_nest_and_know_their_lengths(void **state)
{
	struct pb pb = {0};
	size_t outer = pb_open(&pb, 1), inner = pb_open(&pb, 2);

	pb_u64(&pb, 3, 5);
	pb_close(&pb, inner);
	inner = pb_open(&pb, 4);
	pb_close(&pb, inner);
	pb_close(&pb, outer);
	BYTES_ARE(&pb, "\x0a\x06\x12\x02\x18\x05\x22\x00");
}

static void message_of(size_t n, const char *head, size_t head_n)
{
	struct pb pb = {0};
	size_t at = pb_open(&pb, 1);

	for (size_t i = 0; i < n; i += 2)
		pb_u64(&pb, 1, i / 2 & 0x7f);
	pb_close(&pb, at);
	assert_int_equal(pb.n, head_n + n);
	assert_memory_equal(pb.bytes, head, head_n);
	for (size_t i = 0; i < n; i += 2) {
		assert_int_equal(pb.bytes[head_n + i], 8);
		assert_int_equal(pb.bytes[head_n + i + 1], i / 2 & 0x7f);
	}
	pb_release(&pb);
}

static void a_long_message_moves_to_make_room_for_its_length(void **state)
{
	message_of(126, "\x0a\x7e", 2);
	message_of(128, "\x0a\x80\x01", 3);
	message_of(16382, "\x0a\xfe\x7f", 3);
	message_of(16384, "\x0a\x80\x80\x01", 4);
	message_of(1000000, "\x0a\xc0\x84\x3d", 4);
}

static void strings_are_utf8_whatever_they_hold(void **state)
{
	struct pb pb = {0};

	pb_string(&pb, 1, "");
	pb_string(&pb, 1, "\"\n\xc2\xb5");
	pb_string(&pb, 1, "a\xff\xc3");
	BYTES_ARE(&pb, "\x0a\x00"
		       "\x0a\x04\"\n\xc2\xb5"
		       "\x0a\x07"
		       "a\xef\xbf\xbd\xef\xbf\xbd");
}

static void a_long_string_is_whole(void **state)
{
	enum { N = 100000 };
	struct pb pb = {0};
	char *s = malloc(N + 1);

	assert_non_null(s);
	memset(s, 0xff, N);
	s[N] = '\0';
	pb_string(&pb, 1, s);
	assert_int_equal(pb.n, 1 + 3 + 3 * N);
	assert_memory_equal(pb.bytes + pb.n - 3, "\xef\xbf\xbd", 3);
	free(s);
	pb_release(&pb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_in_the_fewest_bytes),
		cmocka_unit_test(a_pair_is_a_message_of_two_numbers),
		cmocka_unit_test(fixed_numbers_are_little_endian),
		cmocka_unit_test(short_fixed_numbers_are_little_endian),
		cmocka_unit_test(bytes_are_written_as_they_are),
		cmocka_unit_test(messages_nest_and_know_their_lengths),
		cmocka_unit_test(a_long_message_moves_to_make_room_for_its_length),
		cmocka_unit_test(strings_are_utf8_whatever_they_hold),
		cmocka_unit_test(a_long_string_is_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
