/* SPDX-License-Identifier: MIT */
/*
 * symbolize.h - names for the addresses of the stacks that were recorded
 *
 *	symbolize_stack(sy, r);                      each that comes by
 *	…
 *	symbolize_write(sy, images, writer, &err);   when the trace is over
 *
 * Nothing is looked up while the target is being traced, and then only what occurs: so a capture
 * holds all that a report needs, on any machine, though the files are not there.
 *
 * N.B. of a trace, ADDRESSES_MAX addresses are named.
 */
#ifndef CTRACE_SYMBOLIZE_H
#define CTRACE_SYMBOLIZE_H

#include <stddef.h>
#include <stdint.h>

#include "ctrace/wire.h"

enum { ADDRESSES_MAX = 1 << 18 };

struct err;
struct images;
struct writer;
struct symbolize;

/* NULL without memory. */
struct symbolize *symbolize_new(void);
/* Notes the addresses of a record whose length was checked. What there is no room for is left
 * out. */
void symbolize_stack(struct symbolize *sy, const struct wire_stack *r);
/* Returns 0, or -errno of the writer. What could not be read has no names; that is no error. */
int symbolize_write(struct symbolize *sy, const struct images *im, struct writer *w,
		    struct err *err);
void symbolize_free(struct symbolize *sy); /* NULL is fine */

#endif
