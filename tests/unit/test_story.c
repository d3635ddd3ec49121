/* SPDX-License-Identifier: MIT */
/* test_story.c - why a task was slow, word for word, for each kind of reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "export/lines.h"
#include "export/story.h"
#include "sample.h"

static void sentence_is(const struct span_task *task, const char *want)
{
	char buf[STORY_SZ];

	const int n = story_sentence(buf, sizeof(buf), task);

	assert_string_equal(buf, want);
	assert_int_equal(n, strlen(want));
}

/* Which step the report marks as the costliest; NULL: none. */
static void marked(const struct span_task *task, const struct story_step *want)
{
	struct line lines[64];
	size_t nr = lines_gather(task, lines);
	const struct line *mark;

	lines_choose(task, lines, nr, 16);
	mark = lines_costliest(task, lines, nr);
	assert_ptr_equal(mark ? mark->step : NULL, want);
}

/* A task of 100 ms from SAMPLE_START on. */
static struct span_task task_of(const struct breakdown *spent, const struct story_step *steps,
				size_t nr)
{
	return (struct span_task){
		.pid = 1,
		.tid = 2,
		.id = 3,
		.name = "job",
		.parent_name = "",
		.traceparent = "",
		.fail_message = "",
		.begin = SAMPLE_START,
		.end = SAMPLE_START + 100 * MS,
		.threads = 1,
		.spent = spent,
		.steps = steps,
		.steps_nr = nr,
	};
}

/* A wait of thread 2 from `from` to `to` ms, woken `queued` ms before its end. */
static struct span_wait wait_of(enum state state, uint64_t from, uint64_t to, uint64_t queued)
{
	return (struct span_wait){
		.state = state,
		.begin = SAMPLE_START + from * MS,
		.woken = SAMPLE_START + (to - queued) * MS,
		.end = SAMPLE_START + to * MS,
		.nr = -1,
		.syscall = "",
		.resource = "",
		.peer = {.comm = ""},
		.holder = {.softirq = "", .comm = "", .region = "", .task = ""},
		.kernel = "",
		.waker = {.softirq = "", .comm = "", .region = "", .task = ""},
		.prev_comm = "",
	};
}

static struct story_step step_of(const struct span_wait *wait)
{
	return (struct story_step){.kind = STORY_WAIT,
				   .begin = wait->begin,
				   .end = wait->end,
				   .depth = 1,
				   .tid = 2,
				   .comm = "w",
				   .name = "",
				   .detail = "",
				   .wait = wait};
}

static struct story_step region_of(const char *name, uint64_t from, uint64_t to, uint32_t depth,
				   const struct breakdown *spent)
{
	return (struct story_step){.kind = STORY_REGION,
				   .begin = SAMPLE_START + from * MS,
				   .end = SAMPLE_START + to * MS,
				   .depth = depth,
				   .tid = 2,
				   .comm = "w",
				   .name = name,
				   .detail = "",
				   .spent = spent};
}

static void one_long_wait_is_named_with_its_region_and_its_waker(void **state)
{
	sentence_is(&sample_slow[0],
		    "GET /messages took 84.2 ms; 84% of it was one wait: 71.0 ms for a lock (futex "
		    "0x7f12a4c0) in region cache.Lookup. The wait was ended by demo-worker-3, then "
		    "in region rebuild-index.");
	marked(&sample_slow[0], &sample_steps[2]);
}

static void a_wait_without_a_known_waker_is_followed_by_the_rest(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_DISK] = 75 * MS,
					       [STATE_RUNNING] = 15 * MS,
					       [STATE_NETWORK] = 5 * MS,
					       [STATE_RUNNABLE] = 5 * MS}};
	const struct span_wait w = wait_of(STATE_DISK, 10, 90, 5);
	const struct story_step step = step_of(&w);
	const struct span_task task = task_of(&spent, &step, 1);

	/* The 5 ms for a CPU are a part of the 80 %. */
	sentence_is(&task, "job took 100 ms; 80% of it was one wait: 75.0 ms for the disk, then "
			   "5.00 ms for a CPU. The rest: running 15%, network 5%.");
}

