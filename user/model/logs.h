/* SPDX-License-Identifier: MIT */
/*
 * logs.h - what a program says of a task while it is open: log lines, and its W3C traceparent
 */
#ifndef CTRACE_LOGS_H
#define CTRACE_LOGS_H

#include "model/inner.h"

void logs_log(struct model *m, const struct wire_log *r);
void logs_parent(struct model *m, const struct wire_parent *r);

#endif
