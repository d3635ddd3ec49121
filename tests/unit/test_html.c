/* SPDX-License-Identifier: MIT */
/*
 * html.c without a browser: how large a page gets, what is in it, and that no text of the capture
 * becomes markup. tests/web looks at the page itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "export/export.h"
#include "export/html_rows.h"
#include "export/html_strips.h"
#include "unit/runs.h"

#define MS   1000000ull
#define EVIL "</script><script>x<!--"

enum { TASKS = 60, NAMES = 120 };

static const struct capture_info info = {
	.host = "h",
	.kernel = "k",
	.command = "",
	.version = "v",
	.end_reason = "duration",
	.start_ts = 1000 * MS,
	.stop_ts = 1000 * MS + 960 * MS - 1,
};

static struct breakdown spent = {.ns = {[STATE_RUNNING] = 1 * MS, [STATE_LOCK] = 2 * MS}};

static struct span_task a_task(const char *name, uint64_t id, uint64_t ns)
{
	return (struct span_task){
		.pid = 7,
		.tid = 8,
		.id = id,
		.name = name,
		.row = name,
		.parent_name = "",
		.traceparent = "",
		.fail_message = "",
		.begin = info.start_ts + id,
		.end = info.start_ts + id + ns,
		.threads = 1,
		.spent = &spent,
	};
}

struct page {
	struct html_ctx ctx;
	char *text;
	size_t sz;
};

static int write_page(struct page *p, const struct summary *s, struct err *err)
{
	int rc;

	assert_int_equal(html_sink.end(&p->ctx, s, err), 0);
	p->ctx.out = open_memstream(&p->text, &p->sz);
	assert_non_null(p->ctx.out);
	rc = html_write(&p->ctx, s, err);
	fclose(p->ctx.out);
	html_release(&p->ctx);
	return rc;
}

/* nr names with TASKS tasks each, of 1 ms, 2 ms …, and the page of them. */
static void make_of(struct page *p, const struct capture_info *capture, const char *const *names,
		    size_t nr)
{
	struct summary_task *rows = calloc(nr, sizeof(*rows));
	struct summary s = {.capture = capture, .tasks = rows, .tasks_nr = nr};
	struct err err = {0};

	assert_non_null(rows);
	assert_int_equal(html_sink.begin(&p->ctx, capture, &err), 0);
	for (size_t i = 0; i < nr; i++) {
		rows[i] = (struct summary_task){.name = names[i], .count = TASKS};
		for (uint64_t k = 0; k < TASKS; k++) {
			struct span_task t = a_task(names[i], k + 1, (k + 1) * MS);

			assert_int_equal(html_sink.task(&p->ctx, &t, &err), 0);
		}
	}
	assert_int_equal(write_page(p, &s, &err), 0);
	free(rows);
}

static void make(struct page *p, const char *const *names, size_t nr)
{
	make_of(p, &info, names, nr);
}

static size_t times(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* Of what the page says that it left out. */
static uint64_t left_out(const struct page *p, const char *what)
{
	const char *at = strstr(p->text, "\"left_out\":{");
	char key[32];

	snprintf(key, sizeof(key), "\"%s\":", what);
	at = at ? strstr(at, key) : NULL;
	assert_non_null(at);
	return strtoull(at + strlen(key), NULL, 10);
}

static void many_names(char names[NAMES][64], const char *v[NAMES])
{
	for (int i = 0; i < NAMES; i++) {
		snprintf(names[i], 64, "task %d <%s>", i, EVIL);
		v[i] = names[i];
	}
}

static void a_page_is_no_larger_than_asked_and_says_what_it_leaves_out(void **state)
{
	static const size_t sizes[] = {160 << 10, 300 << 10, 1 << 20};
	char names[NAMES][64];
	const char *v[NAMES];
	size_t stories = 0, all = 0;

	many_names(names, v);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct page p = {.ctx = {.max_bytes = sizes[i]}};

		make(&p, v, NAMES);
		assert_true(p.sz <= sizes[i]);
		assert_true(p.sz > sizes[i] / 2);
		assert_null(strstr(p.text, "\"stories\":0}"));
		assert_true(times(p.text, "\"why\":") >= stories);
		stories = times(p.text, "\"why\":");
		assert_true(!all || stories + left_out(&p, "stories") == all);
		all = stories + left_out(&p, "stories");
		free(p.text);
	}
	assert_true(stories > NAMES);
}