static void an_interrupt_is_no_thread(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_LOCK] = 90 * MS, [STATE_RUNNING] = 10 * MS}};
	struct span_wait w = wait_of(STATE_LOCK, 10, 90, 0);
	const struct story_step step = step_of(&w);
	const struct span_task task = task_of(&spent, &step, 1);

	w.resource = "lock (x) 7";
	w.waker.ctx = WIRE_WAKER_SOFTIRQ;
	w.waker.tid = 99;
	w.waker.comm = "innocent";
	sentence_is(&task, "job took 100 ms; 80% of it was one wait: 80.0 ms for a lock "
			   "(lock [x] 7). The wait was ended by a softirq.");
}

static void who_held_the_lock_and_who_is_at_the_other_end_are_told(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_LOCK] = 90 * MS, [STATE_RUNNING] = 10 * MS}};
	struct span_wait w = wait_of(STATE_LOCK, 10, 90, 0);
	const struct story_step step = step_of(&w);
	const struct span_task task = task_of(&spent, &step, 1);

	w.resource = "futex table+0x10 in server";
	w.holder.tid = 5;
	w.holder.ctx = WIRE_WAKER_TASK;
	w.holder.comm = "rebuild";
	w.holder.region = "rebuild-index";
	w.waker.ctx = WIRE_WAKER_SOFTIRQ;
	w.waker.softirq = "TIMER";
	sentence_is(&task,
		    "job took 100 ms; 80% of it was one wait: 80.0 ms for a lock (futex table+0x10 "
		    "in server), held by rebuild in rebuild-index (hint). The wait was ended by "
		    "softirq TIMER.");
	w.holder.tid = 0;
	w.resource = "pipe 4711";
	w.peer = (struct span_peer){77, "gzip"};
	sentence_is(&task,
		    "job took 100 ms; 80% of it was one wait: 80.0 ms for a lock (pipe 4711) "
		    "with gzip (77). The wait was ended by softirq TIMER.");
}

static void who_had_the_cpu_is_told_with_its_time(void **state)
{
	const struct breakdown spent = {
		.ns = {[STATE_PREEMPTED] = 90 * MS, [STATE_RUNNING] = 10 * MS}};
	const struct span_culprit by[] = {
		{7, 7, "stress-ng", 50 * MS}, {8, 8, "", 20 * MS}, {9, 9, "cc1", 5 * MS}};
	struct span_wait w = wait_of(STATE_PREEMPTED, 10, 90, 0);
	const struct story_step step = step_of(&w);
	const struct span_task task = task_of(&spent, &step, 1);

	w.culprits = by;
	w.culprits_nr = NR(by);
	w.culprits_others_ns = 1 * MS;
	sentence_is(&task,
		    "job took 100 ms; 80% of it was one wait: 80.0 ms for the CPU it had lost "
		    "to others. Meanwhile its CPU ran stress-ng (7) 50.0 ms, thread (8) 20.0 ms "
		    "and others 6.00 ms.");
	w.culprits_nr = 2; /* the rest is nobody's yet */
	w.cpu_idle_ns = 1 * MS;
	sentence_is(&task,
		    "job took 100 ms; 80% of it was one wait: 80.0 ms for the CPU it had lost "
		    "to others. Meanwhile its CPU ran stress-ng (7) 50.0 ms, thread (8) 20.0 ms "
		    "and others 1.00 ms (of 8.00 ms it is not known).");
}

static void who_had_the_cpu_is_summed_over_several_waits(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_PREEMPTED] = 60 * MS,
					       [STATE_LOCK] = 5 * MS,
					       [STATE_RUNNING] = 35 * MS}};
	const struct span_culprit first[] = {{7, 7, "stress-ng", 18 * MS}, {9, 9, "cc1", 2 * MS}};
	const struct span_culprit second[] = {{9, 9, "cc1", 19 * MS}, {8, 8, "ld", 1 * MS}};
	struct span_wait waits[] = {wait_of(STATE_PREEMPTED, 10, 30, 0),
				    wait_of(STATE_LOCK, 50, 75, 20),
				    wait_of(STATE_PREEMPTED, 76, 96, 0)};
	const struct story_step steps[] = {step_of(&waits[0]), step_of(&waits[1]),
					   step_of(&waits[2])};
	const struct span_task task = task_of(&spent, steps, 3);

	waits[0].culprits = first;
	waits[0].culprits_nr = NR(first);
	waits[1].culprits = second;
	waits[1].culprits_nr = NR(second);
	waits[1].prev_tid = 3; /* who left it last is not asked for */
	waits[1].prev_comm = "app";
	sentence_is(
		&task,
		"job took 100 ms; it spent 60% of its time waiting for a CPU, the longest wait "
		"20.0 ms. "
		"Meanwhile its CPU ran cc1 (9) 21.0 ms, stress-ng (7) 18.0 ms and others 1.00 ms "
		"(of 20.0 ms it is not known). The rest: running 35%, lock 5%.");
}

