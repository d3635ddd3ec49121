/* SPDX-License-Identifier: MIT */
/*
 * drain.h - takes from threads' batches what the BPF programs did not come to
 *
 * A thread that never leaves its CPU and marks seldom fills no block for long. And when a trace
 * stops, something is left in most. It is read from outside, while the threads run: what is below a
 * batch's pos is whole, and if pos is still in the same block afterwards, it was so all along.
 */
#ifndef CTRACE_DRAIN_H
#define CTRACE_DRAIN_H

#include <stddef.h>
#include <stdint.h>

struct batch;

/*
 * Looks at process pid's batches that nobody looked at since `before`, and gives b what is new in
 * them, as of `stream`. until: 0, or when the trace stopped: then only marks before that are
 * wanted. Returns how many batches may still hold some of those (one is being written, or the BPF
 * programs have sent what comes before it): the rings are to be read, and this is to be called
 * again.
 */
size_t drain_process(struct batch *b, uint32_t pid, uint32_t stream, uint64_t before,
		     uint64_t until);
/* What stands at addr in process pid; how many bytes of n, or -1. */
long drain_text(uint32_t pid, uint64_t addr, char *to, size_t n);

#endif
