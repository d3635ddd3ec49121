/* SPDX-License-Identifier: MIT */
/* test_ring.c - reading a BPF ring buffer: here one in memory, written as the kernel would */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attach/ring.h"

#define SZ 1024u

/* The kernel's side: its data lies twice in a row, here by being written twice. */
struct fake {
	unsigned long read, written;
	_Alignas(8) unsigned char data[2 * SZ];
	struct ring ring;
};

static void fake_init(struct fake *f, unsigned long at)
{
	memset(f, 0, sizeof(*f));
	f->read = f->written = at;
	f->ring = (struct ring){&f->read, &f->written, f->data, SZ, 0, 0};
}

static void put_bytes(struct fake *f, unsigned long at, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = ((const unsigned char *)from)[i];

		f->data[(at + i) % SZ] = f->data[(at + i) % SZ + SZ] = byte;
	}
}

/* A record of len bytes, each of them `byte`. */
static void put(struct fake *f, uint32_t len, uint32_t flags, unsigned char byte)
{
	const uint32_t hdr[2] = {len | flags, 0};
	unsigned char rec[256];

	memset(rec, byte, len);
	put_bytes(f, f->written, hdr, sizeof(hdr));
	put_bytes(f, f->written + sizeof(hdr), rec, len);
	f->written += (sizeof(hdr) + len + 7) & ~7ul;
}

static void submit(struct fake *f, unsigned long at, uint32_t len)
{
	put_bytes(f, at, &len, sizeof(len));
}

struct seen {
	struct fake *f;
	char bytes[64]; /* the first of each record */
	size_t nr, len;
	unsigned long read_min; /* the position told to the kernel while records were given */
	char stop_at;
};

static int see(void *ctx, const void *rec, size_t len)
{
	struct seen *s = ctx;

	s->bytes[s->nr++] = *(const char *)rec;
	s->len += len;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(((const char *)rec)[i], *(const char *)rec);
	s->read_min = s->f->read;
	return *(const char *)rec == s->stop_at ? 7 : 0;
}

static void records_come_in_order_and_whole_across_the_end(void **state)
{
	struct seen s = {0};
	struct fake f;
	int rc = -1;

	fake_init(&f, SZ - 40);
	s.f = &f;
	put(&f, 16, 0, 'a');
	put(&f, 24, 0, 'b');
	put(&f, 5, 0, 'c');
	assert_int_equal(ring_take(&f.ring, see, &s, &rc), 24 + 32 + 16);
	assert_int_equal(rc, 0);
	assert_string_equal(s.bytes, "abc");
	assert_int_equal(s.len, 16 + 24 + 5);
	assert_int_equal(f.read, f.written);
	assert_int_equal(ring_fill(&f.ring), 0);
	assert_int_equal(ring_take(&f.ring, see, &s, &rc), 0);
}

static void a_record_that_is_not_submitted_holds_up_what_is_behind_it(void **state)
{
	struct seen s = {0};
	unsigned long busy;
	struct fake f;
	int rc;

	fake_init(&f, 0);
	s.f = &f;
	assert_true(ring_passed(&f.ring));
	put(&f, 8, 0, 'a');
	busy = f.written;
	put(&f, 8, BPF_RINGBUF_BUSY_BIT, 'b');
	put(&f, 8, 0, 'c');
	assert_int_equal(ring_take(&f.ring, see, &s, &rc), 16);
	assert_string_equal(s.bytes, "a");
	assert_int_equal(f.read, busy);
	assert_null(ring_peek(&f.ring));
	assert_true(ring_passed(&f.ring));
	ring_mark(&f.ring);
	assert_false(ring_passed(&f.ring));
	submit(&f, busy, 8);
	assert_memory_equal(ring_peek(&f.ring), "b", 1);
	put(&f, 8, BPF_RINGBUF_BUSY_BIT, 'd');
	ring_take(&f.ring, see, &s, &rc);
	assert_string_equal(s.bytes, "abc");
	assert_true(ring_passed(&f.ring));
}

static void a_record_that_was_given_back_is_passed_over(void **state)
{
	struct seen s = {0};
	struct fake f;
	int rc;

	fake_init(&f, 0);
	s.f = &f;
	put(&f, 100, BPF_RINGBUF_DISCARD_BIT, 'a');
	put(&f, 8, 0, 'b');
	assert_null(ring_peek(&f.ring));
	assert_int_equal(ring_take(&f.ring, see, &s, &rc), 112 + 16);
	assert_string_equal(s.bytes, "b");
}

static void reading_ends_where_the_reader_says(void **state)
{
	struct seen s = {.stop_at = 'b'};
	struct fake f;
	int rc;

	fake_init(&f, 0);
	s.f = &f;
	for (char c = 'a'; c <= 'd'; c++)
		put(&f, 8, 0, (unsigned char)c);
	assert_int_equal(ring_take(&f.ring, see, &s, &rc), 32);
	assert_int_equal(rc, 7);
	assert_int_equal(f.read, 32);
	s.stop_at = 0;
	ring_take(&f.ring, see, &s, &rc);
	assert_int_equal(rc, 0);
	assert_string_equal(s.bytes, "abcd");
}

/* A kernel that waits for room must see it before the whole ring is read, but not each record. */
static void the_kernel_is_told_of_an_eighth_at_a_time(void **state)
{
	struct seen s = {0};
	struct fake f;
	int rc;

	fake_init(&f, 0);
	s.f = &f;
	for (int i = 0; i < 7; i++)
		put(&f, 24, 0, 'x');
	ring_take(&f.ring, see, &s, &rc);
	assert_int_equal(s.read_min, 4 * 32); /* of 1024, when the seventh was given */
	assert_int_equal(f.read, 7 * 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_in_order_and_whole_across_the_end),
		cmocka_unit_test(a_record_that_is_not_submitted_holds_up_what_is_behind_it),
		cmocka_unit_test(a_record_that_was_given_back_is_passed_over),
		cmocka_unit_test(reading_ends_where_the_reader_says),
		cmocka_unit_test(the_kernel_is_told_of_an_eighth_at_a_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
