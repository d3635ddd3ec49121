/* SPDX-License-Identifier: MIT */
/*
 * sysnames.h - the names of system calls, by machine and number
 *
 * The tables cover x86-64 and arm64, whichever of them this program runs on.
 */
#ifndef CTRACE_SYSNAMES_H
#define CTRACE_SYSNAMES_H

#include <stdint.h>

enum { SYSNAMES_MAX = 512 }; /* no table has a higher number */

/* machine: ELF e_machine. "" if the number or the machine is not known. */
const char *sysname(uint16_t machine, int nr);

#endif
