/* SPDX-License-Identifier: MIT */
/* test_apart.c - what is done apart comes back whole, or is over in time; and it may do little */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/apart.h"

struct taken {
	char text[256];
	size_t nr, enough;
};

static int take(void *ctx, const void *message, size_t n)
{
	struct taken *t = ctx;

	strncat(t->text, message, n < 100 ? n : 100);
	strcat(t->text, ";");
	return ++t->nr == t->enough;
}

static void two_words(void *ctx, FILE *out)
{
	apart_send(out, "hello", 5);
	apart_send(out, "world", 5);
}

static void messages_come_in_their_order(void **state)
{
	struct taken t = {0};

	assert_int_equal(apart_run(two_words, NULL, take, &t, 10), 0);
	assert_string_equal(t.text, "hello;world;");
}

static void taker_may_have_enough(void **state)
{
	struct taken t = {.enough = 1};

	assert_int_equal(apart_run(two_words, NULL, take, &t, 10), 0);
	assert_string_equal(t.text, "hello;");
}

static void die(void *ctx, FILE *out)
{
	apart_send(out, "hello", 5);
	fflush(out);
	abort();
}

static void death_is_an_error_and_what_came_before_it_counts(void **state)
{
	struct taken t = {0};

	assert_int_equal(apart_run(die, NULL, take, &t, 10), -EPROTO);
	assert_string_equal(t.text, "hello;");
}

static void hang(void *ctx, FILE *out)
{
	for (;;)
		pause();
}

static void hanging_is_over_in_time_and_leaves_nobody(void **state)
{
	struct taken t = {0};

	assert_int_equal(apart_run(hang, NULL, take, &t, 1), -EPROTO);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void lie(void *ctx, FILE *out)
{
	const uint32_t n = UINT32_MAX;

	fwrite(&n, sizeof(n), 1, out);
	fwrite("xxxxxxxxxxxx", 12, 1, out);
}

static void length_that_cannot_be_is_an_error(void **state)
{
	struct taken t = {0};

	assert_int_equal(apart_run(lie, NULL, take, &t, 10), -EPROTO);
	assert_int_equal(t.nr, 0);
}

static void message_that_is_too_long_is_not_sent(void **state)
{
	static char big[APART_MESSAGE_MAX + 1];
	FILE *f = tmpfile();

	assert_true(apart_send(f, big, APART_MESSAGE_MAX));
	assert_false(apart_send(f, big, APART_MESSAGE_MAX + 1));
	assert_false(apart_send(f, big, 0));
	fclose(f);
}

/* Says which of the things that it should not be able to do it could. */
static void try_things(void *ctx, FILE *out)
{
	char text[128] = "tried", *path = ctx;
	int fd;

	if (!geteuid() || !getegid())
		strcat(text, " is-root");
	if (!setuid(0))
		strcat(text, " becomes-root");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		strcat(text, " reads-private");
	fd = open("/proc/1/maps", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text + 100, 1) > 0)
		strcat(text, " reads-init");
	apart_send(out, text, strlen(text));
}

static void privileges_are_gone(void **state)
{
	char path[] = "/tmp/test_apart.XXXXXX";
	struct taken t = {0};
	int fd = mkstemp(path);

	if (geteuid()) {
		close(fd);
		unlink(path);
		skip();
	}
	assert_int_equal(apart_run(try_things, path, take, &t, 10), 0);
	assert_string_equal(t.text, "tried;");
	close(fd);
	unlink(path);
}

static void write_a_file(void *ctx, FILE *out)
{
	signal(SIGXFSZ, SIG_IGN);
	apart_send(out, write(*(int *)ctx, "x", 1) == 1 ? "written" : "refused", 7);
}

static void no_file_can_be_written_even_if_it_is_open(void **state)
{
	struct taken t = {0};
	FILE *f = tmpfile();
	int fd = fileno(f);

	assert_int_equal(apart_run(write_a_file, &fd, take, &t, 10), 0);
	assert_string_equal(t.text, "refused;");
	fclose(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_in_their_order),
		cmocka_unit_test(taker_may_have_enough),
		cmocka_unit_test(death_is_an_error_and_what_came_before_it_counts),
		cmocka_unit_test(hanging_is_over_in_time_and_leaves_nobody),
		cmocka_unit_test(length_that_cannot_be_is_an_error),
		cmocka_unit_test(message_that_is_too_long_is_not_sent),
		cmocka_unit_test(privileges_are_gone),
		cmocka_unit_test(no_file_can_be_written_even_if_it_is_open),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
