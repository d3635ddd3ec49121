/* SPDX-License-Identifier: MIT */
/*
 * linker.c - see linker.h. Invariant: an offset that is given out is in code of the file.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attach/elffile.h"
#include "attach/linker.h"
#include "base/err.h"

static const char function[] = "_dl_debug_state";

/* N.B. A dynamic linker has some dozen symbols, musl's, which is its libc too, about 1,600. */
enum { SYMBOLS_SZ_MAX = 1 << 20 };

bool linker_is_named(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	/* ld-linux-x86-64.so.2, ld-linux-aarch64.so.1, ld-musl-x86_64.so.1, ld-2.31.so */
	return !strncmp(base, "ld-", 3) && strstr(base, ".so");
}

/* The whole section, NUL-terminated; NULL if it cannot be had. */
static char *section_read(const struct elf_file *e, const struct elf_section *s, struct err *err)
{
	char *v;

	if (s->sz > SYMBOLS_SZ_MAX)
		return NULL;
	v = calloc(1, s->sz + 1);
	if (v && elf_read(e, v, s->sz, s->off, err)) {
		free(v);
		return NULL;
	}
	return v;
}

static const struct elf_section *section_find(const struct elf_file *e, uint32_t type,
					      const char *name)
{
	for (size_t i = 0; i < e->secs; i++)
		if (e->sec[i].type == type && elf_section_is(e, &e->sec[i], name))
			return &e->sec[i];
	return NULL;
}

static int find_in(const struct elf_file *e, uint64_t *off, struct err *err)
{
	const struct elf_section *syms = section_find(e, SHT_DYNSYM, ".dynsym");
	const struct elf_section *strs = section_find(e, SHT_STRTAB, ".dynstr");
	char *sym = syms ? section_read(e, syms, err) : NULL;
	char *str = strs ? section_read(e, strs, err) : NULL;
	int rc = -ENOENT;

	for (size_t i = 0; sym && str && (i + 1) * sizeof(Elf64_Sym) <= syms->sz; i++) {
		Elf64_Sym s;

		memcpy(&s, sym + i * sizeof(s), sizeof(s));
		if (s.st_shndx == SHN_UNDEF || s.st_name >= strs->sz ||
		    strcmp(str + s.st_name, function) != 0)
			continue;
		if (elf_file_offset(e, s.st_value, 1, PF_X, 0, off))
			rc = 0;
		break;
	}
	free(sym);
	free(str);
	return rc;
}

int linker_find(int fd, uint64_t *off, struct err *err)
{
	struct elf_file e;
	int rc = elf_open(&e, fd, err);

	if (rc)
		return rc;
	rc = e.is64 ? find_in(&e, off, err) : -ENOENT;
	elf_close(&e);
	return rc;
}
