/* SPDX-License-Identifier: MIT */
/* test_delta.c - records as differences: any records come back, and no bytes make it go astray. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/delta.h"
#include "store_util.h"

static uint32_t by_kind[WIRE_KINDS_MAX];

static size_t sum_of_kinds(void)
{
	size_t sum = 0;

	for (int i = 0; i < WIRE_KINDS_MAX; i++)
		sum += by_kind[i];
	return sum;
}

/* Returns the coded size, 0 if it was not coded. The buffers are exact, so that ASan sees all. */
static size_t round_trip(const struct recs *r)
{
	unsigned char *coded = malloc(r->n), *back = malloc(r->n), *exact;
	size_t n;

	memset(by_kind, 0, sizeof(by_kind));
	n = delta_encode(coded, r->p, r->n, by_kind);
	assert_true(n <= r->n);
	if (n) {
		assert_int_equal(sum_of_kinds(), n);
		exact = malloc(n);
		memcpy(exact, coded, n);
		memset(back, 0xee, r->n);
		assert_true(delta_decode(back, r->n, exact, n));
		assert_memory_equal(back, r->p, r->n);
		free(exact);
	}
	free(coded);
	free(back);
	return n;
}

static void random_records_come_back(void **state)
{
	uint32_t seed = 1;

	for (int i = 0; i < 400; i++) {
		struct recs r = {0};

		recs_random(&r, 1 + rnd(&seed) % (i % 10 ? 60 : 2000), i % 2, &seed);
		round_trip(&r);
		free(r.p);
	}
}

/* Rising times and totals of a few threads: what it is made for. */
static void marks_take_less_than_a_quarter(void **state)
{
	struct wire_region m = {.h = {.len = sizeof(m), .kind = WIRE_REGION}};
	struct recs r = {0};
	uint32_t seed = 3;
	size_t n;

	for (int i = 0; i < 1000; i++) {
		m.h.tid = 100 + rnd(&seed) % 4;
		m.h.flags = (__u8)(1 + i % 2);
		m.h.ts += 100 + rnd(&seed) % 900;
		m.used.cpu_ns = m.h.ts / 2;
		m.name = 0x555500001000 + rnd(&seed) % 4 * 24;
		recs_add(&r, m.h, NULL);
		memcpy(r.p + r.n - sizeof(m), &m, sizeof(m));
	}
	n = round_trip(&r);
	assert_in_range(n, 1, r.n / 4);
	free(r.p);
}

/* Differences just below, at and above what each size holds, both ways, and round the end. */
static void every_size_of_difference_comes_back(void **state)
{
	static const uint64_t edges[] = {0, 0x80, 0x8000, 0x80000000, 1ull << 32, 1ull << 40};
	struct recs r = {0};
	uint64_t ts = 0;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		for (int near = -2; near <= 2; near++) {
			for (int sign = -1; sign < 2; sign += 2) {
				ts += (uint64_t)sign * (edges[i] + (uint64_t)near);
				recs_add(&r, (struct wire_hdr){.len = 48, .ts = ts}, NULL);
				memcpy(r.p + r.n - 8, &ts, 8);
			}
		}
	}
	assert_in_range(round_trip(&r), 1, r.n);
	free(r.p);
}

/* Each context stays with its number until DELTA_CONTEXTS others have come. */
static void more_contexts_than_there_are_numbers_come_back(void **state)
{
	for (uint32_t tids = 120; tids <= 800;
	     tids += tids < 135 || (tids > 375 && tids < 390) ? 1 : 13) {
		struct recs r = {0};
		uint32_t seed = tids;

		for (uint32_t i = 0; i < 3 * tids; i++) {
			uint32_t tid = tids % 2 ? i % tids : rnd(&seed) % tids;

			recs_add(&r, (struct wire_hdr){.len = 56, .tid = tid, .ts = i}, NULL);
		}
		assert_in_range(round_trip(&r), 1, r.n / 2);
		free(r.p);
	}
}

static void noise_is_left_alone(void **state)
{
	struct recs r = {0};
	uint32_t seed = 5;

	assert_int_equal(delta_encode(r.p, r.p, 0, by_kind), 0);
	for (uint16_t len = 64; len <= 1024; len += 8) {
		struct wire_hdr h = {.len = len, .tid = rnd(&seed), .ts = rnd(&seed)};

		h.ts |= (uint64_t)rnd(&seed) << 32;
		r.n = 0;
		for (int i = 0; i < 4; i++, h.tid += 99999)
			recs_add(&r, h, &seed);
		assert_int_equal(round_trip(&r), 0);
	}
	free(r.p);
}

