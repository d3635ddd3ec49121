/* SPDX-License-Identifier: MIT */
/*
 * test_blame.c - chains of waits and critical paths, from records whose story is known
 *
 * Each test makes a tape, and compares the pieces of one task's path with what they are to be, a
 * line each, from the end to the begin: "2600-2900 alice running parse". What is behind a wait is
 * indented by its depth. The last tests compare random tapes with what a look at each single
 * nanosecond finds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model/blame.h"
#include "model/tasks.h"
#include "model/threads.h"
#include "unit/checker.h"
#include "unit/recorder.h"
#include "unit/runs.h"

enum { PID = 10, OTHER_PID = 20, A = 11, B = 12, C = 13, D = 14, STRANGER = 99 };
enum { N_GET = 0x1000, N_JOB = 0x1008, N_PARSE = 0x1010, N_DB = 0x1020, N_SERVE = 0x1030 };
enum { FUTEX = 202, FSYNC = 74, RECV = 45, READ = 0, SLEEP = 230 };

static void name_all(struct tape *t, uint32_t pid, uint32_t tid)
{
	tape_string(t, 0, 1000, pid, tid, N_GET, "GET /");
	tape_string(t, 0, 1000, pid, tid, N_JOB, "job");
	tape_string(t, 0, 1000, pid, tid, N_PARSE, "parse");
	tape_string(t, 0, 1000, pid, tid, N_DB, "db");
	tape_string(t, 0, 1000, pid, tid, N_SERVE, "serve");
}

static void people(struct tape *t)
{
	tape_thread(t, 0, 1000, PID, A, .on_cpu = 1, .comm = "alice");
	tape_thread(t, 0, 1000, PID, B, .on_cpu = 1, .comm = "bob");
	tape_thread(t, 0, 1000, PID, C, .on_cpu = 1, .comm = "carol");
	tape_thread(t, 0, 1000, OTHER_PID, D, .on_cpu = 1, .comm = "dave");
	tape_comm(t, 0, 1000, 98, STRANGER, .comm = "redis");
	name_all(t, PID, A);
	name_all(t, OTHER_PID, D);
}

#define lock(t, off, wake, on, tid, by)                                             \
	tape_off(t, 0, off, wake, on, tid, .state = 1, .nr = FUTEX, .arg0 = 0x7f00, \
		 .waker_tid = (by), .waker_pid = PID, .waker_ctx = WIRE_WAKER_TASK)
#define disk(t, off, wake, on, tid)                                                          \
	tape_off(t, 0, off, wake, on, tid, .state = 2, .nr = FSYNC, .fd_kind = WIRE_FD_FILE, \
		 .h.flags = WIRE_OFF_IOWAIT, .waker_tid = C, .waker_ctx = WIRE_WAKER_HARDIRQ)
#define receive(t, off, wake, on, tid, by)                                                  \
	tape_off(t, 0, off, wake, on, tid, .state = 1, .nr = RECV, .fd_kind = WIRE_FD_INET, \
		 .arg0 = 5, .waker_tid = (by), .waker_ctx = WIRE_WAKER_SOFTIRQ)

/* --- the pieces of the first task that ends, as text ------------------------------------------ */

struct pieces {
	struct model *m; /* set by the sink's first call */
	char text[8192];
	size_t n;
	uint64_t at; /* where the next piece is to end */
};

static void add_piece(void *ctx, const struct blame_piece *p, uint64_t ns)
{
	struct pieces *out = ctx;
	const char *region = p->place && p->place->region ? p->place->region->text : "";

	CHECK(p->end == out->at && p->begin < p->end);
	out->at = p->begin;
	out->n += (size_t)snprintf(
		out->text + out->n, sizeof(out->text) - out->n, "%*s%llu-%llu %s %s%s%s%s%s%s\n",
		(int)p->depth * 2, "", U(p->begin), U(p->end),
		p->who ? p->who->comm->text : "nobody", state_names[p->state],
		*region ? " in " : "", region,
		p->ended == BLAME_WORK || p->ended == BLAME_CPU ? "" : " ",
		p->ended == BLAME_WORK || p->ended == BLAME_CPU ? "" : blame_end_names[p->ended],
		p->inferred ? " inferred" : "");
}

