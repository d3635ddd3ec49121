/* SPDX-License-Identifier: MIT */
/*
 * environ.h - a variable that a process was started with
 *
 *	environ_read(pid, "OTEL_SERVICE_NAME", value, sizeof(value));
 */
#ifndef CTRACE_ENVIRON_H
#define CTRACE_ENVIRON_H

#include <stddef.h>
#include <stdint.h>

/*
 * value is "" if it is not set, cannot be read, or does not fit into sz: half a value is none.
 * N.B. What the process itself has changed since its start does not show.
 */
void environ_read(uint32_t pid, const char *name, char *value, size_t sz);

#endif