static void an_interrupt_is_not_told_of_what_ends_so_anyway(void **state)
{
	static const enum state states[] = {STATE_DISK, STATE_NETWORK, STATE_SLEEP};
	const struct breakdown spent = {
		.ns = {[STATE_NETWORK] = 90 * MS, [STATE_RUNNING] = 10 * MS}};
	char buf[STORY_SZ];

	for (size_t i = 0; i < NR(states); i++) {
		struct span_wait w = wait_of(states[i], 10, 90, 0);
		const struct story_step step = step_of(&w);
		const struct span_task task = task_of(&spent, &step, 1);

		w.waker.ctx = WIRE_WAKER_HARDIRQ;
		story_sentence(buf, sizeof(buf), &task);
		assert_null(strstr(buf, "ended by"));
		w.waker.ctx = WIRE_WAKER_TASK;
		w.waker.comm = "peer";
		story_sentence(buf, sizeof(buf), &task);
		assert_non_null(strstr(buf, "ended by peer."));
	}
}

static void time_in_the_queue_for_a_cpu_is_told_apart(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_LOCK] = 30 * MS,
					       [STATE_RUNNABLE] = 50 * MS,
					       [STATE_RUNNING] = 20 * MS}};
	struct span_wait w = wait_of(STATE_LOCK, 10, 90, 50);
	const struct story_step step = step_of(&w);
	const struct span_task task = task_of(&spent, &step, 1);

	w.prev_tid = 77;
	w.prev_comm = "stress-ng";
	sentence_is(&task,
		    "job took 100 ms; 80% of it was one wait: 50.0 ms ready, waiting for a CPU, "
		    "after 30.0 ms for a lock. Until then its CPU ran stress-ng (77).");
	w.woken = w.end - 20 * MS;
	w.prev_tid = 0;
	sentence_is(&task, "job took 100 ms; 80% of it was one wait: 60.0 ms for a lock, then "
			   "20.0 ms for a CPU. The rest: runnable 30%, running 20%.");
}

static void what_is_not_the_disk_is_not_blamed_on_it(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_DISK] = 12 * MS,
					       [STATE_RUNNABLE] = 68 * MS,
					       [STATE_RUNNING] = 20 * MS}};
	struct span_wait w[] = {wait_of(STATE_DISK, 0, 35, 34), wait_of(STATE_DISK, 40, 50, 0),
				wait_of(STATE_DISK, 55, 90, 34)};
	const struct story_step steps[] = {step_of(&w[0]), step_of(&w[1]), step_of(&w[2])};
	const struct span_task task = task_of(&spent, steps, NR(steps));
	struct line lines[NR(steps)];

	w[0].prev_tid = w[2].prev_tid = 77;
	w[0].prev_comm = w[2].prev_comm = "app";
	sentence_is(&task, "job took 100 ms; it spent 68% of its time waiting for a CPU, the "
			   "longest wait 34.0 ms, after 1.00 ms for the disk. Waits of 68.0 ms "
			   "ended when app (77) left the CPU to it. The rest: running 20%, disk "
			   "12%.");
	assert_int_equal(lines_gather(&task, lines), 1);
	assert_int_equal(lines[0].nr, 3);
	assert_int_equal(lines[0].ns, 80 * MS);
	assert_int_equal(lines[0].ready, 68 * MS);
	assert_int_equal(lines[0].longest, 10 * MS);
}

