/* SPDX-License-Identifier: MIT */
/*
 * naming.h - what only user space can name: addresses of a process, and of the kernel
 *
 *	while ((len = naming_see(n, rec, &out)))     each record, before it is written
 *		…
 *
 * BPF sends the address of the futex that a thread waits for, or of the page, or of the kernel's
 * function that it is blocked in. The first time that one is seen, it is looked for in
 * /proc/PID/maps or /proc/kallsyms, and a WIRE_RESOURCE says what is there. It goes into the same
 * stream, right before the record that it is about.
 *
 * N.B. a process that has ended by then keeps its addresses unnamed. What it maps later at an
 * address that was named is known only if it maps code.
 */
#ifndef CTRACE_NAMING_H
#define CTRACE_NAMING_H

#include <stddef.h>
#include <stdint.h>

#include "ctrace/wire.h"

struct naming;

enum { NAMING_TEXT_MAX = 512 };

/* Room for one record of ours. */
union naming_record {
	struct wire_resource r;
	unsigned char bytes[sizeof(struct wire_resource) + NAMING_TEXT_MAX];
};

struct naming *naming_new(void); /* NULL without memory */
/*
 * Fills out if there is something to be said before h: then returns its length, else 0. To be called
 * until it does: there may be more.
 */
size_t naming_see(struct naming *n, const struct wire_hdr *h, union naming_record *out);
void naming_free(struct naming *n); /* NULL is fine */

#endif
