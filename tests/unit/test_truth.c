/* SPDX-License-Identifier: MIT */
/*
 * test_truth.c - random programs whose truth is known, and what the model says of them
 *
 * First each thread gets a random life: stretches of states that fill the trace. Then, in the
 * order of time, random marks are made at instants in which a thread runs; who works for which
 * task, and which regions are open, is kept in plain arrays, and nothing is summed on the way. The
 * records of all that go to the model in several streams, some of them late. What it says of each
 * region and task is compared with what the arrays say, by intersecting intervals.
 */
#include "unit/checker.h"
#include "unit/runs.h"

enum { START = 1000, STOP = 200000, PID = 10, THREADS = 5, FIRST = 11, STREAMS = 4 };
enum { LIFE_MAX = 4000, MARKS_MAX = 4000, STACK = 32, TASKS_MAX = 2000, WORK_MAX = 20000 };
enum { N_REGION = 0x100, N_TASK = 0x200, NAMES = 4 };

struct stretch {
	enum state state;
	uint64_t begin, end;
};

struct life {
	struct stretch v[LIFE_MAX];
	int nr;
};

struct work {
	int thread;
	uint64_t begin, end;
	uint64_t id;
};

struct frame_t {
	bool enter;
	uint64_t id; /* 0: none, or ended */
};

struct sim_thread {
	struct frame_t frames[STACK];
	int frames_nr;
	struct {
		uint64_t begin;
		int name;
	} regions[STACK];
	int regions_nr;
};

struct sim_task {
	uint64_t id, begin, end; /* end 0: open */
	bool ended;
};

static struct life lives[THREADS];
static struct sim_thread sims[THREADS];
static struct sim_task tasks[TASKS_MAX];
static int tasks_nr;
static struct work works[WORK_MAX];
static int works_nr;

/* What the model must say of regions: those that ended, in the order of their ends. */
static struct {
	int thread;
	uint64_t begin, end;
	bool met;
} regions[MARKS_MAX];
static int regions_nr;

static uint64_t below(uint64_t n)
{
	return (uint64_t)rand() % n;
}

static void add_stretch(struct life *l, enum state state, uint64_t ns)
{
	uint64_t begin = l->nr ? l->v[l->nr - 1].end : START;
	uint64_t end = begin + ns < STOP ? begin + ns : STOP;

	if (begin < end)
		l->v[l->nr++] = (struct stretch){state, begin, end};
}

/* A call that leads to each state that a thread can be blocked in. */
static const struct {
	enum state state;
	int16_t nr;
	uint8_t fd_kind;
	uint32_t bits;
} calls[] = {
	{STATE_LOCK, 202, 0, 1},	   {STATE_NETWORK, 0, WIRE_FD_INET, 1},
	{STATE_DISK, 74, WIRE_FD_FILE, 2}, {STATE_SLEEP, 35, 0, 1},
	{STATE_POLL, 232, 0, 1},	   {STATE_IPC, 0, WIRE_FD_PIPE, 1},
	{STATE_CHILD, 61, 0, 1},	   {STATE_FAULT, -1, 0, 2},
	{STATE_STOPPED, 202, 0, 4},	   {STATE_OTHER, 257, 0, 1},
	{STATE_PREEMPTED, -1, 0, 0},	   {STATE_YIELD, 24, 0, 0},
};

/* Makes the life of a thread and its OFFCPU records. */
static void live(struct tape *t, int thread)
{
	struct life *l = &lives[thread];
	uint32_t tid = FIRST + (uint32_t)thread;

	l->nr = 0;
	tape_thread(t, 0, START, PID, tid, .on_cpu = 1);
	for (;;) {
		size_t c = below(sizeof(calls) / sizeof(*calls));
		uint64_t off, wake, on, flags = 0;

		add_stretch(l, STATE_RUNNING, 1 + below(300));
		off = l->v[l->nr - 1].end;
		add_stretch(l, calls[c].state, 1 + below(500));
		wake = l->v[l->nr - 1].end;
		if (calls[c].bits)
			add_stretch(l, STATE_RUNNABLE, below(60));
		on = l->v[l->nr - 1].end;
		if (on == STOP)
			flags = WIRE_OFF_OPEN;
		if (off < STOP)
			tape_off(t, (int)below(STREAMS), off, wake < on ? wake : 0, on, tid,
				 .h.flags = (uint8_t)flags, .state = calls[c].bits,
				 .nr = calls[c].nr, .fd_kind = calls[c].fd_kind,
				 /* Any thread, or a stranger: chains lead anywhere, and add up. */
				 .waker_tid = FIRST + (uint32_t)below(THREADS + 1),
				 .waker_ctx = (uint8_t)below(WIRE_WAKER_UNKNOWN + 1));
		if (on == STOP)
			return;
	}
}

