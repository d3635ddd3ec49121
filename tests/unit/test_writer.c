/* SPDX-License-Identifier: MIT */
/*
 * test_writer.c - what the writer puts into a file, and what it does when it cannot
 *
 *	test_writer sample FILE [LEVEL [RECORDS]]	writes a capture with one of everything
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "store_util.h"

/* Opens the capture and expects a prefix of each stream's records. Returns how many came. */
static size_t drain_prefixes(const char *path, const struct recs recs[STREAMS])
{
	struct reader *r = NULL;
	struct err err = {0};
	struct drained d;
	size_t nr = 0;

	if (reader_open(&r, path, &err) < 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < STREAMS; i++) {
		assert_int_equal(drain_stream(r, i, &recs[i], &d, &err), 0);
		assert_true(d.prefix);
		assert_int_equal(d.foreign, 0);
		nr += d.nr;
	}
	assert_int_equal(reader_bad_chunks(r), 0);
	assert_int_equal(reader_bad_records(r), 0);
	reader_free(r);
	return nr;
}

static void free_recs(struct recs recs[STREAMS])
{
	for (int i = 0; i < STREAMS; i++)
		free(recs[i].p);
}

static void round_trip(int level, size_t nr, bool noise)
{
	struct recs recs[STREAMS] = {0};
	struct err err = {0};
	struct tmp t;

	tmp_make(&t);
	if (write_sample(t.path, level, nr, noise, recs, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(drain_prefixes(t.path, recs), STREAMS * nr);
	free_recs(recs);
	tmp_remove(&t);
}

static void records_of_each_stream_come_back_as_they_were(void **state)
{
	for (int level = -1; level <= 9; level += level < 1 ? 1 : 4) {
		round_trip(level, 0, false);
		round_trip(level, 1, false);
		round_trip(level, 20000, false);
		round_trip(level, 20000, true);
	}
}

static struct format_chunk chunk_at(const unsigned char *p)
{
	struct format_chunk c;

	memcpy(&c, p, sizeof(c));
	return c;
}

/* Walks the bytes as format.h draws them, with nothing of the reader. */
static void file_is_laid_out_as_the_header_file_says(void **state)
{
	struct recs recs[STREAMS] = {0};
	struct err err = {0};
	uint64_t records = 0, raw = 0, stored = 0;
	unsigned char *p;
	struct format_file h;
	struct format_chunk c = {0};
	struct tmp t;
	size_t n, at = sizeof(h);

	tmp_make(&t);
	assert_int_equal(write_sample(t.path, 1, 9000, false, recs, &err), 0);
	p = slurp(t.path, &n);
	memcpy(&h, p, sizeof(h));
	assert_memory_equal(h.magic, "CTRACE\r\n", 8);
	assert_int_equal(h.major, 1);
	assert_int_equal(h.minor, 1);
	assert_int_equal(h.header_sz, 56);
	assert_int_equal(h.machine, 62);
	assert_int_equal(h.streams, STREAMS);
	assert_int_equal(h.start_ts, 1000);
	assert_int_equal(h.crc, crc32(0, p, 52));
	for (; at < n; at += sizeof(c) + c.stored_sz) {
		assert_true(n - at >= sizeof(c));
		c = chunk_at(p + at);
		assert_int_equal(c.magic, FORMAT_CHUNK_MAGIC);
		assert_int_equal(c.header_crc, crc32(0, p + at, 44));
		assert_true(c.stored_sz <= n - at - sizeof(c));
		assert_int_equal(c.payload_crc, crc32(0, p + at + sizeof(c), c.stored_sz));
		assert_true(c.raw_sz <= FORMAT_CHUNK_MAX);
		if (c.type != FORMAT_RECORDS)
			continue;
		records += c.records;
		raw += c.raw_sz;
		stored += c.stored_sz;
		assert_true(c.min_ts && c.min_ts <= c.max_ts);
	}
	assert_int_equal(at, n);
	assert_int_equal(c.type, FORMAT_END);
	assert_int_equal(records, STREAMS * 9000);
	assert_int_equal(raw, recs[0].n + recs[1].n + recs[2].n);
	assert_true(stored < raw / 2);
	free(p);
	free_recs(recs);
	tmp_remove(&t);
}

static void chunk_says_its_lowest_and_highest_time(void **state)
{
	static const uint64_t ts[] = {500, 300, 900, 400};
	struct writer_opts opts = some_opts(-1);
	struct recs recs = {0};
	struct writer *w = NULL;
	struct format_chunk c;
	struct tmp t;
	unsigned char *p;
	size_t n;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		recs_add(&recs, (struct wire_hdr){.len = 16, .kind = 8, .ts = ts[i]}, NULL);
	assert_int_equal(writer_records(w, 1, recs.p, recs.n, NULL), 0);
	assert_int_equal(writer_bytes(w), 56);
	assert_int_equal(writer_count(w), 4);
	assert_int_equal(writer_flush(w, NULL), 0);
	assert_int_equal(writer_bytes(w), 56 + 48 + 64);
	assert_int_equal(writer_flush(w, NULL), 0);
	assert_int_equal(writer_bytes(w), 56 + 48 + 64);
	p = slurp(t.path, &n);
	assert_int_equal(n, 56 + 48 + 64);
	c = chunk_at(p + 56);
	assert_int_equal(c.stream, 1);
	assert_int_equal(c.records, 4);
	assert_int_equal(c.min_ts, 300);
	assert_int_equal(c.max_ts, 900);
	writer_free(w);
	free(p);
	free(recs.p);
	tmp_remove(&t);
}

/* In each of the four ways, also where it saves or costs a byte or two. */
static void chunk_is_coded_where_that_makes_it_smaller(void **state)
{
	struct writer_opts opts = some_opts(9);
	struct recs recs = {0};
	struct writer *w = NULL;
	size_t n, coded[4] = {0};
	uint32_t seed = 5;
	unsigned char *p;
	struct tmp t;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	for (uint16_t i = 0; i < 400; i++) {
		struct wire_hdr h = {.len = (uint16_t)(16 + i % 10 * 8)};

		h.ts = i % 7 ? rnd(&seed) : 0;
		h.tid = i % 3 ? rnd(&seed) : 0;
		recs.n = 0;
		for (int k = 0; k < 1 + i % 11; k++, h.ts += 100)
			recs_add(&recs, h, i % 5 ? &seed : NULL);
		assert_int_equal(writer_records(w, 0, recs.p, recs.n, NULL), 0);
		assert_int_equal(writer_flush(w, NULL), 0);
	}
	p = slurp(t.path, &n);
	for (size_t at = 56; at < n; at += 48 + chunk_at(p + at).stored_sz) {
		struct format_chunk c = chunk_at(p + at);

		if (c.flags)
			assert_true(c.stored_sz < c.raw_sz);
		else
			assert_int_equal(c.stored_sz, c.raw_sz);
		coded[!!(c.flags & FORMAT_DEFLATE) + 2 * !!(c.flags & FORMAT_DELTA)]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(coded[i], 5, 400);
	writer_free(w);
	free(p);
	free(recs.p);
	tmp_remove(&t);
}

static void noise_is_stored_as_it_is(void **state)
{
	struct writer_opts opts = some_opts(9);
	struct recs recs = {0};
	struct writer *w = NULL;
	struct tmp t;
	uint32_t seed = 99;
	unsigned char *p;
	size_t n;

	tmp_make(&t);
	recs_add(&recs, (struct wire_hdr){.len = 1024, .kind = 10, .tid = rnd(&seed)}, &seed);
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	assert_int_equal(writer_records(w, 0, recs.p, recs.n, NULL), 0);
	assert_int_equal(writer_close(w, 2, "duration", NULL), 0);
	p = slurp(t.path, &n);
	assert_int_equal(chunk_at(p + 56).flags, 0);
	assert_int_equal(chunk_at(p + 56).stored_sz, recs.n);
	assert_memory_equal(p + 56 + 48, recs.p, recs.n);
	writer_free(w);
	free(p);
	free(recs.p);
	tmp_remove(&t);
}

static void bytes_that_are_no_records_are_refused_whole(void **state)
{
	static const uint16_t bad_len[] = {0, 8, 15, 17, 20, 48, 1032, 65528};
	struct writer_opts opts = some_opts(0);
	struct writer *w = NULL;
	struct err err = {0};
	struct tmp t;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	for (size_t i = 0; i < sizeof(bad_len) / sizeof(bad_len[0]); i++) {
		/* A good record, then one with a length that cannot be, or runs over the end. */
		struct wire_hdr h[100] = {{.len = 16}, {.len = bad_len[i]}, {.len = 16}};
		const size_t n = bad_len[i] == 48 ? 48 : sizeof(h);

		assert_int_equal(writer_records(w, 0, h, n, &err), -EINVAL);
		assert_non_null(strstr(err.text, "no whole record at byte 16 of "));
	}
	assert_int_equal(writer_records(w, 0, &(struct wire_hdr){.len = 16}, 8, &err), -EINVAL);
	assert_int_equal(writer_count(w), 0);
	assert_int_equal(writer_records(w, STREAMS, NULL, 0, &err), -EINVAL);
	/* It is the caller's error, not the file's: the next call is fine. */
	assert_int_equal(writer_records(w, 0, &(struct wire_hdr){.len = 16}, 16, &err), 0);
	assert_int_equal(writer_count(w), 1);
	writer_free(w);
	tmp_remove(&t);
}

static void options_that_cannot_be_are_refused(void **state)
{
	struct writer_opts opts = some_opts(0);
	struct writer *w = NULL;
	struct err err = {0};

	opts.streams = 0;
	assert_int_equal(writer_open(&w, "/nonexistent", &opts, &err), -EINVAL);
	opts.streams = FORMAT_STREAMS_MAX + 1;
	assert_int_equal(writer_open(&w, "/nonexistent", &opts, &err), -EINVAL);
	opts = some_opts(-2);
	assert_int_equal(writer_open(&w, "/nonexistent", &opts, &err), -EINVAL);
	opts = some_opts(10);
	assert_int_equal(writer_open(&w, "/nonexistent", &opts, &err), -EINVAL);
	opts = some_opts(1);
	assert_int_equal(writer_open(&w, "/nonexistent/x", &opts, &err), -ENOENT);
	assert_null(w);
}

static void text_that_cannot_be_is_refused(void **state)
{
	struct writer_opts opts = some_opts(0);
	struct writer *w = NULL;
	struct err err = {0};
	struct writer_key key = {"a=b", "c"};
	char *longest = malloc(1 << 20);
	struct tmp t;

	tmp_make(&t);
	memset(longest, 'x', (1 << 20) - 1);
	longest[(1 << 20) - 1] = '\0';
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	assert_int_equal(writer_text(w, FORMAT_META, &key, 1, &err), -EINVAL);
	key = (struct writer_key){"k", longest};
	assert_int_equal(writer_text(w, FORMAT_META, &key, 1, &err), -E2BIG);
	assert_string_equal(err.text, "the value of k is too long");
	assert_int_equal(writer_text(w, FORMAT_END, &key, 1, &err), -EINVAL);
	assert_int_equal(writer_bytes(w), 56);
	writer_free(w);
	free(longest);
	tmp_remove(&t);
}

/* A C program may take the field as a string. */
static void a_long_reason_is_cut_and_stays_terminated(void **state)
{
	struct writer_opts opts = some_opts(0);
	struct writer *w = NULL;
	struct format_end end;
	unsigned char *p;
	struct tmp t;
	size_t n;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	assert_int_equal(writer_close(w, 1, "a reason much longer than the field can take", NULL),
			 0);
	p = slurp(t.path, &n);
	memcpy(&end, p + n - sizeof(end), sizeof(end));
	assert_string_equal(end.reason, "a reason much longer than the f");
	writer_free(w);
	free(p);
	tmp_remove(&t);
}

/* What reader_info says of a capture with these times, in two streams; 0: it says nothing. */
static uint64_t lateness(const uint64_t (*times)[2], size_t nr, const struct wire_lost *lost,
			 bool close_it)
{
	struct writer_opts opts = some_opts(0);
	struct reader *r = NULL;
	struct writer *w = NULL;
	struct err err = {0};
	struct tmp t;
	uint64_t ns;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	for (size_t i = 0; i < nr; i++) {
		struct wire_hdr h = {.len = 16, .kind = WIRE_REGION, .ts = times[i][1]};

		assert_int_equal(writer_records(w, (uint32_t)times[i][0], &h, 16, NULL), 0);
	}
	if (lost)
		assert_int_equal(writer_records(w, 0, lost, sizeof(*lost), NULL), 0);
	if (close_it)
		assert_int_equal(writer_close(w, 1, "duration", NULL), 0);
	else
		assert_int_equal(writer_flush(w, NULL), 0);
	writer_free(w);
	assert_int_equal(reader_open(&r, t.path, &err), 0);
	assert_int_equal(reader_info(r)->late_known, close_it);
	ns = reader_info(r)->late_ns;
	reader_free(r);
	tmp_remove(&t);
	return ns;
}

static void how_late_records_came_is_known(void **state)
{
	static const uint64_t times[][2] = {{0, 5000}, {1, 90000}, {0, 9000},
					    {0, 7500}, {1, 90000}, {0, 8900}};
	struct wire_lost lost = {.h = {.len = sizeof(lost), .kind = WIRE_LOST, .ts = 9500},
				 .from_ts = 7000};

	(void)state;
	assert_int_equal(lateness(times, 3, NULL, true), 0); /* each stream is in order */
	assert_int_equal(lateness(times, 6, NULL, true), 1500);
	assert_int_equal(lateness(times, 6, &lost, true), 2000);
	assert_int_equal(lateness(times, 6, NULL, false),
			 0); /* it was cut: who knows what would have come */
	lost.h.ts += 10000000000;
	lost.from_ts = 0;
	assert_int_equal(lateness((const uint64_t[][2]){{0, 10000000000}}, 1, &lost, true),
			 400000000);
}

static void complete_capture_takes_no_more(void **state)
{
	struct writer_opts opts = some_opts(1);
	struct writer *w = NULL;
	struct err err = {0};
	struct wire_hdr h = {.len = 16};
	struct tmp t;

	tmp_make(&t);
	assert_int_equal(writer_open(&w, t.path, &opts, NULL), 0);
	assert_int_equal(writer_close(w, 1, "duration", NULL), 0);
	assert_int_equal(writer_records(w, 0, &h, 16, &err), -EBADF);
	assert_non_null(strstr(err.text, "already complete"));
	assert_int_equal(writer_flush(w, NULL), -EBADF);
	assert_int_equal(writer_close(w, 1, "again", NULL), -EBADF);
	writer_free(w);
	writer_free(NULL);
	tmp_remove(&t);
}

/* Fills the file until it fails. What is on disk must then end with a whole chunk. */
static int fill_until_error(const char *path, int want, const char *says)
{
	struct writer_opts opts = some_opts(0);
	struct recs recs[STREAMS] = {0}, all[STREAMS] = {0};
	struct err err = {0}, again = {0};
	struct writer *w = NULL;
	uint32_t seed = 7;
	struct stat st;
	int rc = 0;

	recs_random(&recs[0], 500, true, &seed);
	if (writer_open(&w, path, &opts, &err) < 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < 1000 && !rc; i++) {
		all[0].p = realloc(all[0].p, all[0].n + recs[0].n);
		memcpy(all[0].p + all[0].n, recs[0].p, recs[0].n);
		all[0].n += recs[0].n;
		rc = writer_records(w, 0, recs[0].p, recs[0].n, &err);
	}
	assert_int_equal(rc, want);
	assert_non_null(strstr(err.text, says));
	assert_non_null(strstr(err.text, "what was captured until then is in it"));
	assert_int_equal(writer_records(w, 1, recs[0].p, recs[0].n, &again), want);
	assert_string_equal(err.text, again.text);
	assert_int_equal(writer_flush(w, NULL), want);
	assert_int_equal(writer_clock(w, 1, 1, 1, NULL), want);
	assert_int_equal(writer_close(w, 1, "duration", &again), want);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, writer_bytes(w));
	assert_in_range(drain_prefixes(path, all), 500, all[0].n / 16);
	writer_free(w);
	free_recs(recs);
	free_recs(all);
	return 0;
}

/* Runs fn in a child, which may change its limits and mounts; 0 if it passed. */
static int in_child(int (*fn)(const char *dir))
{
	int status = -1;
	struct tmp t;
	pid_t pid;

	tmp_make(&t);
	pid = fork();
	if (pid == 0)
		_exit(fn(t.dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(t.path, sizeof(t.path), "%s/x", t.dir);
	tmp_remove(&t);
	return status;
}

static int limited(const char *dir)
{
	const struct rlimit limit = {700 << 10, 700 << 10};
	char path[128];

	snprintf(path, sizeof(path), "%s/x", dir);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	return fill_until_error(path, -EFBIG, "File too large");
}

static void file_at_its_size_limit_stays_readable(void **state)
{
	assert_int_equal(in_child(limited), 0);
}

static int limited_to_less_than_a_header(const char *dir)
{
	const struct rlimit limit = {10, 10};
	struct writer_opts opts = some_opts(0);
	struct writer *w = NULL;
	struct err err = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/x", dir);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	if (writer_open(&w, path, &opts, &err) != -EFBIG || w || access(path, F_OK) == 0)
		return 1;
	return strstr(err.text, "/x: File too large") ? 0 : 2;
}

static void no_file_is_left_without_its_header(void **state)
{
	assert_int_equal(in_child(limited_to_less_than_a_header), 0);
}

static int on_full_disk(const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/x", dir);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=700k") < 0)
		return 99;
	return fill_until_error(path, -ENOSPC, "No space left on device");
}

static void file_on_a_full_disk_stays_readable(void **state)
{
	assert_int_equal(in_child(on_full_disk), 0);
}

static int sample(char **argv)
{
	struct err err = {0};
	int level = argv[3] ? atoi(argv[3]) : 1;
	size_t nr = argv[3] && argv[4] ? strtoul(argv[4], NULL, 10) : 100;

	if (write_sample(argv[2], level, nr, nr < 5, NULL, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_each_stream_come_back_as_they_were),
		cmocka_unit_test(file_is_laid_out_as_the_header_file_says),
		cmocka_unit_test(chunk_says_its_lowest_and_highest_time),
		cmocka_unit_test(chunk_is_coded_where_that_makes_it_smaller),
		cmocka_unit_test(noise_is_stored_as_it_is),
		cmocka_unit_test(bytes_that_are_no_records_are_refused_whole),
		cmocka_unit_test(options_that_cannot_be_are_refused),
		cmocka_unit_test(text_that_cannot_be_is_refused),
		cmocka_unit_test(a_long_reason_is_cut_and_stays_terminated),
		cmocka_unit_test(how_late_records_came_is_known),
		cmocka_unit_test(complete_capture_takes_no_more),
		cmocka_unit_test(no_file_is_left_without_its_header),
		cmocka_unit_test(file_at_its_size_limit_stays_readable),
	};
	const struct CMUnitTest as_root[] = {
		cmocka_unit_test(file_on_a_full_disk_stays_readable),
	};
	int rc;

	if (argc > 2 && !strcmp(argv[1], "sample"))
		return sample(argv);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (geteuid() == 0)
		return rc | cmocka_run_group_tests(as_root, NULL, NULL);
	puts("ok 13 - file_on_a_full_disk_stays_readable # SKIP needs root");
	return rc;
}
