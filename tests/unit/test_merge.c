/* SPDX-License-Identifier: MIT */
/*
 * test_merge.c - the merge's output is a sorted, stable permutation of its input
 *
 * Records are COMMs; pid is the record's number in order of arrival in its stream, so that the
 * output can be checked against the input.
 */
#include <errno.h>

#include "model/merge.h"
#include "unit/runs.h"

enum { MAX = 20000 };

struct item {
	uint64_t ts;
	uint32_t stream, nr;
};

static void put(struct tape *t, int s, uint64_t ts, uint32_t nr)
{
	tape_comm(t, s, ts, nr, (uint32_t)s + 1);
}

/* Merges the tape; returns how many records came, and how many of them late. */
static size_t merged(struct tape *t, const struct merge_opts *opts, struct item *out,
		     uint64_t *late)
{
	struct source src = tape_source(t);
	const struct wire_hdr *rec;
	struct merge m;
	struct err err;
	size_t nr = 0;
	int rc;

	assert_int_equal(merge_init(&m, &src, opts, &err), 0);
	while ((rc = merge_next(&m, &rec, &err)) > 0) {
		assert_true(nr < MAX);
		out[nr++] =
			(struct item){rec->ts, rec->tid - 1, ((const struct wire_comm *)rec)->pid};
	}
	assert_int_equal(rc, 0);
	if (late)
		*late = m.late;
	merge_release(&m);
	return nr;
}

static int by_order(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	return (a->nr > b->nr) - (a->nr < b->nr);
}

static struct item in[MAX], out[MAX];

/* Streams whose records are disordered by at most `spread`. */
static size_t disordered(struct tape *t, int streams, size_t per_stream, uint64_t spread)
{
	size_t nr = 0;

	for (int s = 0; s < streams; s++) {
		uint64_t clock = 1000000;

		for (uint32_t i = 0; i < per_stream; i++) {
			uint64_t ts = clock - (spread ? (uint64_t)rand() % (spread + 1) : 0);

			put(t, s, ts, i);
			in[nr++] = (struct item){ts, (uint32_t)s, i};
			clock += (uint64_t)rand() % 20;
		}
	}
	return nr;
}

static void output_is_a_sorted_stable_permutation(void **state)
{
	static const uint64_t spreads[] = {0, 1, 50, 1000, 100000};

	srand(1);
	for (size_t i = 0; i < sizeof(spreads) / sizeof(*spreads); i++) {
		struct merge_opts opts = {.lateness_ns = spreads[i]};
		struct tape t = {0};
		size_t nr = disordered(&t, 5, 2000, spreads[i]);
		uint64_t late;

		assert_int_equal(merged(&t, &opts, out, &late), nr);
		assert_int_equal(late, 0);
		qsort(in, nr, sizeof(*in), by_order);
		for (size_t k = 0; k < nr; k++)
			assert_int_equal(by_order(&in[k], &out[k]), 0);
		tape_free(&t);
	}
}

static void late_event_is_delivered_and_counted(void **state)
{
	struct merge_opts opts = {.lateness_ns = 100};
	struct tape t = {0};
	uint64_t late;

	put(&t, 0, 1000, 0);
	put(&t, 0, 1200, 1);
	put(&t, 0, 1400, 2);
	put(&t, 0, 1500, 3);
	put(&t, 0, 1100, 4); /* 400 late */
	put(&t, 0, 1600, 5);
	assert_int_equal(merged(&t, &opts, out, &late), 6);
	assert_int_equal(late, 1);
	/* At once: before what was still held. */
	assert_int_equal(out[2].nr, 4);
	assert_int_equal(out[3].nr, 2);
	tape_free(&t);
}

static void event_that_is_late_within_bounds_finds_its_place(void **state)
{
	struct merge_opts opts = {.lateness_ns = 1000};
	struct tape t = {0};
	uint64_t late;

	put(&t, 0, 1000, 0);
	put(&t, 0, 1900, 1);
	put(&t, 0, 1100, 2);
	put(&t, 1, 1050, 0);
	assert_int_equal(merged(&t, &opts, out, &late), 4);
	assert_int_equal(late, 0);
	assert_int_equal(out[1].ts, 1050);
	assert_int_equal(out[2].ts, 1100);
	tape_free(&t);
}

static void equal_times_keep_the_order_of_arrival(void **state)
{
	struct merge_opts opts = {.lateness_ns = 1000};
	struct tape t = {0};

	put(&t, 0, 2000, 0);
	put(&t, 0, 1500, 1); /* another run */
	put(&t, 0, 2000, 2);
	put(&t, 0, 1500, 3);
	put(&t, 0, 2000, 4);
	assert_int_equal(merged(&t, &opts, out, NULL), 5);
	assert_int_equal(out[0].nr, 1);
	assert_int_equal(out[1].nr, 3);
	assert_int_equal(out[2].nr, 0);
	assert_int_equal(out[3].nr, 2);
	assert_int_equal(out[4].nr, 4);
	tape_free(&t);
}

static void string_goes_before_marks_of_its_time_in_any_stream(void **state)
{
	struct merge_opts opts = {.lateness_ns = 1000};
	struct source src;
	const struct wire_hdr *rec;
	struct tape t = {0};
	struct merge m;
	struct err err;

	tape_region(&t, 0, 2000, 5, WIRE_MARK_BEGIN, 0x10);
	tape_string(&t, 3, 2000, 4, 5, 0x10, "late string");
	put(&t, 1, 1999, 0);
	src = tape_source(&t);
	assert_int_equal(merge_init(&m, &src, &opts, &err), 0);
	assert_int_equal(merge_next(&m, &rec, &err), 1);
	assert_int_equal(rec->kind, WIRE_COMM);
	assert_int_equal(merge_next(&m, &rec, &err), 1);
	assert_int_equal(rec->kind, WIRE_STRING);
	assert_int_equal(merge_next(&m, &rec, &err), 1);
	assert_int_equal(rec->kind, WIRE_REGION);
	assert_int_equal(merge_next(&m, &rec, &err), 0);
	merge_release(&m);
	tape_free(&t);
}

