/* SPDX-License-Identifier: MIT */
/*
 * rings.h - the ring buffers between the BPF programs and the collector
 *
 * One ring a group of CPUs. Records are taken in a timed poll; a ring that fills up past the
 * programs' threshold cuts the wait short.
 */
#ifndef CTRACE_RINGS_H
#define CTRACE_RINGS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct rings;

/* Takes one record. Non-zero ends the round with that value. */
typedef int (*rings_fn)(void *ctx, uint32_t ring, const void *rec, size_t len);

/* How many rings for so many CPUs, and how large (a power of 2), when the user did not say. */
uint32_t rings_number(uint32_t cpus);
uint64_t rings_size(uint32_t rings);

/* Makes nr rings of sz bytes and puts them into the map of maps outer_fd. */
int rings_new(struct rings **r, int outer_fd, uint32_t nr, uint64_t sz, rings_fn fn, void *ctx,
	      struct err *err);
/*
 * Waits until timeout_ms have passed, a ring asks, or a signal comes; then takes all that is there
 * in all rings. woken: the programs' flags, one a ring, cleared here. Returns 0, fn's value, or
 * -errno.
 */
int rings_poll(struct rings *, uint32_t *woken, int timeout_ms);
void rings_free(struct rings *);	/* NULL is fine */

#endif
