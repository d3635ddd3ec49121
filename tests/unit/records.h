/* SPDX-License-Identifier: MIT */
/*
 * records.h - hand-made captures for the model's tests
 *
 *	struct tape t = { 0 };
 *	tape_thread(&t, 0, 100, 10, 11, .flags = WIRE_THREAD_ATTACH, .on_cpu = 1);
 *	tape_string(&t, 0, 100, 10, 11, 0x1000, "GET /");
 *	tape_task(&t, 0, 110, 11, WIRE_MARK_BEGIN, .id = 1, .name = 0x1000);
 *	r = run_tape(&t, 100, 200, NULL, NULL, 0);      (runs.h)
 *
 * A tape is a set of streams in memory; the functions append a record to stream s. Every field
 * that is not named is 0. Nothing here checks anything: the tests do.
 */
#ifndef CTRACE_RECORDS_H
#define CTRACE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctrace/wire.h"
#include "source.h"

/* A named field may override a default below. */
#pragma GCC diagnostic ignored "-Woverride-init"

enum { TAPE_STREAMS = 8 };

struct tape_stream {
	char *bytes;
	size_t n, cap, at;
};

struct tape {
	struct tape_stream streams[TAPE_STREAMS];
	int streams_nr;
	size_t records;
};

static inline void *tape_put(struct tape *t, int s, const void *rec, size_t n)
{
	struct tape_stream *st = &t->streams[s];
	size_t padded = (n + 7) & ~(size_t)7;
	struct wire_hdr *h;

	if (st->n + padded > st->cap) {
		st->cap = (st->n + padded) * 2 + 4096;
		st->bytes = realloc(st->bytes, st->cap);
		if (!st->bytes)
			abort();
	}
	h = memset(st->bytes + st->n, 0, padded);
	memcpy(h, rec, n);
	h->len = (uint16_t)padded;
	st->n += padded;
	if (s >= t->streams_nr)
		t->streams_nr = s + 1;
	t->records++;
	return h;
}

static inline void tape_free(struct tape *t)
{
	for (int i = 0; i < TAPE_STREAMS; i++)
		free(t->streams[i].bytes);
	*t = (struct tape){0};
}

static inline int tape_next(void *ctx, int stream, const void **rec, size_t *len, struct err *err)
{
	struct tape_stream *st = &((struct tape *)ctx)->streams[stream];
	const struct wire_hdr *h;

	if (st->at >= st->n)
		return 0;
	h = (const struct wire_hdr *)(st->bytes + st->at);
	*rec = h;
	*len = h->len;
	st->at += h->len;
	return 1;
}

static inline struct source tape_source(struct tape *t)
{
	for (int i = 0; i < TAPE_STREAMS; i++)
		t->streams[i].at = 0;
	return (struct source){.ctx = t, .streams = t->streams_nr, .next = tape_next};
}

