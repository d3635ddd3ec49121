/* SPDX-License-Identifier: MIT */
/* test_otlp_config.c - URLs and OpenTelemetry's variables, right and wrong */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/otlp_config.h"

/* "NAME", "value", … NULL */
static const char *get(void *ctx, const char *name)
{
	for (const char *const *v = ctx; *v; v += 2)
		if (!strcmp(v[0], name))
			return v[1];
	return NULL;
}

#define ENV(...) ((void *)(const char *const[]){__VA_ARGS__, NULL})

static void url_is(const char *url, void *env, const char *want)
{
	struct otlp_config c;
	struct err err = {0};

	assert_int_equal(otlp_config_read(&c, url, get, env, &err), 0);
	assert_string_equal(c.url, want);
	otlp_config_release(&c);
}

static void fails(const char *url, void *env, const char *text)
{
	struct otlp_config c;
	struct err err = {0};

	assert_true(otlp_config_read(&c, url, get, env, &err) < 0);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" lacks \"%s\"", err.text, text);
}

#define NOTHING ((void *)(const char *const[]){NULL})

static void a_url_is_the_base_of_the_traces(void **state)
{
	url_is("http://localhost:4318", NOTHING, "http://localhost:4318/v1/traces");
	url_is("HTTPS://x/", NOTHING, "HTTPS://x/v1/traces");
	url_is("http://x/otlp//", NOTHING, "http://x/otlp/v1/traces");
	url_is("http://[::1]:4318", NOTHING, "http://[::1]:4318/v1/traces");
	url_is("http://x/v1/traces", NOTHING, "http://x/v1/traces");
}

static void variables_are_a_base_or_the_whole(void **state)
{
	url_is("env", ENV("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a/b"), "http://a/b/v1/traces");
	url_is("env", ENV("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a"), "http://a/");
	url_is("env", ENV("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a?key=1"),
	       "http://a?key=1");
	url_is("env",
	       ENV("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		   "http://b/way"),
	       "http://b/way");
	/* An empty one is none. */
	url_is("env",
	       ENV("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		   ""),
	       "http://a/v1/traces");
}

static void what_is_no_url_is_said(void **state)
{
	char large[4096] = "http://";

	memset(large + 7, 'x', sizeof(large) - 8);
	fails("", NOTHING, "not a URL");
	fails("localhost:4318", NOTHING, "not a URL");
	fails("ftp://x", NOTHING, "not a URL");
	fails("http://", NOTHING, "not a URL");
	fails("http://:4318", NOTHING, "not a URL");
	fails("http:///x", NOTHING, "not a URL");
	fails("http://x\n", NOTHING, "no URL has");
	fails("http://x y", NOTHING, "no URL has");
	fails("http://\xc3\xa4", NOTHING, "no URL has");
	fails("http://x#y", NOTHING, "#");
	fails("http://x?y", NOTHING, "?");
	fails("http://me:pw@x", NOTHING, "password");
	fails(large, NOTHING, "too long");
	fails("env", NOTHING, "neither");
	fails("env", ENV("OTEL_EXPORTER_OTLP_ENDPOINT", "x"), "OTEL_EXPORTER_OTLP_ENDPOINT");
	fails("env", ENV("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", large), "too long");
	fails("env",
	      ENV("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
	      "http/protobuf");
	url_is("http://x", ENV("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), "http://x/v1/traces");
}

static void headers_are_decoded_and_checked(void **state)
{
	struct otlp_config c;

	assert_int_equal(
		otlp_config_read(&c, "http://x", get,
				 ENV("OTEL_EXPORTER_OTLP_HEADERS", " a=b%20c , ,x-y = =%2c,empty="),
				 NULL),
		0);
	assert_int_equal(c.headers_nr, 3);
	assert_string_equal(c.headers[0], "a: b c");
	assert_string_equal(c.headers[1], "x-y: =,");
	assert_string_equal(c.headers[2], "empty: ");
	assert_null(c.headers[3]);
	otlp_config_release(&c);
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a=b,=c"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a b=c"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a:=c"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a=%0d%0ax: y"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a=%00"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a=%"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a=%4"), "no list of headers");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", "a=\nb"), "no list of headers");
}

static void headers_have_a_bound(void **state)
{
	char many[OTLP_HEADERS_MAX * 8 + 8];
	size_t n = 0;

	for (int i = 0; i <= OTLP_HEADERS_MAX; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "h%d=v,", i);
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_HEADERS", many), "more than 32");
}

static void the_rest_has_defaults_and_limits(void **state)
{
	struct otlp_config c;

	assert_int_equal(otlp_config_read(&c, "http://x", get, NOTHING, NULL), 0);
	assert_int_equal(c.timeout_ms, 10000);
	assert_true(c.gzip);
	assert_null(c.ca);
	otlp_config_release(&c);
	assert_int_equal(otlp_config_read(&c, "http://x", get,
					  ENV("OTEL_EXPORTER_OTLP_TIMEOUT", "1",
					      "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "25",
					      "OTEL_EXPORTER_OTLP_COMPRESSION", "none",
					      "OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca",
					      "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
					      "/cert", "OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key"),
					  NULL),
			 0);
	assert_int_equal(c.timeout_ms, 25);
	assert_false(c.gzip);
	assert_string_equal(c.ca, "/ca");
	assert_string_equal(c.cert, "/cert");
	assert_string_equal(c.key, "/key");
	otlp_config_release(&c);
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_TIMEOUT", "0"), "milliseconds");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_TIMEOUT", "-1"), "milliseconds");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_TIMEOUT", "1s"), "milliseconds");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_TIMEOUT", "99999999999999999999"),
	      "milliseconds");
	fails("http://x", ENV("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"), "gzip or none");
}

static void a_resource_is_a_list_and_a_name(void **state)
{
	struct otlp_resource r;
	struct err err = {0};

	assert_int_equal(otlp_resource_read(&r, get, NOTHING, NULL), 0);
	assert_int_equal(r.settings.nr, 0);
	otlp_resource_release(&r);
	assert_int_equal(
		otlp_resource_read(&r, get,
				   ENV("OTEL_SERVICE_NAME", "shop", "OTEL_RESOURCE_ATTRIBUTES",
				       "a=1%2C2,service.name=no,a=3"),
				   NULL),
		0);
	assert_int_equal(r.settings.nr, 2);
	assert_string_equal(r.v[0].key, "a");
	assert_string_equal(r.v[0].value, "3");
	assert_string_equal(r.v[1].value, "shop");
	otlp_resource_release(&r);
	assert_true(otlp_resource_read(&r, get, ENV("OTEL_RESOURCE_ATTRIBUTES", "a"), &err) < 0);
	assert_non_null(strstr(err.text, "OTEL_RESOURCE_ATTRIBUTES"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_the_base_of_the_traces),
		cmocka_unit_test(variables_are_a_base_or_the_whole),
		cmocka_unit_test(what_is_no_url_is_said),
		cmocka_unit_test(headers_are_decoded_and_checked),
		cmocka_unit_test(headers_have_a_bound),
		cmocka_unit_test(the_rest_has_defaults_and_limits),
		cmocka_unit_test(a_resource_is_a_list_and_a_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
