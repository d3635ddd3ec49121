/* SPDX-License-Identifier: MIT */
/*
 * demangle.h - names of C++ functions as people write them
 *
 * By the C++ library of the machine, if it has one: it is loaded when it is first needed, so that
 * building ctrace-bpf takes no C++ compiler. Not thread-safe.
 */
#ifndef CTRACE_DEMANGLE_H
#define CTRACE_DEMANGLE_H

/* An allocated string: the name demangled, or as it was. NULL without memory. */
char *demangle(const char *name);

#endif
