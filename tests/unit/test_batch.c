/* SPDX-License-Identifier: MIT */
/*
 * test_batch.c - the header's own marks, copied as the BPF programs copy them, and read back
 *
 * The semaphore is raised by hand; there is no kernel between: what ctrace.h writes into this
 * thread's memory is what user/attach/batch.c gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach/batch.h"
#include "ctrace/ctrace.h"
#include "ctrace/wire.h"
#include "model/decode.h"

enum { PID = 100, TID = 101, STREAMS = 4, STRS = 2048 };

_Static_assert(offsetof(struct ctrace_batch_, pos) == WIRE_BATCH_POS_OFF, "pos");
_Static_assert(offsetof(struct ctrace_batch_, busy) == WIRE_BATCH_BUSY_OFF, "busy");
_Static_assert(offsetof(struct ctrace_batch_, block) == WIRE_BATCH_OFF, "block");
_Static_assert(CTRACE_BLOCK_ == WIRE_BLOCK_WORDS, "words");
_Static_assert(CTRACE_BATCH_MAGIC_ == WIRE_BATCH_MAGIC, "magic");

/* --- what comes out ------------------------------------------------------------------------- */

struct got {
	char text[1 << 18]; /* a line a record, as below */
	size_t n;
	uint32_t records, strings, marks;
	uint64_t last_ts;
	char strs[STRS][WIRE_STR_MAX + 1]; /* by address, as they were told */
	uint64_t addrs[STRS];
	int strs_nr;
	const char
		*memory; /* what the application's memory says, if it is asked; NULL: unreadable */
	int asked;
};

static const char *str_of(struct got *g, uint64_t addr)
{
	for (int i = g->strs_nr; addr && i--;)
		if (g->addrs[i] == addr)
			return g->strs[i];
	return addr ? "?" : "-";
}

static void say(struct got *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g->n += (size_t)vsnprintf(g->text + g->n, sizeof(g->text) - g->n, fmt, ap);
	va_end(ap);
	assert_true(g->n < sizeof(g->text));
}

static const char *op_name(const struct wire_hdr *h)
{
	static const char *const names[8] = {"?",     "begin", "end", "enter",
					     "leave", "seen",  "?",   "?"};

	return names[h->flags & WIRE_MARK_OP];
}

static void got_string(struct got *g, const struct wire_string *s)
{
	int i = g->strs_nr++ % STRS;

	g->strings++;
	assert_true(g->strs_nr <= STRS);
	g->addrs[i] = s->addr;
	memset(g->strs[i], 0, sizeof(g->strs[i]));
	memcpy(g->strs[i], s + 1, s->n);
}

static void got_mark(struct got *g, const struct wire_hdr *h)
{
	const struct wire_region *r = (const void *)h;
	const struct wire_task *t = (const void *)h;
	const struct wire_async *a = (const void *)h;
	const struct wire_log *l = (const void *)h;
	const struct wire_parent *p = (const void *)h;

	g->marks++;
	switch (h->kind) {
	case WIRE_REGION:
		say(g, "region %s %s\n", op_name(h), str_of(g, r->name));
		break;
	case WIRE_TASK:
		say(g, "task %s %s%s%s%s%s\n", op_name(h), str_of(g, t->name), t->id ? "" : " none",
		    h->flags & WIRE_MARK_ROOT ? " root" : "",
		    h->flags & WIRE_MARK_DETACHED ? " detached" : "",
		    h->flags & WIRE_MARK_FAILED ? " failed" : "");
		if (t->message)
			say(g, " because %s\n", str_of(g, t->message));
		break;
	case WIRE_ASYNC:
		say(g, "async %s %s\n", op_name(h), str_of(g, a->name));
		break;
	case WIRE_LOG:
		say(g, "log %.*s: %.*s%s\n", l->category_n, (const char *)(l + 1), l->message_n,
		    (const char *)(l + 1) + l->category_n, h->flags & WIRE_LOG_CUT ? " cut" : "");
		break;
	case WIRE_PARENT:
		say(g, "parent %s\n", p->traceparent);
		break;
	default:
		fail_msg("kind %d", h->kind);
	}
}

