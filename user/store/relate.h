/* SPDX-License-Identifier: MIT */
/*
 * relate.h - puts what a record of one capture says into the frame of another
 *
 * A kind of records has a row in relate.c that says where in it times, process and thread numbers,
 * CPUs and the ids of stacks stand: tests/unit/test_relate.c fails for one without.
 */
#ifndef CTRACE_RELATE_H
#define CTRACE_RELATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relate {
	int64_t shift;	  /* of times */
	uint32_t pid_add; /* to numbers of processes and threads */
	uint32_t cpu_add;
	uint64_t id_mix; /* makes ids of stacks other ones */
};

uint64_t relate_ts(const struct relate *r, uint64_t ts);
/* rec: a whole record of len bytes, not yet checked otherwise. */
void relate_record(const struct relate *r, void *rec, size_t len);
/* Whether that kind has a row. */
bool relate_knows(unsigned int kind);

#endif