static void loss_is_placed_where_it_began_and_is_never_late(void **state)
{
	struct merge_opts opts = {.lateness_ns = 100};
	struct source src;
	const struct wire_hdr *rec;
	struct tape t = {0};
	struct merge m;
	struct err err;
	int i;

	for (uint32_t k = 0; k < 10; k++)
		put(&t, 0, 1000 + k * 10, k);
	tape_lost(&t, 0, 1035, 1095, 3);
	for (uint32_t k = 10; k < 100; k++)
		put(&t, 0, 1000 + k * 10, k);
	tape_lost(&t, 0, 1035, 1995, 3);
	src = tape_source(&t);
	assert_int_equal(merge_init(&m, &src, &opts, &err), 0);
	for (i = 0; merge_next(&m, &rec, &err) > 0 && rec->kind != WIRE_LOST; i++)
		;
	assert_int_equal(i, 4);
	while (merge_next(&m, &rec, &err) > 0)
		;
	assert_int_equal(m.late, 0);
	merge_release(&m);
	tape_free(&t);
}

static void memory_is_bounded_and_the_oldest_goes_early(void **state)
{
	struct merge_opts opts = {.lateness_ns = UINT64_MAX, .bytes_max = 1};
	struct tape t = {0};
	struct source src;
	const struct wire_hdr *rec;
	struct merge m;
	struct err err;
	size_t nr = 0;

	for (uint32_t i = 0; i < 10000; i++)
		put(&t, 0, 1000 + i, i);
	src = tape_source(&t);
	assert_int_equal(merge_init(&m, &src, &opts, &err), 0);
	while (merge_next(&m, &rec, &err) > 0) {
		assert_int_equal(rec->ts, 1000 + nr);
		assert_true(reorder_bytes(&m.streams[0].held) <= 6 * REORDER_BLOCK_SZ);
		nr++;
	}
	assert_int_equal(nr, 10000);
	merge_release(&m);
	tape_free(&t);
}

/* Backwards needs as many runs as there are records: beyond them the heap takes over. */
static void reversed_stream_is_sorted_too(void **state)
{
	struct merge_opts opts = {.lateness_ns = UINT64_MAX};
	struct tape t = {0};

	for (uint32_t i = 0; i < 3000; i++)
		put(&t, 0, 9000 - i, i);
	assert_int_equal(merged(&t, &opts, out, NULL), 3000);
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(out[i].nr, 2999 - i);
	tape_free(&t);
}

static void bad_and_unknown_records_are_skipped_and_counted(void **state)
{
	struct merge_opts opts = {.lateness_ns = 10, .ts_max = 5000};
	struct source src;
	const struct wire_hdr *rec;
	struct tape t = {0};
	struct wire_hdr *h;
	struct merge m;
	struct err err;
	size_t nr = 0;

	put(&t, 0, 1000, 0);
	h = tape_comm(&t, 0, 1001, 1, 1);
	h->kind = 200;
	h = tape_comm(&t, 0, 1002, 2, 1);
	h->kind = WIRE_OFFCPU; /* too short for that */
	put(&t, 0, 5001, 3);   /* from the future */
	put(&t, 0, 1003, 4);
	src = tape_source(&t);
	assert_int_equal(merge_init(&m, &src, &opts, &err), 0);
	while (merge_next(&m, &rec, &err) > 0)
		nr++;
	assert_int_equal(nr, 2);
	assert_int_equal(m.records, 5);
	assert_int_equal(m.unknown_kinds, 1);
	assert_int_equal(m.bad_records, 2);
	assert_int_equal(m.late, 0);
	merge_release(&m);
	tape_free(&t);
}

static int failing_next(void *ctx, int stream, const void **rec, size_t *len, struct err *err)
{
	int *left = ctx;
	static const struct wire_comm comm = {
		.h = {.len = sizeof(comm), .kind = WIRE_COMM, .ts = 1}};

	if (!(*left)--)
		return err_set(err, -EIO, "the disk is gone");
	*rec = &comm;
	*len = sizeof(comm);
	return 1;
}

static void error_of_the_source_ends_the_merge(void **state)
{
	struct merge_opts opts = {.lateness_ns = 1000};
	int left = 3;
	struct source src = {.ctx = &left, .streams = 1, .next = failing_next};
	struct merge m;
	struct err err;

	assert_int_equal(merge_init(&m, &src, &opts, &err), -EIO);
	assert_string_equal(err.text, "the disk is gone");
}

static void no_stream_is_no_record(void **state)
{
	struct merge_opts opts = {0};
	struct tape t = {0};

	assert_int_equal(merged(&t, &opts, out, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_a_sorted_stable_permutation),
		cmocka_unit_test(late_event_is_delivered_and_counted),
		cmocka_unit_test(event_that_is_late_within_bounds_finds_its_place),
		cmocka_unit_test(equal_times_keep_the_order_of_arrival),
		cmocka_unit_test(string_goes_before_marks_of_its_time_in_any_stream),
		cmocka_unit_test(loss_is_placed_where_it_began_and_is_never_late),
		cmocka_unit_test(memory_is_bounded_and_the_oldest_goes_early),
		cmocka_unit_test(reversed_stream_is_sorted_too),
		cmocka_unit_test(bad_and_unknown_records_are_skipped_and_counted),
		cmocka_unit_test(error_of_the_source_ends_the_merge),
		cmocka_unit_test(no_stream_is_no_record),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
