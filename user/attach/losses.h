/* SPDX-License-Identifier: MIT */
/*
 * losses.h - what a trace has lost so far, by reason
 */
#ifndef CTRACE_LOSSES_H
#define CTRACE_LOSSES_H

#include <stddef.h>
#include <stdint.h>

#include "ctrace/format.h"

#define LOSSES_MAX 64 /* no more than a reader takes: ABOUT_LOSSES_MAX */

/* A zeroed struct is none. */
struct losses {
	struct format_loss v[LOSSES_MAX]; /* none of them 0 */
	size_t nr;
	uint64_t total; /* also of reasons that there was no room for */
};

/* count: 0 adds nothing. A name is cut to what the file has room for: of two that begin alike so far,
 * one reason is made. */
void losses_add(struct losses *, const char *name, uint64_t count);

#endif
