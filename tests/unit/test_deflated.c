/* SPDX-License-Identifier: MIT */
/* test_deflated.c - what is written comes out again, however it was cut; failures are told */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/protobuf.h"
#include "cli/deflated.h"

enum { MUCH = 3 << 20 };

static uint32_t seed;

static uint32_t rnd(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static FILE *open_on(int *fd, enum deflated kind)
{
	struct err err = {0};
	FILE *f;

	*fd = memfd_create("deflated", 0);
	assert_true(*fd >= 0);
	f = deflated_open(dup(*fd), kind, &err);
	assert_non_null(f);
	return f;
}

static uint8_t *contents(int fd, size_t *n)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t *v = malloc((size_t)size + 1);

	assert_int_equal(pread(fd, v, (size_t)size, 0), size);
	*n = (size_t)size;
	close(fd);
	return v;
}

static size_t inflate_all(const uint8_t *from, size_t n, uint8_t *to, size_t room, int window)
{
	z_stream z = {.next_in = (uint8_t *)from,
		      .avail_in = (uInt)n,
		      .next_out = to,
		      .avail_out = (uInt)room};

	assert_int_equal(inflateInit2(&z, window), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	return z.total_out;
}

/* Packets of all sizes, some longer than a block; of bytes that deflate, and some that do not. */
static void make_packets(struct pb *pb, size_t most)
{
	static uint8_t body[600 << 10];

	while (pb->n < most) {
		size_t n = rnd() % 16  ? rnd() % 200
			   : rnd() % 4 ? rnd() % 70000
				       : rnd() % sizeof(body);

		for (size_t i = 0; i < n; i++)
			body[i] = (uint8_t)(rnd() % (1 + n % 256));
		pb_bytes(pb, 1, body, n);
	}
}

static void write_in_pieces(FILE *f, const uint8_t *v, size_t n)
{
	for (size_t at = 0, len; at < n; at += len) {
		len = rnd() % 100000;
		len = len > n - at ? n - at : len;
		assert_int_equal(fwrite(v + at, 1, len, f), len);
	}
}

static void gzip_gives_back_what_was_written(void **state)
{
	uint8_t *v = malloc(MUCH), *back = malloc(MUCH), *file;
	size_t n;
	FILE *f;
	int fd;

	for (size_t i = 0; i < MUCH; i++)
		v[i] = (uint8_t)(rnd() % 7);
	f = open_on(&fd, DEFLATED_GZIP);
	write_in_pieces(f, v, MUCH);
	assert_int_equal(fclose(f), 0);
	file = contents(fd, &n);
	assert_true(n < MUCH / 2);
	assert_int_equal(inflate_all(file, n, back, MUCH, 15 + 16), MUCH);
	assert_memory_equal(v, back, MUCH);
	free(file);
	free(back);
	free(v);
}

static size_t varint(const uint8_t *v, size_t *at)
{
	size_t n = 0;

	for (int shift = 0;; shift += 7) {
		n |= (size_t)(v[*at] & 0x7f) << shift;
		if (!(v[(*at)++] & 0x80))
			return n;
	}
}

/* Each packet of the file holds one field 50, a zlib stream of whole packets. */
static void packets_are_deflated_whole(void **state)
{
	struct pb pb = {0};
	uint8_t *file, *back;
	size_t n, got = 0;
	FILE *f;
	int fd;

	make_packets(&pb, MUCH);
	f = open_on(&fd, DEFLATED_PACKETS);
	write_in_pieces(f, pb.bytes, pb.n);
	assert_int_equal(fclose(f), 0);
	file = contents(fd, &n);
	back = malloc(pb.n);
	for (size_t at = 0; at < n;) {
		size_t first = got, len;

		assert_int_equal(file[at++], 1 << 3 | 2);
		varint(file, &at);
		assert_int_equal(varint(file, &at), 50 << 3 | 2);
		len = varint(file, &at);
		got += inflate_all(file + at, len, back + got, pb.n - got, 15);
		at += len;
		while (first < got) { /* whole ones */
			assert_int_equal(back[first++], 1 << 3 | 2);
			len = varint(back, &first);
			first += len;
		}
		assert_int_equal(first, got);
	}
	assert_int_equal(got, pb.n);
	assert_memory_equal(back, pb.bytes, pb.n);
	free(back);
	free(file);
	pb_release(&pb);
}

static void nothing_written_is_a_valid_file(void **state)
{
	uint8_t *file, one;
	size_t n;
	int fd;

	assert_int_equal(fclose(open_on(&fd, DEFLATED_GZIP)), 0);
	file = contents(fd, &n);
	assert_int_equal(inflate_all(file, n, &one, 1, 15 + 16), 0);
	free(file);
	assert_int_equal(fclose(open_on(&fd, DEFLATED_PACKETS)), 0);
	free(contents(fd, &n));
	assert_int_equal(n, 0);
}

static void a_full_disk_is_told(void **state)
{
	struct err err = {0};
	int fd = open("/dev/full", O_WRONLY);
	char junk[4096];
	FILE *f;
	bool told = false;

	if (fd < 0)
		skip();
	f = deflated_open(fd, DEFLATED_GZIP, &err);
	for (int i = 0; i < 1000 && !told; i++) {
		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = (char)rnd();
		told = fwrite(junk, 1, sizeof(junk), f) != sizeof(junk) && errno == ENOSPC;
	}
	assert_true(told);
	errno = 0;
	assert_int_equal(fclose(f), EOF);
	assert_int_equal(errno, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_gives_back_what_was_written),
		cmocka_unit_test(packets_are_deflated_whole),
		cmocka_unit_test(nothing_written_is_a_valid_file),
		cmocka_unit_test(a_full_disk_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
