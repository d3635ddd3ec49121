/* SPDX-License-Identifier: MIT */
/*
 * notes.c - see notes.h
 *
 *      section .note.stapsdt, again and again:
 *     +--------+--------+---+-----------+-----+------+-----------+------------+--------+--------+
 *     | namesz | descsz | 3 | "stapsdt" | loc | base | semaphore | provider\0 | name\0 | args\0 |
 *     +--------+--------+---+-----------+-----+------+-----------+------------+--------+--------+
 *                                         4 or 8 bytes each         descsz counts from loc
 *
 * Invariant: each note given out can be attached to: its strings end within it, its instruction is
 * in code and its semaphore in writable data of the file.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attach/elffile.h"
#include "attach/notes.h"
#include "base/err.h"

/* N.B. Real files have some hundred probes at most. */
enum {
	NOTES_MAX = 65536,
	STRING_MAX = 1024,    /* bytes, with the NUL */
	BYTES_MAX = 32 << 20, /* of all note sections together */
};

struct parser {
	struct elf_file elf;
	uint64_t base; /* address of .stapsdt.base; 0 none */
	const char *provider;
	struct notes notes;
	size_t cap;
};

/* The string at *at, which must end before end; *at moves behind it. */
static const char *take_string(const char **at, const char *end)
{
	const char *s = *at;
	size_t room = (size_t)(end - s);
	const char *nul = memchr(s, '\0', room < STRING_MAX ? room : STRING_MAX);

	if (nul)
		*at = nul + 1;
	return nul ? s : NULL;
}

static uint64_t take_addr(bool is64, const char **at)
{
	uint64_t v64;
	uint32_t v32;

	if (is64) {
		memcpy(&v64, *at, 8);
		*at += 8;
		return v64;
	}
	memcpy(&v32, *at, 4);
	*at += 4;
	return v32;
}

/* The kernel wants an aligned instruction and an aligned 2-byte semaphore, or refuses. */
static bool locate(const struct elf_file *e, struct note *n, uint64_t sema)
{
	uint64_t align = e->machine == EM_AARCH64 ? 4 : 1;

	/* 0: the linker dropped the section that held the probe, and kept its note. */
	if (!n->addr || !elf_file_offset(e, n->addr, 1, PF_X, 0, &n->file_off) ||
	    n->file_off % align)
		return false;
	n->sema_off = 0;
	n->sema_addr = sema;
	if (!sema)
		return true;
	return elf_file_offset(e, sema, 2, PF_W, PF_X, &n->sema_off) && n->sema_off &&
	       n->sema_off % 2 == 0;
}

/* prelink moves a whole file after it was linked; the notes keep the old addresses. */
static uint64_t prelinked(const struct parser *p, uint64_t addr, uint64_t base)
{
	if (!addr || !base || !p->base)
		return addr;
	addr += p->base - base;
	return p->elf.is64 ? addr : (uint32_t)addr;
}

/* Parses one descriptor. Returns 1 a probe, 0 one of another provider, -1 a bad one. */
static int parse_desc(const struct parser *p, const char *at, size_t sz, struct note *n)
{
	bool is64 = p->elf.is64;
	const char *end = at + sz;
	uint64_t base, sema;

	if (sz < (is64 ? 24 : 12))
		return -1;
	n->addr = take_addr(is64, &at);
	base = take_addr(is64, &at);
	sema = take_addr(is64, &at);
	n->provider = take_string(&at, end);
	if (!n->provider || !*n->provider)
		return -1;
	if (p->provider && strcmp(n->provider, p->provider) != 0)
		return 0;
	n->name = take_string(&at, end);
	if (!n->name || !*n->name)
		return -1;
	n->args = take_string(&at, end);
	if (!n->args)
		return -1;
	n->addr = prelinked(p, n->addr, base);
	return locate(&p->elf, n, prelinked(p, sema, base)) ? 1 : -1;
}

