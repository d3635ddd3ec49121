/* SPDX-License-Identifier: MIT */
/*
 * test_toc.c - a window of a capture is read without the rest
 *
 *	test_toc rewrite FROM TO	writes a capture again, with an index and small chunks
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>

#include <cmocka.h>

#include "store/toc.h"
#include "unit/store_util.h"

enum { START = 1000000, PER_CHUNK = 50, CHUNKS = 200, STEP = 1000 };

static char path[] = "/tmp/test_toc.XXXXXX";

static void put(struct writer *w, const void *rec, size_t n)
{
	struct err err = {0};

	assert_int_equal(writer_records(w, 0, rec, n, &err), 0);
}

/* Chunks of 50 COMM-less records a microsecond apart; in chunk 150 one that slept since chunk
 * 40. */
static void make(void)
{
	const struct writer_opts opts = {.machine = 62,
					 .streams = 1,
					 .cpus = 1,
					 .start_ts = START,
					 .uid = (uid_t)-1,
					 .gid = (gid_t)-1,
					 .force = 1};
	struct wire_offcpu off = {.h = {.len = sizeof(off), .kind = WIRE_OFFCPU, .tid = 1}};
	struct wire_thread thread = {.h = {.len = sizeof(thread), .kind = WIRE_THREAD, .tid = 1}};
	struct err err = {0};
	struct writer *w;

	assert_int_equal(writer_open(&w, path, &opts, &err), 0);
	thread.h.ts = START;
	put(w, &thread, sizeof(thread));
	for (uint64_t i = 0; i < CHUNKS * PER_CHUNK; i++) {
		off.h.ts = START + i * STEP;
		off.off_ts = off.h.ts - 10;
		if (i == 150 * PER_CHUNK)
			off.off_ts = START + 40 * PER_CHUNK * STEP;
		put(w, &off, sizeof(off));
		if (i % PER_CHUNK == PER_CHUNK - 1)
			assert_int_equal(writer_flush(w, &err), 0);
	}
	assert_int_equal(writer_close(w, START + CHUNKS * PER_CHUNK * STEP, "test", &err), 0);
	writer_free(w);
}

static int begin(void **state)
{
	int fd = mkstemp(path);

	close(fd);
	make();
	return fd < 0;
}

static int end(void **state)
{
	unlink(path);
	memcpy(strrchr(path, '.'), ".XXXXXX", 8);
	return 0;
}

struct seen {
	size_t records, names;
	uint64_t bytes, first, last;
	bool long_one;
};

static struct seen look(uint64_t from, uint64_t to)
{
	const struct reader_window w = {from, to};
	struct err err = {0};
	struct seen s = {.first = UINT64_MAX};
	struct reader *r;

	assert_int_equal(reader_open_window(&r, path, &w, &err), 0);
	for (int i = 0; i < reader_source(r)->streams; i++) {
		const struct wire_hdr *h;
		const void *rec;
		size_t n;

		while (reader_source(r)->next(reader_source(r)->ctx, i, &rec, &n, &err) > 0) {
			h = rec;
			s.names += i == 1;
			s.records += i == 0;
			if (i == 0 && h->ts < s.first)
				s.first = h->ts;
			if (i == 0 && h->ts > s.last)
				s.last = h->ts;
			s.long_one |= h->kind == WIRE_OFFCPU &&
				      h->ts - ((const struct wire_offcpu *)rec)->off_ts > 10;
		}
	}
	s.bytes = reader_bytes_read(r);
	reader_free(r);
	return s;
}

static void a_window_is_read_without_the_rest(void **state)
{
	const uint64_t chunk = PER_CHUNK * STEP;
	struct seen all = look(0, UINT64_MAX), some = look(10 * chunk, 12 * chunk);

	assert_int_equal(all.records, CHUNKS * PER_CHUNK + 1);
	assert_true(some.first <= START + 10 * chunk && some.last >= START + 12 * chunk);
	assert_true(some.records <= 5 * PER_CHUNK);
	assert_true(some.bytes * 4 < all.bytes);
	assert_false(some.long_one);
}

static void who_the_records_are_about_comes_with_it(void **state)
{
	assert_int_equal(look(10 * PER_CHUNK * STEP, UINT64_MAX).names, 1);
	/* The stream itself has it. */
	assert_int_equal(look(0, UINT64_MAX).names, 0);
}

static void what_reaches_back_into_the_window_is_read(void **state)
{
	const uint64_t chunk = PER_CHUNK * STEP;

	assert_true(look(45 * chunk, 46 * chunk).long_one);
	assert_true(look(45 * chunk, 46 * chunk).last >= START + 150 * chunk);
	assert_false(look(35 * chunk, 36 * chunk).long_one);
	assert_false(look(155 * chunk, 156 * chunk).long_one);
}

static long size_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void without_its_end_a_file_is_read_whole(void **state)
{
	const uint64_t chunk = PER_CHUNK * STEP;
	struct seen before = look(10 * chunk, 12 * chunk), after;

	assert_int_equal(truncate(path, size_of_file() - 1), 0);
	after = look(10 * chunk, 12 * chunk);
	assert_true(before.records < after.records);
	assert_int_equal(after.records, CHUNKS * PER_CHUNK + 1);
}

