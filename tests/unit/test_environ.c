/* SPDX-License-Identifier: MIT */
/* test_environ.c - variables of a process, read from /proc */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/environ.h"

static pid_t child;

/* A process with an environment of ours, past its exec. */
static int start(void **state)
{
	static char large[5000] = "LARGE=";
	char *env[] = {"NAME_2=no",  "XNAME=no", "NAME=shop = 1\n", "EMPTY=", large,
		       "NAME=again", NULL};
	char *argv[] = {"sleep", "60", NULL};
	char value[8] = "";

	memset(large + 6, 'x', sizeof(large) - 7);
	child = fork();
	if (!child) {
		execve("/bin/sleep", argv, env);
		_exit(1);
	}
	for (int i = 0; child > 0 && i < 1000 && strcmp(value, "no") != 0; i++) {
		usleep(5000);
		environ_read((uint32_t)child, "NAME_2", value, sizeof(value));
	}
	return child < 0;
}

static int stop(void **state)
{
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) != child;
}

static void is(const char *name, size_t sz, const char *want)
{
	char value[8192] = "old";

	environ_read((uint32_t)child, name, value, sz);
	assert_string_equal(value, want);
}

static void a_variable_has_its_value(void **state)
{
	is("NAME", 64, "shop = 1\n");
	is("EMPTY", 64, "");
}

static void what_is_not_set_is_empty(void **state)
{
	is("NAM", 64, "");
	is("NAME=", 64, "");
	is("NOTHING", 64, "");
}

static void what_does_not_fit_is_left_out(void **state)
{
	is("NAME", 9, "");
	is("NAME", 10, "shop = 1\n");
	is("LARGE", 4096, "");
}

static void a_process_that_is_gone_has_none(void **state)
{
	char value[8] = "old";

	environ_read(UINT32_MAX, "NAME", value, sizeof(value));
	assert_string_equal(value, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_has_its_value),
		cmocka_unit_test(what_is_not_set_is_empty),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(a_process_that_is_gone_has_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start, stop);
}