static int add_note(struct parser *p, const struct note *n, struct err *err)
{
	struct notes *out = &p->notes;

	if (out->nr == NOTES_MAX) {
		out->bad++;
		return 0;
	}
	if (out->nr == p->cap) {
		size_t more = p->cap ? p->cap * 2 : 64;
		struct note *v = realloc(out->v, more * sizeof(*v));

		if (!v)
			return err_set(err, -ENOMEM, "no memory for %zu probes", more);
		out->v = v;
		p->cap = more;
	}
	out->v[out->nr++] = *n;
	return 0;
}

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* The notes in n bytes at s. One whose sizes are wrong hides those behind it. */
static int parse_section(struct parser *p, const char *s, size_t n, struct err *err)
{
	static const char owner[] = "stapsdt";
	Elf64_Nhdr h; /* the 32-bit one is the same */

	while (n >= sizeof(h)) {
		const char *name = s + sizeof(h), *desc;
		struct note note;
		size_t used;
		int rc;

		memcpy(&h, s, sizeof(h));
		n -= sizeof(h);
		used = align4(h.n_namesz);
		if (used > n || h.n_descsz > n - used) {
			p->notes.bad++;
			break;
		}
		desc = name + used;
		used += align4(h.n_descsz);
		if (used > n)
			used = n; /* the section's last note need not be padded */
		s = name + used;
		n -= used;
		if (h.n_type != 3 || h.n_namesz != sizeof(owner) ||
		    memcmp(name, owner, sizeof(owner)) != 0)
			continue;
		rc = parse_desc(p, desc, h.n_descsz, &note);
		p->notes.bad += rc < 0;
		if (rc > 0 && (rc = add_note(p, &note, err)))
			return rc;
	}
	return 0;
}

/* Keeps only the sections with notes in the list, and adds up their sizes. */
static int find_sections(struct parser *p, size_t *total, struct err *err)
{
	struct elf_file *e = &p->elf;
	size_t kept = 0;

	*total = 0;
	for (size_t i = 0; i < e->secs; i++) {
		const struct elf_section s = e->sec[i];

		if (!p->base && elf_section_is(e, &s, ".stapsdt.base"))
			p->base = s.addr;
		if (s.type != SHT_NOTE || !elf_section_is(e, &s, ".note.stapsdt"))
			continue;
		if (s.sz > BYTES_MAX - *total)
			return err_set(err, -EINVAL,
				       "the ELF file is corrupt: its probes take too much room");
		*total += s.sz;
		e->sec[kept++] = s;
	}
	e->secs = kept;
	return 0;
}

/* All note sections go into notes.strings, one behind the other: the notes point into them. */
static int parse_file(struct parser *p, struct err *err)
{
	size_t total;
	char *at;
	int rc = find_sections(p, &total, err);

	if (rc || !total)
		return rc;
	at = p->notes.strings = malloc(total);
	if (!at)
		return err_set(err, -ENOMEM, "no memory for %zu bytes of probes", total);
	for (size_t i = 0; i < p->elf.secs && !rc; i++) {
		const struct elf_section *s = &p->elf.sec[i];

		rc = elf_read(&p->elf, at, s->sz, s->off, err);
		if (!rc)
			rc = parse_section(p, at, s->sz, err);
		at += s->sz;
	}
	return rc;
}

int notes_read(struct notes *out, int fd, const char *provider, struct err *err)
{
	struct parser p = {.provider = provider};
	int rc = elf_open(&p.elf, fd, err);

	if (rc)
		return rc;
	p.notes.machine = p.elf.machine;
	p.notes.elf_class = p.elf.is64 ? ELFCLASS64 : ELFCLASS32;
	rc = parse_file(&p, err);
	if (rc)
		notes_release(&p.notes);
	else
		*out = p.notes;
	elf_close(&p.elf);
	return rc;
}

void notes_release(struct notes *n)
{
	free(n->v);
	free(n->strings);
	*n = (struct notes){0};
}