static void a_small_page_leaves_nothing_out(void **state)
{
	const char *name = "GET /";
	struct page p = {0};

	make(&p, &name, 1);
	assert_non_null(strstr(p.text,
			       "\"left_out\":{\"tasks\":0,\"regions\":0,\"waits\":0,"
			       "\"threads\":0,\"processes\":0,\"strips\":0,\"stories\":0}"));
	free(p.text);
}

/* A tracer takes 4,096, and each has a path of up to 4,095 bytes. */
static void processes_leave_room_for_tasks(void **state)
{
	static char exe[2001];
	static struct capture_process processes[4096];
	struct capture_info capture = info;
	const char *name = "GET /";
	struct page p = {0};

	memset(exe, 'x', sizeof(exe) - 1);
	for (uint32_t i = 0; i < 4096; i++)
		processes[i] = (struct capture_process){.pid = i + 1, .comm = "c", .exe = exe};
	capture.processes = processes;
	capture.processes_nr = 4096;
	make_of(&p, &capture, &name, 1);
	assert_true(p.sz <= 5 << 20);
	assert_int_equal(times(p.text, "xxx\"") + left_out(&p, "processes"), 4096);
	assert_true(left_out(&p, "processes") < 4000);
	assert_int_equal(left_out(&p, "tasks"), 0);
	assert_int_equal(left_out(&p, "stories"), 0);
	free(p.text);
}

static void what_fits_into_no_page_is_an_error_and_no_page(void **state)
{
	static char command[200 << 10];
	struct capture_info capture = info;
	struct summary s = {.capture = &capture};
	struct page p = {.ctx = {.max_bytes = 200 << 10}};
	struct err err = {0};

	memset(command, 'x', sizeof(command) - 1);
	capture.command = command;
	assert_int_equal(html_sink.begin(&p.ctx, &capture, &err), 0);
	assert_int_equal(write_page(&p, &s, &err), -EFBIG);
	assert_non_null(strstr(err.text, "without a row in its tables, and 204800 are its limit"));
	assert_int_equal(p.sz, 0);
	free(p.text);
}

static void no_name_becomes_markup(void **state)
{
	const char *plain = "GET /", *evil = EVIL;
	struct page a = {0}, b = {0};

	make(&a, &plain, 1);
	make(&b, &evil, 1);
	assert_int_equal(times(a.text, "<"), times(b.text, "<"));
	assert_true(times(b.text, "\\u003c/script>\\u003cscript>x\\u003c!--") > 1);
	free(a.text);
	free(b.text);
}

/* Browsers read that twice as fast. */
static void page_is_plain_ascii(void **state)
{
	const char *name = "caf\u00e9 \U0001f525";
	struct page p = {0};

	make(&p, &name, 1);
	for (size_t i = 0; i < p.sz; i++)
		assert_false(p.text[i] & 0x80);
	assert_non_null(strstr(p.text, "caf\\u00e9 \\ud83d\\udd25"));
	free(p.text);
}

static void the_same_tasks_make_the_same_page(void **state)
{
	const char *names[] = {"a", "b"};
	struct page a = {0}, b = {0};

	make(&a, names, 2);
	make(&b, names, 2);
	assert_string_equal(a.text, b.text);
	free(a.text);
	free(b.text);
}

