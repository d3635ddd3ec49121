/* SPDX-License-Identifier: MIT */
/*
 * samples.h - calls a BPF program on every CPU, some times a second
 *
 * By perf events of the CPU clock, which is a timer: hardware counters are not needed. A CPU that
 * is put online later is not sampled.
 */
#ifndef CTRACE_SAMPLES_H
#define CTRACE_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct samples {
	int *fds; /* an event a CPU, owned */
	size_t nr;
};

/* s must be zeroed. Returns 0, or -errno; then nothing is attached. */
int samples_attach(struct samples *s, int prog_fd, uint64_t period_ns, struct err *err);
void samples_release(struct samples *s);

#endif
