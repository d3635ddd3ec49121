/* SPDX-License-Identifier: MIT */
/* test_otlp_file.c - a file of spans becomes requests of a bounded size again */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/protobuf.h"
#include "net/otlp_file.h"

static char path[64];

struct taken {
	struct pb all;
	size_t requests, spans, largest;
	int rc;
};

static int take(void *to, const struct otlp_request *r, struct err *err)
{
	struct taken *t = to;

	pb_append(&t->all, r->bytes, r->n);
	t->requests++;
	t->spans += r->spans;
	t->largest = r->spans > t->largest ? r->spans : t->largest;
	return t->rc;
}

static int setup(void **state)
{
	int fd;

	strcpy(path, "/tmp/ctrace-spans.XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int teardown(void **state)
{
	return unlink(path);
}

static void put(const void *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* A ResourceSpans with so many spans. */
static void add(struct pb *pb, int spans)
{
	size_t at = pb_open(pb, 1), scope;

	pb_string(pb, 1, "resource");
	scope = pb_open(pb, 2);
	pb_string(pb, 1, "scope");
	for (int i = 0; i < spans; i++)
		pb_string(pb, 2, "a span");
	pb_close(pb, scope);
	pb_close(pb, at);
}

static void its_parts_are_handed_on_a_request_at_a_time(void **state)
{
	struct taken t = {.requests = 0};
	struct pb pb = {0};

	for (int i = 0; i < 100; i++)
		add(&pb, i % 3 ? 40 : 0);
	put(pb.bytes, pb.n);
	assert_int_equal(otlp_file_read(path, take, &t, NULL), 0);
	assert_int_equal(t.spans, 66 * 40);
	assert_int_equal(t.requests, 6);
	assert_true(t.largest <= 1024);
	assert_int_equal(t.all.n, pb.n);
	assert_memory_equal(t.all.bytes, pb.bytes, pb.n);
	pb_release(&pb);
	pb_release(&t.all);
}

static void an_empty_file_is_no_request(void **state)
{
	struct taken t = {.requests = 0};

	assert_int_equal(otlp_file_read(path, take, &t, NULL), 0);
	assert_int_equal(t.requests, 0);
}

static void what_is_whole_before_the_damage_is_handed_on(void **state)
{
	struct taken t = {.requests = 0};
	struct pb pb = {0};
	struct err err = {0};
	size_t whole;

	add(&pb, 3);
	whole = pb.n;
	add(&pb, 5);
	for (size_t n = whole + 1; n < pb.n; n++) {
		put(pb.bytes, n);
		t.all.n = t.spans = 0;
		assert_true(otlp_file_read(path, take, &t, &err) < 0);
		assert_int_equal(t.spans, 3);
		assert_int_equal(t.all.n, whole);
		assert_non_null(strstr(err.text, "no file of spans"));
	}
	pb_release(&pb);
	pb_release(&t.all);
}

static void a_length_that_cannot_be_takes_no_memory(void **state)
{
	struct taken t = {.requests = 0};
	struct err err = {0};

	put("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
	assert_true(otlp_file_read(path, take, &t, &err) == -EINVAL);
	put("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	assert_true(otlp_file_read(path, take, &t, &err) == -EINVAL);
	assert_int_equal(t.requests, 0);
}

static void a_request_that_is_not_taken_ends_it(void **state)
{
	struct taken t = {.rc = -5};
	struct pb pb = {0};

	add(&pb, 600);
	add(&pb, 600);
	put(pb.bytes, pb.n);
	assert_int_equal(otlp_file_read(path, take, &t, NULL), -5);
	assert_int_equal(t.requests, 1);
	pb_release(&pb);
	pb_release(&t.all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_parts_are_handed_on_a_request_at_a_time),
		TEST(an_empty_file_is_no_request),
		TEST(what_is_whole_before_the_damage_is_handed_on),
		TEST(a_length_that_cannot_be_takes_no_memory),
		TEST(a_request_that_is_not_taken_ends_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