static struct task *task_named(const struct model *m, const char *name)
{
	struct task_row *row;
	size_t at = 0;

	while ((row = hash_next(&m->explain.tasks, &at))) {
		if (!strcmp(row->name->text, name) && row->slowest_nr)
			return row->slowest[0];
	}
	fail_msg("no task %s", name);
	return NULL;
}

/* The path is looked up again when all is over: whoever is dead by then is remembered. */
static void expect_path(struct tape *t, const char *name, const char *want)
{
	struct checker check = {0};
	struct sink sink = {&checker_ops, &check};
	struct run r = run_tape(t, 1000, 9000, NULL, &sink, 1);
	struct task *task = task_named(r.m, name);
	struct pieces out = {.at = task->end};
	struct blame b = {.m = r.m, .piece = add_piece, .ctx = &out};

	blame_task(&b, task);
	assert_int_equal(out.at, task->begin);
	assert_string_equal(out.text, want);
	model_free(r.m);
	checker_release(&check);
	tape_free(t);
}

static void begin(struct tape *t, uint64_t ts, uint32_t tid)
{
	tape_task(t, 0, ts, tid, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
}

static void end(struct tape *t, uint64_t ts, uint32_t tid)
{
	tape_task(t, 0, ts, tid, WIRE_MARK_END, .id = 1);
}

/* --- chains ----------------------------------------------------------------------------------- */

static void work_of_one_thread_is_its_own(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	tape_region(&t, 0, 2100, A, WIRE_MARK_BEGIN, N_PARSE);
	tape_region(&t, 0, 2300, A, WIRE_MARK_END, N_PARSE);
	disk(&t, 2400, 2600, 2650, A);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2650-3000 alice running\n"
		    "2600-2650 alice runnable\n"
		    "2400-2600 alice disk interrupt\n"
		    "2300-2400 alice running\n"
		    "2100-2300 alice running in parse\n"
		    "2000-2100 alice running\n");
}

static void mutex_handed_through_three_threads_leads_to_the_disk(void **state)
{
	struct tape t = {0};

	people(&t);
	tape_region(&t, 0, 1500, C, WIRE_MARK_BEGIN, N_DB);
	tape_region(&t, 0, 1500, B, WIRE_MARK_BEGIN, N_PARSE);
	begin(&t, 2000, A);
	disk(&t, 1900, 2700, 2720, C);
	lock(&t, 2050, 2800, 2830, B, C);
	lock(&t, 2100, 2900, 2950, A, B);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2950-3000 alice running\n"
		    "2900-2950 alice runnable\n"
		    "  2830-2900 bob running in parse\n"
		    "  2800-2830 bob runnable in parse\n"
		    "    2720-2800 carol running in db\n"
		    "    2700-2720 carol runnable in db\n"
		    "    2100-2700 carol disk in db interrupt\n"
		    "2000-2100 alice running\n");
}

static void wait_for_who_is_not_traced_ends_with_its_name(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	tape_off(&t, 0, 2100, 2400, 2400, A, .state = 1, .nr = READ, .fd_kind = WIRE_FD_PIPE,
		 .waker_tid = STRANGER, .waker_pid = 98, .waker_ctx = WIRE_WAKER_TASK);
	tape_off(&t, 0, 2500, 0, 2600, A, .state = 1, .nr = FUTEX);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2600-3000 alice running\n"
		    "2500-2600 alice lock unseen\n"
		    "2400-2500 alice running\n"
		    "2100-2400 alice ipc untraced\n"
		    "2000-2100 alice running\n");
}

