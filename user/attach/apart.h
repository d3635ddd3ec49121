/* SPDX-License-Identifier: MIT */
/*
 * apart.h - runs a function in a process that has given up what it does not need
 *
 *	apart_run(work, ctx, take, ctx2, seconds);
 *
 * For reading what others have made, with large libraries: what goes wrong there, by accident or
 * on purpose, ends that process and no more. It has no privileges, little time and memory, and can
 * only read what is open, or what everybody may read. It sends messages; they are hostile input to
 * whoever takes them.
 */
#ifndef CTRACE_APART_H
#define CTRACE_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { APART_MESSAGE_MAX = 8192 };

/* In the other process. Sends messages with apart_send. */
typedef void (*apart_work_fn)(void *ctx, FILE *out);
/* Takes one message of n bytes. Non-zero: no more are wanted. */
typedef int (*apart_take_fn)(void *ctx, const void *message, size_t n);

/* False: it could not be sent whole; the work is in vain. */
bool apart_send(FILE *out, const void *message, size_t n);
/*
 * Returns 0 if the work has come to its end; -EPROTO if it has not, or said what is no message; or
 * -errno if the process could not be made. What was taken before is valid in any case.
 */
int apart_run(apart_work_fn work, void *work_ctx, apart_take_fn take, void *take_ctx,
	      unsigned int seconds);

#endif