/* The page's example, by hand. */
static void bytes_are_as_the_page_says(void **state)
{
	static const struct {
		struct wire_hdr h;
		__u32 lane[2];
	} records[] = {
		{{24, 8, 1, 7, 1000}, {5, 0}},
		{{24, 8, 1, 7, 1100}, {4, 65536}},
		{{24, 8, 1, 8, 1099}, {1, 0}},
		{{24, 8, 1, 8, 1101}, {2, 0}},
	};
	/* clang-format off */
	static const unsigned char coded[] = {
		127, 24, 0, 8, 1, 7, 0, 0, 0, 0x05, 0x01, 0xd0, 0x07, 10, /* 2000; 10 */
		0, 0x0d, 0x20, 200, 1, 0, 0, 2,			/* 200; 2 * 1 - 1; 0x20000 */
		127, 24, 0, 8, 1, 8, 0, 0, 0, 0x05, 0x00, 1, 2, /* 2 * 1 - 1; 2 */
		129, 0x00, 4, 2,				/* 4; 2 */
	};
	/* clang-format on */
	unsigned char to[sizeof(records)], back[sizeof(records)];

	memset(by_kind, 0, sizeof(by_kind));
	assert_int_equal(delta_encode(to, records, sizeof(records), by_kind), sizeof(coded));
	assert_memory_equal(to, coded, sizeof(coded));
	assert_int_equal(by_kind[8], sizeof(coded));
	assert_true(delta_decode(back, sizeof(back), coded, sizeof(coded)));
	assert_memory_equal(back, records, sizeof(back));
}

/* What an interval off CPU is for: its times are near its own ts, or not there. */
static void times_of_a_wait_are_near_its_end(void **state)
{
	struct wire_offcpu o = {.h = {.len = sizeof(o), .kind = WIRE_OFFCPU, .tid = 7}};
	struct recs r = {0};
	uint32_t seed = 9;
	size_t n;

	for (int i = 0; i < 1000; i++) {
		o.h.ts += 1000000000 + rnd(&seed) % 1000000;
		o.off_ts = o.h.ts - rnd(&seed) % 60000;
		o.wake_ts = i % 100 ? o.h.ts - rnd(&seed) % 250 : 0;
		recs_add(&r, o.h, NULL);
		memcpy(r.p + r.n - sizeof(o), &o, sizeof(o));
	}
	n = round_trip(&r);
	/* context, lanes, sizes, ts 4 to 5, off_ts 3, wake_ts 2 */
	assert_in_range(n, 1, 1000 * 16);
	free(r.p);
}

enum { CULPRITS = 6 };

/* Who had the CPU while a thread was ready: CULPRITS of 40 threads, a pid each; and its wait. */
static void add_wait(struct recs *r, uint64_t ts, uint32_t *seed)
{
	struct wire_offcpu o = {.h = {.len = sizeof(o), .kind = WIRE_OFFCPU, .tid = 7, .ts = ts}};
	struct {
		struct wire_ran ran;
		struct wire_ran_by by[CULPRITS];
	} c = {.ran = {.h = {.len = sizeof(c), .kind = WIRE_RAN, .tid = 7, .ts = ts}}};

	c.ran.from_ts = ts - (c.ran.idle_ns = rnd(seed) % 250);
	for (int i = 0; i < CULPRITS; i++) {
		uint32_t n = rnd(seed) % 40;

		c.by[i] = (struct wire_ran_by){100000 + 7 * n, 200000 + 1111 * n,
					       1 + rnd(seed) % 250};
		c.ran.from_ts -= c.by[i].ns;
	}
	o.wake_ts = rnd(seed) % 8 ? c.ran.from_ts : 0;
	o.off_ts = o.wake_ts ? ts - 100000 : c.ran.from_ts;
	recs_add(r, c.ran.h, NULL);
	memcpy(r->p + r->n - sizeof(c), &c, sizeof(c));
	recs_add(r, o.h, NULL);
	memcpy(r->p + r->n - sizeof(o), &o, sizeof(o));
}

/* What follows from the rest costs nothing: pids of known tids, and when the thread became
 * ready. */
