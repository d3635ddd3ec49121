/* SPDX-License-Identifier: MIT */
/*
 * human.h - numbers as people read them
 *
 *	char buf[HUMAN_SZ];
 *	printf("%s", human_ns(buf, 84213456));        84.2 ms
 *
 * Integers only: no locale, no floating point. Each fills buf and returns it.
 */
#ifndef CTRACE_HUMAN_H
#define CTRACE_HUMAN_H

#include <stdint.h>

#define HUMAN_SZ 48

/* A duration with three significant digits, rounded: 0 ns, 999 ns, 1.00 µs, 84.2 ms, 16.7 min. */
const char *human_ns(char buf[HUMAN_SZ], uint64_t ns);
/* ns in the unit that human_ns takes for `whole`, with one more digit: a column of offsets. */
const char *human_offset(char buf[HUMAN_SZ], uint64_t ns, uint64_t whole);
/* 12.3 kB, 4.5 MB: thousands, and one digit more */
const char *human_bytes(char buf[HUMAN_SZ], uint64_t n);
/* 1,234,567 */
const char *human_count(char buf[HUMAN_SZ], uint64_t n);
/* Rounded: 61%; "<1%" if it is more than nothing, and 100% only if nothing is missing. */
const char *human_percent(char buf[HUMAN_SZ], uint64_t part, uint64_t whole);
/* A time of day, UTC: 2026-03-14 12:01:03.456; behind the first eleven bytes it is the time
 * alone. */
const char *human_utc(char buf[HUMAN_SZ], uint64_t unix_ns);

#endif
