/* SPDX-License-Identifier: MIT */
/*
 * test_text.c - what the report says, to a reader at any terminal
 *
 * The look of it is kept by tests/golden; here is what must hold for every summary.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/utf8.h"
#include "export/export.h"
#include "sample.h"

static char *report(const struct summary *s, struct text_ctx ctx)
{
	char *text = NULL;
	size_t n;

	ctx.out = open_memstream(&text, &n);
	assert_non_null(ctx.out);
	assert_int_equal(text_sink.end(&ctx, s, NULL), 0);
	fclose(ctx.out);
	return text;
}

/* Runs of spaces count as one: columns are the golden tests' affair. */
static bool found_with(const struct summary *s, const struct text_ctx *ctx, const char *want)
{
	char *text = report(s, *ctx), *to = text;
	bool yes;

	for (const char *from = text; *from; from++)
		if (*from != ' ' || to == text || to[-1] != ' ')
			*to++ = *from;
	*to = '\0';
	yes = strstr(text, want) != NULL;
	free(text);
	return yes;
}

static bool found(const struct summary *s, const char *want)
{
	return found_with(s, &(struct text_ctx){.width = 200}, want);
}

static void has(const struct summary *s, const char *want)
{
	if (!found(s, want))
		fail_msg("the report lacks: %s", want);
}

static void has_not(const struct summary *s, const char *want)
{
	if (found(s, want))
		fail_msg("the report has: %s", want);
}

static void the_header_says_who_how_long_and_when(void **state)
{
	has(&sample_summary, "demo-server (pid 1234, 4 threads) on web-7, traced for 5.00 s from "
			     "2026-03-14 12:01:03.456 UTC\n"
			     "Linux 6.18.5 x86-64, 2 CPUs; 184,233 events, 21,734 of them marks; "
			     "ended because the time was up\n"
			     "Nothing was lost.\n");
}

static void a_clean_trace_has_no_notes(void **state)
{
	has_not(&sample_summary, "Note:");
	has_not(&sample_summary, "LOST");
	has_not(&sample_summary, "tainted");
}

static void a_loss_is_said_with_its_reason_and_what_it_taints(void **state)
{
	static const struct capture_loss losses[] = {{"ring_full", 12000}, {"of_tomorrow", 345}};
	struct capture_info info = sample_capture;
	struct summary s = sample_summary;
	struct summary_task tasks[NR(sample_tasks)];

	info.losses = losses;
	info.losses_nr = 2;
	info.lost_total = 12345;
	memcpy(tasks, sample_tasks, sizeof(tasks));
	tasks[0].tainted = 14;
	s.capture = &info;
	s.tasks = tasks;
	s.all.ns[STATE_UNKNOWN] = 2300 * MS;
	has(&s, "LOST: 12,345 events, 6% of all.");
	has(&s, " 12,000 ring_full: the ring buffer had no room for a record\n 345 of_tomorrow\n");
	has(&s, "larger --ring-size");
	has(&s, "14 of 1,294 tasks were open meanwhile");
	has(&s, "2.30 s is unknown");
	has(&s, "tainted");
	has_not(&s, "Nothing was lost");
}

static void each_doubt_is_noted(void **state)
{
	static const struct summary_misuse misuse[] = {{"region ended twice", 3}};
	struct capture_info info = sample_capture;
	struct summary s = sample_summary;
	struct text_ctx ctx = {.width = 200, .filter = {.task = "GET \033", .min_ns = 5 * MS}};
	char *text;

	info.cut = true;
	s.capture = &info;
	s.late = 7;
	s.unknown_kinds = 8;
	s.bad_records = 9;
	s.misuse = misuse;
	s.misuse_nr = 1;
	has(&s, "No loss was recorded, but the capture is not whole");
	has_not(&s, "Nothing was lost");
	has(&s, "Note: the capture is cut off");
	has(&s, "contradict each other, which may come from what is missing here: region");
	has(&s, "too late for their place in time: 7.");
	has(&s, "what this ctrace-bpf does not know of the capture was left out: 8 events.");
	has(&s, "malformed events, skipped: 9.");
	has(&s, "region ended twice (3×)");
	ctx.damage.bad_chunks = 4;
	text = report(&s, ctx);
	assert_non_null(strstr(text, "only tasks named GET \\x1b of at least 5.00 ms are listed"));
	assert_non_null(strstr(text, "wrong checksum, skipped: 4."));
	free(text);
}

