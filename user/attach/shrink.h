/* SPDX-License-Identifier: MIT */
/*
 * shrink.h - a record without what the programs have reserved and not needed
 *
 * A BPF program reserves a size that it knew when it was loaded: room for the longest text, for the
 * most threads that had a CPU meanwhile. What is empty of that is not kept. Pure.
 */
#ifndef CTRACE_SHRINK_H
#define CTRACE_SHRINK_H

#include <stddef.h>

#include "ctrace/wire.h"

/*
 * Puts a shorter record that says the same to `to`, which has room for WIRE_REC_MAX bytes and is
 * aligned as records are. Returns its length, or 0 if there is none: then `to` is of no use.
 * rec: a whole record of ours.
 */
size_t shrink(void *to, const struct wire_hdr *rec);

#endif