/* Any 40 bytes may stand in a table: the checksum is the writer's word, not the truth. */
static void a_table_that_lies_is_survived(void **state)
{
	struct format_chunk c = {.magic = FORMAT_CHUNK_MAGIC, .type = FORMAT_INDEX};
	struct format_end e = {.stop_ts = START + 1000, .index_off = (uint64_t)size_of_file()};
	uint32_t seed = 1;
	struct {
		struct format_chunk c;
		struct format_entry v[64];
	} table;
	int fd = open(path, O_WRONLY | O_APPEND);

	for (size_t i = 0; i < sizeof(table.v); i++) {
		seed = seed * 1664525 + 1013904223;
		((uint8_t *)table.v)[i] = (uint8_t)(seed >> 24);
	}
	for (size_t i = 0; i < 64; i++) {
		table.v[i].type = FORMAT_RECORDS;
		table.v[i].reach_ts = 0;
		if (i % 2)
			table.v[i].off %= e.index_off;
	}
	c.stored_sz = c.raw_sz = sizeof(table.v);
	c.payload_crc = (uint32_t)crc32(0, (const Bytef *)table.v, sizeof(table.v));
	c.header_crc =
		(uint32_t)crc32(0, (const Bytef *)&c, offsetof(struct format_chunk, header_crc));
	table.c = c;
	assert_int_equal(write(fd, &table, sizeof(table)), sizeof(table));
	c.type = FORMAT_END;
	c.stored_sz = c.raw_sz = sizeof(e);
	c.payload_crc = (uint32_t)crc32(0, (const Bytef *)&e, sizeof(e));
	c.header_crc =
		(uint32_t)crc32(0, (const Bytef *)&c, offsetof(struct format_chunk, header_crc));
	assert_int_equal(write(fd, &c, sizeof(c)), sizeof(c));
	assert_int_equal(write(fd, &e, sizeof(e)), sizeof(e));
	close(fd);
	look(0, 500);
}

static void the_earliest_time_is_that_of_what_is_told(void **state)
{
	struct wire_lost lost = {.h = {.len = sizeof(lost), .kind = WIRE_LOST, .ts = 50},
				 .from_ts = 20};
	struct wire_hdr cut = {.len = sizeof(cut), .kind = WIRE_OFFCPU, .ts = 70};

	assert_int_equal(toc_reach(&lost), 20);
	lost.from_ts = 90;
	assert_int_equal(toc_reach(&lost), 50);
	assert_int_equal(toc_reach(&cut), 70);
}

/* --- rewrite ------------------------------------------------------------------------------- */

static int copy(struct reader *r, struct writer *w, struct err *err)
{
	const struct capture_info *info = reader_info(r);
	const struct writer_key meta[] = {{"host", info->host},
					  {"kernel", info->kernel},
					  {"command", info->command},
					  {"version", info->version},
					  {"syscalls", "1"}};
	int rc = writer_text(w, FORMAT_META, meta, 5, err), got = 1;

	for (size_t i = 0; i < info->processes_nr && !rc; i++) {
		const struct capture_process *p = &info->processes[i];
		char pid[16], threads[16];
		const struct writer_key keys[] = {
			{"pid", pid}, {"comm", p->comm}, {"exe", p->exe}, {"threads", threads}};

		snprintf(pid, sizeof(pid), "%u", p->pid);
		snprintf(threads, sizeof(threads), "%u", p->threads);
		rc = writer_text(w, FORMAT_PROCESS, keys, 4, err);
	}
	for (int i = 0; i < reader_source(r)->streams && !rc; i++) {
		const void *rec;
		size_t n;

		for (int k = 0; !rc && (got = reader_source(r)->next(r, i, &rec, &n, err)) > 0;
		     k++) {
			rc = writer_records(w, (uint32_t)i, rec, n, err);
			if (!rc && k % 20 == 19)
				rc = writer_flush(w, err);
		}
	}
	return rc ? rc : got < 0 ? got : writer_close(w, info->stop_ts, info->end_reason, err);
}

static int rewrite(const char *from, const char *to)
{
	struct writer_opts opts = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	struct err err = {0};
	struct reader *r = NULL;
	struct writer *w = NULL;
	int rc = reader_open(&r, from, &err);

	if (!rc) {
		opts.machine = reader_info(r)->machine;
		opts.cpus = reader_info(r)->cpus;
		opts.streams = (uint32_t)reader_source(r)->streams;
		opts.start_ts = reader_info(r)->start_ts;
		opts.start_unix_ns = reader_info(r)->start_unix_ns;
		rc = writer_open(&w, to, &opts, &err);
	}
	if (!rc)
		rc = copy(r, w, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	writer_free(w);
	reader_free(r);
	return rc != 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_is_read_without_the_rest),
		TEST(who_the_records_are_about_comes_with_it),
		TEST(what_reaches_back_into_the_window_is_read),
		TEST(without_its_end_a_file_is_read_whole),
		TEST(a_table_that_lies_is_survived),
		TEST(the_earliest_time_is_that_of_what_is_told),
	};

	if (argc == 4 && !strcmp(argv[1], "rewrite"))
		return rewrite(argv[2], argv[3]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
