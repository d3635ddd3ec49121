/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the reading side of one BPF ring buffer
 *
 *	rc = ring_map(&ring, fd, sz, &err);        or ring_init() on memory, for tests
 *	bytes = ring_take(&ring, fn, ctx, &rc);    all that is there
 *	ring_unmap(&ring);
 *
 * Like libbpf's ring_buffer, but that the kernel is told what was read once in RING_ACK_SZ bytes
 * (an eighth of a small ring) rather than after each record: the position that is written here is
 * read by every CPU that reserves, and a write a record would take that cache line away from them
 * each time. And that the caller learns how much there was: the pace of reading is made from it.
 *
 * Not thread-safe. Linux's layout: one page with the reader's position, one with the writers', then
 * the data, twice in a row so that no record is ever torn at the end.
 */
#ifndef CTRACE_RING_H
#define CTRACE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define RING_ACK_SZ (32u << 10)

struct ring {
	unsigned long *read;	      /* ours: bytes read since it was made */
	const unsigned long *written; /* the kernel's: bytes reserved */
	const unsigned char *data;
	size_t sz, page;
	unsigned long mark;
};

/* Takes one record. Non-zero ends the reading with that value. */
typedef int (*ring_fn)(void *ctx, const void *rec, size_t len);

/* Maps the ring buffer of sz bytes behind fd, which may be closed then. */
int ring_map(struct ring *, int fd, size_t sz, struct err *err);
/* Bytes that wait to be read. */
size_t ring_fill(const struct ring *);
/* Whether all was taken that had been reserved, submitted or not, at the last ring_mark. */
void ring_mark(struct ring *);
bool ring_passed(const struct ring *);
/* The oldest record, or NULL if there is none, or it is not submitted. Valid until ring_take. */
const void *ring_peek(const struct ring *);
/*
 * Gives every record that is there to fn, but no more than the ring held when it was called: a
 * writer that is faster than we are must not keep us from the other rings. A record that is not
 * submitted yet ends it. Returns the bytes taken, headers and padding included; *rc: fn's value.
 */
size_t ring_take(struct ring *, ring_fn fn, void *ctx, int *rc);
void ring_unmap(struct ring *); /* a zeroed one is fine */

#endif
