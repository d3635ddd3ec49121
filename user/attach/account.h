/* SPDX-License-Identifier: MIT */
/*
 * account.h - what tracing takes: of the CPU, the schedule, the rings
 *
 *	account_begin(&a);                                   when the trace begins
 *	account_write(&a, rings, program, tsc, writer, &err);     when all was read, before its END
 *
 * It measures this process, so its loading and its report are not in it.
 */
#ifndef CTRACE_ACCOUNT_H
#define CTRACE_ACCOUNT_H

#include <stdint.h>

struct err;
struct program;
struct rings;
struct tsc;
struct writer;

struct account {
	uint64_t cpu_ns, switches, preempted; /* of the process when the trace began */
};

void account_begin(struct account *);
/*
 * Writes it into the capture, whose records it flushes. tsc: what marks were stamped by, or NULL.
 * Returns 0 or -errno.
 */
int account_write(const struct account *, const struct rings *, const struct program *,
		  const struct tsc *, struct writer *, struct err *);

#endif