static struct breakdown truth(int thread, uint64_t begin, uint64_t end)
{
	struct breakdown b = {0};

	for (int i = 0; i < lives[thread].nr; i++) {
		const struct stretch *s = &lives[thread].v[i];
		uint64_t from = s->begin > begin ? s->begin : begin;
		uint64_t to = s->end < end ? s->end : end;

		if (from < to)
			b.ns[s->state] += to - from;
	}
	return b;
}

/* --- marks --------------------------------------------------------------------------------- */

struct instant {
	uint64_t ts;
	int thread;
};

static int by_ts(const void *pa, const void *pb)
{
	const struct instant *a = pa, *b = pb;

	return (a->ts > b->ts) - (a->ts < b->ts);
}

/* Instants at which some thread runs, all different, in order. */
static int instants(struct instant *v)
{
	int nr = 0, out = 0;

	for (int t = 0; t < THREADS; t++) {
		for (int i = 0; i < lives[t].nr; i++) {
			const struct stretch *s = &lives[t].v[i];

			/* Not at its first instant: nobody marks at the very time of a switch. */
			if (s->state == STATE_RUNNING && s->end - s->begin > 1 && below(2) &&
			    nr < MARKS_MAX)
				v[nr++] = (struct instant){
					s->begin + 1 + below(s->end - s->begin - 1), t};
		}
	}
	qsort(v, (size_t)nr, sizeof(*v), by_ts);
	for (int i = 0; i < nr; i++) {
		if (!out || v[out - 1].ts != v[i].ts)
			v[out++] = v[i];
	}
	return out;
}

static bool visible(const struct sim_thread *s, uint64_t id)
{
	for (int i = s->frames_nr; i--;) {
		if (s->frames[i].id == id)
			return true;
		if (s->frames[i].enter)
			return false;
	}
	return false;
}

static bool working[THREADS][TASKS_MAX];

/* After each mark: opens and closes the stretches of work. */
static void note_work(uint64_t ts)
{
	for (int t = 0; t < THREADS; t++) {
		for (int k = 0; k < tasks_nr; k++) {
			bool now = !tasks[k].ended && visible(&sims[t], tasks[k].id);

			if (now && !working[t][k])
				works[works_nr++] = (struct work){t, ts, 0, tasks[k].id};
			for (int w = works_nr; !now && working[t][k] && w--;) {
				if (works[w].thread == t && works[w].id == tasks[k].id &&
				    !works[w].end) {
					works[w].end = ts;
					break;
				}
			}
			working[t][k] = now;
		}
	}
}

static struct sim_task *open_task(void)
{
	for (int tries = 0; tasks_nr && tries < 5; tries++) {
		struct sim_task *k = &tasks[below((uint64_t)tasks_nr)];

		if (tasks_nr > 6)
			k = &tasks[tasks_nr - 1 - (int)below(6)];
		if (!k->ended)
			return k;
	}
	return NULL;
}

static void forget(uint64_t id)
{
	for (int t = 0; t < THREADS; t++) {
		struct sim_thread *s = &sims[t];
		int out = 0;

		for (int i = 0; i < s->frames_nr; i++) {
			if (s->frames[i].id == id && !s->frames[i].enter)
				continue;
			s->frames[out] = s->frames[i];
			if (s->frames[out].id == id)
				s->frames[out].id = 0;
			out++;
		}
		s->frames_nr = out;
	}
}

static uint64_t current(const struct sim_thread *s)
{
	return s->frames_nr ? s->frames[s->frames_nr - 1].id : 0;
}

