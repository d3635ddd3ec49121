/* SPDX-License-Identifier: MIT */
/* test_perfetto_out.c - packets, texts that are sent once, and bundles of a CPU's events */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "export/perfetto_bundle.h"

static const struct capture_info info = {.start_ts = 5000, .stop_ts = 9000};
static struct perfetto_out *out;

static int begin(void **state)
{
	out = calloc(1, sizeof(*out));
	out_init(out, &info);
	return 0;
}

static int end(void **state)
{
	out_release(out);
	free(out);
	return 0;
}

static uint64_t varint(const uint8_t *v, size_t *at)
{
	uint64_t n = 0;

	for (int shift = 0;; shift += 7) {
		n |= (uint64_t)(v[*at] & 0x7f) << shift;
		if (!(v[(*at)++] & 0x80))
			return n;
	}
}

/* The bytes of the nr-th field of that number, or NULL; *n: how many. */
static const uint8_t *field(const uint8_t *v, size_t len, uint32_t number, int nr, size_t *n)
{
	for (size_t at = 0; at < len;) {
		uint64_t tag = varint(v, &at);

		if ((tag & 7) == 0) {
			varint(v, &at);
			continue;
		}
		assert_int_equal(tag & 7, 2);
		*n = varint(v, &at);
		if (tag >> 3 == number && !nr--)
			return v + at;
		at += *n;
	}
	return NULL;
}

static void a_text_is_sent_with_the_packet_that_first_uses_it(void **state)
{
	size_t at = out_open(out), n, first;
	uint64_t a = out_text(out, TEXT_VALUE, "a"), b = out_text(out, TEXT_VALUE, "b");
	const uint8_t *packet;

	assert_true(a != b);
	assert_int_equal(out_text(out, TEXT_VALUE, "a"), a);
	assert_int_equal(out_text(out, TEXT_SYMBOL, "a"), 1);
	out_close(out, at);
	first = out->pb.n;
	packet = field(out->pb.bytes, out->pb.n, 1, 0, &n);
	packet = field(packet, n, 12, 0, &n);
	assert_non_null(packet);
	assert_non_null(field(packet, n, 29, 1, &n));
	at = out_open(out);
	out_text(out, TEXT_VALUE, "b");
	out_close(out, at);
	packet = field(out->pb.bytes + first, out->pb.n - first, 1, 0, &n);
	assert_null(field(packet, n, 12, 0, &n));
}

static void texts_that_were_forgotten_are_sent_again(void **state)
{
	uint64_t first = out_text(out, TEXT_NAME, "again"), last = first;
	char name[16];

	for (int i = 0; i < 40 * TEXTS_MAX && last == first; i++) {
		snprintf(name, sizeof(name), "%d", i);
		out_text(out, TEXT_NAME, name);
		last = out_text(out, TEXT_NAME, "again");
		out->fresh.n = 0;
	}
	assert_true(last > first);
}

static void only_what_is_enough_is_written(void **state)
{
	struct err err = {0};
	FILE *f = tmpfile();
	size_t at = out_open(out);

	out_close(out, at);
	assert_int_equal(out_flush(out, f, false, &err), 0);
	assert_true(out->pb.n > 0);
	assert_int_equal(out_flush(out, f, true, &err), 0);
	assert_int_equal(out->pb.n, 0);
	assert_true(ftell(f) > 0);
	fclose(f);
	f = fopen("/dev/full", "w");
	if (f) {
		setvbuf(f, NULL, _IONBF, 0);
		out_close(out, out_open(out));
		assert_true(out_flush(out, f, true, &err) < 0);
		fclose(f);
	}
}

static void switches_are_written_in_order_those_of_one_time_as_they_came(void **state)
{
	static const struct bundle_event v[] = {{.ts = 7000, .tid = 1, .comm = "x"},
						{.ts = 6000, .tid = 2, .comm = "y"},
						{.ts = 7000, .tid = 3, .comm = "x"},
						{.ts = 6000, .tid = 4, .comm = "y"}};
	static const uint64_t tids[] = {0, 2, 4, 1, 3}, comms[] = {0, 1, 1, 2, 2};
	struct bundles *b = calloc(1, sizeof(*b));
	const uint8_t *p, *compact;
	size_t n, len, at;
	uint64_t ts = 0;

	bundle_init(b, out);
	for (int i = 0; i < 4; i++)
		bundle_switch(b, 3, &v[i]);
	bundle_flush(b);
	bundle_flush(b); /* nothing more */
	p = field(out->pb.bytes, out->pb.n, 1, 0, &n);
	p = field(p, n, 1, 0, &n);
	compact = field(p, n, 4, 0, &len);
	p = field(compact, len, 3, 0, &n);
	at = 0;
	for (int i = 0; i < 5; i++)
		assert_int_equal(varint(p, &at), tids[i]);
	assert_int_equal(at, n);
	p = field(compact, len, 6, 0, &n);
	at = 0;
	for (int i = 0; i < 5; i++)
		assert_int_equal(varint(p, &at), comms[i]);
	p = field(compact, len, 1, 0, &n);
	at = 0;
	for (int i = 0; i < 5; i++)
		ts += varint(p, &at);
	assert_int_equal(ts, out_ts(out, 7000));
	assert_null(field(out->pb.bytes, out->pb.n, 1, 1, &n));
	bundle_release(b);
	free(b);
}

static void a_full_bundle_is_written_and_goes_on(void **state)
{
	struct bundles *b = calloc(1, sizeof(*b));
	size_t n, all = 0;

	bundle_init(b, out);
	for (uint64_t i = 0; i < 3 * BUNDLE_EVENTS; i++) {
		bundle_switch(b, 0, &(struct bundle_event){.ts = 5000 + i, .comm = "x"});
		bundle_waking(b, 0, &(struct bundle_event){.ts = 5000 + i, .comm = "y"});
		bundle_blocked(b, 0, &(struct bundle_event){.ts = 5000 + i, .tid = 1});
	}
	bundle_flush(b);
	for (int i = 0; field(out->pb.bytes, out->pb.n, 1, i, &n); i++) {
		const uint8_t *p = field(out->pb.bytes, out->pb.n, 1, i, &n);

		p = field(p, n, 1, 0, &n);
		p = field(p, n, 4, 0, &n);
		if (field(p, n, 3, 0, &n))
			all += n; /* one byte each */
	}
	assert_int_equal(all, 3 * BUNDLE_EVENTS + 1);
	bundle_release(b);
	free(b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_is_sent_with_the_packet_that_first_uses_it),
		TEST(texts_that_were_forgotten_are_sent_again),
		TEST(only_what_is_enough_is_written),
		TEST(switches_are_written_in_order_those_of_one_time_as_they_came),
		TEST(a_full_bundle_is_written_and_goes_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
