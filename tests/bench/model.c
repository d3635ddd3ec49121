/* SPDX-License-Identifier: MIT */
/*
 * model.c - how many records a second the model takes, on one core
 *
 *	model [MILLIONS]	default 4
 *
 * The records (service.h) are made beforehand, in memory. Time is the CPU time, measured here: the
 * model has no clock.
 */
#include <elf.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "model/decode.h"
#include "model/merge.h"
#include "bench/service.h"
#include "model/model.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t fill(struct tape *t, size_t records)
{
	struct service s;

	service_begin(&s, t);
	while (t->records < records)
		service_step(&s, t);
	return service_end(&s);
}

/* The same, but each thread's marks come 64 at a time, as buffers in the application would give. */
static struct tape batched(const struct tape *t)
{
	enum { BATCH = 64 };
	const struct wire_hdr *held[THREADS][BATCH];
	int held_nr[THREADS] = {0};
	struct tape out = {0};

	for (int s = 0; s < t->streams_nr; s++) {
		const struct wire_hdr *h;

		for (size_t at = 0; at < t->streams[s].n; at += h->len) {
			uint32_t who;

			h = (const struct wire_hdr *)(t->streams[s].bytes + at);
			who = h->tid - PID - 1;
			if ((h->kind != WIRE_TASK && h->kind != WIRE_REGION) || who >= THREADS) {
				tape_put(&out, s, h, h->len);
				continue;
			}
			held[who][held_nr[who]++] = h;
			for (int i = 0; held_nr[who] == BATCH && i < BATCH; i++)
				tape_put(&out, s, held[who][i], held[who][i]->len);
			held_nr[who] %= BATCH;
		}
		for (int w = 0; w < THREADS; w++) {
			for (int i = 0; i < held_nr[w]; i++)
				tape_put(&out, s, held[w][i], held[w][i]->len);
			held_nr[w] = 0;
		}
	}
	return out;
}

static void say(const char *what, size_t records, double seconds)
{
	printf("%-14s %6.2f M records/s  (%.0f ns a record)\n", what,
	       (double)records / seconds / 1e6, seconds * 1e9 / (double)records);
}

static size_t run_decode(struct tape *t)
{
	struct source src = tape_source(t);
	const void *rec;
	size_t n, good = 0;

	for (int s = 0; s < src.streams; s++) {
		while (src.next(src.ctx, s, &rec, &n, NULL) > 0)
			good += decode_check(rec, n) == DECODE_GOOD;
	}
	return good;
}

static size_t run_merge(struct tape *t)
{
	struct merge_opts opts = {.lateness_ns = 100000000};
	struct source src = tape_source(t);
	const struct wire_hdr *rec;
	struct merge m;
	size_t nr = 0;

	if (merge_init(&m, &src, &opts, NULL))
		return 0;
	while (merge_next(&m, &rec, NULL) > 0)
		nr++;
	merge_release(&m);
	return nr;
}

static int ignore_begin(void *ctx, const struct capture_info *i, struct err *err)
{
	return 0;
}

static int ignore_end(void *ctx, const struct summary *s, struct err *err)
{
	return 0;
}

static int ignore_interval(void *ctx, const struct span_interval *i, struct err *err)
{
	return 0;
}

/* The most that a record comes behind a later one of its stream. */
static uint64_t lateness(const struct tape *t)
{
	uint64_t most = 0;

	for (int s = 0; s < t->streams_nr; s++) {
		const struct wire_hdr *h;
		uint64_t latest = 0;

		for (size_t at = 0; at < t->streams[s].n; at += h->len) {
			h = (const struct wire_hdr *)(t->streams[s].bytes + at);
			if (h->ts > latest)
				latest = h->ts;
			if (latest - h->ts > most)
				most = latest - h->ts;
		}
	}
	return most;
}

static size_t run_model(struct tape *t, uint64_t stop, const struct sink *sinks, size_t sinks_nr)
{
	struct capture_info info = {.machine = EM_X86_64,
				    .start_ts = START,
				    .stop_ts = stop,
				    .late_known = true, /* as a capture of it would say */
				    .late_ns = lateness(t)};
	struct model_opts opts = {0};
	struct source src = tape_source(t);
	struct model *m = model_new(&opts, &info, sinks, sinks_nr);
	const struct summary *s;
	struct err err;

	if (!m || model_run(m, &src, &err)) {
		fprintf(stderr, "%s\n", m ? err.text : "out of memory");
		return 0;
	}
	s = model_summary(m);
	if (s->tasks_nr != 2 || s->misuse_nr || s->late || s->bad_records) {
		fprintf(stderr, "%zu tasks, %zu misuses (%s), %llu late, %llu bad\n", s->tasks_nr,
			s->misuse_nr, s->misuse_nr ? s->misuse[0].name : "",
			(unsigned long long)s->late, (unsigned long long)s->bad_records);
		return 0;
	}
	model_free(m);
	return t->records;
}

int main(int argc, char **argv)
{
	static const struct sink_ops ignore = {
		.name = "ignore",
		.begin = ignore_begin,
		.interval = ignore_interval,
		.end = ignore_end,
	};
	const struct sink sink = {&ignore, NULL};
	size_t records = (argc > 1 ? strtoul(argv[1], NULL, 10) : 4) * 1000000, done;
	struct tape t = {0}, late;
	uint64_t stop = fill(&t, records);
	double from = now();

	done = run_decode(&t);
	say("decode", done, now() - from);
	from = now();
	done = run_merge(&t);
	say("merge", done, now() - from);
	late = batched(&t);
	from = now();
	done = run_merge(&late);
	say("merge batched", done, now() - from);
	tape_free(&late);
	from = now();
	done = run_model(&t, stop, NULL, 0);
	say("model", done, now() - from);
	if (done != t.records) {
		fprintf(stderr, "the model did not take them all\n");
		return 1;
	}
	from = now();
	done = run_model(&t, stop, &sink, 1);
	say("with a sink", done, now() - from);
	tape_free(&t);
	return 0;
}