static void what_is_in_no_row_or_not_complete_is_in_no_bucket(void **state)
{
	struct html_ctx c = {0};
	struct span_task t[] = {a_task("a", 1, 4 * MS), a_task("b", 2, 9 * MS),
				a_task("a", 3, 9 * MS), a_task("a", 4, 9 * MS)};
	const struct html_name *n;
	struct html_bin **bins;

	t[0].row = t[1].row = NULL;
	t[2].flags = SPAN_UNFINISHED;
	assert_int_equal(html_sink.begin(&c, &info, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(html_sink.task(&c, &t[i], NULL), 0);
	assert_null(html_rows_find(c.rows, "b"));
	n = html_rows_find(c.rows, "a");
	assert_non_null(n);
	assert_int_equal(html_rows_bins(n, &bins), 1);
	assert_int_equal(bins[0]->count, 1);
	assert_int_equal(bins[0]->wall_ns, 9 * MS);
	assert_true(bins[0]->lo <= 9 * MS && 9 * MS < bins[0]->hi);
	free(bins);
	html_release(&c);
}

/* The model tells 4,096 names of tasks apart: what it says of the others, their bins say, too. */
static void names_beyond_the_bound_have_the_bins_of_their_row(void **state)
{
	const char *row = "(other names)",
		   *story = "{\"name\":\"(other names)\",\"why\":\"n4097 took ";
	struct page p = {.ctx = {.max_bytes = 64 << 20}};
	const struct sink sink = {&html_sink, &p.ctx};
	struct tape tape = {0};
	struct html_bin **bins;
	uint64_t count = 0;
	struct err err = {0};
	struct summary s;
	struct run r;
	long nr;

	tape_thread(&tape, 0, 1000, 7, 7);
	for (uint64_t i = 1; i <= 6000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", (int)i);
		tape_string(&tape, 0, 1000 + i * 100, 7, 7, 0x10000 + i, name);
		tape_task(&tape, 0, 1000 + i * 100, 7, WIRE_MARK_BEGIN, .id = i,
			  .name = 0x10000 + i);
		tape_task(&tape, 0, 1050 + i * 100, 7, WIRE_MARK_END, .id = i);
	}
	r = run_tape(&tape, 1000, 1000000, NULL, &sink, 1);
	assert_int_equal(task_of(r.s, row)->complete, 6000 - 4096);
	nr = html_rows_bins(html_rows_find(p.ctx.rows, row), &bins);
	for (long i = 0; i < nr; i++)
		count += bins[i]->count;
	assert_int_equal(count, 6000 - 4096);
	s = *r.s;
	s.capture = &info;
	assert_int_equal(write_page(&p, &s, &err), 0);
	assert_non_null(strstr(p.text, story));
	free(bins);
	free(p.text);
	model_free(r.m);
	tape_free(&tape);
}

/* Of many, each has the same chance; of those with steps and those without, the former go first. */
static void samples_have_steps_where_any_have(void **state)
{
	struct story_step step = {.kind = STORY_LOG, .comm = "", .name = "", .detail = ""};
	struct html_ctx c = {0};
	struct html_bin **bins;

	assert_int_equal(html_sink.begin(&c, &info, NULL), 0);
	for (uint64_t i = 0; i < 100; i++) {
		struct span_task t = a_task("a", i, 100 * MS);

		if (i % 20 == 19) {
			t.steps = &step;
			t.steps_nr = 1;
		}
		assert_int_equal(html_sink.task(&c, &t, NULL), 0);
	}
	assert_int_equal(html_rows_bins(html_rows_find(c.rows, "a"), &bins), 1);
	assert_int_equal(bins[0]->count, 100);
	for (int i = 0; i < HTML_SAMPLES; i++)
		assert_true(bins[0]->samples[i].steps);
	free(bins);
	html_release(&c);
}

/* 64 KiB a story, and 16 MiB of memory for them: 84 buckets' three fill it, then others come. */
static void when_memory_is_full_each_bucket_still_has_a_sample_and_the_rest_is_counted(void **state)
{
	enum { EARLY = 84, ALL = EARLY + 60 };
	static char message[(64 << 10) + 1], names[ALL][8];
	struct page p = {.ctx = {.max_bytes = 64 << 20}};
	struct summary_task rows[ALL] = {0};
	struct summary s = {.capture = &info, .tasks = rows, .tasks_nr = ALL};
	struct span_task slowest[3];
	struct err err = {0};

	memset(message, 'x', sizeof(message) - 1);
	assert_int_equal(html_sink.begin(&p.ctx, &info, &err), 0);
	for (size_t i = 0; i < ALL; i++) {
		snprintf(names[i], sizeof(names[i]), "t%zu", i);
		rows[i] = (struct summary_task){.name = names[i], .count = 3, .complete = 3};
		for (uint64_t k = 0; k < 3; k++) {
			struct span_task t = a_task(names[i], k + 1, 100 * MS);

			t.fail_message = message;
			slowest[k] = t;
			assert_int_equal(html_sink.task(&p.ctx, &t, &err), 0);
		}
	}
	rows[ALL - 1].slowest = slowest;
	rows[ALL - 1].slowest_nr = 3;
	assert_true(p.ctx.rows->held <= HTML_HELD_MAX);
	for (size_t i = 0; i < ALL; i++) {
		struct span_task late = a_task(names[i], 4, 100 * MS);
		struct html_bin **bins;
		unsigned int held;

		assert_int_equal(html_rows_bins(html_rows_find(p.ctx.rows, names[i]), &bins), 1);
		held = bins[0]->held;
		assert_true(held > 0);
		/* A small one that comes later has no better chance than those that were
		 * dropped. */
		assert_int_equal(html_sink.task(&p.ctx, &late, &err), 0);
		assert_int_equal(bins[0]->held, held);
		assert_non_null(bins[0]->samples[0].text);
		free(bins);
	}
	assert_int_equal(write_page(&p, &s, &err), 0);
	assert_true(times(p.text, "\"why\":") >= ALL);
	assert_int_equal(times(p.text, "\"why\":") + left_out(&p, "stories"), 3 * ALL);
	free(p.text);
}

/* The parent is the only one of its name that is told, since it has a path. */
static void long_children_of_a_slow_task_are_in_the_page(void **state)
{
	const struct span_stretch stretch = {.comm = ""};
	struct story_step step = {.kind = STORY_LOG, .comm = "", .name = "", .detail = ""};
	struct html_ctx c = {0};
	struct span_task t;

	assert_int_equal(html_sink.begin(&c, &info, NULL), 0);
	for (uint64_t i = 0; i < 9; i++) {
		t = a_task("child", 100 + i, (i == 8 ? 50 : 1) * MS);
		t.parent_id = 7 + (i & 1);
		t.steps = &step;
		t.steps_nr = 1;
		assert_int_equal(html_sink.task(&c, &t, NULL), 0);
	}
	t = a_task("parent", 8, 90 * MS);
	t.begin = info.start_ts;
	assert_int_equal(html_sink.task(&c, &t, NULL), 0);
	assert_int_equal(c.rows->children_nr, 0);
	t.id = 7;
	t.path = (struct span_path){.stretches = &stretch, .stretches_nr = 1};
	assert_int_equal(html_sink.task(&c, &t, NULL), 0);
	assert_int_equal(c.rows->children_nr, 1);
	assert_int_equal(c.rows->children[0].task.id, 108);
	assert_string_equal(c.rows->children[0].name->text, "child");
	html_release(&c);
}

static struct span_interval ran(const struct span_thread *t, uint64_t ms)
{
	return (struct span_interval){
		.thread = t, .state = STATE_RUNNING, .begin = t->begin, .end = t->begin + ms * MS};
}

/* 3,000 threads one after the other, of which the later ones run longer, and are more than fit. */
static void threads_that_ran_longest_have_strips(void **state)
{
	enum { ALL = 3000 };
	static struct summary_thread threads[ALL];
	const struct summary s = {.capture = &info, .threads = threads, .threads_nr = ALL};
	struct page p = {0};
	struct err err = {0};

	assert_int_equal(html_sink.begin(&p.ctx, &info, &err), 0);
	for (uint32_t i = 0; i < ALL; i++) {
		struct span_thread t = {.pid = 1, .tid = i + 1, .comm = "", .key = &threads[i]};
		struct span_interval iv;

		t.begin = info.start_ts;
		iv = ran(&t, 1 + i / 10);
		threads[i] = (struct summary_thread){
			.pid = 1, .tid = i + 1, .comm = "", .begin = t.begin, .end = iv.end};
		assert_int_equal(html_sink.interval(&p.ctx, &iv, &err), 0);
		assert_int_equal(html_sink.thread_end(&p.ctx, &t, &err), 0);
	}
	assert_int_equal(write_page(&p, &s, &err), 0);
	assert_non_null(strstr(p.text, "{\"pid\":1,\"tid\":3000,\"start_ns\":0,\"slices\":"));
	assert_non_null(strstr(p.text, "{\"pid\":1,\"tid\":2000,\"start_ns\":0,\"slices\":"));
	assert_null(strstr(p.text, "{\"pid\":1,\"tid\":1,\"start_ns\":0,\"slices\":"));
	assert_int_equal(times(p.text, "\"slices\":"), HTML_STRIPS_MAX);
	assert_int_equal(left_out(&p, "strips"), ALL - HTML_STRIPS_MAX);
	free(p.text);
}

/* All live at once: those that have no strip have not a part of one when others have ended. */
static void a_strip_is_of_all_of_a_life_and_goes_with_its_thread(void **state)
{
	enum { ALL = HTML_STRIPS_MAX + 50 };
	static struct summary_thread threads[ALL];
	struct summary s = {.capture = &info, .threads = threads, .threads_nr = ALL};
	struct page p = {.ctx = {.max_bytes = 230 << 10}};
	struct err err = {0};
	size_t rows;

	assert_int_equal(html_sink.begin(&p.ctx, &info, &err), 0);
	for (uint32_t i = 0; i < 2 * ALL; i++) {
		uint32_t nr = i % ALL;
		struct span_thread t = {.pid = 1, .tid = nr + 1, .comm = "", .key = &threads[nr]};
		struct span_interval iv;

		t.begin = info.start_ts;
		iv = ran(&t, 1);
		iv.begin += i < ALL ? 0 : MS;
		iv.end += i < ALL ? 0 : MS;
		threads[nr] = (struct summary_thread){
			.pid = 1, .tid = nr + 1, .comm = "", .begin = t.begin, .end = iv.end};
		assert_int_equal(html_sink.interval(&p.ctx, &iv, &err), 0);
		if (i >= ALL)
			assert_int_equal(html_sink.thread_end(&p.ctx, &t, &err), 0);
	}
	html_strips_sort(&p.ctx.rows->strips);
	assert_non_null(html_strips_find(&p.ctx.rows->strips, &threads[0]));
	assert_null(html_strips_find(&p.ctx.rows->strips, &threads[ALL - 1]));
	assert_int_equal(write_page(&p, &s, &err), 0);
	rows = ALL - left_out(&p, "threads");
	assert_true(rows > 0 && rows < ALL);
	assert_int_equal(times(p.text, "\"slices\":") + left_out(&p, "strips"), rows);
	free(p.text);
}

/* The trace is cut into 96 slices of 10 ms. */
static void a_strip_shows_the_state_of_which_there_was_most(void **state)
{
	struct span_thread thread = {.pid = 1,
				     .tid = 2,
				     .comm = "",
				     .begin = info.start_ts + 10 * MS,
				     .key = (const void *)5};
	struct html_strips s = {0};
	char text[HTML_SLICES + 1];
	const struct {
		enum state state;
		uint64_t begin, end;
	} v[] = {{STATE_RUNNING, 10, 14}, {STATE_LOCK, 14, 35}, {STATE_RUNNING, 35, 41}};

	html_strips_init(&s, &info);
	assert_int_equal(s.slice_ns, 10 * MS);
	for (size_t i = 0; i < 3; i++) {
		struct span_interval iv = {.thread = &thread,
					   .state = v[i].state,
					   .begin = info.start_ts + v[i].begin * MS,
					   .end = info.start_ts + v[i].end * MS};

		assert_int_equal(html_strips_add(&s, &iv), 0);
	}
	assert_int_equal(s.nr, 1);
	html_strip_text(s.v[0], text);
	assert_int_equal(strlen(text), HTML_SLICES);
	text[6] = '\0';
	assert_string_equal(text, "-jjaa-");
	html_strips_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_no_larger_than_asked_and_says_what_it_leaves_out),
		cmocka_unit_test(a_small_page_leaves_nothing_out),
		cmocka_unit_test(processes_leave_room_for_tasks),
		cmocka_unit_test(what_fits_into_no_page_is_an_error_and_no_page),
		cmocka_unit_test(no_name_becomes_markup),
		cmocka_unit_test(page_is_plain_ascii),
		cmocka_unit_test(the_same_tasks_make_the_same_page),
		cmocka_unit_test(what_is_in_no_row_or_not_complete_is_in_no_bucket),
		cmocka_unit_test(names_beyond_the_bound_have_the_bins_of_their_row),
		cmocka_unit_test(samples_have_steps_where_any_have),
		cmocka_unit_test(
			when_memory_is_full_each_bucket_still_has_a_sample_and_the_rest_is_counted),
		cmocka_unit_test(long_children_of_a_slow_task_are_in_the_page),
		cmocka_unit_test(threads_that_ran_longest_have_strips),
		cmocka_unit_test(a_strip_is_of_all_of_a_life_and_goes_with_its_thread),
		cmocka_unit_test(a_strip_shows_the_state_of_which_there_was_most),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