static void many_waits_of_a_kind_are_one_reason(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_NETWORK] = 63 * MS,
					       [STATE_RUNNING] = 30 * MS,
					       [STATE_LOCK] = 7 * MS}};
	const struct breakdown fetch = {
		.ns = {[STATE_NETWORK] = 30 * MS, [STATE_RUNNING] = 5 * MS}};
	const struct span_wait w[] = {wait_of(STATE_NETWORK, 10, 40, 0),
				      wait_of(STATE_NETWORK, 50, 75, 0)};
	const struct story_step steps[] = {region_of("fetch", 9, 44, 0, &fetch), step_of(&w[0]),
					   step_of(&w[1])};
	const struct span_task task = task_of(&spent, steps, 3);

	sentence_is(&task, "job took 100 ms; it spent 63% of its time waiting for the network, "
			   "the longest wait 30.0 ms in region fetch. The rest: running 30%, "
			   "lock 7%.");
}

static void running_names_the_region_that_ran_itself(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_RUNNING] = 95 * MS, [STATE_DISK] = 5 * MS},
					.over = {.syscall_ns = 60 * MS}};
	const struct breakdown outer = {.ns = {[STATE_RUNNING] = 90 * MS}};
	const struct breakdown inner = {.ns = {[STATE_RUNNING] = 70 * MS}};
	const struct story_step steps[] = {region_of("outer", 0, 90, 0, &outer),
					   region_of("inner", 10, 80, 1, &inner)};
	const struct span_task task = task_of(&spent, steps, 2);

	sentence_is(&task, "job took 100 ms; it spent 95% of its time running on a CPU, 70.0 ms in "
			   "region inner, 60.0 ms in system calls. The rest: disk 5%.");
	marked(&task, &steps[1]);
}

static void lack_of_a_cpu_is_one_reason_and_has_a_suspect(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_RUNNABLE] = 25 * MS,
					       [STATE_PREEMPTED] = 30 * MS,
					       [STATE_RUNNING] = 40 * MS,
					       [STATE_DISK] = 5 * MS}};
	struct span_wait w = wait_of(STATE_PREEMPTED, 10, 40, 0);
	const struct story_step step = step_of(&w);
	struct span_task task = task_of(&spent, NULL, 0);

	sentence_is(&task, "job took 100 ms; it spent 55% of its time waiting for a CPU. The rest: "
			   "running 40%, disk 5%.");
	marked(&task, NULL);
	task.steps = &step;
	task.steps_nr = 1;
	w.prev_tid = 77;
	w.prev_comm = "stress-ng";
	sentence_is(&task, "job took 100 ms; it spent 55% of its time waiting for a CPU, the "
			   "longest wait 30.0 ms. Waits of 30.0 ms ended when stress-ng (77) left "
			   "the CPU to it. The rest: "
			   "running 40%, disk 5%.");
}

static void idle_time_is_explained_by_a_child(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_RUNNING] = 20 * MS}};
	const struct story_step child = {.kind = STORY_CHILD,
					 .begin = SAMPLE_START + 10 * MS,
					 .end = SAMPLE_START + 80 * MS,
					 .comm = "",
					 .detail = "",
					 .name = "auth"};
	struct span_task task = task_of(&spent, &child, 1);

	task.idle_ns = 80 * MS;
	sentence_is(&task, "job took 100 ms; during 80% of its time no thread worked for it, while "
			   "its child auth took 70.0 ms. The rest: running 20%.");
}

static void the_answer_of_a_child_is_what_was_waited_for(void **state)
{
	const struct breakdown spent = {
		.ns = {[STATE_NETWORK] = 90 * MS, [STATE_RUNNING] = 10 * MS}};
	struct span_wait w = wait_of(STATE_NETWORK, 5, 95, 0);
	struct story_step steps[] = {{.kind = STORY_CHILD,
				      .begin = SAMPLE_START + 6 * MS,
				      .end = SAMPLE_START + 94 * MS,
				      .comm = "",
				      .detail = "",
				      .name = "serve"},
				     step_of(&w)};
	const struct span_task task = task_of(&spent, steps, 2);

	w.waker.ctx = WIRE_WAKER_SOFTIRQ;
	sentence_is(&task, "job took 100 ms; 90% of it was one wait: 90.0 ms for the network. "
			   "Meanwhile its child serve took 88.0 ms.");
	steps[0].begin = SAMPLE_START + 92 * MS;
	sentence_is(&task, "job took 100 ms; 90% of it was one wait: 90.0 ms for the network. Its "
			   "child serve began only 87.0 ms later, and took 2.00 ms.");
}

