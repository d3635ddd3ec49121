/* SPDX-License-Identifier: MIT */
/*
 * delta.h - codes the records of a chunk as differences to earlier ones (FORMAT_DELTA)
 *
 * A record is mostly what an earlier one of the same thread and kind was: the same names, a time
 * and totals a little higher. Its first 8 bytes (len, kind, flags, tid: its context) become a
 * small number, and each further 4 bytes (a lane) the difference to a guess:
 *
 *	ts            that of the record just before in the chunk, of whatever context
 *	off_ts and wake_ts of OFFCPU, enter_ts of SYSCALL
 *	              this record's own ts, unless the last record of its context had 0 there:
 *	              then 0. But of an OFFCPU right behind a RAN of the same tid and ts, the
 *	              last of the two that is not guessed to be 0 is that one's from_ts: since
 *	              when it was ready
 *	of RAN, from_ts and the entries' pids
 *	              see delta_ran.h
 *	all others    that of the last record of the same context
 *
 * What there is none of, is guessed to be 0. Each record is coded as:
 *
 *	context      1 byte: in the low 7 bits 0 to 125, the number of a context; or 126, and a byte
 *	             that counts on from there; or 127, and the 8 bytes of a new one. It gets the
 *	             lowest number that was not given yet, or, when all DELTA_CONTEXTS are given,
 *	             that which was given longest ago. The high bit: the lanes that differ are the
 *	             same as last time in this context, and the next field is left out
 *	lanes        a bit a lane, lowest first, padded with 0 to whole bytes: it differs
 *	sizes        2 bits for each that does, likewise: how many bytes its difference has, less 1
 *	differences  little-endian, of the lane minus the guess, modulo 2^32; d is written as
 *	             2d, and -d as 2d - 1
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

#define DELTA_CONTEXTS 382

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
/* The same of FORMAT_DELTA_OLD: from_ts of RAN is an instant like others, its pids are other lanes,
 * and no wait is said to begin where the RAN before it does. */
bool delta_decode_old(void *to, size_t n, const void *from, size_t from_n);

#endif