static void on_records(void *ctx, uint32_t stream, const void *records, size_t n)
{
	struct got *g = ctx;

	assert_true(stream < STREAMS);
	for (size_t at = 0; at < n;) {
		const struct wire_hdr *h = (const void *)((const char *)records + at);

		assert_int_equal(decode_check(h, n - at), DECODE_GOOD);
		assert_true(h->ts >= g->last_ts);
		g->last_ts = h->ts;
		g->records++;
		if (h->kind == WIRE_STRING)
			got_string(g, (const void *)h);
		else if (h->kind == WIRE_LOST)
			say(g, "lost %u\n", ((const struct wire_lost *)h)->count);
		else if (h->kind == WIRE_USED)
			say(g, "used %d\n", (int)((const struct wire_usage *)h)->used.cpu_ns);
		else
			got_mark(g, h);
		at += h->len;
	}
}

static ssize_t on_text(void *ctx, uint32_t pid, uint64_t addr, char *to, size_t n)
{
	struct got *g = ctx;

	g->asked++;
	if (!g->memory)
		return -1;
	strncpy(to, g->memory, n);
	return (ssize_t)strlen(g->memory);
}

/* A thousand million counts a second, of which the first 2^44 began at a time of its own. */
#define TSC_EPOCH 5000000000000ull

static bool on_tsc(void *ctx, uint64_t count, uint64_t *ns)
{
	(void)ctx;
	assert_true(count < 1ull << 44);
	*ns = TSC_EPOCH + count;
	return true;
}

/* --- the application, and who copies its memory --------------------------------------------- */

struct fix {
	struct batch *b;
	struct got *g;
	uint64_t taken; /* as the BPF programs know it */
	uint32_t flags;
};

static struct wire_batch *copy_range(uint64_t from, uint64_t to, uint32_t flags)
{
	const struct ctrace_batch_ *app = &ctrace_thread_v3.batch;
	uint32_t start = (uint32_t)to & ~(CTRACE_BLOCK_ - 1), at = start;
	struct wire_batch *r = calloc(1, sizeof(*r) + sizeof(app->block));
	struct timespec t;

	if ((int32_t)((uint32_t)from - start) > 0)
		at = (uint32_t)from;
	clock_gettime(CLOCK_MONOTONIC, &t);
	r->h = (struct wire_hdr){.len = sizeof(*r), .kind = WIRE_BATCH, .flags = (uint8_t)flags};
	r->h.tid = TID;
	r->h.ts = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	r->id = 7;
	r->addr = 0x7000;
	r->from = from;
	r->to = to;
	r->pid = PID;
	r->n = (uint32_t)to - at;
	memcpy(r + 1, app->block + (at - start), 8 * r->n);
	return r;
}

static struct wire_batch *copy(struct fix *f)
{
	struct wire_batch *r = copy_range(f->taken, ctrace_thread_v3.batch.pos, f->flags);

	f->taken = r->to;
	f->flags = 0;
	return r;
}

static void give(struct fix *f, uint32_t stream, struct wire_batch *r)
{
	batch_take(f->b, stream, r, sizeof(*r) + 8 * (size_t)r->n);
	free(r);
}

static void take(struct fix *f)
{
	give(f, 0, copy(f));
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct batch_ops ops = {on_records, on_text, on_tsc, NULL};

	f->g = calloc(1, sizeof(*f->g));
	ops.ctx = f->g;
	f->b = batch_new(&ops);
	f->flags = WIRE_BATCH_FIRST;
	memset(&ctrace_thread_v3.batch, 0, sizeof(ctrace_thread_v3.batch));
	ctrace_probes_v3[1] = 3;
	ctrace_probes_v3[2] = 0x1234;
	ctrace_probes_v3[0] = 1u << 16;
	f->taken = CTRACE_BLOCK_; /* where a first registration begins */
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	ctrace_probes_v3[0] = 0;
	batch_free(f->b);
	free(f->g);
	free(f);
	return 0;
}

static void expect(struct fix *f, const char *text)
{
	assert_string_equal(f->g->text, text);
	f->g->n = 0;
	f->g->text[0] = '\0';
}

