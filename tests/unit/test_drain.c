/* SPDX-License-Identifier: MIT */
/* test_drain.c - a batch in this process's own memory, read as if it were another's */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/batch.h"
#include "attach/drain.h"
#include "ctrace/ctrace.h"

static int regions;

static void records(void *ctx, uint32_t stream, const void *recs, size_t n)
{
	assert_int_equal(stream, 9);
	for (size_t at = 0; at < n;) {
		const struct wire_hdr *h = (const void *)((const char *)recs + at);

		regions += h->kind == WIRE_REGION;
		at += h->len;
	}
}

static ssize_t no_text(void *ctx, uint32_t pid, uint64_t addr, char *to, size_t n)
{
	return -1;
}

enum { NONCE = 5 };

/* A batch that a tracer has heard of and nobody has taken from. */
static struct batch *known(void)
{
	struct batch_ops ops = {records, no_text, NULL, NULL};
	struct batch *b = batch_new(&ops);
	struct wire_batch r = {.h = {.kind = WIRE_BATCH, .flags = WIRE_BATCH_FIRST, .tid = 1},
			       .id = 1,
			       .addr = (uintptr_t)&ctrace_thread_v3.batch,
			       .pid = (uint32_t)getpid(),
			       .nonce = NONCE};

	memset(&ctrace_thread_v3.batch, 0, sizeof(ctrace_thread_v3.batch));
	ctrace_thread_v3.batch.magic = CTRACE_BATCH_MAGIC_;
	ctrace_thread_v3.batch.nonce = NONCE;
	ctrace_probes_v3[2]++; /* so that it begins a block, as for a new tracer */
	r.from = r.to = CTRACE_BLOCK_;
	batch_take(b, 0, &r, sizeof(r));
	ctrace_probes_v3[0] = 1u << 16;
	regions = 0;
	return b;
}

static size_t drain(struct batch *b, uint64_t until)
{
	return drain_process(b, (uint32_t)getpid(), 9, UINT64_MAX, until);
}

static void what_is_new_is_taken_once(void **state)
{
	struct batch *b = known();

	assert_int_equal(drain(b, 0), 0);
	ctrace_region_begin("one");
	drain(b, 0);
	assert_int_equal(regions, 1);
	ctrace_region_end("one");
	drain(b, 0);
	drain(b, 0);
	assert_int_equal(regions, 2);
	assert_int_equal(batch_counts(b).missing, 0);
	batch_free(b);
}

static void another_batch_at_the_same_address_is_not_taken_for_it(void **state)
{
	struct batch *b = known();

	ctrace_region_begin("one");
	drain(b, 0);
	ctrace_region_end("one");
	ctrace_thread_v3.batch.nonce++;
	drain(b, 0);
	assert_int_equal(regions, 1);
	ctrace_thread_v3.batch.nonce--;
	drain(b, 0);
	assert_int_equal(regions, 2);
	batch_free(b);
}

static void another_block_is_for_those_who_have_the_one_before(void **state)
{
	struct batch *b = known();

	while ((uint32_t)ctrace_thread_v3.batch.pos < 2 * CTRACE_BLOCK_ + 8)
		ctrace_region_begin("one");
	assert_int_equal(drain(b, UINT64_MAX), 1); /* something is missing: read the rings */
	assert_int_equal(regions, 0);
	assert_int_equal(batch_counts(b).missing, 0);
	batch_free(b);
}

static void what_no_ring_had_room_for_is_counted_and_the_rest_taken(void **state)
{
	struct batch *b = known();
	uint32_t made;

	while ((uint32_t)ctrace_thread_v3.batch.pos < 2 * CTRACE_BLOCK_ + 8)
		ctrace_region_begin("one");
	made = (uint32_t)(ctrace_thread_v3.batch.pos >> 32);
	assert_int_equal(drain(b, UINT64_MAX), 1);
	batch_round(b);
	assert_int_equal(drain(b, UINT64_MAX), 1);
	ctrace_region_begin("one"); /* it goes on: perhaps with what is on its way */
	batch_round(b);
	assert_int_equal(drain(b, UINT64_MAX), 1);
	assert_int_equal(regions, 0);
	batch_round(b);
	batch_round(b);
	assert_int_equal(drain(b, UINT64_MAX), 0);
	assert_in_range(regions, 1, 8);
	assert_int_equal(batch_counts(b).full, made + 1 - regions);
	assert_int_equal(batch_counts(b).missing, 0);
	batch_free(b);
}

static void a_mark_that_is_being_written_is_waited_for(void **state)
{
	struct batch *b = known();

	ctrace_region_begin("one");
	ctrace_thread_v3.batch.busy = 1;
	assert_int_equal(drain(b, UINT64_MAX), 1);
	assert_int_equal(regions, 1); /* what is whole is taken all the same */
	ctrace_thread_v3.batch.busy = 0;
	assert_int_equal(drain(b, UINT64_MAX), 0);
	batch_free(b);
}

static void what_was_marked_after_the_end_is_not_waited_for(void **state)
{
	struct batch *b = known();

	ctrace_region_begin("one");
	drain(b, 0);
	ctrace_thread_v3.batch.busy = 1;
	assert_int_equal(drain(b, 1), 0);
	ctrace_thread_v3.batch.busy = 0;
	batch_free(b);
}

static void memory_that_is_no_batch_any_more_is_left_alone(void **state)
{
	struct batch *b = known();

	ctrace_region_begin("one");
	ctrace_thread_v3.batch.magic = 0;
	assert_int_equal(drain(b, UINT64_MAX), 0);
	assert_int_equal(regions, 0);
	batch_free(b);
}

static void a_process_that_is_gone_has_nothing(void **state)
{
	struct batch_ops ops = {records, no_text, NULL, NULL};
	struct batch *b = batch_new(&ops);
	struct wire_batch r = {.h = {.kind = WIRE_BATCH, .flags = WIRE_BATCH_FIRST, .tid = 1}};

	for (r.id = 1; r.id < 600; r.id++) { /* more than are read at once */
		r.pid = 0x7ffffff0;
		batch_take(b, 0, &r, sizeof(r));
	}
	assert_int_equal(drain_process(b, 0x7ffffff0, 9, 1000, UINT64_MAX), 0);
	batch_free(b);
}

static void a_text_ends_where_the_memory_does(void **state)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char s[256];

	assert_ptr_not_equal(p, MAP_FAILED);
	munmap(p + 4096, 4096);
	strcpy(p + 4090, "text");
	assert_int_equal(drain_text((uint32_t)getpid(), (uintptr_t)p + 4090, s, sizeof(s)), 6);
	assert_string_equal(s, "text");
	assert_true(drain_text((uint32_t)getpid(), (uintptr_t)p + 4096, s, sizeof(s)) <= 0);
	munmap(p, 4096);
}

static int teardown(void **state)
{
	ctrace_probes_v3[0] = 0;
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_new_is_taken_once),
		TEST(another_batch_at_the_same_address_is_not_taken_for_it),
		TEST(another_block_is_for_those_who_have_the_one_before),
		TEST(what_no_ring_had_room_for_is_counted_and_the_rest_taken),
		TEST(a_mark_that_is_being_written_is_waited_for),
		TEST(what_was_marked_after_the_end_is_not_waited_for),
		TEST(memory_that_is_no_batch_any_more_is_left_alone),
		TEST(a_process_that_is_gone_has_nothing),
		TEST(a_text_ends_where_the_memory_does),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
