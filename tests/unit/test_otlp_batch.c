/* SPDX-License-Identifier: MIT */
/* test_otlp_batch.c - how large a request gets, and whose spans are where in it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "export/otlp_batch.h"

struct taken {
	size_t requests, spans, largest;
	char last[8192];
	int rc; /* what take returns */
};

static int take(void *to, const struct otlp_request *r, struct err *err)
{
	struct taken *t = to;
	size_t n = r->n < sizeof(t->last) - 1 ? r->n : sizeof(t->last) - 1;

	t->requests++;
	t->spans += r->spans;
	t->largest = r->n > t->largest ? r->n : t->largest;
	memcpy(t->last, r->bytes, n);
	t->last[n] = '\0';
	return t->rc;
}

static const struct capture_process processes[] = {
	{.pid = 7, .comm = "srv", .exe = "/opt/bin/server"}};
static const struct capture_info info = {
	.id = "c0ffee",
	.host = "h",
	.kernel = "6.1",
	.version = "v",
	.processes = processes,
	.processes_nr = 1,
};

struct fixture {
	struct taken taken;
	struct otlp_code code;
	struct otlp_batch b;
};

static void start(struct fixture *f, bool text, const struct otlp_settings *settings)
{
	*f = (struct fixture){.b = {.take = take, .to = &f->taken}};
	assert_int_equal(otlp_code_init(&f->code, text), 0);
	otlp_batch_init(&f->b, &f->code, &info, settings);
}

static void stop(struct fixture *f)
{
	otlp_batch_release(&f->b);
	otlp_code_release(&f->code);
}

static void a_request_is_full_at_a_number_of_spans(void **state)
{
	struct fixture f;

	start(&f, false, NULL);
	for (int i = 0; i < 2 * BATCH_SPANS + 1; i++)
		assert_int_equal(otlp_batch_add(&f.b, 7, "x", 1, NULL), 0);
	assert_int_equal(f.taken.requests, 2);
	assert_int_equal(otlp_batch_flush(&f.b, NULL), 0);
	assert_int_equal(otlp_batch_flush(&f.b, NULL), 0); /* no empty envelope */
	assert_int_equal(f.taken.requests, 3);
	assert_int_equal(f.taken.spans, 2 * BATCH_SPANS + 1);
	stop(&f);
}

static void a_request_is_full_at_a_number_of_bytes(void **state)
{
	enum { SZ = 100000 };
	char *span = calloc(1, SZ + 2 * BATCH_BYTES);
	struct fixture f;

	assert_non_null(span);
	start(&f, false, NULL);
	for (int i = 0; i < 25; i++)
		assert_int_equal(otlp_batch_add(&f.b, 7, span, SZ, NULL), 0);
	assert_int_equal(f.taken.requests, 2);
	assert_int_equal(f.taken.spans, 20);
	assert_true(f.taken.largest < BATCH_BYTES + 10000);
	/* One that is larger by itself goes alone. */
	assert_int_equal(otlp_batch_add(&f.b, 7, span, SZ + 2 * BATCH_BYTES, NULL), 0);
	assert_int_equal(f.taken.requests, 3);
	assert_int_equal(otlp_batch_flush(&f.b, NULL), 0);
	assert_int_equal(f.taken.requests, 4);
	assert_int_equal(f.taken.spans, 26);
	free(span);
	stop(&f);
}