static struct fix *cutting; /* not NULL: copies are taken in between, at random */

static void between(void)
{
	static unsigned int mixed = 1;

	mixed = mixed * 1103515245 + 12345;
	if (cutting && (mixed >> 16 & 1 || ((uint32_t)ctrace_thread_v3.batch.pos & 255) > 120))
		take(cutting);
}

static void every_mark(const char *own)
{
	ctrace_task a = ctrace_task_begin("a"), b, old;
	ctrace_async q;

	between();
	q = ctrace_async_begin("queue");
	between();
	ctrace_region_begin("parse");
	between();
	ctrace_log("http", "id=%d", 42);
	between();
	ctrace_task_traceparent(&a, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	between();
	ctrace_region_end("parse");
	between();
	b = ctrace_task_begin_child(NULL, own);
	between();
	old = ctrace_task_enter(&b);
	between();
	ctrace_async_end(&q);
	between();
	ctrace_task_end(&b); /* of a name that may be gone: a probe of its own */
	between();
	ctrace_task_leave(&old);
	between();
	ctrace_task_fail(&a, own);
	between();
}

static const char every_mark_out[] =
	"task begin a\n"
	"async begin queue\n"
	"region begin parse\n"
	"log http: id=42\n"
	"parent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n"
	"region end parse\n"
	"task begin mine root detached\n"
	"task enter mine\n"
	"async end queue\n"
	"task leave a\n"
	"task end a failed\n"
	" because mine\n";

/* --- tests ---------------------------------------------------------------------------------- */

static void every_mark_comes_out_as_it_was_made(void **state)
{
	struct fix *f = *state;
	char own[] = "mine";

	every_mark(own);
	take(f);
	expect(f, every_mark_out);
	assert_int_equal(batch_counts(f->b).marks, 11);
	assert_int_equal(batch_counts(f->b).missing + batch_counts(f->b).bad, 0);
}

static void a_literal_is_told_once_and_never_later_than_its_first_mark(void **state)
{
	struct fix *f = *state;

	for (int i = 0; i < 2000; i++) {
		CTRACE_REGION("again");
		take(f);
	}
	take(f);
	assert_int_equal(f->g->strings, 2); /* its name, its site */
	assert_int_equal(f->g->marks, 4000);
}

static void a_region_costs_sixteen_bytes(void **state)
{
	struct fix *f = *state;
	uint32_t before;

	for (int i = 0; i < 2; i++) {
		before = (uint32_t)ctrace_thread_v3.batch.pos;
		ctrace_region_begin("cheap");
		ctrace_region_end("cheap");
	}
	assert_int_equal((uint32_t)ctrace_thread_v3.batch.pos - before, 2);
	take(f);
}

static void copies_may_be_cut_after_any_mark(void **state)
{
	struct fix *f = *state;
	char own[] = "mine", want[1 << 15] = "";

	cutting = f;
	for (int i = 0; i < 24; i++) {
		strcat(want, every_mark_out);
		every_mark(own);
	}
	cutting = NULL;
	take(f);
	expect(f, want);
	assert_int_equal(batch_counts(f->b).missing + batch_counts(f->b).bad, 0);
}

static void what_comes_twice_is_given_out_once(void **state)
{
	struct fix *f = *state;
	uint64_t pos;

	ctrace_region_begin("one");
	pos = ctrace_thread_v3.batch.pos;
	give(f, 0, copy_range(f->taken, pos, WIRE_BATCH_FIRST));
	give(f, 1, copy_range(f->taken, pos, WIRE_BATCH_FIRST));
	ctrace_region_end("one");
	give(f, 2, copy_range(f->taken, ctrace_thread_v3.batch.pos, 0)); /* overlaps the first */
	give(f, 0, copy_range(pos, ctrace_thread_v3.batch.pos, 0));
	expect(f, "region begin one\nregion end one\n");
}

static void what_overtook_another_ring_waits_for_it(void **state)
{
	struct fix *f = *state;
	struct wire_batch *first, *second;

	ctrace_region_begin("one");
	first = copy(f);
	ctrace_region_end("one");
	second = copy(f);
	give(f, 1, second);
	expect(f, "");
	batch_round(f->b);
	give(f, 0, first);
	expect(f, "region begin one\nregion end one\n");
	assert_int_equal(batch_counts(f->b).missing, 0);
}

static void an_end_that_overtook_what_it_ends_comes_after_it(void **state)
{
	struct fix *f = *state;
	struct wire_batch *first, *second, last;

	ctrace_region_begin("one");
	take(f);
	ctrace_region_end("one");
	first = copy(f);
	ctrace_region_begin("two");
	second = copy(f);
	last = *second;
	last.h.flags = WIRE_BATCH_LAST;
	last.from = last.to;
	last.n = 0;
	batch_take(f->b, 2, &last, sizeof(last));
	batch_round(f->b);
	give(f, 1, second);
	batch_round(f->b); /* now the end is tired of waiting, and the other is not */
	give(f, 0, first);
	expect(f, "region begin one\nregion end one\nregion begin two\n");
	assert_int_equal(batch_counts(f->b).missing + batch_counts(f->b).full, 0);
}

static void what_never_comes_is_counted_to_the_mark(void **state)
{
	struct fix *f = *state;

	ctrace_region_begin("one");
	take(f);
	ctrace_region_end("one");
	for (int i = 0; i < 5; i++)
		ctrace_log("lost", "%d", i);
	free(copy(f));
	ctrace_region_begin("two");
	take(f);
	expect(f, "region begin one\n");
	batch_round(f->b);
	batch_round(f->b);
	expect(f, "region begin two\nlost 6\n");
	assert_int_equal(batch_counts(f->b).missing, 6);
}

static void whole_blocks_may_be_missing(void **state)
{
	struct fix *f = *state;
	uint32_t made = 0;

	ctrace_region_begin("kept");
	take(f);
	for (; ((uint32_t)ctrace_thread_v3.batch.pos & ~255u) < 6 * CTRACE_BLOCK_; made++)
		ctrace_region_begin("lost");
	/* The block that is current now is copied: its beginning tells what it relies on. */
	ctrace_region_end("kept");
	made++;
	take(f);
	batch_finish(f->b);
	assert_int_equal(batch_counts(f->b).full + batch_counts(f->b).marks, made + 1);
	assert_true(batch_counts(f->b).full > 1000);
	assert_non_null(strstr(f->g->text, "region end kept\n"));
	assert_null(strchr(f->g->text, '?'));
}

static void a_block_says_what_its_thread_works_for(void **state)
{
	struct fix *f = *state;
	ctrace_task a, b;

	ctrace_probes_v3[0] = 0;
	a = ctrace_task_begin("before"); /* nobody looks */
	ctrace_probes_v3[0] = 1u << 16;
	b = ctrace_task_begin("child");
	take(f);
	expect(f, "task seen before\ntask begin child\n");
	ctrace_task_end(&b);
	f->g->memory = "x"; /* its text is lost with the rest */
	while ((uint32_t)ctrace_thread_v3.batch.pos < 2 * CTRACE_BLOCK_ + 10)
		ctrace_region_begin("x");
	take(f);
	batch_finish(f->b);
	f->g->memory = NULL;
	assert_non_null(strstr(f->g->text, "task seen before\nregion begin x\n"));
	ctrace_task_end(&a);
}

static void what_the_collector_had_is_not_lost(void **state)
{
	struct fix *f = *state;
	uint32_t missing;
	uint64_t sent;

	ctrace_region_begin("one");
	take(f);
	sent = f->taken;
	ctrace_region_end("one");
	ctrace_region_begin("two");
	give(f, 3, copy_range(sent, ctrace_thread_v3.batch.pos, WIRE_BATCH_DRAINED));
	ctrace_region_end("two");
	while ((uint32_t)ctrace_thread_v3.batch.pos < 2 * CTRACE_BLOCK_)
		ctrace_region_begin("three"); /* the rest of the block cannot be sent */
	missing = (uint32_t)(ctrace_thread_v3.batch.pos >> 32) - 4;
	take(f);
	batch_finish(f->b);
	assert_int_equal(batch_counts(f->b).full, missing);
	assert_int_equal(batch_counts(f->b).missing, 0);
}

static void a_child_of_fork_goes_on_in_the_middle_of_a_block(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r, last;
	uint64_t at;

	ctrace_region_begin("both");
	take(f);
	batch_forked(f->b, PID + 1, PID);
	at = ctrace_thread_v3.batch.pos;
	ctrace_region_end("both"); /* the child */
	r = copy_range(at & ~0xffull, ctrace_thread_v3.batch.pos,
		       WIRE_BATCH_FIRST | WIRE_BATCH_FORKED);
	r->id = 8;
	r->pid = PID + 1;
	r->from = at;
	last = *r;
	last.h.flags = WIRE_BATCH_LAST;
	last.from = r->to;
	last.n = 0;
	give(f, 1, r);
	batch_take(f->b, 2, &last, sizeof(last));
	expect(f, "region begin both\n"); /* what it inherits may still be on its way */
	batch_round(f->b);
	batch_round(f->b);
	expect(f, "region end both\n");
	assert_int_equal(f->g->strings, 3); /* the name also for the child */
	assert_int_equal(f->g->asked, 0);
}

/* A child of fork works for what its maker worked for, which only the maker's words say. */
static void a_child_of_fork_inherits_its_task(void **state)
{
	struct fix *f = *state;
	ctrace_task outer = ctrace_task_begin("outer"), inner = ctrace_task_begin("inner");
	struct wire_batch *r;
	uint64_t at;

	take(f);
	expect(f, "task begin outer\ntask begin inner\n");
	batch_forked(f->b, PID + 1, PID);
	for (int ended = 0; ended < 2; ended++) {
		at = ctrace_thread_v3.batch.pos;
		ctrace_region_begin("child's");
		r = copy_range(at & ~0xffull, ctrace_thread_v3.batch.pos,
			       WIRE_BATCH_FIRST | WIRE_BATCH_FORKED);
		r->id = 8 + (unsigned int)ended;
		r->pid = PID + 1 + (unsigned int)ended;
		r->from = at;
		give(f, 1, r);
		batch_round(f->b);
		batch_round(f->b);
		expect(f, ended ? "task seen -\nregion begin child's\n"
				: "task seen inner\nregion begin child's\n");
		if (!ended) {
			ctrace_task_end(&inner);
			take(f);
			f->g->n = 0;
			f->g->text[0] = '\0';
		}
	}
	ctrace_task_end(&outer);
}

static void a_text_that_was_lost_is_read_from_memory(void **state)
{
	struct fix *f = *state;

	ctrace_region_begin("gone");
	free(copy(f));
	f->flags = WIRE_BATCH_FIRST;
	f->g->memory = "found";
	while ((uint32_t)ctrace_thread_v3.batch.pos < 2 * CTRACE_BLOCK_ + 4)
		ctrace_region_end("gone");
	f->taken = CTRACE_BLOCK_ * 2 | (f->taken & ~0xffffffffull);
	take(f);
	assert_int_equal(f->g->asked, 1);
	assert_memory_equal(f->g->text, "region end found\n", 17);
	f->g->memory = NULL;
}

static void a_text_that_nobody_knows_is_counted(void **state)
{
	struct fix *f = *state;

	ctrace_region_begin("gone");
	free(copy(f));
	f->flags = WIRE_BATCH_FIRST;
	while ((uint32_t)ctrace_thread_v3.batch.pos < 2 * CTRACE_BLOCK_ + 4)
		ctrace_region_end("gone");
	f->taken = CTRACE_BLOCK_ * 2 | (f->taken & ~0xffffffffull);
	take(f);
	assert_int_equal(batch_counts(f->b).texts_lost, 1);
}

static void long_and_missing_strings_are_survived(void **state)
{
	struct fix *f = *state;
	char longer[600];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (int i = 0; i < 10; i++) {
		ctrace_region_begin(longer);
		take(f);
		ctrace_region_end(longer);
		take(f);
		ctrace_log(longer, "%s", longer);
		take(f);
	}
	ctrace_log(NULL, "%d", 1);
	ctrace_region_begin(NULL);
	ctrace_region_end(NULL);
	take(f);
	assert_int_equal(batch_counts(f->b).marks, 33);
	assert_int_equal(batch_counts(f->b).bad, 0);
	longer[255] = '\0';
	assert_string_equal(f->g->strs[0], longer);
	assert_non_null(strstr(f->g->text, "x cut\n"));
	assert_non_null(strstr(f->g->text, "log : 1\nregion begin -\nregion end -\n"));
}

static void many_names_share_few_slots(void **state)
{
	static const char *const names[] = {"n0", "n1", "n2", "n3"};
	struct fix *f = *state;
	char text[300][8];

	for (int i = 0; i < 300; i++) {
		snprintf(text[i], sizeof(text[i]), "t%d", i);
		ctrace_region_begin_(text[i], "a.c:1", CTRACE_NAME_LITERAL);
		take(f);
		ctrace_region_end_(names[i % 4], "a.c:2", CTRACE_NAME_LITERAL);
		take(f);
	}
	for (int i = 0; i < 300; i++) {
		char want[64];

		snprintf(want, sizeof(want), "region begin %.7s\n", text[i]);
		assert_non_null(strstr(f->g->text, want));
	}
	assert_null(strchr(f->g->text, '?'));
}

static volatile int interrupted;

static void handler(int sig)
{
	CTRACE_REGION("handler");

	interrupted = sig;
}

static void a_signal_handler_never_tears_a_mark(void **state)
{
	struct fix *f = *state;

	signal(SIGUSR1, handler);
	/* As if it came in the middle: its marks take the other way, and the batch stays whole. */
	ctrace_thread_v3.batch.magic = CTRACE_BATCH_MAGIC_;
	ctrace_thread_v3.batch.session = 0x1234;
	ctrace_thread_v3.batch.pos = f->taken;
	ctrace_thread_v3.batch.busy = 1;
	raise(SIGUSR1);
	assert_int_equal(interrupted, SIGUSR1);
	assert_int_equal(ctrace_thread_v3.batch.pos, f->taken);
	ctrace_thread_v3.batch.busy = 0;
	raise(SIGUSR1);
	take(f);
	expect(f, "region begin handler\nregion end handler\n");
}

static void a_new_session_begins_a_new_block(void **state)
{
	struct fix *f = *state;
	uint64_t pos;

	ctrace_region_begin("one");
	pos = ctrace_thread_v3.batch.pos;
	ctrace_probes_v3[2] = 0x1235;
	ctrace_region_end("one");
	assert_int_equal((uint32_t)ctrace_thread_v3.batch.pos & ~255u, 2 * CTRACE_BLOCK_);
	assert_int_equal(ctrace_thread_v3.batch.pos >> 32, (pos >> 32) + 1);
	f->taken = (pos >> 32) << 32 | 2 * CTRACE_BLOCK_;
	take(f);
	expect(f, "region end one\n"); /* with its text: the new session has not heard it */
}

static void times_are_those_of_the_clock_and_of_no_other_time(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r;
	uint64_t before, *w;

	ctrace_region_begin("now");
	r = copy(f);
	before = r->h.ts;
	give(f, 0, r);
	assert_true(before - f->g->last_ts < 1000000000u);
	ctrace_region_end("now");
	r = copy(f);
	w = (uint64_t *)(r + 1);
	w[r->n - 1] += 3600ull * 1000000000; /* an hour ahead: taken for hours ago, so not before */
	give(f, 0, r);
	assert_true(f->g->last_ts + 1000000000u > before);
	assert_true(f->g->last_ts <= before);
}

/* It was stamped before the trap, and the block that it comes to begins after that. */
static void an_end_that_finds_its_block_full_keeps_its_time(void **state)
{
	const struct ctrace_batch_ *app = &ctrace_thread_v3.batch;
	struct fix *f = *state;
	uint64_t mask = (1ull << 44) - 1, *w;
	struct wire_batch *r;

	while (((uint32_t)app->pos & (CTRACE_BLOCK_ - 1)) + 1 < CTRACE_BLOCK_)
		ctrace_region_begin("r");
	take(f);
	ctrace_region_end("r");
	r = copy(f);
	w = (uint64_t *)(r + 1);
	assert_int_equal(w[0] >> 56 & 15, CTRACE_OP_TASK_SEEN_);
	assert_true((w[r->n - 1] & mask) < (w[0] & mask));
	mask &= w[r->n - 1];
	give(f, 0, r);
	assert_int_equal(f->g->last_ts & ((1ull << 44) - 1), mask);
}

static void another_time_namespace_is_shifted_back(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r;
	uint64_t before;

	batch_clock(f->b, PID, -1000000000);
	ctrace_region_begin("now");
	r = copy(f);
	before = r->h.ts;
	r->h.ts += 1000000000; /* ours is a second ahead of the application's */
	give(f, 0, r);
	assert_true(f->g->last_ts > before + 900000000);
	assert_int_equal(batch_counts(f->b).marks, 1);
}

#ifdef __x86_64__
/* The copy says so, and each word is a count. */
static void a_session_may_ask_for_the_counter(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r;
	uint64_t before, after, *w;

	ctrace_probes_v3[2] = 0x1234 | WIRE_SESSION_TSC;
	before = __builtin_ia32_rdtsc() & ((1ull << 44) - 1);
	ctrace_region_begin("counted");
	ctrace_region_end("counted");
	after = __builtin_ia32_rdtsc() & ((1ull << 44) - 1);
	r = copy(f);
	w = (uint64_t *)(r + 1);
	for (uint32_t i = r->n - 1; i < r->n; i++)
		assert_true((w[i] & ((1ull << 44) - 1)) - before <= after - before);
	r->h.flags |= WIRE_BATCH_TSC;
	r->h.ts = TSC_EPOCH + after + 100;
	give(f, 0, r);
	assert_true(f->g->last_ts >= TSC_EPOCH + before);
	assert_true(f->g->last_ts <= TSC_EPOCH + after);
	expect(f, "region begin counted\nregion end counted\n");
}

/* It was written before it was copied, if by so little that a reading of two clocks hides it. */
static void what_was_counted_is_never_after_its_copy(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r;

	ctrace_probes_v3[2] = 0x1234 | WIRE_SESSION_TSC;
	ctrace_region_begin("counted");
	r = copy(f);
	r->h.flags |= WIRE_BATCH_TSC;
	((uint64_t *)(r + 1))[r->n - 1] &= ~((1ull << 44) - 1);
	((uint64_t *)(r + 1))[r->n - 1] |= 5000;
	r->h.ts = TSC_EPOCH + 4990;
	give(f, 0, r);
	assert_int_equal(f->g->last_ts, TSC_EPOCH + 4990);
}

/* An end that was stamped in the clock of a session that is over. */
static void another_session_has_another_clock(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r;
	struct timespec t;
	uint64_t before, word;

	ctrace_region_begin("one");
	take(f);
	ctrace_probes_v3[2] = 0x4321 | WIRE_SESSION_TSC;
	before = __builtin_ia32_rdtsc() & ((1ull << 44) - 1);
	ctrace_region_end("one");
	r = copy(f);
	word = ((uint64_t *)(r + 1))[r->n - 1] & ((1ull << 44) - 1);
	assert_true(word - before < 1ull << 40);
	free(r);
	ctrace_probes_v3[2] = 0x4321;
	clock_gettime(CLOCK_MONOTONIC, &t);
	before = ((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec) & ((1ull << 44) - 1);
	ctrace_region_end("two");
	r = copy(f);
	word = ((uint64_t *)(r + 1))[r->n - 1] & ((1ull << 44) - 1);
	assert_true(word - before < 1ull << 40);
	free(r);
}
#endif

static void what_is_used_is_told_after_a_loss_only(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r;

	ctrace_region_begin("one");
	take(f);
	batch_loss(f->b);
	ctrace_region_end("one");
	r = copy(f);
	r->used.cpu_ns = 5;
	give(f, 0, r);
	assert_non_null(strstr(f->g->text, "used 5\n"));
}

static void garbage_is_counted_and_survived(void **state)
{
	struct fix *f = *state;
	unsigned int mixed = 1;

	for (int i = 0; i < 2000; i++) {
		struct wire_batch *r;

		ctrace_region_begin("x");
		r = copy(f);
		f->taken = r->from;
		for (uint32_t k = 0; k < 8 * r->n; k++) {
			mixed = mixed * 1103515245 + 12345;
			if (mixed >> 28 == 0)
				((unsigned char *)(r + 1))[k] = (unsigned char)(mixed >> 16);
		}
		r->id = (uint64_t)i;
		r->h.flags = WIRE_BATCH_FIRST;
		f->g->last_ts = 0;
		f->g->n = 0;
		give(f, 0, r);
		f->taken = ctrace_thread_v3.batch.pos;
		if (i % 7)
			f->taken = (f->taken >> 32) << 32 | ((uint32_t)f->taken & ~255u);
	}
	assert_true(batch_counts(f->b).bad > 10);
}

static void a_record_shorter_than_it_says_is_refused(void **state)
{
	struct fix *f = *state;
	struct wire_batch *r;

	ctrace_region_begin("x");
	r = copy(f);
	batch_take(f->b, 0, r, sizeof(*r));
	batch_take(f->b, 0, r, 16);
	r->n = 5000;
	batch_take(f->b, 0, r, sizeof(*r));
	free(r);
	expect(f, "");
	assert_int_equal(batch_counts(f->b).bad, 3);
}

static void ended_batches_are_forgotten(void **state)
{
	struct fix *f = *state;
	struct batch_view v[4];

	for (uint64_t id = 100; id < 1100; id++) {
		struct wire_batch *r;

		ctrace_region_begin("x");
		r = copy(f);
		r->id = id;
		r->h.flags = WIRE_BATCH_FIRST | WIRE_BATCH_LAST;
		give(f, 0, r);
	}
	assert_int_equal(batch_list(f->b, PID, UINT64_MAX, v, 4), 0);
	for (int i = 0; i < 16; i++)
		batch_round(f->b);
	batch_gone(f->b, PID);
	for (int i = 0; i < 16; i++)
		batch_round(f->b);
	assert_int_equal(batch_counts(f->b).marks, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_mark_comes_out_as_it_was_made),
		TEST(a_literal_is_told_once_and_never_later_than_its_first_mark),
		TEST(a_region_costs_sixteen_bytes),
		TEST(copies_may_be_cut_after_any_mark),
		TEST(what_comes_twice_is_given_out_once),
		TEST(what_overtook_another_ring_waits_for_it),
		TEST(an_end_that_overtook_what_it_ends_comes_after_it),
		TEST(what_never_comes_is_counted_to_the_mark),
		TEST(whole_blocks_may_be_missing),
		TEST(a_block_says_what_its_thread_works_for),
		TEST(what_the_collector_had_is_not_lost),
		TEST(a_child_of_fork_goes_on_in_the_middle_of_a_block),
		TEST(a_child_of_fork_inherits_its_task),
		TEST(a_text_that_was_lost_is_read_from_memory),
		TEST(a_text_that_nobody_knows_is_counted),
		TEST(long_and_missing_strings_are_survived),
		TEST(many_names_share_few_slots),
		TEST(a_signal_handler_never_tears_a_mark),
		TEST(a_new_session_begins_a_new_block),
		TEST(times_are_those_of_the_clock_and_of_no_other_time),
		TEST(an_end_that_finds_its_block_full_keeps_its_time),
		TEST(another_time_namespace_is_shifted_back),
#ifdef __x86_64__
		TEST(a_session_may_ask_for_the_counter),
		TEST(what_was_counted_is_never_after_its_copy),
		TEST(another_session_has_another_clock),
#endif
		TEST(what_is_used_is_told_after_a_loss_only),
		TEST(garbage_is_counted_and_survived),
		TEST(a_record_shorter_than_it_says_is_refused),
		TEST(ended_batches_are_forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
