/* SPDX-License-Identifier: MIT */
/* test_blame_words.c - chains and critical paths in words: nothing untrusted, nothing unsaid */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "export/blame_words.h"

#define MS 1000000ull

static char text[1024];
static struct strbuf b;

static struct strbuf *fresh(void)
{
	strbuf_init(&b, text, sizeof(text));
	return &b;
}

static struct span_link link_to(const char *comm, uint32_t depth, enum state state, uint64_t ns)
{
	return (struct span_link){
		.depth = depth,
		.comm = comm,
		.tid = depth,
		.state = state,
		.region = "",
		.task = "",
		.resource = "",
		.by = "",
		.ns = ns * MS,
		.self_ns = ns * MS,
	};
}

static void chain_is_told_down_its_largest_links(void **state)
{
	struct span_link v[] = {
		link_to("alice", 0, STATE_LOCK, 100), link_to("bob", 1, STATE_LOCK, 70),
		link_to("carol", 2, STATE_DISK, 65),  link_to("carol", 2, STATE_RUNNING, 5),
		link_to("bob", 1, STATE_RUNNING, 29), link_to("bob", 1, STATE_PREEMPTED, 1),
	};
	struct span_wait w = {.chain = v, .chain_nr = 6};

	v[1].region = "parse";
	v[1].self_ns = 0;
	v[2].resource = "file \033[31m";
	words_chain(fresh(), &w);
	assert_string_equal(text,
			    "bob waited for a lock in parse for 70.0 ms, while carol waited for "
			    "the disk (file \\x1b[31m) for 65.0 ms, and ran for 29.0 ms");
	w.chain_nr = 0;
	words_chain(fresh(), &w);
	assert_string_equal(text, "");
}

static void end_of_a_chain_is_said_and_what_was_inferred(void **state)
{
	struct span_link l = link_to("bob", 1, STATE_IPC, 10);

	l.ended = BLAME_UNTRACED;
	l.by = "redis";
	words_link(fresh(), &l);
	assert_string_equal(text,
			    "bob waited for another process or thread; ended by redis, not traced");
	l.ended = BLAME_FORGOTTEN;
	l.inferred = true;
	l.comm = "";
	words_link(fresh(), &l);
	assert_string_equal(text, "probably thread 1 waited for another process or thread; what it "
				  "waited for is too long ago");
	l.ended = BLAME_BOUND;
	l.self_ns = 0; /* deeper links tell all of it */
	words_link(fresh(), &l);
	assert_string_equal(text, "probably thread 1 waited for another process or thread");
}

static void path_names_its_largest_causes(void **state)
{
	const struct span_blame parts[] = {
		{.state = STATE_RUNNING,
		 .comm = "rebuild",
		 .region = "rebuild-index",
		 .resource = "",
		 .by = "",
		 .behind = true,
		 .own_state = STATE_LOCK,
		 .own_region = "table",
		 .ns = 60},
		{.state = STATE_DISK,
		 .comm = "a",
		 .region = "",
		 .resource = "file",
		 .by = "",
		 .ns = 30,
		 .own_region = "",
		 .ended = BLAME_INTERRUPT},
		{.state = STATE_SLEEP,
		 .comm = "w-*",
		 .region = "",
		 .resource = "sleep",
		 .by = "",
		 .idle = true,
		 .inferred = true,
		 .own_region = "",
		 .ns = 6,
		 .ended = BLAME_INTERRUPT},
		{.state = STATE_POLL,
		 .comm = "a",
		 .region = "",
		 .resource = "",
		 .by = "",
		 .ns = 4,
		 .own_region = ""},
	};
	struct span_path p = {.parts = parts, .parts_nr = 4};

	p.ns[STATE_RUNNING] = 100;
	assert_int_equal(words_path(fresh(), &p, 9), 3);
	assert_string_equal(text,
			    "60% running in rebuild-index by rebuild, behind lock in table; "
			    "30% disk (file); 6% sleep by w-* (probably), before it was taken up");
	assert_int_equal(words_path(fresh(), &p, 1), 1);
	p.parts_nr = 0;
	assert_int_equal(words_path(fresh(), &p, 9), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain_is_told_down_its_largest_links),
		cmocka_unit_test(end_of_a_chain_is_said_and_what_was_inferred),
		cmocka_unit_test(path_names_its_largest_causes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