/* An interrupt says nothing of whom it interrupted, unless they are known to talk. */
static void interrupted_bystander_is_not_blamed(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	receive(&t, 2100, 2400, 2400, A, B);
	tape_off(&t, 0, 2500, 2600, 2600, A, .state = 1, .nr = SLEEP, .waker_tid = B,
		 .waker_ctx = WIRE_WAKER_HARDIRQ);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2600-3000 alice running\n"
		    "2500-2600 alice sleep interrupt\n"
		    "2400-2500 alice running\n"
		    "2100-2400 alice network interrupt\n"
		    "2000-2100 alice running\n");
}

static void answer_over_loopback_is_followed_to_who_was_asked(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	/* A asks at 2090: D is woken in A's send call. D answers at 2400, in its own. */
	receive(&t, 1500, 2090, 2150, D, A);
	disk(&t, 2200, 2300, 2300, D);
	receive(&t, 2100, 2400, 2450, A, D);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2450-3000 alice running\n"
		    "2400-2450 alice runnable\n"
		    "  2300-2400 dave running inferred\n"
		    "  2200-2300 dave disk interrupt inferred\n"
		    "  2150-2200 dave running inferred\n"
		    "  2100-2150 dave runnable inferred\n"
		    "2000-2100 alice running\n");
}

/* A socket of A, as the kernel described it; D is no child, and was never asked by A. */
static void socket_of(struct tape *t, const char *peer, uint64_t ino)
{
	struct wire_resource r = {
		.h = {.kind = WIRE_RESOURCE, .tid = A, .ts = 2050},
		.id = ino,
		.dev = 8,
		.what = WIRE_RES_INODE,
		.fd_kind = WIRE_FD_INET,
		.local = {10, 0, 0, 5},
		.local_port = 4711,
		.peer_port = 80,
		.family = 2,
		.protocol = 6,
		.sk_state = 1,
	};

	memcpy(r.peer, peer, 4);
	tape_put(t, 0, &r, sizeof(r));
}

static void sender_is_followed_over_loopback_and_not_from_afar(void **state)
{
	static const struct {
		const char *peer;
		uint32_t softirq;
		bool followed;
	} cases[] = {
		{"\x7f\0\0\1", 1 + 3, true},	    {"\x7f\0\0\1", 0, true},
		{"\x0a\0\0\5", 1 + 3, true},	    {"\x7f\0\0\1", 1 + 1, false}, /* a timer */
		{"\x08\x08\x08\x08", 1 + 3, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tape t = {0};

		people(&t);
		begin(&t, 2000, A);
		socket_of(&t, cases[i].peer, 77);
		tape_off(&t, 0, 2100, 2400, 2400, A, .state = 1, .nr = RECV,
			 .fd_kind = WIRE_FD_INET, .ino = 77, .dev = 8, .waker_tid = D,
			 .waker_ctx = WIRE_WAKER_SOFTIRQ, .waker_softirq = cases[i].softirq);
		end(&t, 3000, A);
		expect_path(&t, "GET /",
			    cases[i].followed ? "2400-3000 alice running\n"
						"  2100-2400 dave running inferred\n"
						"2000-2100 alice running\n"
					      : "2400-3000 alice running\n"
						"2100-2400 alice network interrupt\n"
						"2000-2100 alice running\n");
	}
}

/* Two witnesses: the socket is one of loopback, and who sends had been asked. */
static void answer_over_a_loopback_socket_is_sure(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	socket_of(&t, "\x7f\0\0\1", 77);
	receive(&t, 1500, 2090, 2100, D, A);
	tape_off(&t, 0, 2100, 2400, 2400, A, .state = 1, .nr = RECV, .fd_kind = WIRE_FD_INET,
		 .ino = 77, .dev = 8, .waker_tid = D, .waker_ctx = WIRE_WAKER_SOFTIRQ);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2400-3000 alice running\n"
		    "  2100-2400 dave running\n"
		    "2000-2100 alice running\n");
}

