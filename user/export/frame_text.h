/* SPDX-License-Identifier: MIT */
/*
 * frame_text.h - a frame of a call stack in one word
 */
#ifndef CTRACE_FRAME_TEXT_H
#define CTRACE_FRAME_TEXT_H

#include <stddef.h>

struct span_frame;

/*
 * The function's name; without one the file's and where in it, "libc.so.6+0x2724a"; without either
 * the address. Untrusted, not escaped; cut to fit. Returns buf.
 */
const char *frame_text(char *buf, size_t sz, const struct span_frame *f);

#endif