static void mark(struct tape *t, const struct instant *at)
{
	struct sim_thread *s = &sims[at->thread];
	uint32_t tid = FIRST + (uint32_t)at->thread;
	int stream = (int)below(STREAMS), name = (int)below(NAMES);
	struct sim_task *k;
	bool detached;
	int i;

	switch (below(8)) {
	case 0:
	case 1:
		if (s->regions_nr == STACK)
			break;
		s->regions[s->regions_nr].begin = at->ts;
		s->regions[s->regions_nr++].name = name;
		tape_region(t, stream, at->ts, tid, WIRE_MARK_BEGIN, N_REGION + (uint64_t)name);
		break;
	case 2:
	case 3:
		if (!s->regions_nr)
			break;
		s->regions_nr--;
		regions[regions_nr].thread = at->thread;
		regions[regions_nr].begin = s->regions[s->regions_nr].begin;
		regions[regions_nr].met = false;
		regions[regions_nr++].end = at->ts;
		tape_region(t, stream, at->ts, tid, WIRE_MARK_END,
			    N_REGION + (uint64_t)s->regions[s->regions_nr].name);
		break;
	case 4:
		if (tasks_nr == TASKS_MAX || s->frames_nr == STACK)
			break;
		detached = below(3) == 0;
		k = &tasks[tasks_nr++];
		*k = (struct sim_task){.id = (uint64_t)tasks_nr, .begin = at->ts};
		tape_task(t, stream, at->ts, tid,
			  detached ? WIRE_MARK_BEGIN | WIRE_MARK_DETACHED : WIRE_MARK_BEGIN,
			  .id = k->id, .name = N_TASK + (uint64_t)name);
		if (!detached)
			s->frames[s->frames_nr++] = (struct frame_t){false, k->id};
		break;
	case 5:
		k = open_task();
		if (!k || s->frames_nr == STACK)
			break;
		s->frames[s->frames_nr++] = (struct frame_t){true, k->id};
		tape_task(t, stream, at->ts, tid, WIRE_MARK_ENTER, .id = k->id);
		break;
	case 6:
		for (i = s->frames_nr; i && !s->frames[i - 1].enter; i--)
			;
		if (!i)
			break;
		s->frames_nr = i - 1;
		tape_task(t, stream, at->ts, tid, WIRE_MARK_LEAVE, .id = current(s));
		break;
	default:
		k = open_task();
		if (!k)
			break;
		k->ended = true;
		k->end = at->ts;
		forget(k->id);
		tape_task(t, stream, at->ts, tid, WIRE_MARK_END, .id = k->id);
		break;
	}
	note_work(at->ts);
}

/* --- what the model says ------------------------------------------------------------------- */

static int expect_region(void *ctx, const struct span_region *r, struct err *err)
{
	int thread = (int)r->thread->tid - FIRST;
	struct breakdown want = truth(thread, r->begin, r->end);

	CHECK(!memcmp(want.ns, r->spent->ns, sizeof(want.ns)));
	if (r->flags & SPAN_UNFINISHED)
		return 0;
	for (int i = 0; i < regions_nr; i++) {
		if (regions[i].thread == thread && regions[i].end == r->end) {
			CHECK(regions[i].begin == r->begin);
			CHECK(!regions[i].met);
			regions[i].met = true;
			return 0;
		}
	}
	CHECK(!"a region that was not made");
	return 0;
}

/* The part of [begin, end) that no stretch of work for the task covers. */
static uint64_t idle_of(const struct sim_task *k, uint64_t end)
{
	uint64_t at = k->begin, idle = 0;

	while (at < end) {
		uint64_t next = end, covered = 0;

		for (int w = 0; w < works_nr; w++) {
			const struct work *work = &works[w];
			uint64_t to = work->end ? work->end : STOP;

			if (work->id != k->id)
				continue;
			if (work->begin <= at && to > covered)
				covered = to;
			else if (work->begin > at && work->begin < next)
				next = work->begin;
		}
		if (covered > at) {
			at = covered;
			continue;
		}
		idle += next - at;
		at = next;
	}
	return idle;
}

static int tasks_told;

static int expect_task(void *ctx, const struct span_task *t, struct err *err)
{
	const struct sim_task *k = &tasks[t->id - 1];
	uint64_t end = k->ended ? k->end : STOP;
	struct breakdown want = {0};
	bool by[THREADS] = {0};
	uint32_t threads = 0;

	for (int w = 0; w < works_nr; w++) {
		struct breakdown b;

		if (works[w].id != t->id)
			continue;
		b = truth(works[w].thread, works[w].begin, works[w].end ? works[w].end : STOP);
		for (int i = 0; i < STATE_NR; i++)
			want.ns[i] += b.ns[i];
		threads += !by[works[w].thread];
		by[works[w].thread] = true;
	}
	CHECK(t->begin == k->begin && t->end == end);
	CHECK(!(t->flags & SPAN_UNFINISHED) == k->ended);
	CHECK(!memcmp(want.ns, t->spent->ns, sizeof(want.ns)));
	CHECK(t->threads == threads);
	CHECK(t->idle_ns == idle_of(k, end));
	tasks_told++;
	return 0;
}

static int nothing_begins(void *ctx, const struct capture_info *info, struct err *err)
{
	return 0;
}

static int nothing_ends(void *ctx, const struct summary *s, struct err *err)
{
	return 0;
}

static const struct sink_ops expect_ops = {
	.name = "expect",
	.begin = nothing_begins,
	.region = expect_region,
	.task = expect_task,
	.end = nothing_ends,
};

