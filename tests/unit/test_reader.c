/* SPDX-License-Identifier: MIT */
/*
 * test_reader.c - a capture, whole, cut, damaged and hostile
 *
 *	test_reader dump FILE	prints what the reader finds, to be compared with another reader
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store_util.h"

/* A small capture as bytes, and the records in it. */
static struct recs recs[STREAMS];
static unsigned char *whole;
static size_t whole_n;

static void make_capture(int level, size_t nr)
{
	struct err err = {0};
	struct tmp t;

	free(whole);
	for (int i = 0; i < STREAMS; i++) {
		free(recs[i].p);
		recs[i] = (struct recs){0};
	}
	tmp_make(&t);
	if (write_sample(t.path, level, nr, false, recs, &err) < 0)
		fail_msg("%s", err.text);
	whole = slurp(t.path, &whole_n);
	tmp_remove(&t);
}

static int release(void **state)
{
	free(whole);
	whole = NULL;
	for (int i = 0; i < STREAMS; i++)
		free(recs[i].p);
	memset(recs, 0, sizeof(recs));
	return 0;
}

static int open_bytes(struct reader **r, const void *p, size_t n, struct err *err)
{
	struct memfile m;
	int rc;

	memset(err, 0, sizeof(*err));
	memfile_make(&m, p, n);
	rc = reader_open(r, m.path, err);
	close(m.fd);
	return rc;
}

static struct format_chunk chunk_at(const unsigned char *p)
{
	struct format_chunk c;

	memcpy(&c, p, sizeof(c));
	return c;
}

static void seal(unsigned char *chunk)
{
	struct format_chunk c = chunk_at(chunk);

	c.payload_crc = (uint32_t)crc32(0, chunk + sizeof(c), c.stored_sz);
	c.header_crc = (uint32_t)crc32(0, (const Bytef *)&c, 44);
	memcpy(chunk, &c, sizeof(c));
}

static void seal_file(unsigned char *header)
{
	uint32_t crc = (uint32_t)crc32(0, header, 52);

	memcpy(header + 52, &crc, 4);
}

