/* SPDX-License-Identifier: MIT */
/*
 * service.h - the records of a service that never was, for measuring
 *
 *	struct service s;
 *
 *	service_begin(&s, &tape);
 *	while (tape.records < enough)
 *		service_step(&s, &tape);
 *	stop_ts = service_end(&s);
 *
 * 8 threads, each on a CPU of its own (4 streams), serve requests, each a task with nested regions,
 * waits of several kinds with wakers, and now and then a log. The same calls make the same records.
 */
#ifndef CTRACE_BENCH_SERVICE_H
#define CTRACE_BENCH_SERVICE_H

#include "base/hash.h"
#include "unit/records.h"

enum { THREADS = 8, CPUS = 4, PID = 100, NAMES = 0x1000, NAMES_NR = 12 };

#define START 1000000000ull

struct worker {
	uint32_t tid;
	uint64_t ts, id;
	int step;
	struct wire_used used;
};

static inline uint64_t random_of(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static inline void wait_step(struct tape *t, int cpu, struct worker *w, uint64_t *seed)
{
	static const struct {
		int16_t nr;
		uint8_t fd_kind;
	} calls[] = {{202, 0}, {0, WIRE_FD_INET}, {0, WIRE_FD_FILE}, {232, 0}, {230, 0}};
	unsigned int which = (unsigned int)(random_of(seed) % 5);
	uint64_t off = w->ts + 500, wake = off + 2000 + random_of(seed) % 50000;

	w->ts = wake + random_of(seed) % 5000;
	tape_off(t, cpu, off, wake, w->ts, w->tid, .state = random_of(seed) % 8 ? 1 : 0,
		 .nr = calls[which].nr, .fd_kind = calls[which].fd_kind,
		 .arg0 = random_of(seed) % 64, .ino = random_of(seed) % 16,
		 .waker_tid = (uint32_t)(PID + 1 + random_of(seed) % THREADS), .waker_pid = PID,
		 .waker_ctx = WIRE_WAKER_TASK, .off_cpu = (uint16_t)(w->tid - PID - 1),
		 .on_cpu = (uint16_t)(w->tid - PID - 1));
}

/* One request is 15 records: 2 of the task, 6 of regions, 6 waits, 1 log. */
static inline void step(struct tape *t, struct worker *w, uint64_t *seed)
{
	static const char program[] = "T(W(W)WR(W)WW)E";
	char what = program[w->step++];
	int cpu = (int)((w->tid + w->id) % CPUS);

	w->ts += 300 + random_of(seed) % 2000;
	w->used.cpu_ns += 1000;
	switch (what) {
	case 'T':
		w->id = hash_mix(w->ts * THREADS + w->tid % THREADS);
		tape_task(t, cpu, w->ts, w->tid, WIRE_MARK_BEGIN, .id = w->id,
			  .name = NAMES + w->id % 2, .used = w->used);
		break;
	case 'E':
		tape_task(t, cpu, w->ts, w->tid, WIRE_MARK_END, .id = w->id, .used = w->used);
		w->step = 0;
		break;
	case '(':
		tape_region(t, cpu, w->ts, w->tid, WIRE_MARK_BEGIN, NAMES + 2, .used = w->used);
		break;
	case ')':
		tape_region(t, cpu, w->ts, w->tid, WIRE_MARK_END, NAMES + 2, .used = w->used);
		break;
	case 'R':
		tape_log(t, cpu, w->ts, w->tid, w->id, "order", "id=42");
		break;
	default:
		wait_step(t, cpu, w, seed);
		break;
	}
}

struct service {
	struct worker workers[THREADS];
	uint64_t seed;
};

static inline void service_begin(struct service *s, struct tape *t)
{
	s->seed = 1;
	for (int i = 0; i < NAMES_NR; i++) {
		char name[32];

		snprintf(name, sizeof(name), "name %d", i);
		tape_string(t, 0, START, PID, PID + 1, NAMES + (uint64_t)i, name);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		s->workers[i] = (struct worker){.tid = PID + 1 + i, .ts = START + i};
		tape_thread(t, 0, START, PID, PID + 1 + i, .on_cpu = 1, .comm = "worker");
	}
}

/* A record, or two, of the thread whose clock is behind. */
static inline void service_step(struct service *s, struct tape *t)
{
	struct worker *first = s->workers;

	for (int i = 1; i < THREADS; i++) {
		if (s->workers[i].ts < first->ts)
			first = &s->workers[i];
	}
	step(t, first, &s->seed);
}

static inline uint64_t service_end(const struct service *s)
{
	return s->workers[0].ts + 1000000;
}

#endif
