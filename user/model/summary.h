/* SPDX-License-Identifier: MIT */
/*
 * summary.h - what was counted, sorted and in its final form
 */
#ifndef CTRACE_SUMMARY_H
#define CTRACE_SUMMARY_H

struct model;

/* Once, when all records are read: fills m->explain.summary. Fails through model_no_memory. */
void summary_build(struct model *m);

#endif