static void answer_of_a_child_task_is_followed_to_its_thread(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	/* The softirq was handled elsewhere. */
	tape_task(&t, 0, 2200, D, WIRE_MARK_BEGIN, .id = 2, .parent = 1, .name = N_SERVE);
	disk(&t, 2250, 2300, 2300, D);
	tape_task(&t, 0, 2390, D, WIRE_MARK_END, .id = 2);
	receive(&t, 2100, 2400, 2450, A, STRANGER);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2450-3000 alice running\n"
		    "2400-2450 alice runnable\n"
		    "2390-2400 alice network interrupt\n"
		    "  2300-2390 dave running inferred\n"
		    "  2250-2300 dave disk interrupt inferred\n"
		    "  2200-2250 dave running inferred\n"
		    "  2100-2200 dave running inferred\n"
		    "2000-2100 alice running\n");
}

/* Bob makes her, tid 15; she has a CPU at 2350. */
static void eve_is_born(struct tape *t)
{
	tape_thread(t, 0, 2300, PID, 15, .h.flags = WIRE_THREAD_FORK, .parent_tid = B,
		    .parent_pid = PID, .comm = "eve");
	tape_off(t, 0, 2300, 2310, 2350, 15, .h.flags = WIRE_OFF_BIRTH, .waker_tid = B,
		 .waker_ctx = WIRE_WAKER_TASK);
}

static void waiting_for_a_new_thread_leads_to_its_creator(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	eve_is_born(&t);
	lock(&t, 2100, 2500, 2500, A, 15);
	/* It is dead when the task ends. */
	tape_totals(&t, 0, 2510, 15, .h.flags = WIRE_TOTALS_EXIT);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2500-3000 alice running\n"
		    "  2350-2500 eve running\n"
		    "  2300-2350 eve runnable\n"
		    "  2100-2300 bob running\n"
		    "2000-2100 alice running\n");
}

/* It tells of its end, frees its memory, and only then wakes who waits for it. */
static void a_wait_for_a_child_that_ends_leads_to_the_child(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	eve_is_born(&t);
	tape_totals(&t, 0, 2480, 15, .h.flags = WIRE_TOTALS_EXIT);
	lock(&t, 2400, 2500, 2500, A, 15);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2500-3000 alice running\n"
		    "  2480-2500 eve running\n"
		    "  2400-2480 eve running\n"
		    "2000-2400 alice running\n");
}

static void who_waits_for_each_other_is_a_contradiction(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	/* No program does that, but a damaged capture may say so. */
	lock(&t, 2100, 2800, 2800, B, A);
	lock(&t, 2100, 2800, 2800, A, B);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2800-3000 alice running\n"
		    "  2100-2800 bob lock bound\n"
		    "2000-2100 alice running\n");
}

static void chain_is_followed_so_deep_and_no_deeper(void **state)
{
	char want[256] = "2800-3000 alice running\n";
	struct tape t = {0};
	size_t n = strlen(want);

	people(&t);
	for (uint32_t i = 0; i < 30; i++)
		tape_thread(&t, 0, 1000, PID, 100 + i, .on_cpu = 1, .comm = "chain");
	begin(&t, 2000, A);
	for (uint32_t i = 30; i--;)
		lock(&t, 2100, 2800, 2800, 100 + i, 101 + i);
	lock(&t, 2100, 2800, 2800, A, 100);
	end(&t, 3000, A);
	n += (size_t)snprintf(want + n, sizeof(want) - n, "%*s2100-2800 chain lock bound\n",
			      2 * (BLAME_DEPTH - 1), "");
	snprintf(want + n, sizeof(want) - n, "2000-2100 alice running\n");
	expect_path(&t, "GET /", want);
}