static void what_ran_meanwhile_fills_the_wait(void **state)
{
	struct recs r = {0};
	uint32_t seed = 9;

	for (int i = 1; i <= 1000; i++)
		add_wait(&r, i * 1000000000ull, &seed);
	assert_in_range(round_trip(&r), 1, r.n / 4);
	/* context 1, lanes 4, sizes 4, ts 5, idle_ns 2, and of each tid and ns 2 */
	assert_in_range(by_kind[WIRE_RAN], 1, 1000 * (16 + 4 * CULPRITS));
	/* context 1, lanes 3, sizes 1, one time 3; both times and all that when it was preempted */
	assert_in_range(by_kind[WIRE_OFFCPU], 1, 1000 * 12);
	free(r.p);
}

/* As coded before the rest of a record was a guess: a RAN of 100 ns, then the wait that it is
 * of. */
static void the_old_coding_is_still_read(void **state)
{
	static const unsigned char coded[] = {
		0x7f, 72,   0,	  17,	0,    7,    0, 0, 0, /* a new context */
		0x05, 0x70, 0x01, 0x00,			     /* lanes; sizes */
		0xd0, 0x07, 0xc7, 2,	18,   200, /* ts + 1000; from_ts - 100; tid, pid, ns */
		0x7f, 104,  0,	  4,	0,    7,    0, 0, 0, /* another one */
		0x14, 0,    0,	  0x00, 0xc7, 0xc7,	     /* off_ts, wake_ts - 100 */
	};
	struct {
		struct wire_ran ran;
		struct wire_ran_by by;
		struct wire_offcpu off;
	} want = {.ran = {.h = {.len = 72, .kind = WIRE_RAN, .tid = 7, .ts = 1000}, .from_ts = 900},
		  .by = {1, 9, 100},
		  .off = {.h = {.len = 104, .kind = WIRE_OFFCPU, .tid = 7, .ts = 1000},
			  .off_ts = 900,
			  .wake_ts = 900}};
	unsigned char back[sizeof(want)];

	(void)state;
	assert_true(delta_decode_old(back, sizeof(back), coded, sizeof(coded)));
	assert_memory_equal(back, &want, sizeof(want));
	if (delta_decode(back, sizeof(back), coded, sizeof(coded)))
		assert_memory_not_equal(back, &want, sizeof(want));
}

/* What is guessed from the rest may be wrong, by anything. */
static void times_that_do_not_add_up_come_back(void **state)
{
	for (size_t lie = 0; lie < sizeof(struct wire_ran) + 32; lie++) {
		struct recs r = {0};
		uint32_t seed = 1 + (uint32_t)lie;

		for (int i = 1; i <= 20; i++) {
			size_t at = r.n;

			add_wait(&r, i * 1000000000ull, &seed);
			if (lie >= sizeof(struct wire_hdr))
				r.p[at + lie] ^= (unsigned char)rnd(&seed);
		}
		round_trip(&r);
		free(r.p);
	}
}

/* Of every kind and every length down to a header, with the times that a kind may have cut off. */
static void short_records_of_every_kind_come_back(void **state)
{
	for (unsigned int kind = 0; kind < 256; kind++)
		for (__u16 len = 16; len <= 96; len += 8) {
			struct recs r = {0};
			uint32_t seed = kind + len;

			for (int i = 0; i < 20; i++) {
				struct wire_hdr h = {.len = len, .kind = (__u8)kind, .tid = 7};

				h.ts = i % 3 ? 1u << 20 : 0;
				recs_add(&r, h, i % 2 ? &seed : NULL);
			}
			round_trip(&r);
			free(r.p);
		}
}

static void coded_bytes_cut_anywhere_are_refused(void **state)
{
	unsigned char coded[4096], back[8192];
	struct recs r = {0};
	uint32_t seed = 11;
	size_t n;

	recs_random(&r, 60, false, &seed);
	n = delta_encode(coded, r.p, r.n, by_kind);
	assert_in_range(n, 100, sizeof(coded));
	assert_true(r.n + 8 <= sizeof(back));
	for (size_t cut = 0; cut < n; cut++) {
		unsigned char *exact = malloc(cut + 1);

		memcpy(exact, coded, cut);
		assert_false(delta_decode(back, r.n, exact, cut));
		free(exact);
	}
	/* A byte too many, and plain sizes that are not those of the records. */
	assert_false(delta_decode(back, r.n, coded, n + 1));
	assert_false(delta_decode(back, r.n - 8, coded, n));
	assert_false(delta_decode(back, r.n + 8, coded, n));
	free(r.p);
}

