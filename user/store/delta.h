/* SPDX-License-Identifier: MIT */
/*
 * delta.h - codes the records of a chunk as differences to earlier ones (FORMAT_DELTA)
 *
 * A record is mostly what an earlier one of the same thread and kind was: the same names, a time
 * and totals a little higher. Its first 8 bytes (len, kind, flags, tid: its context) become a
 * small number, and each further 4 bytes (a lane) the difference to the same lane of the last
 * record of that context, or, for the lanes of ts, of the record just before.
 *
 *	context      1 byte: the number of a context, or DELTA_NEW, then its 8 bytes: it gets the
 *	             lowest number that was not given yet, or, when all are given, that which was
 *	             given longest ago
 *	controls     2 bits a lane, lowest first, padded with 0 to whole bytes: how many bytes of
 *the difference follow: 0, 1, 2 or 4 differences  little-endian, of the lane minus the earlier lane
 *(0 if there is none), modulo 2^32; d is written as 2d, and -d as 2d - 1
 *
 * It costs less than writing what it saves, and zlib then has less and easier work. Lossless for
 * any records whose lengths are right.
 */
#ifndef CTRACE_DELTA_H
#define CTRACE_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctrace/wire.h"

#define DELTA_NEW 255 /* contexts are numbered from 0 to 254 */

/*
 * Codes n bytes of whole records (lengths as wire.h says) into `to`, which has room for n. by_kind:
 * gets the coded bytes of each kind added; [0] those of unknown ones. Returns the coded size, or 0
 * if it is not sure to be less than n; then by_kind is of no use.
 */
size_t delta_encode(void *to, const void *records, size_t n, uint32_t by_kind[WIRE_KINDS_MAX]);
/*
 * Decodes from, hostile input, into exactly n bytes of records with right lengths. Returns whether
 * that is what it is; if not, what stands in `to` is of no use.
 */
bool delta_decode(void *to, size_t n, const void *from, size_t from_n);

#endif
