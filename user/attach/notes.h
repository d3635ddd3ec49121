/* SPDX-License-Identifier: MIT */
/*
 * notes.h - the USDT probes of one ELF file, from its .note.stapsdt
 *
 * The file is hostile input: every size, offset, string and address in it is checked.
 */
#ifndef CTRACE_NOTES_H
#define CTRACE_NOTES_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct note {
	const char *provider, *name, *args; /* owned by struct notes; untrusted */
	uint64_t file_off;		    /* of the probe's instruction, in the file */
	uint64_t sema_off;		    /* of its semaphore, in the file; 0 none */
	uint64_t sema_addr;		    /* link-time virtual address of that; 0 none */
	uint64_t addr;			    /* its link-time virtual address */
};

struct notes {
	struct note *v;
	size_t nr;
	size_t bad;	   /* notes that were skipped since something in them is wrong */
	uint16_t machine;  /* ELF e_machine */
	uint8_t elf_class; /* ELFCLASS32 or ELFCLASS64 */
	char *strings;	   /* backing store, owned */
};

/*
 * Reads the notes of the ELF file open at fd (the descriptor is left open; any offset). Only those
 * of provider, unless it is NULL. A file without notes is no error: nr is 0.
 * Returns 0, -ENOEXEC if it is no ELF file, -EINVAL if it is corrupt, or -errno; *out is
 * untouched on failure, else to be released with notes_release.
 */
int notes_read(struct notes *out, int fd, const char *provider, struct err *err);
void notes_release(struct notes *);

#endif
