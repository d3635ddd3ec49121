/* SPDX-License-Identifier: MIT */
/* delta_ran.c - see delta_ran.h. Invariant: no guess reads what is guessed. */
#include <string.h>

#include "ctrace/wire.h"
#include "store/delta_ran.h"

enum { HEAD = sizeof(struct wire_ran), ENTRY = sizeof(struct wire_ran_by) };

/* By the record's length alone: what it says of itself may be wrong. */
static size_t entries(size_t len)
{
	return len < HEAD ? 0 : (len - HEAD) / ENTRY;
}

static struct wire_ran_by entry_at(const unsigned char *rec, size_t i)
{
	struct wire_ran_by by;

	memcpy(&by, rec + HEAD + i * ENTRY, sizeof(by));
	return by;
}

static unsigned char *pid_at(unsigned char *rec, size_t i)
{
	return rec + HEAD + i * ENTRY + offsetof(struct wire_ran_by, pid);
}

void delta_ran_guess(const struct delta_ran *r, const unsigned char *rec, size_t len,
		     unsigned char *to)
{
	struct wire_ran head;
	uint64_t from_ts;

	if (len < HEAD)
		return;
	memcpy(&head, rec, HEAD);
	from_ts = head.h.ts - head.idle_ns - head.others_ns - head.unknown_ns;
	for (size_t i = 0; i < entries(len); i++) {
		const struct wire_ran_by by = entry_at(rec, i);
		const uint32_t slot = by.tid % DELTA_RAN_PIDS;

		from_ts -= by.ns;
		memcpy(pid_at(to, i), r->tid[slot] == by.tid ? &r->pid[slot] : &by.tid,
		       sizeof(by.pid));
	}
	memcpy(to + offsetof(struct wire_ran, from_ts), &from_ts, sizeof(from_ts));
}

void delta_ran_clear(unsigned char *rec, size_t len)
{
	if (len < HEAD)
		return;
	memset(rec + offsetof(struct wire_ran, from_ts), 0, sizeof(uint64_t));
	for (size_t i = 0; i < entries(len); i++)
		memset(pid_at(rec, i), 0, sizeof(uint32_t));
}

/* Lane by lane, as all differences are. */
static void add_lane(unsigned char *lane, const unsigned char *guess)
{
	uint32_t a, b;

	memcpy(&a, lane, sizeof(a));
	memcpy(&b, guess, sizeof(b));
	a += b;
	memcpy(lane, &a, sizeof(a));
}

void delta_ran_finish(const struct delta_ran *r, unsigned char *rec, size_t len)
{
	const size_t from = offsetof(struct wire_ran, from_ts);
	unsigned char guess[WIRE_REC_MAX];

	if (len < HEAD)
		return;
	delta_ran_guess(r, rec, len, guess);
	add_lane(rec + from, guess + from);
	add_lane(rec + from + sizeof(uint32_t), guess + from + sizeof(uint32_t));
	for (size_t i = 0; i < entries(len); i++)
		add_lane(pid_at(rec, i), pid_at(guess, i));
}

void delta_ran_learn(struct delta_ran *r, const unsigned char *rec, size_t len)
{
	for (size_t i = 0; i < entries(len); i++) {
		const struct wire_ran_by by = entry_at(rec, i);
		const uint32_t slot = by.tid % DELTA_RAN_PIDS;

		r->tid[slot] = by.tid;
		r->pid[slot] = by.pid;
	}
}
