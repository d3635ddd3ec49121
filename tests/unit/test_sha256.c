/* SPDX-License-Identifier: MIT */
/* sha256.c against the answers that FIPS 180-4's examples and other tools give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"

static void expect(const void *data, size_t n, const char *hex)
{
	uint8_t d[SHA256_SZ];
	char text[65];

	sha256(d, data, n);
	for (size_t i = 0; i < SHA256_SZ; i++)
		snprintf(text + 2 * i, 3, "%02x", d[i]);
	assert_string_equal(text, hex);
}

static void published_examples_give_the_published_digests(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect(two, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void the_padding_is_right_around_a_block_s_end(void **state)
{
	char a[128];

	memset(a, 'a', sizeof(a));
	expect(a, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	expect(a, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	expect(a, 128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e");
}

static void a_source_of_a_policy_is_in_base64_and_quotes(void **state)
{
	char buf[SHA256_SOURCE_SZ];

	assert_string_equal(sha256_source(buf, "abc", 3),
			    "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples_give_the_published_digests),
		cmocka_unit_test(the_padding_is_right_around_a_block_s_end),
		cmocka_unit_test(a_source_of_a_policy_is_in_base64_and_quotes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
