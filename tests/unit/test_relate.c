/* SPDX-License-Identifier: MIT */
/* test_relate.c - what a record says is put into another frame, and nothing else of it changes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctrace/wire.h"
#include "store/relate.h"

static const struct relate other = {.shift = -500, .pid_add = 1000, .cpu_add = 8, .id_mix = 77};

static void every_kind_says_which_of_its_fields_are_times_and_threads(void **state)
{
#define KNOWN(nr, NAME, type, text) assert_true(relate_knows(nr));
	WIRE_KINDS(KNOWN)
	assert_false(relate_knows(255));
}

static void times_threads_and_cpus_are_related(void **state)
{
	struct wire_offcpu r = {.h = {.len = sizeof(r), .kind = WIRE_OFFCPU, .tid = 5, .ts = 2000},
				.off_ts = 1500,
				.waker_tid = 6,
				.waker_pid = 4,
				.off_cpu = 1,
				.on_cpu = 2,
				.arg0 = 1234};

	relate_record(&other, &r, sizeof(r));
	assert_int_equal(r.h.ts, 1500);
	assert_int_equal(r.h.tid, 1005);
	assert_int_equal(r.off_ts, 1000);
	assert_int_equal(r.waker_tid, 1006);
	assert_int_equal(r.waker_pid, 1004);
	assert_int_equal(r.off_cpu, 9);
	assert_int_equal(r.on_cpu, 10);
	assert_int_equal(r.arg0, 1234);
	/* None is none. */
	assert_int_equal(r.wake_ts, 0);
	assert_int_equal(r.prev_tid, 0);
}

static void lists_are_related_to_their_end(void **state)
{
	struct {
		struct wire_ran r;
		struct wire_ran_by v[2];
	} ran = {.r = {.h = {.len = sizeof(ran), .kind = WIRE_RAN, .ts = 2000}, .from_ts = 1500},
		 .v = {{5, 4, 10}, {0, 0, 0}}};

	relate_record(&other, &ran, sizeof(ran));
	assert_int_equal(ran.r.from_ts, 1000);
	assert_int_equal(ran.v[0].tid, 1005);
	assert_int_equal(ran.v[0].pid, 1004);
	assert_int_equal(ran.v[0].ns, 10);
	assert_int_equal(ran.v[1].tid, 0);
}

static void times_stay_in_their_range(void **state)
{
	const struct relate late = {.shift = INT64_MAX};

	assert_int_equal(relate_ts(&other, 100), 0);
	assert_true(relate_ts(&late, UINT64_MAX - 5) == UINT64_MAX);
	assert_int_equal(relate_ts(&(struct relate){0}, 42), 42);
}

/* Its length may be anything: the check comes later. */
static void no_byte_behind_a_record_is_touched(void **state)
{
	for (unsigned int kind = 0; kind < 256; kind++) {
		for (size_t len = 0; len <= 128; len += 8) {
			unsigned char *rec = malloc(len ? len : 1);

			memset(rec, 0x5a, len);
			if (len > 2)
				rec[2] = (unsigned char)kind;
			relate_record(&other, rec, len);
			free(rec);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_says_which_of_its_fields_are_times_and_threads),
		cmocka_unit_test(times_threads_and_cpus_are_related),
		cmocka_unit_test(lists_are_related_to_their_end),
		cmocka_unit_test(times_stay_in_their_range),
		cmocka_unit_test(no_byte_behind_a_record_is_touched),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