/* Each stream's records as they would come: mostly in order, some up to `late` later. */
static void shuffle(struct tape *t, uint64_t late)
{
	static struct {
		uint64_t arrival;
		const struct wire_hdr *h;
	} v[20000], x;
	struct tape sorted = {0};

	for (int s = 0; s < t->streams_nr; s++) {
		struct tape_stream *st = &t->streams[s];
		size_t nr = 0;

		for (size_t at = 0; at < st->n;) {
			const struct wire_hdr *h = (const struct wire_hdr *)(st->bytes + at);
			size_t i = nr++;

			x.h = h;
			x.arrival = h->ts + (below(10) ? 0 : below(late));
			for (; i && v[i - 1].arrival > x.arrival; i--)
				v[i] = v[i - 1];
			v[i] = x;
			at += h->len;
		}
		for (size_t i = 0; i < nr; i++)
			tape_put(&sorted, s, v[i].h, v[i].h->len);
	}
	tape_free(t);
	*t = sorted;
}

static const char *const names[2 * NAMES] = {"parse", "read", "write", "wait",
					     "GET",   "PUT",  "POST",  "HEAD"};

static struct tape make_program(unsigned int seed)
{
	static struct instant at[MARKS_MAX];
	struct tape t = {0};
	int nr;

	srand(seed);
	memset(sims, 0, sizeof(sims));
	memset(working, 0, sizeof(working));
	tasks_nr = works_nr = regions_nr = tasks_told = 0;
	for (uint64_t i = 0; i < NAMES; i++) {
		tape_string(&t, 0, START, PID, FIRST, N_REGION + i, names[i]);
		tape_string(&t, 0, START, PID, FIRST, N_TASK + i, names[NAMES + i]);
	}
	for (int i = 0; i < THREADS; i++)
		live(&t, i);
	nr = instants(at);
	for (int i = 0; i < nr; i++)
		mark(&t, &at[i]);
	assert_true(tasks_nr > 50 && regions_nr > 50);
	return t;
}

static void one_program(unsigned int seed, uint64_t late)
{
	struct model_opts opts = {.lateness_ns = late};
	struct checker check = {0};
	struct sink sinks[] = {{&expect_ops, NULL}, {&checker_ops, &check}};
	struct tape t = make_program(seed);
	struct run r;

	shuffle(&t, late);
	r = run_tape(&t, START, STOP, &opts, sinks, 2);
	assert_int_equal(r.s->late, 0);
	assert_int_equal(r.s->bad_records, 0);
	assert_int_equal(r.s->misuse_nr, 0);
	assert_int_equal(tasks_told, tasks_nr);
	for (int i = 0; i < regions_nr; i++)
		assert_true(regions[i].met);
	for (uint32_t i = 0; i < THREADS; i++) {
		struct breakdown want = truth((int)i, START, STOP);

		assert_memory_equal(thread_of(r.s, FIRST + i)->spent.ns, want.ns, sizeof(want.ns));
	}
	model_free(r.m);
	checker_release(&check);
	tape_free(&t);
}

static void what_is_said_of_random_programs_is_true(void **state)
{
	for (unsigned int seed = 1; seed <= 40; seed++)
		one_program(seed, 1 + seed % 4 * 5000);
}

static uint64_t digest(struct tape *t, const struct model_opts *opts, uint64_t *summary)
{
	struct checker check = {0};
	struct sink sink = {&checker_ops, &check};
	struct run r = run_tape(t, START, STOP, opts, &sink, 1);

	*summary = check.summary_digest;
	assert_int_equal(r.s->late, 0);
	model_free(r.m);
	checker_release(&check);
	return check.digest;
}

static void replay_says_the_same_word_for_word(void **state)
{
	struct model_opts opts = {.lateness_ns = 5000};
	struct tape t = make_program(100);
	uint64_t first, second, summary;

	shuffle(&t, 5000);
	first = digest(&t, &opts, &summary);
	second = digest(&t, &opts, &summary);
	assert_true(first == second);
	tape_free(&t);
}

static void order_of_arrival_changes_nothing_within_the_lateness(void **state)
{
	struct model_opts opts = {.lateness_ns = 5000};
	struct tape t = make_program(101);
	uint64_t first, again;

	shuffle(&t, 1); /* in the order of time */
	digest(&t, &opts, &first);
	for (int i = 0; i < 10; i++) {
		shuffle(&t, 5000);
		digest(&t, &opts, &again);
		assert_true(first == again);
	}
	tape_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_of_random_programs_is_true),
		cmocka_unit_test(replay_says_the_same_word_for_word),
		cmocka_unit_test(order_of_arrival_changes_nothing_within_the_lateness),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
