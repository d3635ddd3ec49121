/* SPDX-License-Identifier: MIT */
/* test_term.c - hostile text is shown, never obeyed; width and colour follow the terminal. */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/term.h"

static void shown_as(const char *src, const char *want)
{
	char out[256];

	assert_ptr_equal(term_escape(out, sizeof(out), src), out);
	assert_string_equal(out, want);
}

static void plain_text_in_any_language_stays(void **state)
{
	shown_as("", "");
	shown_as("nginx: worker #1", "nginx: worker #1");
	shown_as("Größe 世界 🦀 עברית", "Größe 世界 🦀 עברית");
	shown_as("C:\\x", "C:\\x");
}

static void control_bytes_become_hex(void **state)
{
	shown_as("a\x1b[31mred\r\n\t\x7f", "a\\x1b[31mred\\x0d\\x0a\\x09\\x7f");
	shown_as("\x01\x1f", "\\x01\\x1f");
}

static void invalid_utf8_becomes_hex_byte_by_byte(void **state)
{
	shown_as("\x9b"
		 "31m",
		 "\\x9b31m");				      /* C1 CSI as one byte */
	shown_as("\xc0\xaf", "\\xc0\\xaf");		      /* overlong '/' */
	shown_as("\xe0\x80\xaf", "\\xe0\\x80\\xaf");	      /* overlong '/' */
	shown_as("\xed\xa0\x80", "\\xed\\xa0\\x80");	      /* surrogate */
	shown_as("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	shown_as("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
	shown_as("a\xe4\xb8", "a\\xe4\\xb8"); /* cut by the end */
	shown_as("\xe4z", "\\xe4z");
	shown_as("\xff\xfe", "\\xff\\xfe");
}

static void characters_that_reorder_or_hide_are_named(void **state)
{
	shown_as("\u202e"
		 "txt.exe",
		 "\\u{202e}txt.exe");
	shown_as("a\u2066b\u2069", "a\\u{2066}b\\u{2069}");
	shown_as("\u200b\u200f\u061c\ufeff\u00ad", "\\u{200b}\\u{200f}\\u{61c}\\u{feff}\\u{ad}");
	shown_as("\xc2\x9b"
		 "31m",
		 "\\u{9b}31m"); /* C1 CSI as a character */
	shown_as("\xc2\x80\xc2\x9f\xc2\xa0!", "\\u{80}\\u{9f}\xc2\xa0!");
	shown_as("\u2028\u2029", "\\u{2028}\\u{2029}");
	shown_as("\U000e0041", "\\u{e0041}");
	shown_as("\u2027\u202f\u2070", "\u2027\u202f\u2070"); /* just outside the ranges */
}

static void cut_text_never_ends_inside_a_character_or_an_escape(void **state)
{
	static const char src[] = "ab\xe4\xb8\x96\x1b\u202e.";
	char whole[64], out[64];

	term_escape(whole, sizeof(whole), src);
	for (size_t sz = 1; sz <= strlen(whole) + 1; sz++) {
		size_t n;

		memset(out, 'Z', sizeof(out));
		term_escape(out, sz, src);
		n = strlen(out);
		assert_true(n < sz);
		assert_memory_equal(out, whole, n);
		assert_int_equal(out[sz], 'Z');
		assert_true(n == 0 || n == 1 || n == 2 || n == 5 || n == 9 || n == 17 || n == 18);
	}
	out[0] = 'Z';
	term_escape(out, 0, src);
	assert_int_equal(out[0], 'Z');
}

static void every_output_is_free_of_control_bytes(void **state)
{
	char src[8], out[64];

	for (unsigned i = 0; i < 0x10000; i++) {
		src[0] = (char)(i >> 8);
		src[1] = (char)i;
		src[2] = (char)(i * 7);
		src[3] = '\0';
		term_escape(out, sizeof(out), src);
		for (const char *p = out; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	}
}

static void width_is_that_of_the_terminal_unless_columns_says_otherwise(void **state)
{
	struct winsize ws = {.ws_row = 50, .ws_col = 133};
	int master, slave, pipefd[2];

	unsetenv("COLUMNS");
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &ws), 0);
	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(term_width(slave), 133);
	assert_int_equal(term_width(pipefd[1]), 80);
	setenv("COLUMNS", "60", 1);
	assert_int_equal(term_width(slave), 60);
	assert_int_equal(term_width(pipefd[1]), 60);
	for (const char **bad = (const char *[]){"", "x", "60x", "-1", "3", "99999999999", NULL};
	     *bad; bad++) {
		setenv("COLUMNS", *bad, 1);
		assert_int_equal(term_width(slave), 133);
	}
	unsetenv("COLUMNS");
	ws.ws_col = 7;
	ioctl(master, TIOCSWINSZ, &ws);
	assert_int_equal(term_width(slave), 20);
	ws.ws_col = 0;
	ioctl(master, TIOCSWINSZ, &ws);
	assert_int_equal(term_width(slave), 80);
	close(master);
	close(slave);
	close(pipefd[0]);
	close(pipefd[1]);
}

static void colour_goes_only_to_a_terminal_that_wants_it(void **state)
{
	int master, slave, pipefd[2];

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(pipe(pipefd), 0);
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm-256color", 1);
	assert_true(term_color(slave));
	assert_false(term_color(pipefd[1]));
	setenv("NO_COLOR", "", 1); /* no-color.org: only a value that is not empty counts */
	assert_true(term_color(slave));
	setenv("NO_COLOR", "1", 1);
	assert_false(term_color(slave));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(term_color(slave));
	unsetenv("TERM");
	assert_false(term_color(slave));
	close(master);
	close(slave);
	close(pipefd[0]);
	close(pipefd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_in_any_language_stays),
		cmocka_unit_test(control_bytes_become_hex),
		cmocka_unit_test(invalid_utf8_becomes_hex_byte_by_byte),
		cmocka_unit_test(characters_that_reorder_or_hide_are_named),
		cmocka_unit_test(cut_text_never_ends_inside_a_character_or_an_escape),
		cmocka_unit_test(every_output_is_free_of_control_bytes),
		cmocka_unit_test(width_is_that_of_the_terminal_unless_columns_says_otherwise),
		cmocka_unit_test(colour_goes_only_to_a_terminal_that_wants_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