/* The rest of the record is given by designated initialisers, which may set h.flags too. */
#define TAPE_REC(t, s, KIND, type, tid_, ts_, ...)                                      \
	tape_put(t, s,                                                                  \
		 &(struct type){.h = {.kind = WIRE_##KIND, .tid = (tid_), .ts = (ts_)}, \
				__VA_ARGS__},                                           \
		 sizeof(struct type))

#define tape_thread(t, s, ts, pid_, tid, ...)                                                \
	TAPE_REC(t, s, THREAD, wire_thread, tid, ts, .pid = (pid_), .start_ns = 1, .nr = -1, \
		 __VA_ARGS__)
#define tape_totals(t, s, ts, tid, ...) TAPE_REC(t, s, TOTALS, wire_totals, tid, ts, __VA_ARGS__)
#define tape_comm(t, s, ts, pid_, tid, ...) \
	TAPE_REC(t, s, COMM, wire_comm, tid, ts, .pid = (pid_), __VA_ARGS__)
/* Back on CPU at ts, off since off, woken at wake (0: not seen). */
#define tape_off(t, s, off, wake, ts, tid, ...)                                                    \
	TAPE_REC(t, s, OFFCPU, wire_offcpu, tid, ts, .off_ts = (off), .wake_ts = (wake), .nr = -1, \
		 __VA_ARGS__)
#define tape_task(t, s, ts, tid, op, ...) \
	TAPE_REC(t, s, TASK, wire_task, tid, ts, .h.flags = (op), __VA_ARGS__)
#define tape_region(t, s, ts, tid, op, name_, ...) \
	TAPE_REC(t, s, REGION, wire_region, tid, ts, .h.flags = (op), .name = (name_), __VA_ARGS__)
#define tape_async(t, s, ts, tid, op, id_, name_, ...)                                            \
	TAPE_REC(t, s, ASYNC, wire_async, tid, ts, .h.flags = (op), .id = (id_), .name = (name_), \
		 __VA_ARGS__)
#define tape_lost(t, s, from, to, n) \
	TAPE_REC(t, s, LOST, wire_lost, 0, to, .from_ts = (from), .count = (n))

static inline void tape_string_flags(struct tape *t, int s, uint64_t ts, uint32_t pid, uint32_t tid,
				     uint64_t addr, const char *text, uint8_t flags)
{
	struct {
		struct wire_string r;
		char text[WIRE_STR_MAX];
	} rec = {.r = {.h = {.kind = WIRE_STRING, .tid = tid, .ts = ts, .flags = flags}}};

	rec.r.addr = addr;
	rec.r.pid = pid;
	rec.r.n = (uint32_t)strlen(text);
	memcpy(rec.text, text, rec.r.n);
	tape_put(t, s, &rec, sizeof(rec.r) + rec.r.n);
}

static inline void tape_string(struct tape *t, int s, uint64_t ts, uint32_t pid, uint32_t tid,
			       uint64_t addr, const char *text)
{
	tape_string_flags(t, s, ts, pid, tid, addr, text, 0);
}

static inline void tape_log(struct tape *t, int s, uint64_t ts, uint32_t tid, uint64_t task,
			    const char *category, const char *message)
{
	struct {
		struct wire_log r;
		char text[512];
	} rec = {.r = {.h = {.kind = WIRE_LOG, .tid = tid, .ts = ts}, .task = task}};

	rec.r.category_n = (uint16_t)strlen(category);
	rec.r.message_n = (uint16_t)strlen(message);
	memcpy(rec.text, category, rec.r.category_n);
	memcpy(rec.text + rec.r.category_n, message, rec.r.message_n);
	tape_put(t, s, &rec, sizeof(rec.r) + rec.r.category_n + rec.r.message_n);
}

/* What a number means. text has n bytes; NULs may be inside. */
static inline void tape_resource(struct tape *t, int s, struct wire_resource r, const char *text,
				 size_t n)
{
	struct {
		struct wire_resource r;
		char text[512];
	} rec = {.r = r};

	rec.r.h.kind = WIRE_RESOURCE;
	rec.r.n = (uint16_t)n;
	memcpy(rec.text, text, n);
	tape_put(t, s, &rec, sizeof(rec.r) + n);
}

/* Who had the CPU from `from` to ts. */
static inline void tape_ran(struct tape *t, int s, uint64_t from, uint64_t ts, uint32_t tid,
			    struct wire_ran r, const struct wire_ran_by *v, uint32_t nr)
{
	struct {
		struct wire_ran r;
		struct wire_ran_by v[40];
	} rec = {.r = r};

	rec.r.h = (struct wire_hdr){.kind = WIRE_RAN, .tid = tid, .ts = ts};
	rec.r.from_ts = from;
	rec.r.nr = nr;
	memcpy(rec.v, v, nr * sizeof(*v));
	tape_put(t, s, &rec, sizeof(rec.r) + nr * sizeof(*v));
}

#define tape_holder(t, s, ts, ino_, dev_, pid_, mode_, comm_)                                   \
	TAPE_REC(t, s, HOLDER, wire_holder, 0, ts, .ino = (ino_), .dev = (dev_), .pid = (pid_), \
		 .mode = (mode_), .comm = comm_)
#define tape_stolen(t, s, ts, tid, op, ns_) \
	TAPE_REC(t, s, STOLEN, wire_stolen, tid, ts, .h.flags = (op), .ns = (ns_))

#endif