static void spans_are_below_what_is_known_of_their_process(void **state)
{
	struct fixture f;

	start(&f, true, NULL);
	assert_int_equal(otlp_batch_name(&f.b, 8, "child\xff", NULL), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(otlp_batch_add(&f.b, 7 + i % 2, &"1234"[i], 1, NULL), 0);
	assert_int_equal(otlp_batch_flush(&f.b, NULL), 0);
	assert_string_equal(
		f.taken.last,
		"{\"resourceSpans\": [{\"resource\": {\"attributes\": ["
		"{\"key\": \"service.name\", \"value\": {\"stringValue\": "
		"\"unknown_service:srv\"}}, "
		"{\"key\": \"process.pid\", \"value\": {\"intValue\": \"7\"}}, "
		"{\"key\": \"process.executable.name\", \"value\": {\"stringValue\": \"server\"}}, "
		"{\"key\": \"process.executable.path\", \"value\": {\"stringValue\": "
		"\"/opt/bin/server\"}}, "
#define HOST                                                                                \
	"{\"key\": \"host.name\", \"value\": {\"stringValue\": \"h\"}}, "                   \
	"{\"key\": \"host.arch\", \"value\": {\"stringValue\": \"amd64\"}}, "               \
	"{\"key\": \"os.type\", \"value\": {\"stringValue\": \"linux\"}}, "                 \
	"{\"key\": \"os.version\", \"value\": {\"stringValue\": \"6.1\"}}, "                \
	"{\"key\": \"telemetry.sdk.name\", \"value\": {\"stringValue\": \"ctrace-bpf\"}}, " \
	"{\"key\": \"telemetry.sdk.language\", \"value\": {\"stringValue\": \"c\"}}, "      \
	"{\"key\": \"telemetry.sdk.version\", \"value\": {\"stringValue\": \"v\"}}]}, "     \
	"\"scopeSpans\": [{\"scope\": {\"name\": \"ctrace-bpf\", \"version\": \"v\", "      \
	"\"attributes\": [{\"key\": \"ctrace.capture.id\", \"value\": {\"stringValue\": "   \
	"\"c0ffee\"}}]}, "
		HOST "\"spans\": [1, 3]}]}, {\"resource\": {\"attributes\": ["
		"{\"key\": \"service.name\", \"value\": {\"stringValue\": "
		"\"unknown_service:child\xef\xbf\xbd\"}}, "
		"{\"key\": \"process.pid\", \"value\": {\"intValue\": \"8\"}}, "
		"{\"key\": \"process.executable.name\", \"value\": {\"stringValue\": "
		"\"child\xef\xbf\xbd\"}}, " HOST "\"spans\": [2, 4]}]}]}");
	stop(&f);
}

static void what_the_user_says_goes_before_what_is_known(void **state)
{
	static const struct otlp_attribute said[] = {{"service.name", "shop"}, {"host.name", "x"}};
	static const struct otlp_settings settings = {said, 2};
	struct fixture f;

	start(&f, true, &settings);
	assert_int_equal(otlp_batch_add(&f.b, 7, "1", 1, NULL), 0);
	assert_int_equal(otlp_batch_flush(&f.b, NULL), 0);
	assert_non_null(strstr(f.taken.last, "{\"key\": \"service.name\", \"value\": "
					     "{\"stringValue\": \"shop\"}}"));
	assert_null(strstr(f.taken.last, "unknown_service"));
	assert_null(strstr(strstr(f.taken.last, "host.name") + 1, "host.name"));
	stop(&f);
}

static void what_the_process_was_started_with_goes_before_its_name(void **state)
{
	static const struct capture_process started[] = {
		{7, "srv", "", 1, "cart", "service.name=no,team=a%20b,team=c,host.name=x,bad"}};
	const struct capture_info about = {.id = "",
					   .host = "h",
					   .kernel = "",
					   .version = "v",
					   .processes = started,
					   .processes_nr = 1};
	struct fixture f;

	start(&f, true, NULL);
	otlp_batch_init(&f.b, &f.code, &about, NULL);
	assert_int_equal(otlp_batch_add(&f.b, 7, "1", 1, NULL), 0);
	assert_int_equal(otlp_batch_flush(&f.b, NULL), 0);
	assert_non_null(strstr(f.taken.last,
			       "\"attributes\": [{\"key\": \"service.name\", \"value\": "
			       "{\"stringValue\": \"cart\"}}, {\"key\": \"team\", \"value\": "
			       "{\"stringValue\": \"a b\"}}, {\"key\": \"host.name\", \"value\": "
			       "{\"stringValue\": \"x\"}}, {\"key\": \"process.pid\""));
	assert_null(strstr(f.taken.last, "\"no\""));
	stop(&f);
}

static void of_several_captures_a_process_is_of_its_own_host(void **state)
{
	static const struct capture_part parts[] = {
		{.host = "one", .kernel = "6.1"},
		{.host = "two", .kernel = "6.2", .pid_add = 1000}};
	const struct capture_info about = {.id = "",
					   .host = "?",
					   .kernel = "?",
					   .version = "v",
					   .parts = parts,
					   .parts_nr = 2};
	struct fixture f;

	for (uint32_t i = 0; i < 2; i++) {
		start(&f, true, NULL);
		otlp_batch_init(&f.b, &f.code, &about, NULL);
		assert_int_equal(otlp_batch_add(&f.b, 7 + 1000 * i, "1", 1, NULL), 0);
		assert_int_equal(otlp_batch_flush(&f.b, NULL), 0);
		assert_non_null(strstr(f.taken.last, "{\"intValue\": \"7\"}"));
		assert_non_null(strstr(f.taken.last, i ? "\"two\"" : "\"one\""));
		assert_non_null(strstr(f.taken.last, i ? "\"6.2\"" : "\"6.1\""));
		stop(&f);
	}
}

static void a_request_that_is_not_taken_ends_the_run(void **state)
{
	struct fixture f;

	start(&f, false, NULL);
	f.taken.rc = -5;
	assert_int_equal(otlp_batch_add(&f.b, 7, "x", 1, NULL), 0);
	assert_int_equal(otlp_batch_flush(&f.b, NULL), -5);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_full_at_a_number_of_spans),
		cmocka_unit_test(a_request_is_full_at_a_number_of_bytes),
		cmocka_unit_test(spans_are_below_what_is_known_of_their_process),
		cmocka_unit_test(what_the_user_says_goes_before_what_is_known),
		cmocka_unit_test(what_the_process_was_started_with_goes_before_its_name),
		cmocka_unit_test(of_several_captures_a_process_is_of_its_own_host),
		cmocka_unit_test(a_request_that_is_not_taken_ends_the_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
