/* SPDX-License-Identifier: MIT */
/* objects.h - what each of the objects of objects.c offers under a prefix of its own */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <ctrace/ctrace.h>

struct object {
	uint64_t (*current)(void);
	ctrace_task (*begin)(const ctrace_task *parent); /* as the current task's child, if NULL */
	void (*end)(const ctrace_task *);
	const volatile uint32_t *probes;
};

#ifdef __cplusplus
extern "C" {
#endif
extern const struct object unit_c, unit_cc, library, plugin;
#ifdef __cplusplus
}
#endif

#endif