static void hostile_bytes_are_refused(void **state)
{
	static const unsigned char unknown[] = {3, 0, 0, 0}; /* a context that was not given */
	static const unsigned char beyond[] = {126, 255, 0, 0};
	static const unsigned char no_number[] = {126};
	static const unsigned char lens[] = {0, 8, 12, 20, 32};
	static const unsigned char short_first[] = {127, 8, 0, 8, 1, 7, 0, 0, 0, 127,
						    16,	 0, 8, 1, 7, 0, 0, 0, 0};
	unsigned char back[1032], coded[41] = {127, 0, 0, 8, 1, 7};

	assert_false(delta_decode(back, 24, unknown, sizeof(unknown)));
	assert_false(delta_decode(back, 24, beyond, sizeof(beyond)));
	assert_false(delta_decode(back, 24, no_number, sizeof(no_number)));
	for (size_t i = 0; i < sizeof(lens); i++) {
		coded[1] = lens[i];
		assert_false(delta_decode(back, 24, coded, 10));
	}
	/* Lengths that would fill the room, and are wrong all the same. */
	assert_false(delta_decode(back, 24, short_first, sizeof(short_first)));
	coded[1] = 20;
	assert_false(delta_decode(back, 20, coded, 10));
	coded[1] = 24;
	assert_true(delta_decode(back, 24, coded, 10));
	/* The same lanes as last time, where there was none. */
	coded[0] = 255;
	assert_false(delta_decode(back, 24, coded, 9));
	coded[0] = 127;
	/* A lane behind the last one. */
	coded[9] = 16;
	assert_false(delta_decode(back, 24, coded, 12));
	coded[9] = 0;
	/* 1024, and more than a record can be. */
	coded[1] = 0;
	coded[2] = 4;
	assert_true(delta_decode(back, 1024, coded, 41));
	coded[1] = 8;
	assert_false(delta_decode(back, 1032, coded, 41));
}

/* Room for a record and a bit: the bit must not be written beyond. */
static void odd_sizes_are_refused(void **state)
{
	for (size_t n = 1; n < 48; n++) {
		unsigned char *exact = malloc(n),
			      coded[] = {127, 16, 0, 8, 1, 7, 0, 0, 0, 0, 0, 0, 128};
		const size_t used = n <= 16 ? 10 : n <= 32 ? 12 : 13;

		assert_int_equal(delta_decode(exact, n, coded, used), n == 16 || n == 32);
		free(exact);
	}
}

static void random_bytes_never_go_astray(void **state)
{
	uint32_t seed = 77;

	for (int i = 0; i < 20000; i++) {
		size_t n = 1 + rnd(&seed) % 200, to_n = 8 * (rnd(&seed) % 200);
		unsigned char *from = malloc(n), *to = malloc(to_n + 1);

		for (size_t k = 0; k < n; k++)
			from[k] = (unsigned char)(rnd(&seed) % 3 ? rnd(&seed) % 4 * 8 : rnd(&seed));
		from[0] = 127;
		if (n > 3)
			from[2] = 0;
		delta_decode(to, to_n, from, n);
		free(from);
		free(to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_records_come_back),
		cmocka_unit_test(marks_take_less_than_a_quarter),
		cmocka_unit_test(every_size_of_difference_comes_back),
		cmocka_unit_test(more_contexts_than_there_are_numbers_come_back),
		cmocka_unit_test(noise_is_left_alone),
		cmocka_unit_test(bytes_are_as_the_page_says),
		cmocka_unit_test(times_of_a_wait_are_near_its_end),
		cmocka_unit_test(what_ran_meanwhile_fills_the_wait),
		cmocka_unit_test(the_old_coding_is_still_read),
		cmocka_unit_test(times_that_do_not_add_up_come_back),
		cmocka_unit_test(short_records_of_every_kind_come_back),
		cmocka_unit_test(coded_bytes_cut_anywhere_are_refused),
		cmocka_unit_test(hostile_bytes_are_refused),
		cmocka_unit_test(odd_sizes_are_refused),
		cmocka_unit_test(random_bytes_never_go_astray),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
