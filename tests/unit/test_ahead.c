/* SPDX-License-Identifier: MIT */
/* test_ahead.c - chunks come as they were asked for, whatever the thread is doing meanwhile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/ahead.h"
#include "store_util.h"

enum { SIZE = 4096, LANES = 7, ROUNDS = 300 };

/* Where a payload of SIZE bytes stands; all of them are `c`. */
static struct chunk_ref ref_to(unsigned char c)
{
	unsigned char payload[SIZE];

	memset(payload, c, SIZE);
	return (struct chunk_ref){.off = (uint64_t)c * SIZE,
				  .stored_sz = SIZE,
				  .raw_sz = SIZE,
				  .crc = (uint32_t)crc32(0, payload, SIZE)};
}

/* A file in which ref_to finds its payloads. */
static void payloads_make(struct memfile *m)
{
	static unsigned char bytes[256 * SIZE];

	for (int c = 0; c < 256; c++)
		memset(bytes + (size_t)c * SIZE, c, SIZE);
	memfile_make(m, bytes, sizeof(bytes));
}

static struct ahead *start(struct memfile *m)
{
	struct ahead *a;

	payloads_make(m);
	a = ahead_new(m->fd, m->path, 256 * SIZE, LANES);
	assert_non_null(a);
	return a;
}

static void assert_all(const struct chunk_buf *buf, unsigned char c)
{
	assert_int_equal(buf->n, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(buf->p[i], c);
}

/* Taken in another order than asked for, each while others are under way. */
static void each_stream_gets_its_own(void **state)
{
	struct chunk_buf bufs[LANES] = {{0}};
	struct err err = {0};
	struct memfile m;
	struct ahead *a = start(&m);

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < LANES; i++) {
			struct chunk_ref ref = ref_to((unsigned char)(round + i));

			ahead_ask(a, i, &ref);
		}
		for (int i = LANES; i-- > 0;) {
			assert_int_equal(ahead_take(a, i, &bufs[i], &err), 1);
			assert_all(&bufs[i], (unsigned char)(round + i));
		}
	}
	assert_int_equal(ahead_bytes_read(a), (uint64_t)ROUNDS * LANES * SIZE);
	ahead_free(a);
	for (int i = 0; i < LANES; i++)
		free(bufs[i].p);
	close(m.fd);
}

static void damage_is_told_of_the_chunk_that_has_it(void **state)
{
	struct chunk_buf buf = {0};
	struct err err = {0};
	struct memfile m;
	struct ahead *a = start(&m);
	struct chunk_ref good = ref_to(3), bad = ref_to(4), beyond = ref_to(5);

	(void)state;
	bad.crc++;
	beyond.off = 256 * SIZE - 1;
	ahead_ask(a, 0, &good);
	ahead_ask(a, 1, &bad);
	ahead_ask(a, 2, &beyond);
	assert_int_equal(ahead_take(a, 1, &buf, &err), 0);
	assert_int_equal(buf.n, 0);
	assert_int_equal(ahead_take(a, 2, &buf, &err), 0);
	assert_int_equal(ahead_take(a, 0, &buf, &err), 1);
	assert_all(&buf, 3);
	ahead_free(a);
	free(buf.p);
	close(m.fd);
}

static void an_error_is_the_callers(void **state)
{
	struct chunk_buf buf = {0};
	struct err err = {0};
	struct chunk_ref ref = ref_to(1);
	struct ahead *a = ahead_new(-1, "x.ctrace", 256 * SIZE, 1);

	(void)state;
	assert_non_null(a);
	ahead_ask(a, 0, &ref);
	assert_int_equal(ahead_take(a, 0, &buf, &err), -EBADF);
	assert_int_equal(err.code, -EBADF);
	assert_non_null(strstr(err.text, "x.ctrace"));
	ahead_ask(a, 0, &ref);
	assert_int_equal(ahead_take(a, 0, &buf, NULL), -EBADF);
	ahead_free(a);
	free(buf.p);
}

static void it_ends_with_work_to_do(void **state)
{
	struct chunk_ref ref = ref_to(9);
	struct memfile m;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct ahead *a = start(&m);

		for (int i = 0; i < round % (LANES + 1); i++)
			ahead_ask(a, i, &ref);
		ahead_free(a);
		close(m.fd);
	}
	ahead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stream_gets_its_own),
		cmocka_unit_test(damage_is_told_of_the_chunk_that_has_it),
		cmocka_unit_test(an_error_is_the_callers),
		cmocka_unit_test(it_ends_with_work_to_do),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
