/* SPDX-License-Identifier: MIT */
/*
 * elffile.c - see elffile.h. Invariant: no number from the file is used as a size or an offset
 * before it was compared with what it must lie in.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/elffile.h"
#include "base/err.h"

/* N.B. Real files have some dozens of either. */
enum { SECTIONS_MAX = 65536, SEGMENTS_MAX = 4096, NAME_MAX_SZ = 32 };

/* What the ELF header says about one of the two tables of headers. */
struct table {
	uint64_t off;
	size_t nr, entry_sz;
};

struct header {
	struct table sections, segments;
	size_t names_idx;
};

static int corrupt(struct err *err, const char *what)
{
	return err_set(err, -EINVAL, "the ELF file is corrupt: %s", what);
}

int elf_read(const struct elf_file *e, void *buf, size_t n, uint64_t off, struct err *err)
{
	char *at = buf;

	if (off > e->size || n > e->size - off)
		return corrupt(err, "it ends too early");
	while (n) {
		ssize_t got = pread(e->fd, at, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, -errno, "cannot read the ELF file: %s",
				       strerror(errno));
		if (!got)
			return corrupt(err, "it ends too early");
		at += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

#define HEADER(h)                                                        \
	(struct header)                                                  \
	{                                                                \
		.sections = {(h).e_shoff, (h).e_shnum, (h).e_shentsize}, \
		.segments = {(h).e_phoff, (h).e_phnum, (h).e_phentsize}, \
		.names_idx = (h).e_shstrndx,                             \
	}

static int read_header(struct elf_file *e, struct header *h, struct err *err)
{
	unsigned char id[EI_NIDENT];
	union {
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} u;
	int rc;

	if (elf_read(e, id, sizeof(id), 0, NULL) || memcmp(id, ELFMAG, SELFMAG) != 0)
		return err_set(err, -ENOEXEC, "it is not an ELF file");
	if ((id[EI_CLASS] != ELFCLASS32 && id[EI_CLASS] != ELFCLASS64) ||
	    id[EI_DATA] != ELFDATA2LSB)
		return err_set(err, -ENOEXEC, "it is an ELF file for another kind of machine");
	e->is64 = id[EI_CLASS] == ELFCLASS64;
	rc = elf_read(e, &u, e->is64 ? sizeof(u.e64) : sizeof(u.e32), 0, err);
	if (rc)
		return rc;
	e->machine = e->is64 ? u.e64.e_machine : u.e32.e_machine;
	*h = e->is64 ? HEADER(u.e64) : HEADER(u.e32);
	return 0;
}

/* The first n bytes of entry i of a table. */
static int read_entry(const struct elf_file *e, const struct table *t, size_t i, void *buf,
		      size_t n, struct err *err)
{
	uint64_t off;

	if (t->entry_sz < n)
		return corrupt(err, "its headers are too small");
	if (__builtin_add_overflow(t->off, (uint64_t)i * t->entry_sz, &off))
		return corrupt(err, "its headers are outside of it");
	return elf_read(e, buf, n, off, err);
}

#define SECTION(s)                                                                             \
	(struct elf_section)                                                                   \
	{                                                                                      \
		(s).sh_addr, (s).sh_offset, (s).sh_size, (s).sh_name, (s).sh_type, (s).sh_link \
	}

static int read_section(const struct elf_file *e, const struct table *t, size_t i,
			struct elf_section *s, struct err *err)
{
	union {
		Elf64_Shdr s64;
		Elf32_Shdr s32;
	} u;
	int rc = read_entry(e, t, i, &u, e->is64 ? sizeof(u.s64) : sizeof(u.s32), err);

	if (rc)
		return rc;
	*s = e->is64 ? SECTION(u.s64) : SECTION(u.s32);
	return 0;
}

static int read_sections(struct elf_file *e, struct header *h, struct err *err)
{
	struct table *t = &h->sections;
	struct elf_section first;
	int rc;

	if (!t->off)
		return 0;
	rc = read_section(e, t, 0, &first, err);
	if (rc)
		return rc;
	/* What 16 bits of the ELF header cannot say stands in section 0. */
	if (!t->nr)
		t->nr = first.sz;
	if (h->names_idx == SHN_XINDEX)
		h->names_idx = first.link;
	if (t->nr > SECTIONS_MAX)
		return corrupt(err, "it has too many sections");
	if (h->names_idx == SHN_UNDEF || h->names_idx >= t->nr)
		return 0; /* sections without names: none can be found */
	e->sec = calloc(t->nr, sizeof(*e->sec));
	if (!e->sec)
		return err_set(err, -ENOMEM, "no memory to read an ELF file");
	for (; e->secs < t->nr; e->secs++) {
		rc = read_section(e, t, e->secs, &e->sec[e->secs], err);
		if (rc)
			return rc;
	}
	e->names = e->sec[h->names_idx];
	return 0;
}

#define SEGMENT(p)                                                   \
	(struct elf_segment)                                         \
	{                                                            \
		(p).p_vaddr, (p).p_offset, (p).p_filesz, (p).p_flags \
	}

static int read_segments(struct elf_file *e, const struct header *h, struct err *err)
{
	const struct table *t = &h->segments;

	if (!t->off || !t->nr)
		return 0;
	if (t->nr > SEGMENTS_MAX)
		return corrupt(err, "it has too many segments");
	e->seg = calloc(t->nr, sizeof(*e->seg));
	if (!e->seg)
		return err_set(err, -ENOMEM, "no memory to read an ELF file");
	for (size_t i = 0; i < t->nr; i++) {
		union {
			Elf64_Phdr p64;
			Elf32_Phdr p32;
		} u;
		int rc = read_entry(e, t, i, &u, e->is64 ? sizeof(u.p64) : sizeof(u.p32), err);

		if (rc)
			return rc;
		if ((e->is64 ? u.p64.p_type : u.p32.p_type) == PT_LOAD)
			e->seg[e->segs++] = e->is64 ? SEGMENT(u.p64) : SEGMENT(u.p32);
	}
	return 0;
}

int elf_open(struct elf_file *e, int fd, struct err *err)
{
	struct header h = {0};
	struct stat st;
	int rc;

	*e = (struct elf_file){.fd = fd};
	if (fstat(fd, &st))
		return err_set(err, -errno, "cannot read the ELF file: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, -ENOEXEC, "it is not a regular file");
	e->size = (uint64_t)st.st_size;
	rc = read_header(e, &h, err);
	if (!rc)
		rc = read_segments(e, &h, err);
	if (!rc)
		rc = read_sections(e, &h, err);
	if (rc)
		elf_close(e);
	return rc;
}

void elf_close(struct elf_file *e)
{
	free(e->sec);
	free(e->seg);
	*e = (struct elf_file){.fd = -1};
}

bool elf_section_is(const struct elf_file *e, const struct elf_section *s, const char *name)
{
	char got[NAME_MAX_SZ];
	size_t n = strlen(name) + 1;
	uint64_t off;

	if (n > sizeof(got) || s->name >= e->names.sz || n > e->names.sz - s->name ||
	    __builtin_add_overflow(e->names.off, (uint64_t)s->name, &off))
		return false;
	return !elf_read(e, got, n, off, NULL) && !memcmp(got, name, n);
}

bool elf_file_offset(const struct elf_file *e, uint64_t addr, uint64_t n, uint32_t must,
		     uint32_t must_not, uint64_t *off)
{
	for (size_t i = 0; i < e->segs; i++) {
		const struct elf_segment *p = &e->seg[i];
		uint64_t in = addr - p->addr;

		if (addr < p->addr || in >= p->sz || n > p->sz - in)
			continue;
		if ((p->flags & must) != must || p->flags & must_not ||
		    __builtin_add_overflow(p->off, in, off))
			return false;
		return *off < e->size && n <= e->size - *off;
	}
	return false;
}
