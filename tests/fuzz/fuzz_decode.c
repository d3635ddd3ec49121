/* SPDX-License-Identifier: MIT */
/*
 * fuzz_decode.c - any bytes as the records of two streams, through the whole model
 *
 * The input is cut into pieces: a header byte chooses kind, stream and flags, a second one how
 * many of the following bytes are the record's. Times and ids are folded into small ranges, or
 * nothing would ever meet anything; one input in eight keeps its bytes as they are. The checker
 * aborts when the findings contradict themselves.
 */
#include <elf.h>

#include "base/err.h"
#include "model/inner.h"
#include "unit/checker.h"
#include "unit/records.h"

enum { START = 1000, STOP = 5000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const uint16_t sizes[WIRE_KIND_NR] = {
#define SIZE(nr, NAME, type, text) [nr] = sizeof(struct type),
	WIRE_KINDS(SIZE)
#undef SIZE
};

/* Around the trace, and a little outside. */
static uint64_t fold(uint64_t ts)
{
	return START - 200 + ts % (STOP - START + 400);
}

/* Makes the numbers of a record likely to have met before. */
static void tame(struct wire_hdr *h, void *rec)
{
	h->tid %= 5;
	h->ts = fold(h->ts);
	switch (h->kind) {
	case WIRE_OFFCPU:
		((struct wire_offcpu *)rec)->off_ts = fold(((struct wire_offcpu *)rec)->off_ts);
		((struct wire_offcpu *)rec)->wake_ts %= STOP + 200;
		((struct wire_offcpu *)rec)->waker_tid %= 7;
		((struct wire_offcpu *)rec)->nr %= 512;
		break;
	case WIRE_TASK:
		((struct wire_task *)rec)->id %= 5;
		((struct wire_task *)rec)->parent %= 5;
		((struct wire_task *)rec)->name %= 5;
		break;
	case WIRE_REGION:
		((struct wire_region *)rec)->name %= 5;
		break;
	case WIRE_ASYNC:
		((struct wire_async *)rec)->id %= 5;
		break;
	case WIRE_STRING:
		((struct wire_string *)rec)->addr %= 5;
		((struct wire_string *)rec)->pid %= 3;
		break;
	case WIRE_THREAD:
		((struct wire_thread *)rec)->pid %= 3;
		((struct wire_thread *)rec)->parent_tid %= 5;
		((struct wire_thread *)rec)->start_ns %= 3;
		((struct wire_thread *)rec)->h.flags %= 3;
		break;
	case WIRE_LOST:
		((struct wire_lost *)rec)->from_ts = fold(((struct wire_lost *)rec)->from_ts);
		break;
	default:
		break;
	}
}

static void fill(struct tape *t, const uint8_t *data, size_t n, bool wild)
{
	uint64_t clock = START - 100;

	while (n > 3 && t->records < 4096) {
		union {
			struct wire_hdr h;
			uint64_t aligned[WIRE_REC_MAX / 8];
		} rec = {0};
		unsigned int kind = data[0] % WIRE_KIND_NR, stream = data[0] >> 7;
		size_t take = data[1] % (WIRE_REC_MAX / 4), sz = sizes[kind];

		if (take > n - 3)
			take = n - 3;
		if (take > sz)
			sz = take;
		if (sz < sizeof(rec.h))
			sz = sizeof(rec.h);
		memcpy(&rec, data + 3, take);
		rec.h.kind = (uint8_t)kind;
		rec.h.flags = data[2];
		if (!wild)
			tame(&rec.h, &rec);
		/* Mostly forward, or all would be late. */
		clock += data[1] % 16;
		if (!wild && data[0] & 0x40)
			rec.h.ts = clock;
		tape_put(t, (int)stream, &rec, sz);
		data += 3 + take;
		n -= 3 + take;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct model_opts opts = {.lateness_ns = 500, .steps = 4, .slowest = 2, .threads_max = 3};
	struct capture_info info = {.machine = EM_X86_64, .start_ts = START, .stop_ts = STOP};
	struct checker c = {0};
	struct sink sink = {&checker_ops, &c};
	struct tape t = {0};
	struct source src;
	struct model *m;
	struct err err;

	if (n < 4)
		return 0;
	fill(&t, data + 1, n - 1, data[0] % 8 == 0);
	src = tape_source(&t);
	m = model_new(&opts, &info, &sink, 1);
	CHECK(m);
	CHECK(!model_run(m, &src, &err));
	CHECK(!m->broken);
	CHECK(!m->tasks_nr && !m->asyncs_nr && !m->threads.nr);
	model_free(m);
	checker_release(&c);
	tape_free(&t);
	return 0;
}
