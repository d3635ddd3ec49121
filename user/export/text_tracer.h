/* SPDX-License-Identifier: MIT */
/*
 * text_tracer.h - what tracing took: --stats, and capture.tracer of the JSON summary
 */
#ifndef CTRACE_TEXT_TRACER_H
#define CTRACE_TEXT_TRACER_H

#include <stdint.h>
#include <stdio.h>

#include "model/span.h"

/* In a few lines and two tables. Returns 0 or -ENOMEM. */
int tracer_text(const struct capture_info *, FILE *out);
/* "offcpu"; "unknown" */
const char *tracer_kind_name(uint32_t kind);

#endif
