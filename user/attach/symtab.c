/* SPDX-License-Identifier: MIT */
/*
 * symtab.c - see symtab.h
 *
 * Invariant: a symbol that is given out holds the address, or has no size and is the last one
 * before it; nothing of the file is used as a size or an offset before it was checked.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attach/elffile.h"
#include "attach/symtab.h"
#include "base/err.h"

/* N.B. The largest real tables (browsers, with everything) have some 3 million symbols. */
enum { SYMBOLS_MAX = 16 << 20, BLOCK = 1024, NAME_SZ = 1024, NOTES_MAX_SZ = 1 << 20 };

/* Variables without a value in the file (.bss) follow the others in memory, as if they had one. */
static void address_behind(const struct elf_file *e, struct symtab_want *w)
{
	const struct elf_segment *best = NULL;

	for (size_t s = 0; s < e->segs; s++)
		if (e->seg[s].flags & PF_W && e->seg[s].off <= w->file_off &&
		    (!best || e->seg[s].off > best->off))
			best = &e->seg[s];
	if (!best)
		return;
	w->in_file = true;
	w->vaddr = best->addr + (w->file_off - best->off);
}

int symtab_addresses(struct symtab_want *v, size_t nr, int fd, struct err *err)
{
	struct elf_file e;
	int rc = elf_open(&e, fd, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < nr; i++) {
		for (size_t s = 0; s < e.segs && !v[i].in_file; s++) {
			uint64_t in = v[i].file_off - e.seg[s].off;

			if (v[i].file_off < e.seg[s].off || in >= e.seg[s].sz)
				continue;
			v[i].in_file = true;
			v[i].vaddr = e.seg[s].addr + in;
		}
		if (v[i].data && !v[i].in_file)
			address_behind(&e, &v[i]);
	}
	elf_close(&e);
	return 0;
}

struct symbol {
	uint64_t addr, sz;
	uint32_t name;
	unsigned char type, binding;
	bool defined;
	bool data; /* a variable */
};

static struct symbol symbol_at(const struct elf_file *e, const unsigned char *p)
{
	Elf64_Sym s64;
	Elf32_Sym s32;

	if (e->is64) {
		memcpy(&s64, p, sizeof(s64));
		return (struct symbol){s64.st_value,
				       s64.st_size,
				       s64.st_name,
				       ELF64_ST_TYPE(s64.st_info),
				       ELF64_ST_BIND(s64.st_info),
				       s64.st_shndx != SHN_UNDEF,
				       false};
	}
	memcpy(&s32, p, sizeof(s32));
	return (struct symbol){s32.st_value,
			       s32.st_size,
			       s32.st_name,
			       ELF32_ST_TYPE(s32.st_info),
			       ELF32_ST_BIND(s32.st_info),
			       s32.st_shndx != SHN_UNDEF,
			       false};
}

/* An address that has no name yet, and the best symbol for it so far. */
struct open {
	uint64_t vaddr, begin, sz;
	uint32_t name; /* 0: none */
	bool sized, local;
	struct symtab_want *want;
};

/* The first of v whose address is not below addr. */
static size_t lower_bound(const struct open *v, size_t nr, uint64_t addr)
{
	size_t lo = 0, hi = nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].vaddr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Of two symbols that hold an address, the one that begins later; then a global one. */
static bool is_better(const struct open *o, const struct symbol *s)
{
	if (!o->sized || s->addr != o->begin)
		return !o->sized || s->addr > o->begin;
	return o->local && s->binding != STB_LOCAL;
}

static void offer(struct open *o, const struct symbol *s)
{
	o->begin = s->addr;
	o->name = s->name;
	o->sz = s->sz;
	o->sized = s->sz;
	o->local = s->binding == STB_LOCAL;
}

/*
 * A symbol without a size may be the one for all addresses behind it: it is noted with the first of
 * them, and handed on at the end.
 */
static void offer_symbol(struct open *v, size_t nr, const struct symbol *s)
{
	size_t i = lower_bound(v, nr, s->addr);

	if (!s->sz) {
		if (i < nr && !v[i].want->data && !v[i].sized &&
		    (!v[i].name || v[i].begin <= s->addr))
			offer(&v[i], s);
		return;
	}
	for (; i < nr && v[i].vaddr - s->addr < s->sz; i++)
		if (v[i].want->data == s->data && is_better(&v[i], s))
			offer(&v[i], s);
}

static bool is_function(const struct symbol *s)
{
	return s->defined && s->name && s->addr &&
	       (s->type == STT_FUNC || s->type == STT_GNU_IFUNC ||
		(s->type == STT_NOTYPE && !s->sz && s->binding != STB_LOCAL));
}

static bool is_variable(const struct symbol *s)
{
	return s->defined && s->name && s->addr && s->sz && s->type == STT_OBJECT;
}

/* Passes through a table once. */
static int scan(const struct elf_file *e, const struct elf_section *table, struct open *v,
		size_t nr, struct err *err)
{
	const size_t sz = e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint64_t count = table->sz / sz;
	unsigned char *block = malloc(BLOCK * sz);
	int rc = block ? 0 : err_set(err, -ENOMEM, "no memory to read symbols");

	if (count > SYMBOLS_MAX)
		count = SYMBOLS_MAX;
	for (uint64_t at = 0; !rc && at < count; at += BLOCK) {
		size_t n = count - at < BLOCK ? (size_t)(count - at) : BLOCK;

		/* A section's offset may be anything: elf_read refuses what wraps around. */
		rc = elf_read(e, block, n * sz, table->off + at * sz, err);
		for (size_t i = 0; !rc && i < n; i++) {
			struct symbol s = symbol_at(e, block + i * sz);

			s.data = is_variable(&s);
			if (s.data || is_function(&s))
				offer_symbol(v, nr, &s);
		}
	}
	free(block);
	return rc;
}