/* Drains all streams; every record must be one of ours, in order. Returns how many came. */
static size_t drain(struct reader *r, bool prefix)
{
	struct err err = {0};
	size_t nr = 0;

	for (int i = 0; i < STREAMS; i++) {
		struct drained d;

		if (drain_stream(r, i, &recs[i], &d, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(d.foreign, 0);
		if (prefix)
			assert_true(d.prefix);
		nr += d.nr;
	}
	return nr;
}

static void whole_capture_says_all_that_was_written(void **state)
{
	const struct capture_info *info;
	struct reader *r = NULL;
	struct err err;

	make_capture(1, 300);
	if (open_bytes(&r, whole, whole_n, &err) < 0)
		fail_msg("%s", err.text);
	info = reader_info(r);
	assert_string_equal(info->host, "box");
	assert_string_equal(info->kernel, "Linux 6.18");
	assert_string_equal(info->command, "a\\b\nc=d");
	assert_string_equal(info->version, "0.1.0");
	assert_string_equal(reader_meta(r, "host"), "box");
	assert_null(reader_meta(r, "nothing"));
	assert_int_equal(info->machine, 62);
	assert_int_equal(info->cpus, 2);
	assert_int_equal(info->start_ts, 1000);
	assert_int_equal(info->stop_ts, 6000000);
	assert_int_equal(info->start_unix_ns, 1700000000000000000);
	assert_int_equal(info->events, STREAMS * 300);
	assert_false(info->cut);
	assert_string_equal(info->end_reason, "duration");
	assert_int_equal(info->processes_nr, 1);
	assert_int_equal(info->processes[0].pid, 42);
	assert_string_equal(info->processes[0].comm, "server");
	assert_string_equal(info->processes[0].exe, "/usr/bin/server");
	assert_int_equal(info->processes[0].threads, 3);
	assert_int_equal(info->losses_nr, 2);
	assert_string_equal(info->losses[1].name, "recursion");
	assert_int_equal(info->losses[1].count, 2);
	assert_int_equal(info->lost_total, 9);
	assert_int_equal(reader_clock(r)->unix_ns, 1700000000005000000);
	assert_int_equal(reader_source(r)->streams, STREAMS);
	assert_int_equal(drain(r, true), STREAMS * 300);
	assert_int_equal(drain(r, true), 0);
	assert_int_equal(reader_cut_bytes(r), 0);
	assert_int_equal(reader_bad_chunks(r), 0);
	assert_int_equal(reader_unknown_chunks(r), 0);
	assert_int_equal(reader_skipped_bytes(r), 0);
	assert_int_equal(reader_bad_records(r), 0);
	reader_free(r);
}

static void record_is_aligned_and_lives_until_the_next_of_its_stream(void **state)
{
	const void *rec[STREAMS];
	const struct source *s;
	struct reader *r = NULL;
	struct err err;
	size_t len, at[STREAMS] = {0};

	make_capture(1, 2000);
	assert_int_equal(open_bytes(&r, whole, whole_n, &err), 0);
	s = reader_source(r);
	for (size_t i = 0; i < 2000; i++) {
		for (int k = 0; k < STREAMS; k++) {
			assert_int_equal(s->next(s->ctx, k, &rec[k], &len, &err), 1);
			assert_int_equal((uintptr_t)rec[k] % 8, 0);
			assert_int_equal(len, rec_len(recs[k].p + at[k]));
		}
		for (int k = 0; k < STREAMS; k++) {
			len = rec_len(recs[k].p + at[k]);
			assert_memory_equal(rec[k], recs[k].p + at[k], len);
			at[k] += len;
		}
	}
	reader_free(r);
}

static void capture_cut_at_any_byte_gives_what_is_whole(void **state)
{
	for (int level = -1; level < 2; level++) {
		size_t nr, most = 0;

		make_capture(level, 12);
		for (size_t n = 0; n <= whole_n; n++) {
			struct reader *r = NULL;
			struct err err;
			int rc = open_bytes(&r, whole, n, &err);

			assert_int_equal(rc == 0, n >= sizeof(struct format_file));
			assert_int_equal(rc == 0, !err.text[0]);
			if (rc)
				continue;
			assert_int_equal(reader_info(r)->cut, n < whole_n);
			nr = drain(r, true);
			assert_int_equal(nr, reader_info(r)->events);
			assert_true(nr >= most && nr % 12 == 0);
			most = nr;
			assert_int_equal(reader_bad_chunks(r), 0);
			assert_int_equal(reader_skipped_bytes(r), 0);
			reader_free(r);
		}
		assert_int_equal(most, STREAMS * 12);
	}
}

static void stop_of_a_cut_capture_is_its_last_record(void **state)
{
	const struct format_chunk last = {0};
	struct reader *r = NULL;
	uint64_t max_ts = 0;
	struct err err;

	make_capture(0, 12);
	assert_int_equal(open_bytes(&r, whole, whole_n - 1, &err), 0);
	for (int i = 0; i < STREAMS; i++) {
		for (size_t at = 0; at < recs[i].n; at += rec_len(recs[i].p + at)) {
			struct wire_hdr h;

			memcpy(&h, recs[i].p + at, sizeof(h));
			max_ts = h.ts > max_ts ? h.ts : max_ts;
		}
	}
	assert_int_equal(reader_info(r)->stop_ts, max_ts);
	assert_int_equal(reader_cut_bytes(r), sizeof(last) + sizeof(struct format_end) - 1);
	reader_free(r);
	/* Nothing but the header: the trace ends when it begins. */
	assert_int_equal(open_bytes(&r, whole, sizeof(struct format_file), &err), 0);
	assert_int_equal(reader_info(r)->stop_ts, 1000);
	reader_free(r);
}

static void flipped_bit_never_yields_a_record_that_was_not_written(void **state)
{
	for (int level = -1; level < 2; level++) {
		make_capture(level, 12);
		for (size_t bit = 0; bit < whole_n * 8; bit++) {
			const unsigned char mask = (unsigned char)(1 << bit % 8);
			struct reader *r = NULL;
			struct err err;
			int rc;

			whole[bit / 8] ^= mask;
			rc = open_bytes(&r, whole, whole_n, &err);
			assert_int_equal(rc == 0, bit / 8 >= sizeof(struct format_file));
			if (!rc) {
				assert_in_range(drain(r, false), (STREAMS - 1) * 12, STREAMS * 12);
				assert_int_equal(reader_bad_chunks(r) + reader_info(r)->cut >= 1,
						 1);
				assert_int_equal(reader_bad_records(r), 0);
			}
			reader_free(rc ? NULL : r);
			whole[bit / 8] ^= mask;
		}
	}
}

/* Noise over a random stretch: what a bad disk or a hostile hand makes of a file. */
static void overwritten_stretch_never_yields_a_record_that_was_not_written(void **state)
{
	uint32_t seed = 4711;

	make_capture(1, 3000);
	for (int i = 0; i < 300; i++) {
		unsigned char *p = malloc(whole_n);
		size_t at = 56 + rnd(&seed) % (whole_n - 56), n = 1 + rnd(&seed) % 20000;
		struct reader *r = NULL;
		struct err err;

		memcpy(p, whole, whole_n);
		for (size_t k = at; k < whole_n && k < at + n; k++)
			p[k] = (unsigned char)rnd(&seed);
		assert_int_equal(open_bytes(&r, p, whole_n, &err), 0);
		drain(r, false);
		reader_free(r);
		free(p);
	}
}

/* Puts n bytes into the capture, at an offset where a chunk begins. */
static void insert(size_t at, const void *p, size_t n)
{
	whole = realloc(whole, whole_n + n);
	memmove(whole + at + n, whole + at, whole_n - at);
	memcpy(whole + at, p, n);
	whole_n += n;
}

static size_t chunk_of_type(uint16_t type)
{
	size_t at = 56;

	while (chunk_at(whole + at).type != type)
		at += sizeof(struct format_chunk) + chunk_at(whole + at).stored_sz;
	return at;
}

static void unknown_chunk_is_skipped_and_counted(void **state)
{
	unsigned char unknown[48 + 24] = {0};
	struct format_chunk c = {
		.magic = FORMAT_CHUNK_MAGIC, .type = 77, .stored_sz = 24, .raw_sz = 24};
	struct reader *r = NULL;
	struct err err;

	make_capture(1, 100);
	memcpy(unknown, &c, sizeof(c));
	seal(unknown);
	insert(56, unknown, sizeof(unknown));
	insert(chunk_of_type(FORMAT_RECORDS), unknown, sizeof(unknown));
	insert(whole_n, unknown, sizeof(unknown));
	/* A coding that a later version adds makes a chunk unknown too. */
	c.type = FORMAT_META;
	c.flags = 0x8000;
	memcpy(unknown, &c, sizeof(c));
	seal(unknown);
	insert(56, unknown, sizeof(unknown));
	assert_int_equal(open_bytes(&r, whole, whole_n, &err), 0);
	assert_int_equal(reader_unknown_chunks(r), 4);
	assert_int_equal(reader_bad_chunks(r), 0);
	assert_false(reader_info(r)->cut);
	assert_int_equal(drain(r, true), STREAMS * 100);
	reader_free(r);
}

static void newer_minor_version_with_a_longer_header_is_read(void **state)
{
	static const unsigned char more[24] = "added by a later minor";
	const uint16_t minor = 9, header_sz = 56 + sizeof(more), machine = 0xfff0;
	struct reader *r = NULL;
	struct err err;

	make_capture(1, 100);
	insert(56, more, sizeof(more));
	memcpy(whole + 10, &minor, 2);
	memcpy(whole + 12, &header_sz, 2);
	memcpy(whole + 14, &machine, 2);
	seal_file(whole);
	assert_int_equal(open_bytes(&r, whole, whole_n, &err), 0);
	assert_int_equal(drain(r, true), STREAMS * 100);
	assert_int_equal(reader_skipped_bytes(r), 0);
	reader_free(r);
}

/* What is wrong is said of the file by name. */
static void expect_refused(const void *p, size_t n, int rc, const char *says)
{
	struct reader *r = NULL;
	struct err err;

	assert_int_equal(open_bytes(&r, p, n, &err), rc);
	assert_null(r);
	if (!strstr(err.text, says) || !strstr(err.text, "/proc/self/fd/"))
		fail_msg("'%s' does not say '%s'", err.text, says);
}

static void each_wrong_header_has_its_own_sentence(void **state)
{
	const uint16_t zero = 0, two = 2;
	const uint32_t many = FORMAT_STREAMS_MAX + 1, none = 0;
	const char *header_cut = "is cut inside its header";
	unsigned char big[200] = {0};

	expect_refused("", 0, -ENODATA, "is empty");
	expect_refused("CTR", 3, -ENODATA, header_cut);
	expect_refused("hello", 5, -EBADMSG, "is not a ctrace-bpf capture");
	expect_refused("\x7f"
		       "ELF and more than a header's bytes, so that it is whole and long enough",
		       70, -EBADMSG, "is not a ctrace-bpf capture");
	make_capture(1, 1);
	memcpy(big, whole, 56);
	memmove(big + 6, big + 7, 190); /* CR LF became LF */
	expect_refused(big, 190, -EBADMSG, "the line ends in");
	memcpy(big, "CTRACE\r\r\n", 9); /* LF became CR LF */
	expect_refused(big, 190, -EBADMSG, "the line ends in");
	memcpy(big, whole, 56);
	memcpy(big + 8, &two, 2);
	expect_refused(big, 56, -EPROTO,
		       "was written by a newer ctrace-bpf (format 2): this one reads 1");
	memcpy(big + 8, &zero, 2);
	expect_refused(big, 56, -EPROTO, "has format 0");
	memcpy(big, whole, 56);
	big[20] ^= 1;
	expect_refused(big, 56, -EBADMSG, "its checksum is wrong");
	memcpy(big, whole, 56);
	memcpy(big + 16, &many, 4);
	seal_file(big);
	expect_refused(big, 56, -EBADMSG, "says 56 bytes and 257 streams");
	memcpy(big + 16, &none, 4);
	seal_file(big);
	expect_refused(big, 56, -EBADMSG, "says 56 bytes and 0 streams");
	memcpy(big, whole, 56);
	memcpy(big + 12, &two, 2);
	seal_file(big);
	expect_refused(big, 56, -EBADMSG, "says 2 bytes");
	memcpy(big + 12, &(uint16_t){150}, 2);
	seal_file(big);
	expect_refused(big, 149, -ENODATA, header_cut);
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
	struct reader *r = NULL;
	struct err err = {0};
	struct tmp t;

	tmp_make(&t);
	assert_int_equal(reader_open(&r, t.path, &err), -ENOENT);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(reader_open(&r, t.dir, &err), -EISDIR);
	assert_non_null(strstr(err.text, "it is a directory"));
	assert_int_equal(mkfifo(t.path, 0600), 0);
	assert_int_equal(reader_open(&r, t.path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not a regular file"));
	assert_int_equal(reader_open(&r, "/dev/zero", &err), -EINVAL);
	assert_null(r);
	reader_free(NULL);
	tmp_remove(&t);
}

/* Checksums are right, lengths are not: a hostile file, or a broken writer. */
static void record_whose_length_cannot_be_ends_its_chunk(void **state)
{
	static const uint16_t bad_len[] = {0, 8, 12, 20, 1032, 65528, 4096};

	for (size_t i = 0; i < sizeof(bad_len) / sizeof(bad_len[0]); i++) {
		struct reader *r = NULL;
		struct err err;
		size_t at, good = 0, rec;

		make_capture(-1, 100);
		at = chunk_of_type(FORMAT_RECORDS);
		assert_int_equal(chunk_at(whole + at).stream, 0);
		for (rec = at + 48; good < 40; good++)
			rec += rec_len(whole + rec);
		memcpy(whole + rec, &bad_len[i], 2);
		seal(whole + at);
		assert_int_equal(open_bytes(&r, whole, whole_n, &err), 0);
		assert_int_equal(drain(r, true), 40 + 2 * 100);
		assert_int_equal(reader_bad_records(r), 1);
		assert_int_equal(reader_bad_chunks(r), 0);
		reader_free(r);
	}
}

static void record_that_runs_over_its_chunk_is_none(void **state)
{
	struct reader *r = NULL;
	struct err err;
	size_t at, rec;
	uint16_t len;

	make_capture(-1, 100);
	at = rec = chunk_of_type(FORMAT_RECORDS) + 48;
	for (int i = 0; i < 99; i++)
		rec += rec_len(whole + rec);
	len = (uint16_t)(rec_len(whole + rec) + 8);
	assert_true(len <= WIRE_REC_MAX);
	memcpy(whole + rec, &len, 2);
	seal(whole + at - 48);
	assert_int_equal(open_bytes(&r, whole, whole_n, &err), 0);
	assert_int_equal(drain(r, true), 99 + 2 * 100);
	assert_int_equal(reader_bad_records(r), 1);
	reader_free(r);
}

static void chunk_of_records_that_cannot_be_is_counted(void **state)
{
	const struct format_chunk good = {.magic = FORMAT_CHUNK_MAGIC,
					  .type = FORMAT_RECORDS,
					  .stored_sz = 16,
					  .raw_sz = 16,
					  .records = 1,
					  .min_ts = 5,
					  .max_ts = 5};
	struct format_chunk bad[4] = {good, good, good, good};
	unsigned char chunk[64] = {0};
	struct reader *r = NULL;
	struct err err;

	bad[0].stream = STREAMS;
	bad[1].records = 2;
	bad[2].records = 0;
	bad[3].min_ts = 6;
	make_capture(1, 10);
	for (size_t i = 0; i < 4; i++) {
		memcpy(chunk, &bad[i], sizeof(bad[i]));
		seal(chunk);
		insert(56, chunk, sizeof(chunk));
	}
	assert_int_equal(open_bytes(&r, whole, whole_n, &err), 0);
	assert_int_equal(reader_bad_chunks(r), 4);
	assert_int_equal(reader_info(r)->events, STREAMS * 10);
	assert_int_equal(drain(r, true), STREAMS * 10);
	reader_free(r);
}

static int dump(const char *path)
{
	const struct capture_info *info;
	const struct source *s;
	struct reader *r = NULL;
	struct err err = {0};
	const void *rec;
	size_t len;

	if (reader_open(&r, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	s = reader_source(r);
	info = reader_info(r);
	for (int i = 0; i < s->streams; i++) {
		while (s->next(s->ctx, i, &rec, &len, &err) > 0) {
			const struct wire_hdr *h = rec;

			printf("%d %u %u %u %u %llu %lx\n", i, h->kind, h->flags, h->len, h->tid,
			       h->ts, crc32(0, rec, h->len));
		}
	}
	printf("start %" PRIu64 " unix %" PRIu64 "\n", info->start_ts, info->start_unix_ns);
	printf("stop %" PRIu64 " %s\n", info->stop_ts, info->cut ? "cut" : info->end_reason);
	printf("events %" PRIu64 "\n", info->events);
	for (size_t i = 0; i < info->processes_nr; i++)
		printf("process %u %s %s %u\n", info->processes[i].pid, info->processes[i].comm,
		       info->processes[i].exe, info->processes[i].threads);
	for (size_t i = 0; i < info->losses_nr; i++)
		printf("lost %s %" PRIu64 "\n", info->losses[i].name, info->losses[i].count);
	printf("command %s\n", info->command);
	printf("bad %" PRIu64 " unknown %" PRIu64 " cut %" PRIu64 "\n", reader_bad_chunks(r),
	       reader_unknown_chunks(r), reader_cut_bytes(r));
	reader_free(r);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_capture_says_all_that_was_written),
		cmocka_unit_test(record_is_aligned_and_lives_until_the_next_of_its_stream),
		cmocka_unit_test(capture_cut_at_any_byte_gives_what_is_whole),
		cmocka_unit_test(stop_of_a_cut_capture_is_its_last_record),
		cmocka_unit_test(flipped_bit_never_yields_a_record_that_was_not_written),
		cmocka_unit_test(overwritten_stretch_never_yields_a_record_that_was_not_written),
		cmocka_unit_test(unknown_chunk_is_skipped_and_counted),
		cmocka_unit_test(newer_minor_version_with_a_longer_header_is_read),
		cmocka_unit_test(each_wrong_header_has_its_own_sentence),
		cmocka_unit_test(what_is_no_file_is_refused_without_waiting),
		cmocka_unit_test(record_whose_length_cannot_be_ends_its_chunk),
		cmocka_unit_test(record_that_runs_over_its_chunk_is_none),
		cmocka_unit_test(chunk_of_records_that_cannot_be_is_counted),
	};

	if (argc == 3 && !strcmp(argv[1], "dump"))
		return dump(argv[2]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, release);
}
