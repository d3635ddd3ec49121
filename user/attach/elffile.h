/* SPDX-License-Identifier: MIT */
/*
 * elffile.h - the headers of an ELF file: its sections and loaded segments
 *
 * The file is hostile input. It is read with pread, never mapped: its owner may cut it short while
 * we look, and a mapping would then kill us with SIGBUS. 32 and 64 bit, little-endian.
 *
 *	struct elf_file e;
 *	rc = elf_open(&e, fd, &err);
 *	…
 *	elf_close(&e);
 */
#ifndef CTRACE_ELFFILE_H
#define CTRACE_ELFFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct elf_section {
	uint64_t addr, off, sz; /* off and sz are the file's claim: elf_read checks them */
	uint32_t name;		/* offset of its name */
	uint32_t type;		/* SHT_* */
	uint32_t link;		/* of another section: of a table of symbols, its strings */
};

struct elf_segment {
	uint64_t addr, off, sz; /* of the bytes that are in the file */
	uint32_t flags;		/* PF_* */
};

struct elf_file {
	int fd; /* the caller's */
	uint64_t size;
	bool is64;
	uint16_t machine; /* EM_* */
	struct elf_section *sec;
	size_t secs;
	struct elf_segment *seg; /* PT_LOAD only */
	size_t segs;
	struct elf_section names; /* where the sections' names are */
};

/*
 * Reads the headers of the file open at fd. No sections or no segments is no error.
 * Returns 0, -ENOEXEC if it is no ELF file that could run here, -EINVAL if it is corrupt, or
 * -errno. On success to be released with elf_close, which leaves fd open.
 */
int elf_open(struct elf_file *e, int fd, struct err *err);
void elf_close(struct elf_file *e);

/* Exactly n bytes at off into buf; -EINVAL with a sentence if the file does not have them. */
int elf_read(const struct elf_file *e, void *buf, size_t n, uint64_t off, struct err *err);

/* Whether the section has this name (31 bytes at most). */
bool elf_section_is(const struct elf_file *e, const struct elf_section *s, const char *name);

/*
 * Where n bytes at a link-time address stand in the file. False if they are not in one loaded
 * segment that has all flags of `must` and none of `must_not`, or not in the file.
 */
bool elf_file_offset(const struct elf_file *e, uint64_t addr, uint64_t n, uint32_t must,
		     uint32_t must_not, uint64_t *off);

#endif
