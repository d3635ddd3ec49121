/* SPDX-License-Identifier: MIT */
/*
 * rings.h - the ring buffers between the BPF programs and the collector
 *
 * One ring a group of CPUs, and a spare one for the records that a CPU's own has no room for: half
 * of the memory is where it is needed, however uneven the load. Each is a stream of the capture,
 * the spare one the last; putting them in order is the merge's job.
 *
 * Records are taken in a timed poll, whose pace follows how fast the rings fill: seldom when it is
 * quiet, since each reading costs the machine two context switches. A ring that fills up past the
 * programs' threshold all the same cuts the wait short.
 */
#ifndef CTRACE_RINGS_H
#define CTRACE_RINGS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct rings;

#define RINGS_WAIT_MIN_MS 2
#define RINGS_WAIT_MAX_MS 100

/* Takes one record. Non-zero ends the round with that value. */
typedef int (*rings_fn)(void *ctx, uint32_t stream, const void *rec, size_t len);

/* How many rings for so many CPUs, and how large (a power of 2), when the user did not say. */
uint32_t rings_number(uint32_t cpus);
uint64_t rings_size(uint32_t rings);
#define RINGS_SPARE_SZ (16u << 20)
/* For how long to wait when waiting for waited_ns gave `taken` bytes to a ring of sz bytes. */
int rings_pace(size_t taken, size_t sz, uint64_t waited_ns);

struct rings_opts {
	uint32_t nr;	       /* rings, without the spare one */
	uint64_t sz, spare_sz; /* bytes */
	int outer_fd;	       /* the map of maps that they are put into: the spare one at nr */
	uint32_t *woken;       /* the programs' flags, one a ring: a wakeup is under way */
	rings_fn fn;
	void *ctx;
};

int rings_new(struct rings **r, const struct rings_opts *, struct err *err);
/*
 * Waits until timeout_ms have passed, a ring asks, or a signal comes; then takes all that is there
 * in all rings. Returns 0, fn's value, or -errno.
 */
int rings_poll(struct rings *, int timeout_ms);
/* The pace, by what the last round found: milliseconds for the next rings_poll. */
int rings_wait_ms(const struct rings *);
uint32_t rings_streams(const struct rings *); /* the rings and the spare one */
/*
 * How often every ring was read up to where it was written to when the time before ended. After two
 * more, whatever was in any ring by now has been taken. A round may not be enough: a record that a
 * program has room for but has not filled yet, since its CPU does something else, holds up those
 * behind it, for as long as that takes.
 */
uint64_t rings_passes(const struct rings *);

/* What reading has been so far. */
struct rings_stats {
	uint64_t rounds; /* readings of all rings */
	uint64_t woken;	 /* those that a ring asked for */
	uint64_t bytes;	 /* taken */
	uint64_t lag_nr; /* rings read that had something; how long its oldest record waited … */
	uint64_t lag_sum_ns; /* … in all, */
	uint64_t lag_max_ns; /* … and at most */
};

const struct rings_stats *rings_stats(const struct rings *);
void rings_free(struct rings *); /* NULL is fine */

#endif