/* What had no size counts for those behind it that found nothing, in the same segment. */
static void hand_on(const struct elf_file *e, struct open *v, size_t nr)
{
	for (size_t i = 1; i < nr; i++) {
		const struct open *p = &v[i - 1];
		uint64_t off;

		if (v[i].name || !p->name || p->sized || v[i].want->data || p->want->data ||
		    !elf_file_offset(e, p->begin, v[i].vaddr - p->begin + 1, 0, 0, &off))
			continue;
		v[i].begin = p->begin;
		v[i].name = p->name;
	}
}

/* The string at off in a table of strings; NULL if it is not one, or has no end. */
static char *read_name(const struct elf_file *e, const struct elf_section *strings, uint64_t off)
{
	char buf[NAME_SZ];
	uint64_t at;
	size_t n;

	if (off >= strings->sz || __builtin_add_overflow(strings->off, off, &at))
		return NULL;
	n = strings->sz - off < sizeof(buf) ? (size_t)(strings->sz - off) : sizeof(buf);
	if (at < e->size && n > e->size - at)
		n = (size_t)(e->size - at);
	if (elf_read(e, buf, n, at, NULL))
		return NULL;
	if (!memchr(buf, '\0', n))
		n = sizeof(buf) - 1; /* N.B. longer names are cut */
	else
		n = strlen(buf);
	return n && n < sizeof(buf) ? strndup(buf, n) : NULL;
}

static int find_in(const struct elf_file *e, const struct elf_section *table,
		   struct symtab_want *want, size_t nr, struct err *err)
{
	const struct elf_section *strings = table->link < e->secs ? &e->sec[table->link] : NULL;
	struct open *v = calloc(nr ? nr : 1, sizeof(*v));
	size_t open_nr = 0;
	int named = 0, rc;

	if (!v || !strings) {
		free(v);
		return v ? 0 : err_set(err, -ENOMEM, "no memory to read symbols");
	}
	for (size_t i = 0; i < nr; i++)
		if (!want[i].name && want[i].in_file)
			v[open_nr++] = (struct open){.vaddr = want[i].vaddr, .want = &want[i]};
	rc = scan(e, table, v, open_nr, err);
	if (!rc)
		hand_on(e, v, open_nr);
	for (size_t i = 0; !rc && i < open_nr; i++) {
		if (!v[i].name)
			continue;
		v[i].want->name = read_name(e, strings, v[i].name);
		v[i].want->begin = v[i].begin;
		v[i].want->size = v[i].sz;
		named += !!v[i].want->name;
	}
	free(v);
	return rc ? rc : named;
}

int symtab_find(struct symtab_want *v, size_t nr, int fd, struct err *err)
{
	static const uint32_t types[] = {SHT_SYMTAB, SHT_DYNSYM};
	struct elf_file e;
	int rc = elf_open(&e, fd, err), named = 0;

	if (rc)
		return rc;
	for (size_t t = 0; t < 2 && rc >= 0; t++) {
		for (size_t i = 0; i < e.secs && rc >= 0; i++) {
			if (e.sec[i].type != types[t])
				continue;
			rc = find_in(&e, &e.sec[i], v, nr, err);
			named += rc > 0 ? rc : 0;
		}
	}
	elf_close(&e);
	return rc < 0 ? rc : named;
}

/* --- links ----------------------------------------------------------------------------------- */

static void take_build_id(struct symtab_links *out, const unsigned char *p, size_t n)
{
	Elf64_Nhdr h; /* the 32-bit one is the same */

	while (n >= sizeof(h)) {
		size_t name, desc;

		memcpy(&h, p, sizeof(h));
		p += sizeof(h);
		n -= sizeof(h);
		name = ((size_t)h.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)h.n_descsz + 3) & ~(size_t)3;
		if (name > n || desc > n - name)
			return;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && !memcmp(p, "GNU", 4) &&
		    h.n_descsz && h.n_descsz <= BUILD_ID_MAX) {
			memcpy(out->build_id, p + name, h.n_descsz);
			out->build_id_n = h.n_descsz;
			return;
		}
		p += name + desc;
		n -= name + desc;
	}
}

/* A name, its NUL, padding to 4 bytes, the checksum. */
static void take_debuglink(struct symtab_links *out, const unsigned char *p, size_t n)
{
	size_t len = strnlen((const char *)p, n), crc = (len + 4) & ~(size_t)3;

	if (!len || len >= sizeof(out->debuglink) || crc + 4 > n || memchr(p, '/', len))
		return;
	memcpy(out->debuglink, p, len + 1);
	memcpy(&out->debuglink_crc, p + crc, 4);
}

int symtab_links(struct symtab_links *out, int fd, struct err *err)
{
	struct elf_file e;
	int rc = elf_open(&e, fd, err);

	*out = (struct symtab_links){0};
	if (rc)
		return rc;
	for (size_t i = 0; i < e.secs; i++) {
		const struct elf_section *s = &e.sec[i];
		bool note = s->type == SHT_NOTE && !out->build_id_n;
		unsigned char *p;

		if (s->sz > NOTES_MAX_SZ || (!note && !elf_section_is(&e, s, ".gnu_debuglink")))
			continue;
		p = malloc(s->sz ? s->sz : 1);
		if (p && !elf_read(&e, p, s->sz, s->off, NULL)) {
			if (note)
				take_build_id(out, p, s->sz);
			else
				take_debuglink(out, p, s->sz);
		}
		free(p);
	}
	elf_close(&e);
	return 0;
}

void symtab_release(struct symtab_want *v, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free(v[i].name);
		v[i].name = NULL;
	}
}
