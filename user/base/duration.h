/* SPDX-License-Identifier: MIT */
/*
 * duration.h - a length of time as people type it: 5, 5s, 500ms, 1.5s, 1m, 2h, 250us, 100ns
 */
#ifndef CTRACE_DURATION_H
#define CTRACE_DURATION_H

#include <stdint.h>

struct err;

/*
 * A decimal number and a unit right behind it; without a unit, seconds. Exact: no floating point;
 * what is below a nanosecond is cut. Returns 0 with 1 … INT64_MAX ns in *ns, or -EINVAL with a
 * sentence (nothing, negative, zero, too long, an unknown unit) and *ns untouched.
 */
int duration_parse(const char *s, uint64_t *ns, struct err *err);

#endif
