/* SPDX-License-Identifier: MIT */
/*
 * symtab.h - names of functions and variables in an ELF file, for addresses that are asked for
 *
 *	struct symtab_want v[] = {{.file_off = 0x1234}, …};
 *	symtab_addresses(v, nr, fd, &err);
 *	…                                                sort by vaddr
 *	symtab_find(v, nr, fd, &err);
 *	…
 *	symtab_release(v, nr);
 *
 * The file is hostile input: it is read with pread as by elffile.h, and its tables are passed
 * through once, however large they are; memory grows with what is asked for alone.
 */
#ifndef CTRACE_SYMTAB_H
#define CTRACE_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum { BUILD_ID_MAX = 64 };

struct symtab_want {
	size_t which;	   /* the caller's own: v is to be sorted */
	uint64_t file_off; /* of the code, in the file that is mapped */
	uint64_t vaddr;	   /* its link-time address: filled by symtab_addresses */
	bool in_file;	   /* … if it lies in a loaded segment */
	bool data;	   /* asked for: a variable, not a function */
	uint64_t size;	   /* of the variable */
	char *name;	   /* of the function or variable, owned; NULL: not known */
	uint64_t begin;	   /* … and its link-time address */
};

/* What else a file says of where its symbols are. */
struct symtab_links {
	unsigned char build_id[BUILD_ID_MAX];
	size_t build_id_n;   /* 0: none */
	char debuglink[256]; /* "": none. A plain name, without a slash */
	uint32_t debuglink_crc;
};

/* Fills vaddr of all. Returns 0, or -errno with a sentence: it is no ELF file, or corrupt. */
int symtab_addresses(struct symtab_want *v, size_t nr, int fd, struct err *err);
/*
 * Fills name and begin of those that have none yet, and a vaddr, from the file's .symtab and
 * .dynsym; v is sorted by vaddr. Returns how many it named, or -errno with a sentence.
 */
int symtab_find(struct symtab_want *v, size_t nr, int fd, struct err *err);
/* Returns 0 or -errno, likewise. */
int symtab_links(struct symtab_links *out, int fd, struct err *err);
void symtab_release(struct symtab_want *v, size_t nr); /* the names */

#endif
