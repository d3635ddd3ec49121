/* SPDX-License-Identifier: MIT */
/*
 * ksyms.h - names of the kernel's functions, for addresses that are asked for
 *
 * From /proc/kallsyms, which shows addresses to those with CAP_SYSLOG only.
 */
#ifndef CTRACE_KSYMS_H
#define CTRACE_KSYMS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ksym {
	uint64_t addr; /* asked for */
	uint64_t begin;
	char name[128];	 /* "": not known */
	char module[64]; /* "": of the kernel proper */
};

/* v is sorted by addr. Returns how many it named. */
size_t ksyms_find(struct ksym *v, size_t nr);
/* The same, from the text of such a file. */
size_t ksyms_read(struct ksym *v, size_t nr, FILE *f);

#endif