static void small_parts_of_a_wait_are_not_followed(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	lock(&t, 2600, 2630, 2630, B, C); /* 30 of 800 */
	lock(&t, 2100, 2900, 2900, A, B);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2900-3000 alice running\n"
		    "  2630-2900 bob running\n"
		    "  2600-2630 bob lock bound\n"
		    "  2100-2600 bob running\n"
		    "2000-2100 alice running\n");
}

static void what_is_forgotten_is_the_wait_itself(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 1010, A);
	for (uint64_t i = 0; i < PAST_OFF_MAX + 100; i++)
		tape_off(&t, 0, 1100 + 2 * i, 1101 + 2 * i, 1101 + 2 * i, B, .state = 0);
	lock(&t, 1050, 8000, 8000, A, B);
	end(&t, 8001, A);
	{
		struct run r = run_tape(&t, 1000, 9000, NULL, NULL, 0);
		struct task *task = task_named(r.m, "GET /");
		struct pieces out = {.at = task->end};
		struct blame b = {.m = r.m, .piece = add_piece, .ctx = &out};

		blame_task(&b, task);
		assert_int_equal(out.at, task->begin);
		/* So many pieces are not told apart; then it is the wait again. */
		assert_non_null(strstr(out.text, "alice lock bound\n1010-1050 alice running\n"));
		model_free(r.m);
	}
	tape_free(&t);
}

struct sums {
	uint64_t ns[STATE_NR], forgotten, at;
};

static void add_up(void *ctx, const struct blame_piece *p, uint64_t ns)
{
	struct sums *s = ctx;

	CHECK(p->end == s->at);
	s->at = p->begin;
	s->ns[p->state] += p->end - p->begin;
	s->forgotten += p->ended == BLAME_FORGOTTEN ? p->end - p->begin : 0;
}

static void what_is_forgotten_of_a_long_task_is_known_by_state(void **state)
{
	struct sums sums = {0};
	struct blame b = {.piece = add_up, .ctx = &sums};
	struct tape t = {0};
	struct task *task;
	struct run r;

	people(&t);
	disk(&t, 1001, 1004, 1005, A); /* before the task */
	begin(&t, 1010, A);
	for (uint64_t i = 0; i < 2600; i++) {
		uint64_t at = 1020 + 3 * i;

		if (i % 2)
			disk(&t, at, at + 1, at + 2, A);
		else
			tape_off(&t, 0, at, 0, at + 2, A, .state = 0);
	}
	end(&t, 8900, A);
	r = run_tape(&t, 1000, 9000, NULL, NULL, 0);
	task = task_named(r.m, "GET /");
	b.m = r.m;
	sums.at = task->end;
	blame_task(&b, task);
	assert_int_equal(sums.at, task->begin);
	assert_memory_equal(sums.ns, task->spent.ns, sizeof(sums.ns));
	assert_int_equal(sums.ns[STATE_DISK], 1300);
	assert_int_equal(sums.ns[STATE_PREEMPTED], 2600);
	assert_true(sums.forgotten > 3 * (2600 - PAST_OFF_MAX));
	model_free(r.m);
	tape_free(&t);
}

/* --- tasks over several threads --------------------------------------------------------------- */

static void task_in_a_queue_hangs_on_who_took_it_up(void **state)
{
	struct tape t = {0};

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN, .id = 1, .name = N_GET);
	tape_region(&t, 0, 2000, B, WIRE_MARK_BEGIN, N_DB);
	tape_task(&t, 0, 2100, A, WIRE_MARK_ENTER, .id = 0);
	/* B is busy with something else, until 2500. */
	disk(&t, 2200, 2300, 2300, B);
	tape_region(&t, 0, 2500, B, WIRE_MARK_END, N_DB);
	tape_task(&t, 0, 2600, B, WIRE_MARK_ENTER, .id = 1);
	tape_task(&t, 0, 3000, B, WIRE_MARK_END, .id = 1);
	tape_task(&t, 0, 3100, B, WIRE_MARK_LEAVE);
	expect_path(&t, "GET /",
		    "2600-3000 bob running\n"
		    "  2500-2600 bob running\n"
		    "  2300-2500 bob running in db\n"
		    "  2200-2300 bob disk in db interrupt\n"
		    "  2100-2200 bob running in db\n"
		    "2000-2100 alice running\n");
}

