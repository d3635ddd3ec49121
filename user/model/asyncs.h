/* SPDX-License-Identifier: MIT */
/*
 * asyncs.h - async regions: begun on one thread, ended on any, known by an id
 */
#ifndef CTRACE_ASYNCS_H
#define CTRACE_ASYNCS_H

#include "model/inner.h"

void asyncs_async(struct model *m, const struct wire_async *r);
/* The process, its image or the trace has ended: what it has open is unfinished. */
void asyncs_close_process(struct model *m, struct process *p, uint64_t ts);
void asyncs_release(struct model *m);

#endif