static void a_capture_that_is_not_whole_is_never_called_so(void **state)
{
	static const struct summary_misuse misuse[] = {{"region ended twice", 3}};
	static const struct export_damage damages[] = {
		{0},
		{.cut_bytes = 1},
		{.skipped_bytes = 1},
		{.bad_chunks = 1},
		{.unknown_chunks = 1},
		{.bad_records = 1},
	};
	struct capture_info info = sample_capture;
	struct summary s = sample_summary;

	s.capture = &info;
	s.misuse = misuse;
	s.misuse_nr = 1;
	has(&s, "Nothing was lost.\nNote: the application's marks contradict each other: region");
	for (size_t i = 0; i < NR(damages); i++) {
		struct text_ctx ctx = {.width = 200, .damage = damages[i]};

		info.cut = !i;
		assert_false(found_with(&s, &ctx, "Nothing was lost"));
		assert_true(found_with(&s, &ctx, "the capture is not whole: see the notes"));
		assert_true(found_with(&s, &ctx, "which may come from what is missing here: reg"));
	}
	info.lost_total = 5;
	has(&s, "which may come from what is missing here: region");
}

static void no_line_is_wider_than_the_terminal_and_no_row_is_dropped(void **state)
{
	static const char *const rows[] = {
		"\nGET /mess", "\nPOST /ord", "\ncache.Loo", "\nparse ", "\nqueue ",
		"\ndemo-work", "\nnetwork ",  "\nlock ",     "\ndisk ",	 "▶",
	};

	for (int width = 64; width < 220; width++) {
		char *text = report(&sample_summary, (struct text_ctx){.width = width}), *line;
		char *save = NULL;

		for (size_t i = 0; i < NR(rows); i++)
			assert_non_null(strstr(text, rows[i]));
		for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			assert_true(utf8_width(line) <= (size_t)width);
		free(text);
	}
}