static void waits_in_a_row_for_one_thing_are_one_line(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_RUNNABLE] = 60 * MS}};
	const struct span_wait w[] = {
		wait_of(STATE_PREEMPTED, 0, 20, 0), wait_of(STATE_PREEMPTED, 25, 45, 0),
		wait_of(STATE_DISK, 50, 80, 0), wait_of(STATE_PREEMPTED, 85, 86, 0)};
	const struct story_step steps[] = {step_of(&w[0]), step_of(&w[1]), step_of(&w[2]),
					   step_of(&w[3])};
	const struct span_task task = task_of(&spent, steps, 4);
	struct line lines[4];

	assert_int_equal(lines_gather(&task, lines), 3);
	assert_int_equal(lines[0].nr, 2);
	assert_int_equal(lines[0].ns, 40 * MS);
	assert_int_equal(lines[0].longest, 20 * MS);
	assert_int_equal(lines[2].nr, 1);
	marked(&task, &steps[0]);
	lines_choose(&task, lines, 3, 2);
	assert_true(lines[0].shown && lines[1].shown && !lines[2].shown);
}

static void a_child_that_took_most_is_named(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_DISK] = 80 * MS, [STATE_RUNNING] = 20 * MS}};
	struct story_step child = {.kind = STORY_CHILD,
				   .begin = SAMPLE_START + 10 * MS,
				   .end = SAMPLE_START + 90 * MS,
				   .comm = "",
				   .detail = "",
				   .name = "journal"};
	const struct span_task task = task_of(&spent, &child, 1);

	sentence_is(&task,
		    "job took 100 ms; it spent 80% of its time waiting for the disk. Its child "
		    "journal took 80.0 ms. The rest: running 20%.");
	marked(&task, &child);
	child.begin = SAMPLE_START + 60 * MS; /* it goes on when the task is over */
	child.end = SAMPLE_START + 900 * MS;
	sentence_is(&task, "job took 100 ms; it spent 80% of its time waiting for the disk. The "
			   "rest: running 20%.");
}

static void idle_time_ends_when_a_thread_takes_the_task_up(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_RUNNING] = 20 * MS}};
	const struct breakdown all = {.ns = {[STATE_RUNNING] = 10 * MS}};
	struct story_step steps[] = {region_of("first", 0, 10, 0, &all),
				     {.kind = STORY_ENTER,
				      .begin = SAMPLE_START + 90 * MS,
				      .end = SAMPLE_START + 100 * MS,
				      .tid = 7,
				      .comm = "pool-1",
				      .name = "",
				      .detail = ""},
				     {0}};
	struct span_task task = task_of(&spent, steps, 2);

	task.idle_ns = 80 * MS;
	sentence_is(&task, "job took 100 ms; during 80% of its time no thread worked for it: it "
			   "lay for 80.0 ms until pool-1 took it up. The rest: running 20%.");
	/* A child that was made afterwards is no reason for that. */
	steps[2] = (struct story_step){.kind = STORY_CHILD,
				       .begin = SAMPLE_START + 91 * MS,
				       .end = SAMPLE_START + 900 * MS,
				       .comm = "",
				       .detail = "",
				       .name = "auth"};
	task.steps_nr = 3;
	task.end = SAMPLE_START + 200 * MS;
	task.idle_ns = 85 * MS;
	sentence_is(&task, "job took 200 ms; during 81% of its time no thread worked for it: it "
			   "lay for 80.0 ms until pool-1 took it up. The rest: running 19%.");
	task.steps_nr = 2;
	task.end = SAMPLE_START + 100 * MS;
	task.idle_ns = 80 * MS;
	/* Without the step before it the gap would be longer than what was idle. */
	steps[0].end = SAMPLE_START + 5 * MS;
	sentence_is(&task, "job took 100 ms; during 80% of its time no thread worked for it. The "
			   "rest: running 20%.");
}

