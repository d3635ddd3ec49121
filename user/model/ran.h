/* SPDX-License-Identifier: MIT */
/*
 * ran.h - who had the CPU while a thread waited for one
 *
 * The parts of one wait (it may have been moved between CPUs) are added up until the wire_offcpu
 * that they belong to is there. Invariant: what is known never exceeds what was waited for.
 */
#ifndef CTRACE_RAN_H
#define CTRACE_RAN_H

#include "ctrace/wire.h"

struct model;
struct thread;

enum { RAN_KNOWN = 24 };

struct ran {
	struct wire_ran_by v[RAN_KNOWN];
	uint32_t nr;
	uint64_t from, to; /* what it covers */
	uint64_t idle_ns, others_ns;
};

void ran_record(struct model *m, const struct wire_ran *r);
/* Forgets it: the wait is over, and told. */
void ran_end(struct thread *th);

#endif