static void colour_adds_escapes_and_nothing_else(void **state)
{
	char *plain = report(&sample_summary, (struct text_ctx){.width = 120});
	char *color = report(&sample_summary, (struct text_ctx){.width = 120, .color = true});
	char *to = color;

	assert_null(strchr(plain, '\033'));
	assert_non_null(strchr(color, '\033'));
	for (char *from = color; *from;) {
		if (*from == '\033')
			from = strchr(from, 'm') + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
	assert_string_equal(plain, color);
	free(plain);
	free(color);
}

/* Every string of the summary is the same hostile one. */
static void hostile_strings_cannot_act(void **state)
{
	static const char evil[] = "\033]0;x\a\n\r\xff\xe2\x80\xae<b>%s%n日本";
	static const struct capture_loss loss = {evil, 1};
	static const struct summary_misuse misuse = {evil, 1};
	struct capture_process process = {.pid = 1, .comm = evil, .exe = evil};
	struct capture_info info = sample_capture;
	struct summary_waker waker = {
		.comm = evil, .region = evil, .softirq = evil, .ctx = 1, .count = 1};
	struct span_culprit culprit = {.tid = 1, .comm = evil, .ns = 1000000};
	struct summary_wait cpu = {.state = STATE_PREEMPTED,
				   .resource = evil,
				   .region = evil,
				   .total_ns = 1000000,
				   .culprits = &culprit,
				   .culprits_nr = 1};
	struct summary_wait wait = sample_waits[1], waits[2];
	struct summary_region region = sample_regions[0];
	struct summary_thread thread = sample_threads[0];
	struct span_wait lock = sample_lock;
	struct story_step steps[NR(sample_steps)];
	struct span_task slow = sample_slow[0];
	struct summary_task task = sample_tasks[0];
	struct summary s = sample_summary;
	char *text;

	info.host = info.kernel = info.end_reason = evil;
	info.processes = &process;
	info.losses = &loss;
	info.losses_nr = 1;
	info.lost_total = 1;
	wait.resource = wait.region = evil;
	wait.wakers = &waker;
	wait.wakers_nr = 1;
	wait.peer = (struct span_peer){7, evil};
	waits[0] = wait;
	waits[1] = cpu;
	region.name = region.site = evil;
	thread.comm = evil;
	lock.resource = lock.syscall = lock.prev_comm = evil;
	lock.waker.comm = lock.waker.region = lock.waker.task = lock.waker.softirq = evil;
	lock.holder = lock.waker;
	lock.holder.tid = 1;
	lock.peer = (struct span_peer){7, evil};
	lock.culprits = &culprit;
	lock.culprits_nr = 1;
	memcpy(steps, sample_steps, sizeof(steps));
	for (size_t i = 0; i < NR(steps); i++) {
		steps[i].comm = steps[i].name = steps[i].detail = evil;
		steps[i].wait = steps[i].wait ? &lock : NULL;
	}
	slow.name = slow.parent_name = slow.traceparent = slow.fail_message = evil;
	slow.steps = steps;
	slow.threads = 2;
	slow.flags = SPAN_FAILED;
	task.name = evil;
	task.slowest = &slow;
	s.capture = &info;
	s.tasks = &task;
	s.regions = &region;
	s.threads = &thread;
	s.waits = waits;
	s.misuse = &misuse;
	s.tasks_nr = s.regions_nr = s.threads_nr = s.misuse_nr = 1;
	s.waits_nr = 2;
	for (int width = 40; width < 240; width += 7) {
		text = report(&s, (struct text_ctx){.width = width});
		for (const char *p = text; *p;) {
			uint32_t cp;
			int n = utf8_decode(p, &cp);

			assert_true(n && (cp >= ' ' || cp == '\n') && cp != 0x202e);
			p += n;
		}
		free(text);
	}
}

static void whom_an_interrupt_hit_is_not_named(void **state)
{
	struct summary_wait wait = sample_waits[0];
	struct summary s = sample_summary;

	has(&sample_summary, "waited for the network (socket [inet]), then 600 µs for a CPU\n");
	has(&sample_summary, " reply 2,300 2.95 s 9.60 ms\n");
	has_not(&sample_summary, "innocent");
	has_not(&sample_summary, "softirq");
	wait.state = STATE_LOCK;
	s.waits = &wait;
	s.waits_nr = 1;
	has(&s, " reply 2,300 2.95 s 9.60 ms a softirq\n");
}

static void the_softirq_that_ended_a_wait_is_named(void **state)
{
	const struct summary_waker by = {.comm = "",
					 .region = "",
					 .softirq = "NET_RX",
					 .ctx = WIRE_WAKER_SOFTIRQ,
					 .count = 2300};
	struct summary_wait wait = sample_waits[0];
	struct summary s = sample_summary;

	wait.state = STATE_POLL;
	wait.wakers = &by;
	wait.wakers_nr = 1;
	s.waits = &wait;
	s.waits_nr = 1;
	has(&s, " 9.60 ms softirq NET_RX\n");
}

static void a_wait_for_a_cpu_says_who_ran_and_a_pipe_who_is_at_its_end(void **state)
{
	const struct span_culprit by[] = {{.comm = "stress-ng", .tid = 7, .ns = 61},
					  {.comm = "", .tid = 8, .ns = 20},
					  {.comm = "cc1", .tid = 9, .ns = 1}};
	struct summary_wait waits[] = {{.state = STATE_PREEMPTED,
					.resource = "CPU",
					.region = "r",
					.total_ns = 100,
					.culprits = by,
					.culprits_nr = NR(by)},
				       {.state = STATE_IPC,
					.resource = "pipe 4711",
					.region = "r",
					.total_ns = 90,
					.peer = {77, "gzip"}}};
	struct summary s = sample_summary;

	s.waits = waits;
	s.waits_nr = NR(waits);
	has(&s, "ran stress-ng 61%, a thread 20%\n");
	has(&s, "pipe 4711 with gzip (77)");
}

static void who_ran_is_told_by_name(void **state)
{
	const struct span_culprit by[] = {{.comm = "one", .tid = 1, .ns = 34},
					  {.comm = "cc1", .tid = 2, .ns = 20},
					  {.comm = "worker-1", .tid = 3, .ns = 18},
					  {.comm = "cc1", .tid = 4, .ns = 17},
					  {.comm = "worker-22", .tid = 5, .ns = 11}};
	struct summary_wait wait = {.state = STATE_RUNNABLE,
				    .resource = "CPU",
				    .region = "r",
				    .total_ns = 100,
				    .culprits = by,
				    .culprits_nr = NR(by)};
	struct summary s = sample_summary;

	s.waits = &wait;
	s.waits_nr = 1;
	has(&s, "ran cc1 37%, one 34%, worker-* 29%\n");
}

static void a_thread_that_was_not_there_in_a_window_is_not_listed(void **state)
{
	const struct summary_thread threads[] = {{.pid = 1,
						  .tid = 1,
						  .comm = "there",
						  .end = MS,
						  .spent = {.ns = {[STATE_POLL] = MS}}},
						 {.pid = 1, .tid = 2, .comm = "gone"}};
	struct capture_info info = sample_capture;
	struct summary s = sample_summary;

	s.capture = &info;
	s.threads = threads;
	s.threads_nr = NR(threads);
	has(&s, "\ngone ");
	info.window = true;
	has(&s, "\nthere ");
	has_not(&s, "\ngone ");
}

static void wakers_of_one_name_are_one(void **state)
{
	struct summary_waker wakers[] = {
		{.comm = "app", .region = "locked", .softirq = "", .tid = 1, .ctx = 1, .count = 9},
		{.comm = "app", .region = "locked", .softirq = "", .tid = 2, .ctx = 1, .count = 8},
		{.comm = "app", .region = "locked", .softirq = "", .tid = 3, .ctx = 1, .count = 7},
	};
	struct text_ctx all = {.width = 200, .filter = {.region = "cache.Lookup"}};
	struct summary_wait wait = sample_waits[1];
	struct summary s = sample_summary;

	wait.count = 24;
	wait.wakers = wakers;
	wait.wakers_nr = NR(wakers);
	s.waits = &wait;
	s.waits_nr = 1;
	has(&s, "71.0 ms app in locked\n");
	wakers[0].comm = "app-12";
	wakers[2].comm = "app-7";
	has(&s, "71.0 ms 67% app-* in locked\n");
	wakers[2].region = "";
	has(&s, "71.0 ms 38% app-12 in locked, 33% app in locked\n");
	assert_true(found_with(&s, &all,
			       "71.0 ms 38% app-12 in locked, 33% app in locked, 29% app-7\n"));
	wakers[0].count = 12; /* half of them: that says enough */
	has(&s, "71.0 ms 50% app-12 in locked\n");
}

static void a_region_asked_for_has_its_waits_alone(void **state)
{
	struct text_ctx ctx = {.width = 200, .filter = {.region = "cache.Lookup"}};

	assert_true(found_with(&sample_summary, &ctx, "\nWAITS"));
	assert_true(found_with(&sample_summary, &ctx, "\nlock futex 0x7f12a4c0 cache.Lookup"));
	assert_false(found_with(&sample_summary, &ctx, "\nnetwork"));
	assert_false(found_with(&sample_summary, &ctx, "\ndisk"));
	assert_true(found_with(
		&sample_summary, &ctx,
		"TASKS, THREADS, CRITICAL PATHS and SLOWEST TASKS cover the whole trace."));
	ctx.filter.region = "parse"; /* it waited for nothing */
	assert_false(found_with(&sample_summary, &ctx, "\nWAITS"));
}

static void a_filter_names_what_it_does_not_choose(void **state)
{
	static const struct summary_stack stack = {.ns = 1};
	struct text_ctx ctx = {.width = 200, .filter = {.task = "GET /messages"}};
	struct summary s = sample_summary;

	assert_true(found_with(&s, &ctx, "; REGIONS, THREADS and WAITS cover the whole trace."));
	s.stacks = &stack;
	s.stacks_nr = 1;
	assert_true(found_with(&s, &ctx,
			       "; REGIONS, THREADS, WAITS and STACKS cover the whole trace."));
	ctx.filter.region = "parse";
	assert_true(found_with(&s, &ctx, "; THREADS cover the whole trace."));
}

static void what_is_open_may_have_lost_its_end(void **state)
{
	struct capture_info info = *sample_summary.capture;
	struct summary s = sample_summary;

	s.capture = &info;
	info.lost_total = 0;
	has(&s, " open when the trace began or ended: the time");
	info.cut = true;
	has(&s, " open when the trace began or ended, or ");
	info.cut = false;
	info.lost_total = 1;
	has(&s, " open when the trace began or ended, or ");
}

static void a_filter_that_matches_nothing_says_so(void **state)
{
	static const char *const names[] = {"GET \033", "b", "c", "d", "e", "f", "g", "h", "i"};
	struct text_ctx ctx = {.width = 200, .filter = {.task = "nosuch", .region = "nil"}};
	struct summary s = sample_summary;

	s.tasks_nr = s.regions_nr = 0;
	assert_true(found_with(&s, &ctx, "Note: no task is named nosuch; there are none.\n"));
	s.tasks_unlisted = s.regions_unlisted = names;
	s.tasks_unlisted_nr = 2;
	s.regions_unlisted_nr = NR(names);
	assert_true(found_with(&s, &ctx, "no task is named nosuch; there are: GET \\x1b, b.\n"));
	assert_true(found_with(&s, &ctx,
			       "no region is named nil; there are: GET \\x1b, b, c, d, e, "
			       "f, g, h and more.\n"));
	ctx.filter = (struct export_filter){.min_ns = 7 * MS};
	assert_true(found_with(&s, &ctx, "Note: no task took 7.00 ms.\n"));
	s.unlisted_max_ns = 6 * MS;
	assert_true(found_with(&s, &ctx, "no task took 7.00 ms; the longest took 6.00 ms.\n"));
	ctx.filter.task = "x";
	assert_true(found_with(&s, &ctx, "no task named x took 7.00 ms; the longest took 6.00"));
	assert_false(found_with(&sample_summary, &ctx, "Note: no "));
}

static void the_end_is_told_in_words(void **state)
{
	static const struct {
		const char *reason, *text;
	} ends[] = {
		{"command-exit", "; ended because the command exited\n"},
		{"target-exit", "; ended because the process exited\n"},
		{"interrupted", "; ended because it was interrupted\n"},
		{"disk-full", "; ended because the disk was full\n"},
		{"write-error", "; ended because the capture could not be written\n"},
		{"of-tomorrow", "; ended: of-tomorrow\n"},
	};
	struct capture_info info = sample_capture;
	struct summary s = sample_summary;

	s.capture = &info;
	for (size_t i = 0; i < NR(ends); i++) {
		info.end_reason = ends[i].reason;
		has(&s, ends[i].text);
	}
}

static void a_step_tells_the_cpu_from_what_was_waited_for(void **state)
{
	struct span_wait waits[2];
	struct story_step steps[2];
	struct span_task slow = sample_slow[0];
	struct summary_task task = sample_tasks[0];
	struct summary s = sample_summary;

	for (size_t i = 0; i < 2; i++) {
		waits[i] = sample_send;
		waits[i].state = STATE_DISK;
		waits[i].prev_tid = 77;
		waits[i].prev_comm = "app";
		waits[i].woken = waits[i].begin + (1 + i) * MS;
		steps[i] = sample_steps[5];
		steps[i].wait = &waits[i];
	}
	slow.steps = steps;
	slow.steps_nr = 1;
	task.slowest = &slow;
	s.tasks = &task;
	s.tasks_nr = 1;
	has(&s, "waited 8.60 ms for a CPU, after 1.00 ms for the disk (socket [inet]); until then "
		"its CPU ran app (77)\n");
	slow.steps_nr = 2;
	has(&s, "waited 16.2 ms for a CPU, after it waited for the disk (socket [inet]) 2 times, "
		"the longest 2.00 ms\n");
	waits[0].woken = waits[0].end - 1 * MS;
	waits[1].woken = waits[1].end - 1 * MS;
	has(&s, "waited for the disk (socket [inet]) 2 times, the longest 8.60 ms, and 2.00 ms for "
		"a CPU, once woken\n");
}

static void no_terminal_is_narrower_than_forty_columns(void **state)
{
	char *narrow = report(&sample_summary, (struct text_ctx){.width = 12});
	char *forty = report(&sample_summary, (struct text_ctx){.width = 40});

	assert_string_equal(narrow, forty);
	free(narrow);
	free(forty);
}

static void a_narrow_list_of_waits_keeps_where_and_how_long(void **state)
{
	char *text = report(&sample_summary, (struct text_ctx){.width = 60}), *waits;

	waits = strstr(text, "\nWAITS");
	assert_non_null(waits);
	*strchr(waits + 1, '\n') = '\0';
	assert_non_null(strstr(waits, "in region"));
	assert_non_null(strstr(waits, "total"));
	assert_null(strstr(waits, "ended by"));
	free(text);
}

static void without_marks_the_reader_learns_how_to_add_them(void **state)
{
	struct summary s = sample_summary;

	s.tasks_nr = s.regions_nr = 0;
	s.marks = 0;
	has(&s, "#include <ctrace/ctrace.h>");
	has(&s, "\nTHREADS");
	has(&s, "\nWAITS");
	has_not(&s, "SLOWEST");
	has_not(&sample_summary, "#include");
}

static void many_threads_are_shown_by_name(void **state)
{
	struct summary_thread threads[200];
	char comms[200][16];
	struct summary s = sample_summary;

	for (uint32_t i = 0; i < 200; i++) {
		snprintf(comms[i], sizeof(comms[i]), i < 150 ? "worker-%u" : "io/%u", i);
		threads[i] = (struct summary_thread){
			.pid = 1,
			.tid = 1000 + i,
			.comm = i == 199 ? "alone7" : comms[i],
			.spent = {.ns = {[STATE_RUNNING] = 2 * MS, [STATE_POLL] = 8 * MS}},
			.voluntary = 10};
	}
	s.threads = threads;
	s.threads_nr = 200;
	s.threads_left_out = 5;
	s.all = (struct breakdown){.ns = {[STATE_RUNNING] = 410 * MS, [STATE_POLL] = 1600 * MS}};
	has(&s, "worker-* 150 300 ms 1,500 poll 80% running 20%\n");
	has(&s, "io/* 49 98.0 ms");
	has(&s, "alone7 ");
	has(&s, "\nlock, poll and network include waiting for work to do.\n");
	/* All threads less those of the list: 10 ms of running. */
	has(&s, "(exited threads) 5 10.0 ms");
}

static void a_number_in_a_name_that_all_have_stays(void **state)
{
	struct summary_thread threads[20];
	struct summary s = sample_summary;

	for (uint32_t i = 0; i < 20; i++)
		threads[i] = (struct summary_thread){
			.pid = 1, .tid = 1 + i, .comm = "python3", .spent.ns[STATE_RUNNING] = MS};
	s.threads = threads;
	s.threads_nr = 20;
	has(&s, "\npython3 20 20.0 ms ");
}

static void slowest_asks_for_more_stories(void **state)
{
	struct span_task slow[3] = {sample_slow[0], sample_slow[0], sample_slow[0]};
	struct summary_task tasks[8];
	struct summary s = sample_summary;
	char *text;
	int stories = 0;

	for (size_t i = 0; i < NR(tasks); i++) {
		tasks[i] = sample_tasks[0];
		tasks[i].slowest = slow;
		tasks[i].slowest_nr = 3;
	}
	s.tasks = tasks;
	s.tasks_nr = NR(tasks);
	text = report(&s, (struct text_ctx){.width = 100});
	for (const char *p = text; (p = strstr(p, "GET /messages took")); p++)
		stories++;
	assert_int_equal(stories, 5);
	free(text);
	text = report(&s, (struct text_ctx){.width = 100, .slowest = 2});
	stories = 0;
	for (const char *p = text; (p = strstr(p, "GET /messages took")); p++)
		stories++;
	assert_int_equal(stories, 16);
	free(text);
}

static void a_long_story_keeps_its_longest_steps_in_order(void **state)
{
	static struct story_step steps[60];
	struct span_task slow = sample_slow[0];
	struct summary_task task = sample_tasks[0];
	struct summary s = sample_summary;
	char *text;

	for (size_t i = 0; i < NR(steps); i++) {
		uint64_t begin = slow.begin + i * MS;

		steps[i] = (struct story_step){.kind = STORY_CHILD,
					       .begin = begin,
					       .comm = "",
					       .detail = "",
					       .name = i % 5 ? "short" : "long",
					       .end = begin + (i % 5 ? 10 * US : 900 * US)};
	}
	slow.steps = steps;
	slow.steps_nr = NR(steps);
	slow.steps_left_out = 1000;
	task.slowest = &slow;
	s.tasks = &task;
	s.tasks_nr = 1;
	text = report(&s, (struct text_ctx){.width = 100});
	assert_non_null(strstr(text, "+55.00 ms    900 µs    child task long"));
	assert_non_null(strstr(text, "… and 1,044 shorter steps"));
	free(text);
}

static void an_empty_trace_is_a_report_too(void **state)
{
	const struct capture_info info = {
		.host = "", .kernel = "", .command = "", .version = "", .end_reason = ""};
	const struct summary s = {.capture = &info};

	has(&s, "No process, traced for 0 ns");
	has_not(&s, "THREADS");
}

static void a_full_disk_is_an_error_with_a_sentence(void **state)
{
	struct text_ctx ctx = {.out = fopen("/dev/full", "w"), .width = 80};
	struct err err = {0};

	if (!ctx.out)
		skip();
	assert_int_equal(text_sink.end(&ctx, &sample_summary, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "cannot write the report"));
	fclose(ctx.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_says_who_how_long_and_when),
		cmocka_unit_test(a_clean_trace_has_no_notes),
		cmocka_unit_test(a_loss_is_said_with_its_reason_and_what_it_taints),
		cmocka_unit_test(each_doubt_is_noted),
		cmocka_unit_test(a_capture_that_is_not_whole_is_never_called_so),
		cmocka_unit_test(no_line_is_wider_than_the_terminal_and_no_row_is_dropped),
		cmocka_unit_test(colour_adds_escapes_and_nothing_else),
		cmocka_unit_test(hostile_strings_cannot_act),
		cmocka_unit_test(whom_an_interrupt_hit_is_not_named),
		cmocka_unit_test(the_softirq_that_ended_a_wait_is_named),
		cmocka_unit_test(a_wait_for_a_cpu_says_who_ran_and_a_pipe_who_is_at_its_end),
		cmocka_unit_test(wakers_of_one_name_are_one),
		cmocka_unit_test(a_region_asked_for_has_its_waits_alone),
		cmocka_unit_test(a_filter_names_what_it_does_not_choose),
		cmocka_unit_test(what_is_open_may_have_lost_its_end),
		cmocka_unit_test(a_filter_that_matches_nothing_says_so),
		cmocka_unit_test(the_end_is_told_in_words),
		cmocka_unit_test(a_step_tells_the_cpu_from_what_was_waited_for),
		cmocka_unit_test(no_terminal_is_narrower_than_forty_columns),
		cmocka_unit_test(a_narrow_list_of_waits_keeps_where_and_how_long),
		cmocka_unit_test(without_marks_the_reader_learns_how_to_add_them),
		cmocka_unit_test(many_threads_are_shown_by_name),
		cmocka_unit_test(who_ran_is_told_by_name),
		cmocka_unit_test(a_thread_that_was_not_there_in_a_window_is_not_listed),
		cmocka_unit_test(a_number_in_a_name_that_all_have_stays),
		cmocka_unit_test(slowest_asks_for_more_stories),
		cmocka_unit_test(a_long_story_keeps_its_longest_steps_in_order),
		cmocka_unit_test(an_empty_trace_is_a_report_too),
		cmocka_unit_test(a_full_disk_is_an_error_with_a_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
