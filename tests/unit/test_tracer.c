/* SPDX-License-Identifier: MIT */
/* test_tracer.c - what tracing took goes into a capture, comes back, and may be hostile */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/tracer.h"
#include "store_util.h"

static const struct capture_tracer sample = {
	.cpu_ns = 123,
	.switches = 45,
	.lag_max_ns = UINT64_MAX,
	.kinds = {{4, 10, 880, 200}, {0, 1, 16, 16}},
	.kinds_nr = 2,
	.programs = {{"on_switch", 7, 7000}, {"twenty_three_characters", 1, 1}},
	.programs_nr = 2,
	.spills = {{511, 3}},
	.spills_nr = 1,
};

static void it_comes_back_from_a_capture(void **state)
{
	struct writer_opts opts = {.streams = 1, .uid = (uid_t)-1, .gid = (gid_t)-1, .force = 1};
	const struct capture_tracer *back;
	struct writer *w = NULL;
	struct reader *r = NULL;
	struct err err = {0};
	struct tmp t;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, &err), 0);
	assert_int_equal(tracer_write(w, &sample, &err), 0);
	assert_int_equal(writer_close(w, 1, "duration", &err), 0);
	assert_int_equal(reader_open(&r, t.path, &err), 0);
	back = reader_info(r)->tracer;
	assert_non_null(back);
	assert_memory_equal(back, &sample, sizeof(sample));
	reader_free(r);
	writer_free(w);
	tmp_remove(&t);
}

static void a_capture_that_does_not_say_is_known_as_such(void **state)
{
	struct writer_opts opts = {.streams = 1, .uid = (uid_t)-1, .gid = (gid_t)-1, .force = 1};
	struct writer *w = NULL;
	struct reader *r = NULL;
	struct err err = {0};
	struct tmp t;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, &err), 0);
	assert_int_equal(writer_close(w, 1, "duration", &err), 0);
	assert_int_equal(reader_open(&r, t.path, &err), 0);
	assert_null(reader_info(r)->tracer);
	reader_free(r);
	writer_free(w);
	tmp_remove(&t);
}

static void values_that_are_no_numbers_are_left_out(void **state)
{
	static const char *const keys[] = {"cpu_ns", "record.4", "program.x", "spill.1"};
	static const char *const values[] = {
		"",	" ",	 "-1",	"1 ",	  "1 2 3 4", "1  2",
		"0x10", "1 2 3", "one", "1\t2 3", "1 2 x",   "18446744073709551616",
	};

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct capture_tracer t = {.cpu_ns = 77};
			char key[32];

			if (!strcmp(keys[k], "record.4") && !strcmp(values[v], "1 2 3"))
				continue;
			snprintf(key, sizeof(key), "tracer.%s", keys[k]);
			assert_true(tracer_line(&t, key, values[v]));
			assert_int_equal(t.cpu_ns, 77);
			assert_int_equal(t.kinds_nr + t.programs_nr + t.spills_nr, 0);
		}
}

static void hostile_keys_are_left_out(void **state)
{
	struct capture_tracer t = {0};

	assert_true(tracer_line(&t, "tracer.record.4294967296", "1 2 3"));
	assert_true(tracer_line(&t, "tracer.record.", "1 2 3"));
	assert_true(tracer_line(&t, "tracer.program.twenty_four_characters_x", "1 2"));
	assert_true(tracer_line(&t, "tracer.later", "1"));
	assert_true(tracer_line(&t, "tracer.", "1"));
	assert_false(tracer_line(&t, "trace", "1"));
	assert_false(tracer_line(&t, "host", "1"));
	assert_int_equal(t.kinds_nr + t.programs_nr, 0);
}

static void rows_are_bounded(void **state)
{
	struct capture_tracer t = {0};

	for (int i = 0; i < 3 * TRACER_ROWS_MAX; i++) {
		tracer_line(&t, "tracer.record.4", "1 2 3");
		tracer_line(&t, "tracer.program.x", "1 2");
		tracer_line(&t, "tracer.spill.3", "1");
	}
	assert_int_equal(t.kinds_nr, TRACER_ROWS_MAX);
	assert_int_equal(t.programs_nr, TRACER_ROWS_MAX);
	assert_int_equal(t.spills_nr, TRACER_ROWS_MAX);
}

static void the_writer_counts_by_kind(void **state)
{
	struct writer_opts opts = {.streams = 1, .uid = (uid_t)-1, .gid = (gid_t)-1, .force = 1};
	struct {
		struct wire_hdr h;
		unsigned char rest[32];
	} rec = {.h = {.len = sizeof(rec), .tid = 1}};
	struct writer *w = NULL;
	struct err err = {0};
	struct tmp t;

	for (int level = -1; level <= 1; level++) {
		struct writer_kind known, unknown;

		tmp_make(&t);
		opts.compress = level;
		assert_int_equal(writer_open(&w, t.path, &opts, &err), 0);
		for (int i = 0; i < 100; i++) {
			rec.h.kind = i % 4 ? WIRE_REGION : 200;
			writer_records(w, 0, &rec, sizeof(rec), &err);
		}
		writer_flush(w, &err);
		known = writer_kind(w, WIRE_REGION);
		unknown = writer_kind(w, 0);
		assert_int_equal(known.count, 75);
		assert_int_equal(known.bytes, 75 * sizeof(rec));
		assert_int_equal(unknown.count, 25);
		if (level < 0)
			assert_int_equal(known.stored, known.bytes);
		else
			assert_in_range(known.stored, 75, 75 * 12);
		writer_free(w);
		tmp_remove(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_back_from_a_capture),
		cmocka_unit_test(a_capture_that_does_not_say_is_known_as_such),
		cmocka_unit_test(values_that_are_no_numbers_are_left_out),
		cmocka_unit_test(hostile_keys_are_left_out),
		cmocka_unit_test(rows_are_bounded),
		cmocka_unit_test(the_writer_counts_by_kind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
