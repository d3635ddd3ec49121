/* SPDX-License-Identifier: MIT */
/*
 * decode.h - is this a record?
 *
 * Bytes come from a ring buffer or a file and are hostile. After decode_check has said
 * DECODE_GOOD, whoever handles the record may cast it to its kind's struct and rely on that: it
 * is as long as the struct, its length is a multiple of 8 and covers its strings, and kind is one
 * of wire.h's. Nothing else is promised: times, ids and flags can be anything, fixed-size texts
 * may lack their NUL.
 */
#ifndef CTRACE_DECODE_H
#define CTRACE_DECODE_H

#include <stddef.h>

#include "ctrace/wire.h"

enum decode_verdict {
	DECODE_GOOD,
	DECODE_BAD,	/* too short for its kind, or its lengths contradict each other */
	DECODE_UNKNOWN, /* a kind of a later version */
};

/* rec: n readable bytes. A record longer than its kind was when this was written is good. */
enum decode_verdict decode_check(const void *rec, size_t n);

/* The name of a kind, "THREAD" …; "" if it is not known. */
const char *decode_kind_name(unsigned int kind);

#endif