static void task_that_nobody_enters_hangs_on_who_ends_it(void **state)
{
	struct tape t = {0};

	people(&t);
	tape_task(&t, 0, 2000, A, WIRE_MARK_BEGIN | WIRE_MARK_DETACHED, .id = 1, .name = N_GET);
	receive(&t, 2100, 2800, 2810, B, STRANGER);
	end(&t, 3000, B);
	expect_path(&t, "GET /",
		    "  2810-3000 bob running\n"
		    "  2800-2810 bob runnable\n"
		    "  2100-2800 bob network interrupt\n"
		    "  2000-2100 bob running\n");
}

static void helper_of_a_fork_and_join_is_on_the_path(void **state)
{
	struct tape t = {0};

	people(&t);
	begin(&t, 2000, A);
	tape_task(&t, 0, 2100, B, WIRE_MARK_ENTER, .id = 1);
	tape_task(&t, 0, 2100, C, WIRE_MARK_ENTER, .id = 1);
	tape_task(&t, 0, 2300, C, WIRE_MARK_LEAVE);
	tape_task(&t, 0, 2700, B, WIRE_MARK_LEAVE);
	lock(&t, 2150, 2750, 2760, A, B);
	end(&t, 3000, A);
	expect_path(&t, "GET /",
		    "2760-3000 alice running\n"
		    "2750-2760 alice runnable\n"
		    "  2700-2750 bob running\n" /* for nothing any more */
		    "  2150-2700 bob running\n"
		    "2000-2150 alice running\n");
}

/* --- against a look at each nanosecond -------------------------------------------------------- */

enum { START = 1000, STOP = 9000, THREADS = 5, LIFE = 600 };

struct life {
	struct {
		uint64_t begin, end;
		enum state state;
		int waker; /* of a lock; else -1 */
	} v[LIFE];
	int nr;
};

static struct life lives[THREADS];

static uint64_t below(uint64_t n)
{
	return (uint64_t)rand() % n;
}

static void stretch(struct life *l, enum state state, uint64_t ns, int waker)
{
	uint64_t begin_ts = l->nr ? l->v[l->nr - 1].end : START;

	if (l->nr == LIFE || begin_ts + ns > STOP || !ns)
		return;
	l->v[l->nr].begin = begin_ts;
	l->v[l->nr].end = begin_ts + ns;
	l->v[l->nr].state = state;
	l->v[l->nr++].waker = waker;
}

static void live(struct tape *t, int who)
{
	struct life *l = &lives[who];
	uint32_t tid = A + (uint32_t)who;
	char comm[16];

	l->nr = 0;
	snprintf(comm, sizeof(comm), "t%d", who);
	TAPE_REC(t, 0, THREAD, wire_thread, tid, START, .pid = PID, .start_ns = 1, .nr = -1,
		 .on_cpu = 1, .comm = {comm[0], comm[1]});
	while (l->nr < LIFE - 4 && l->v[l->nr ? l->nr - 1 : 0].end + 600 < STOP) {
		int waker = (int)below(THREADS), n;
		bool is_lock = waker != who && below(4);
		uint64_t wake;

		stretch(l, STATE_RUNNING, 1 + below(200), -1);
		n = l->nr;
		stretch(l, is_lock ? STATE_LOCK : STATE_DISK, 1 + below(300), is_lock ? waker : -1);
		wake = l->v[l->nr - 1].end;
		stretch(l, STATE_RUNNABLE, below(40), -1);
		if (is_lock)
			lock(t, l->v[n].begin, wake, l->v[l->nr - 1].end, tid, A + (uint32_t)waker);
		else
			disk(t, l->v[n].begin, wake, l->v[l->nr - 1].end, tid);
	}
}