static void a_wait_belongs_to_the_innermost_region(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_LOCK] = 80 * MS, [STATE_RUNNING] = 20 * MS}};
	struct span_wait w = wait_of(STATE_LOCK, 10, 90, 0);
	struct story_step steps[] = {region_of("outer", 0, 100, 0, &spent),
				     region_of("middle", 5, 95, 1, &spent),
				     region_of("inner", 6, 94, 2, &spent),
				     region_of("other thread's", 6, 94, 2, &spent), step_of(&w)};
	struct span_task task = task_of(&spent, steps, NR(steps));

	steps[3].tid = 9;
	steps[4].depth = 3;
	sentence_is(&task, "job took 100 ms; 80% of it was one wait: 80.0 ms for a lock in region "
			   "inner. The rest: running 20%.");
}

static void a_failure_says_so(void **state)
{
	const struct breakdown spent = {.ns = {[STATE_SLEEP] = 100 * MS}};
	const struct span_wait w = wait_of(STATE_SLEEP, 0, 100, 0);
	const struct story_step step = step_of(&w);
	struct span_task task = task_of(&spent, &step, 1);

	task.flags = SPAN_FAILED;
	task.fail_message = "timeout";
	sentence_is(&task, "job failed after 100 ms (timeout); 100% of it was one wait: 100 ms "
			   "asleep.");
}

static void a_task_of_no_time_is_no_division_by_zero(void **state)
{
	const struct breakdown spent = {.ns = {0}};
	struct span_task task = task_of(&spent, NULL, 0);

	task.end = task.begin;
	sentence_is(&task, "job took 0 ns; nothing tells where its time went.");
}

static void hostile_names_are_escaped_and_cut_to_the_buffer(void **state)
{
	struct span_task task = sample_slow[0];
	char buf[STORY_SZ];

	task.name = "\033[2J\n\xff日本語日本語";
	for (size_t sz = 1; sz < sizeof(buf); sz++) {
		int n = story_sentence(buf, sz, &task);

		assert_true(n >= 0 && (size_t)n < sz);
		assert_int_equal(strlen(buf), n);
		for (const char *s = buf; *s;) {
			uint32_t cp;
			int bytes = utf8_decode(s, &cp);

			assert_true(bytes && cp >= ' ');
			s += bytes;
		}
	}
	assert_non_null(strstr(buf, "\\x1b[2J\\x0a\\xff日本語日本語 took"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_long_wait_is_named_with_its_region_and_its_waker),
		cmocka_unit_test(a_wait_without_a_known_waker_is_followed_by_the_rest),
		cmocka_unit_test(an_interrupt_is_no_thread),
		cmocka_unit_test(who_held_the_lock_and_who_is_at_the_other_end_are_told),
		cmocka_unit_test(who_had_the_cpu_is_told_with_its_time),
		cmocka_unit_test(who_had_the_cpu_is_summed_over_several_waits),
		cmocka_unit_test(an_interrupt_is_not_told_of_what_ends_so_anyway),
		cmocka_unit_test(time_in_the_queue_for_a_cpu_is_told_apart),
		cmocka_unit_test(what_is_not_the_disk_is_not_blamed_on_it),
		cmocka_unit_test(many_waits_of_a_kind_are_one_reason),
		cmocka_unit_test(running_names_the_region_that_ran_itself),
		cmocka_unit_test(lack_of_a_cpu_is_one_reason_and_has_a_suspect),
		cmocka_unit_test(idle_time_is_explained_by_a_child),
		cmocka_unit_test(the_answer_of_a_child_is_what_was_waited_for),
		cmocka_unit_test(waits_in_a_row_for_one_thing_are_one_line),
		cmocka_unit_test(a_child_that_took_most_is_named),
		cmocka_unit_test(idle_time_ends_when_a_thread_takes_the_task_up),
		cmocka_unit_test(a_wait_belongs_to_the_innermost_region),
		cmocka_unit_test(a_failure_says_so),
		cmocka_unit_test(a_task_of_no_time_is_no_division_by_zero),
		cmocka_unit_test(hostile_names_are_escaped_and_cut_to_the_buffer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
