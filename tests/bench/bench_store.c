/* SPDX-License-Identifier: MIT */
/*
 * bench_store.c - how fast a capture is written and read, and how many bytes a record takes
 *
 *	bench_store [FILE [LEVEL...]]		FILE is overwritten and removed; levels 0 and 1
 *
 * The records are made as a server under load would make them: a few threads, a few names, times
 * that rise by small and uneven steps, and totals that follow the times.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctrace/wire.h"
#include "store/reader.h"
#include "store/writer.h"

#define TIDS	4
#define NAMES	8
#define BATCH	64 /* records a call, as a ring buffer's poll gives them */
#define RECORDS 1500000

static uint64_t seed = 88172645463325252;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Uneven: mostly about `about`, now and then much longer. */
static uint64_t step(uint64_t about)
{
	uint64_t s = about / 2 + rnd() % about;

	return rnd() % 16 ? s : s * (1 + rnd() % 20);
}

static struct {
	struct wire_used used;
	int open; /* innermost region, -1 none */
} threads[TIDS];

static uint64_t now = 5000000000000;

static size_t make_region(void *to)
{
	const unsigned int t = (unsigned int)(rnd() % TIDS);
	struct wire_region r = {.h = {.len = sizeof(r), .kind = WIRE_REGION, .tid = 4242 + t}};
	uint64_t d = step(400);
	int name;

	now += d;
	threads[t].used.cpu_ns += rnd() % 8 ? d : d / 2;
	if (rnd() % 4 == 0) {
		threads[t].used.sys_ns += d / 3;
		threads[t].used.syscalls++;
	}
	threads[t].used.faults += rnd() % 500 == 0;
	name = threads[t].open < 0 ? (int)(rnd() % NAMES) : threads[t].open;
	r.h.flags = threads[t].open < 0 ? WIRE_MARK_BEGIN : WIRE_MARK_END;
	threads[t].open = threads[t].open < 0 ? name : -1;
	r.h.ts = now;
	r.name = 0x55d0c0de2000 + 24 * (uint64_t)name;
	r.site = r.h.flags == WIRE_MARK_BEGIN ? 0x55d0c0de4000 + 32 * (uint64_t)name : 0;
	r.used = threads[t].used;
	memcpy(to, &r, sizeof(r));
	return sizeof(r);
}

static size_t make_offcpu(void *to)
{
	const unsigned int t = (unsigned int)(rnd() % TIDS), cpu = (unsigned int)(rnd() % 4);
	const int futex = rnd() % 2;
	struct wire_offcpu o = {
		.h = {.len = sizeof(o), .kind = WIRE_OFFCPU, .tid = 4242 + t},
		.waker_tid = 4242 + (uint32_t)(rnd() % TIDS),
		.waker_pid = 4242,
		.prev_tid = rnd() % 2 ? 0 : 4242 + (uint32_t)(rnd() % TIDS),
		.state = 1,
		.nr = futex ? 202 : 232,
		.off_cpu = (uint16_t)cpu,
		.on_cpu = (uint16_t)(rnd() % 4 ? cpu : rnd() % 4),
		.waker_ctx = futex ? WIRE_WAKER_TASK : WIRE_WAKER_SOFTIRQ,
		.fd_kind = futex ? WIRE_FD_NONE : WIRE_FD_EPOLL,
		.arg0 = futex ? 0x7f0012345000 + 64 * (rnd() % 8) : 5,
		.arg1 = futex ? 128 : 0x7ffc0000a000,
		.ino = futex ? 0 : 1057,
		.dev = futex ? 0 : 15,
	};

	now += step(3000);
	o.h.ts = now;
	o.wake_ts = now - step(4000);
	o.off_ts = o.wake_ts - step(90000);
	memcpy(to, &o, sizeof(o));
	return sizeof(o);
}

/* A capture's usual mix: three marks to one wait. */
static size_t make_mix(void *to)
{
	return rnd() % 4 ? make_region(to) : make_offcpu(to);
}

static double seconds(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int die(const struct err *err)
{
	fprintf(stderr, "%s\n", err->text);
	return 1;
}

static int put_all(const char *path, int level, const unsigned char *p, size_t n, size_t *file,
		   struct err *err)
{
	struct writer_opts opts = {.streams = 1,
				   .cpus = 4,
				   .machine = 62,
				   .compress = level,
				   .uid = (uid_t)-1,
				   .gid = (gid_t)-1,
				   .force = 1};
	struct writer *w = NULL;
	int rc = writer_open(&w, path, &opts, err);

	for (size_t at = 0; !rc && at < n;) {
		size_t batch = 0;

		for (int i = 0; i < BATCH && at + batch < n; i++)
			batch += ((const struct wire_hdr *)(p + at + batch))->len;
		rc = writer_records(w, 0, p + at, batch, err);
		at += batch;
	}
	if (!rc)
		rc = writer_close(w, now, "duration", err);
	*file = rc ? 0 : writer_bytes(w);
	writer_free(w);
	return rc;
}

static int get_all(const char *path, size_t *records, struct err *err)
{
	const struct source *s;
	struct reader *r = NULL;
	const void *rec;
	size_t len;
	int rc = reader_open(&r, path, err);

	*records = 0;
	if (rc)
		return rc;
	s = reader_source(r);
	while ((rc = s->next(s->ctx, 0, &rec, &len, err)) > 0)
		++*records;
	reader_free(r);
	return rc;
}

static int bench(const char *path, const char *name, size_t (*make)(void *), int level)
{
	unsigned char *p = malloc((size_t)RECORDS * sizeof(struct wire_offcpu));
	double wrote, read;
	struct err err = {0};
	size_t n = 0, file, got;

	if (!p)
		return 1;
	for (int i = 0; i < TIDS; i++)
		threads[i].open = -1;
	for (int i = 0; i < RECORDS; i++)
		n += make(p + n);
	wrote = seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (put_all(path, level, p, n, &file, &err) < 0)
		return die(&err);
	wrote = seconds(CLOCK_PROCESS_CPUTIME_ID) - wrote;
	read = seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (get_all(path, &got, &err) < 0)
		return die(&err);
	read = seconds(CLOCK_PROCESS_CPUTIME_ID) - read;
	printf("store %-7s level %d: %5.1f bytes a record of %4.1f; write %5.1f M records/s "
	       "(%4.0f MB/s), read %5.1f M records/s (%4.0f MB/s)\n",
	       name, level, (double)file / RECORDS, (double)n / RECORDS, RECORDS / wrote / 1e6,
	       (double)n / wrote / 1e6, RECORDS / read / 1e6, (double)n / read / 1e6);
	free(p);
	return got != RECORDS;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		size_t (*make)(void *);
	} kinds[] = {{"region", make_region}, {"offcpu", make_offcpu}, {"mix", make_mix}};
	const char *path = argc > 1 ? argv[1] : "/tmp/ctrace-bench-store";
	int rc = 0;

	for (size_t k = 0; k < 3 && !rc; k++) {
		for (int a = 2; a < argc && !rc; a++)
			rc = bench(path, kinds[k].name, kinds[k].make, atoi(argv[a]));
		if (argc <= 2 && !rc)
			rc = bench(path, kinds[k].name, kinds[k].make, 0) ||
			     bench(path, kinds[k].name, kinds[k].make, 1);
	}
	unlink(path);
	return rc;
}