/* Whom that instant of a thread hangs on: *who and its state; depth says how far that was. */
static enum state look(int *who, uint64_t ts, int *depth)
{
	for (*depth = 0; *depth < 100; ++*depth) {
		const struct life *l = &lives[*who];
		int i = 0;

		while (i < l->nr && l->v[i].end <= ts)
			i++;
		if (i == l->nr)
			return STATE_RUNNING;
		if (l->v[i].waker < 0)
			return l->v[i].state;
		*who = l->v[i].waker;
	}
	return STATE_UNKNOWN;
}

struct points {
	uint64_t compared, bound, at;
};

static void compare(void *ctx, const struct blame_piece *p, uint64_t ns)
{
	struct points *n = ctx;

	CHECK(p->end == n->at);
	n->at = p->begin;
	if (p->ended == BLAME_BOUND) {
		n->bound += p->end - p->begin;
		return;
	}
	for (uint64_t ts = p->begin; ts < p->end; ts++) {
		int who = 0, depth;
		enum state want = look(&who, ts, &depth);

		CHECK(p->who->tid == A + (uint32_t)who);
		CHECK(p->state == want);
		CHECK(p->depth == (uint32_t)depth);
		n->compared++;
	}
}

static void each_nanosecond_of_a_random_path_is_blamed_on_the_right_thread(void **state)
{
	struct points all = {0};

	for (unsigned int seed = 1; seed <= 60; seed++) {
		struct tape t = {0};
		struct points n = {0};
		struct blame b = {.piece = compare, .ctx = &n};
		struct run r;

		srand(seed);
		name_all(&t, PID, A);
		for (int i = 0; i < THREADS; i++)
			live(&t, i);
		begin(&t, START, A);
		end(&t, lives[0].v[lives[0].nr - 1].end, A);
		r = run_tape(&t, START, STOP, NULL, NULL, 0);
		b.m = r.m;
		n.at = task_named(r.m, "GET /")->end;
		blame_task(&b, task_named(r.m, "GET /"));
		assert_int_equal(n.at, START);
		all.compared += n.compared;
		all.bound += n.bound;
		model_free(r.m);
		tape_free(&t);
	}
	assert_true(all.compared > 300000);
	assert_true(all.bound < all.compared / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_of_one_thread_is_its_own),
		cmocka_unit_test(mutex_handed_through_three_threads_leads_to_the_disk),
		cmocka_unit_test(wait_for_who_is_not_traced_ends_with_its_name),
		cmocka_unit_test(interrupted_bystander_is_not_blamed),
		cmocka_unit_test(answer_over_loopback_is_followed_to_who_was_asked),
		cmocka_unit_test(sender_is_followed_over_loopback_and_not_from_afar),
		cmocka_unit_test(answer_over_a_loopback_socket_is_sure),
		cmocka_unit_test(answer_of_a_child_task_is_followed_to_its_thread),
		cmocka_unit_test(waiting_for_a_new_thread_leads_to_its_creator),
		cmocka_unit_test(a_wait_for_a_child_that_ends_leads_to_the_child),
		cmocka_unit_test(who_waits_for_each_other_is_a_contradiction),
		cmocka_unit_test(chain_is_followed_so_deep_and_no_deeper),
		cmocka_unit_test(small_parts_of_a_wait_are_not_followed),
		cmocka_unit_test(what_is_forgotten_is_the_wait_itself),
		cmocka_unit_test(what_is_forgotten_of_a_long_task_is_known_by_state),
		cmocka_unit_test(task_in_a_queue_hangs_on_who_took_it_up),
		cmocka_unit_test(task_that_nobody_enters_hangs_on_who_ends_it),
		cmocka_unit_test(helper_of_a_fork_and_join_is_on_the_path),
		cmocka_unit_test(each_nanosecond_of_a_random_path_is_blamed_on_the_right_thread),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
