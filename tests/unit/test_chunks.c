/* SPDX-License-Identifier: MIT */
/* test_chunks.c - the walk over chunks: finds all that are whole, whatever lies between them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/chunks.h"
#include "store_util.h"

/* A file as it grows. */
struct bytes {
	unsigned char p[1 << 16];
	size_t n;
};

static void put(struct bytes *b, const void *p, size_t n)
{
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* A chunk whose payload is n bytes of c; raw_sz and flags as given, whether true or not. */
static void put_chunk(struct bytes *b, uint16_t flags, unsigned char c, uint32_t n, uint32_t raw_sz)
{
	unsigned char payload[512];
	struct format_chunk h = {
		.magic = FORMAT_CHUNK_MAGIC,
		.type = FORMAT_META,
		.flags = flags,
		.stored_sz = n,
		.raw_sz = raw_sz,
	};

	memset(payload, c, n);
	h.payload_crc = (uint32_t)crc32(0, payload, n);
	h.header_crc = (uint32_t)crc32(0, (const Bytef *)&h, 44);
	put(b, &h, sizeof(h));
	put(b, payload, n);
}

/* With a magic in every seven bytes, or with none. */
static void put_noise(struct bytes *b, size_t n, bool magic)
{
	for (size_t i = 0; i < n; i++)
		b->p[b->n++] = magic ? "CHNKCHN"[i % 7] : 'C';
}

/* What a walk found: the first byte of each sound payload, '-' for one that is damaged. */
struct walk {
	char seen[64];
	uint64_t skipped, gaps, cut;
};

static void walk_all(const struct bytes *b, struct walk *w)
{
	struct memfile m;
	struct chunks c;
	struct format_chunk h;
	struct chunk_ref ref;
	struct chunk_buf buf = {0};
	size_t n = 0;
	int rc;

	memfile_make(&m, b->p, b->n);
	chunks_init(&c, m.fd, "x", b->n, 0);
	while ((rc = chunks_next(&c, &h, &ref, NULL)) > 0) {
		rc = chunks_payload(&c, &ref, &buf, NULL);
		assert_in_range(rc, 0, 1);
		assert_int_equal(buf.n, rc ? ref.raw_sz : 0);
		assert_true(n < sizeof(w->seen) - 1);
		w->seen[n++] = rc && buf.n ? (char)buf.p[0] : '-';
	}
	assert_int_equal(rc, 0);
	w->seen[n] = '\0';
	w->skipped = c.skipped;
	w->gaps = c.gaps;
	w->cut = c.cut;
	/* It stays at the end. */
	assert_int_equal(chunks_next(&c, &h, &ref, NULL), 0);
	chunks_release(&c);
	free(buf.p);
	close(m.fd);
}

static struct bytes file;

static void expect(const char *seen, uint64_t skipped, uint64_t gaps, uint64_t cut)
{
	struct walk w;

	walk_all(&file, &w);
	assert_string_equal(w.seen, seen);
	assert_int_equal(w.skipped, skipped);
	assert_int_equal(w.gaps, gaps);
	assert_int_equal(w.cut, cut);
}

static void whole_chunks_are_walked_in_order(void **state)
{
	file.n = 0;
	expect("", 0, 0, 0);
	for (int i = 0; i < 26; i++)
		put_chunk(&file, 0, (unsigned char)('a' + i), 8u * (unsigned int)i + 1,
			  8u * (unsigned int)i + 1);
	expect("abcdefghijklmnopqrstuvwxyz", 0, 0, 0);
}

static void damaged_header_costs_its_chunk_alone(void **state)
{
	for (size_t bit = 0; bit < 48 * 8; bit++) {
		size_t at;

		file.n = 0;
		put_chunk(&file, 0, 'a', 100, 100);
		at = file.n;
		put_chunk(&file, 0, 'b', 200, 200);
		put_chunk(&file, 0, 'c', 300, 300);
		file.p[at + bit / 8] ^= (unsigned char)(1 << bit % 8);
		expect("ac", 248, 1, 0);
	}
}

/* The search must find a header wherever its window ends. */
static void noise_of_any_length_between_chunks_is_skipped(void **state)
{
	for (size_t i = 2; i < 6 * CHUNKS_WINDOW; i++) {
		const size_t n = i / 2;

		if (n > 100 && n % CHUNKS_WINDOW < 3990 && n % 61)
			continue;
		file.n = 0;
		put_chunk(&file, 0, 'a', 10, 10);
		put_noise(&file, n, i % 2);
		put_chunk(&file, 0, 'b', 10, 10);
		expect("ab", n, 1, 0);
	}
}

static void noise_at_the_end_is_cut(void **state)
{
	for (size_t n = 1; n < 2 * CHUNKS_WINDOW; n += 47) {
		file.n = 0;
		put_chunk(&file, 0, 'a', 10, 10);
		put_noise(&file, n, n % 2);
		expect("a", 0, 0, n);
	}
}

static void chunk_that_ends_beyond_the_file_is_cut(void **state)
{
	size_t whole, all;

	file.n = 0;
	put_chunk(&file, 0, 'a', 10, 10);
	whole = file.n;
	put_chunk(&file, 0, 'b', 50, 50);
	all = file.n;
	for (file.n = whole; file.n < all; file.n++)
		expect("a", 0, 0, file.n - whole);
	expect("ab", 0, 0, 0);
}

static void sizes_beyond_the_limit_are_no_chunk(void **state)
{
	struct format_chunk h = {
		.magic = FORMAT_CHUNK_MAGIC, .stored_sz = 1, .raw_sz = FORMAT_CHUNK_MAX + 1};

	for (int i = 0; i < 2; i++) {
		file.n = 0;
		h.header_crc = (uint32_t)crc32(0, (const Bytef *)&h, 44);
		put(&file, &h, sizeof(h));
		put_chunk(&file, 0, 'a', 10, 10);
		expect("a", 48, 1, 0);
		h.stored_sz = FORMAT_CHUNK_MAX + 1;
		h.raw_sz = 1;
	}
}

static void payload_must_be_what_its_header_says(void **state)
{
	file.n = 0;
	put_chunk(&file, 0, 'a', 10, 10);
	file.p[file.n - 1] ^= 1;
	put_chunk(&file, 0, 'b', 10, 11);
	put_chunk(&file, FORMAT_DEFLATE, 'c', 10, 10);
	put_chunk(&file, 0, 'd', 10, 10);
	expect("---d", 0, 0, 0);
}

/* raw_sz one less, right, one more, and a byte behind the zlib stream. */
static void inflated_size_must_be_exact(void **state)
{
	static const char *const seen[] = {"-", "x", "-", "-"};
	unsigned char raw[400];
	uLongf n = 100;

	memset(raw, 'x', sizeof(raw));
	for (unsigned int i = 0; i < 4; i++) {
		struct format_chunk h = {.magic = FORMAT_CHUNK_MAGIC, .flags = FORMAT_DEFLATE};
		unsigned char z[101] = {0};

		n = 100;
		assert_int_equal(compress(z, &n, raw, sizeof(raw)), Z_OK);
		h.stored_sz = (uint32_t)n + (i == 3);
		h.raw_sz = i == 3 ? 400 : 399 + i;
		h.payload_crc = (uint32_t)crc32(0, z, h.stored_sz);
		h.header_crc = (uint32_t)crc32(0, (const Bytef *)&h, 44);
		file.n = 0;
		put(&file, &h, sizeof(h));
		put(&file, z, h.stored_sz);
		expect(seen[i], 0, 0, 0);
	}
}

static void file_that_shrinks_while_it_is_read_ends_there(void **state)
{
	struct memfile m;
	struct chunks c;
	struct format_chunk h;
	struct chunk_ref ref;
	struct chunk_buf buf = {0};

	file.n = 0;
	put_chunk(&file, 0, 'a', 500, 500);
	for (int i = 0; i < 20; i++)
		put_chunk(&file, 0, 'b', 500, 500);
	memfile_make(&m, file.p, file.n);
	chunks_init(&c, m.fd, "x", file.n, 0);
	assert_int_equal(chunks_next(&c, &h, &ref, NULL), 1);
	assert_int_equal(ftruncate(m.fd, 100), 0);
	assert_int_equal(chunks_payload(&c, &ref, &buf, NULL), 0);
	while (chunks_next(&c, &h, &ref, NULL) > 0)
		assert_int_equal(chunks_payload(&c, &ref, &buf, NULL), 0);
	assert_true(c.cut > 0);
	chunks_release(&c);
	free(buf.p);
	close(m.fd);
}

static void read_error_is_a_sentence(void **state)
{
	struct chunks c;
	struct format_chunk h;
	struct chunk_ref ref;
	struct err err = {0};

	chunks_init(&c, -1, "x.ctrace", 1000, 0);
	assert_int_equal(chunks_next(&c, &h, &ref, &err), -EBADF);
	assert_string_equal(err.text, "cannot read x.ctrace: Bad file descriptor");
	chunks_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_chunks_are_walked_in_order),
		cmocka_unit_test(damaged_header_costs_its_chunk_alone),
		cmocka_unit_test(noise_of_any_length_between_chunks_is_skipped),
		cmocka_unit_test(noise_at_the_end_is_cut),
		cmocka_unit_test(chunk_that_ends_beyond_the_file_is_cut),
		cmocka_unit_test(sizes_beyond_the_limit_are_no_chunk),
		cmocka_unit_test(payload_must_be_what_its_header_says),
		cmocka_unit_test(inflated_size_must_be_exact),
		cmocka_unit_test(file_that_shrinks_while_it_is_read_ends_there),
		cmocka_unit_test(read_error_is_a_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
