/* SPDX-License-Identifier: MIT */
/* test_socktext.c - sockets in words */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/socktext.h"

static char own[512], row[512];

static void v4(uint16_t local, uint16_t peer, uint8_t protocol, uint8_t state)
{
	struct wire_resource r = {.family = 2,
				  .protocol = protocol,
				  .sk_state = state,
				  .local = {10, 0, 0, 5},
				  .peer = {10, 0, 0, 9},
				  .local_port = local,
				  .peer_port = peer};

	socktext_inet(own, row, sizeof(own), &r);
}

static void v6(const char *local, const char *want)
{
	struct wire_resource r = {.family = 10, .protocol = 6, .local_port = 80};

	memcpy(r.local, local, 16);
	socktext_inet(own, row, sizeof(own), &r);
	assert_string_equal(own, want);
}

static void a_row_leaves_out_the_port_that_the_kernel_chose(void **state)
{
	v4(53218, 5432, 6, 1);
	assert_string_equal(own, "tcp 10.0.0.5:53218 to 10.0.0.9:5432");
	assert_string_equal(row, "tcp to 10.0.0.9:5432");
	v4(443, 53218, 6, 1);
	assert_string_equal(row, "tcp at 10.0.0.5:443");
	v4(40001, 40002, 17, 1);
	assert_string_equal(row, "udp 10.0.0.5:40001 to 10.0.0.9:40002");
}

static void a_socket_without_a_peer_listens_or_is_bound(void **state)
{
	v4(80, 0, 6, 10);
	assert_string_equal(own, "tcp 10.0.0.5:80, listening");
	v4(53, 0, 17, 7);
	assert_string_equal(own, "udp 10.0.0.5:53");
	assert_string_equal(row, own);
	v4(53, 0, 99, 7);
	assert_string_equal(own, "inet 10.0.0.5:53");
}

static void addresses_of_ipv6_are_written_short(void **state)
{
	v6("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "tcp [::]:80");
	v6("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "tcp [::1]:80");
	v6("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", "tcp [2001:db8::7]:80");
	v6("\x20\1\xd\xb8\0\0\0\1\0\0\0\0\0\0\0\0", "tcp [2001:db8:0:1::]:80");
	v6("\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\0", "tcp [1:2:3:4:5:6:7:0]:80");
	v6("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", "tcp 127.0.0.1:80");
}

static void unix_text(const char *path, size_t n, const char *want, const char *want_row)
{
	struct {
		struct wire_resource r;
		char path[112];
	} rec = {.r = {.id = 4711, .n = (uint16_t)n}};

	memcpy(rec.path, path, n);
	socktext_unix(own, row, sizeof(own), &rec.r);
	assert_string_equal(own, want);
	assert_string_equal(row, want_row);
}

static void a_unix_socket_goes_by_its_path_or_its_number(void **state)
{
	unix_text("/run/x.sock", 12, "unix /run/x.sock", "unix /run/x.sock");
	unix_text("\0bus", 4, "unix @bus", "unix @bus");
	/* One without a name is new each time: its row goes by the descriptor. */
	unix_text("", 0, "unix socket 4711", "");
}

static void what_does_not_fit_is_cut(void **state)
{
	struct wire_resource r = {.family = 10, .protocol = 6, .local_port = 80, .peer_port = 9};

	memset(r.local, 0x11, 16);
	memset(r.peer, 0x22, 16);
	memset(own, 'x', sizeof(own));
	socktext_inet(own, row, 10, &r);
	assert_int_equal(strlen(own), 9);
	assert_int_equal(own[10], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_leaves_out_the_port_that_the_kernel_chose),
		cmocka_unit_test(a_socket_without_a_peer_listens_or_is_bound),
		cmocka_unit_test(addresses_of_ipv6_are_written_short),
		cmocka_unit_test(a_unix_socket_goes_by_its_path_or_its_number),
		cmocka_unit_test(what_does_not_fit_is_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
