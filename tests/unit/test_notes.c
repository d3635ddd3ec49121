/* SPDX-License-Identifier: MIT */
/*
 * test_notes.c - probes are found where readelf finds them, and no file can do harm
 *
 * The ELF files are built here, small enough to be damaged at every byte:
 *
 *	0x000 ELF header, 0x040 program headers
 *	0x200 code (R X) at CODE, 0x240 data (R W) at DATA, 0x280 constants (R) at RODATA
 *	0x300 notes, then section names, then section headers
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/notes.h"
#include "base/err.h"

enum {
	CODE = 0x401000,
	DATA = 0x503000,
	DATA_END = DATA + 0x3f, /* odd, so that a semaphore can be half in the file */
	RODATA = 0x604000,
	CODE_OFF = 0x200,
	DATA_OFF = 0x240,
	RODATA_OFF = 0x280,
	SEG_SZ = 0x40,
	NOTES_OFF = 0x300,
	SECTIONS_MAX = 8
};

struct image {
	unsigned char *b;
	size_t n, cap;
	bool is64;
	uint16_t machine;
	uint64_t base; /* address of .stapsdt.base; 0: no such section */
	bool extended; /* section counts in section 0 */
	size_t open;   /* where the current note section began */
	int nr_sec;
	struct {
		const char *name;
		uint32_t type;
		uint64_t addr, off, sz;
	} sec[SECTIONS_MAX];
};

static void put(struct image *im, const void *p, size_t n)
{
	if (im->n + n > im->cap) {
		im->cap = (im->n + n) * 2;
		im->b = realloc(im->b, im->cap);
		assert_non_null(im->b);
	}
	memcpy(im->b + im->n, p, n);
	im->n += n;
}

static void pad4(struct image *im)
{
	while (im->n % 4)
		put(im, "", 1);
}

static void image_init(struct image *im, bool is64)
{
	static const unsigned char zero[NOTES_OFF];

	*im = (struct image){.is64 = is64, .machine = is64 ? EM_X86_64 : EM_386, .open = NOTES_OFF};
	put(im, zero, sizeof(zero));
}

static void image_release(struct image *im)
{
	free(im->b);
}

static void section(struct image *im, const char *name, uint32_t type, uint64_t addr, uint64_t off,
		    uint64_t sz)
{
	assert_true(im->nr_sec < SECTIONS_MAX);
	im->sec[im->nr_sec].name = name;
	im->sec[im->nr_sec].type = type;
	im->sec[im->nr_sec].addr = addr;
	im->sec[im->nr_sec].off = off;
	im->sec[im->nr_sec++].sz = sz;
}

/* Ends the section of the notes put so far, and begins the next. */
static void end_notes(struct image *im)
{
	section(im, ".note.stapsdt", SHT_NOTE, 0, im->open, im->n - im->open);
	im->open = im->n;
}

static void note_raw(struct image *im, const char *owner, uint32_t type, const void *desc,
		     uint32_t descsz)
{
	uint32_t h[3] = {(uint32_t)strlen(owner) + 1, descsz, type};

	put(im, h, sizeof(h));
	put(im, owner, h[0]);
	pad4(im);
	put(im, desc, descsz);
	pad4(im);
}

static void put_addr(struct image *im, char **at, uint64_t v)
{
	size_t n = im->is64 ? 8 : 4;

	memcpy(*at, &v, n);
	*at += n;
}

static void note(struct image *im, uint64_t loc, uint64_t base, uint64_t sema, const char *provider,
		 const char *name, const char *args)
{
	char desc[4096], *at = desc;

	put_addr(im, &at, loc);
	put_addr(im, &at, base);
	put_addr(im, &at, sema);
	at = stpcpy(at, provider) + 1;
	at = stpcpy(at, name) + 1;
	at = stpcpy(at, args) + 1;
	note_raw(im, "stapsdt", 3, desc, (uint32_t)(at - desc));
}

#define FILL_PHDR(T)                                                                            \
	for (int i = 0; i < 4; i++)                                                             \
		((T *)(im->b + 0x40))[i] = (T)                                                  \
		{                                                                               \
			.p_type = seg[i].type, .p_flags = seg[i].flags, .p_offset = seg[i].off, \
			.p_vaddr = seg[i].addr,                                                 \
			.p_filesz = seg[i].addr == DATA ? SEG_SZ - 1 : SEG_SZ,                  \
			.p_memsz = 2 * SEG_SZ                                                   \
		}

static void segments(struct image *im)
{
	static const struct {
		uint32_t type, flags;
		uint32_t off, addr;
	} seg[] = {
		{PT_NOTE, PF_R | PF_X, RODATA_OFF, CODE}, /* no PT_LOAD: must not count */
		{PT_LOAD, PF_R | PF_X, CODE_OFF, CODE},
		{PT_LOAD, PF_R | PF_W, DATA_OFF, DATA},
		{PT_LOAD, PF_R, RODATA_OFF, RODATA},
	};

	if (im->is64)
		FILL_PHDR(Elf64_Phdr);
	else
		FILL_PHDR(Elf32_Phdr);
}

#define PUT_SHDR(T, i, name_)                        \
	do {                                         \
		T s_ = {.sh_name = (name_),          \
			.sh_type = im->sec[i].type,  \
			.sh_addr = im->sec[i].addr,  \
			.sh_offset = im->sec[i].off, \
			.sh_size = im->sec[i].sz};   \
		put(im, &s_, sizeof(s_));            \
	} while (0)
#define PUT_SHDR0(T)                                                                            \
	do {                                                                                    \
		T s_ = {.sh_size = im->extended ? nr : 0, .sh_link = im->extended ? names : 0}; \
		put(im, &s_, sizeof(s_));                                                       \
	} while (0)
#define FILL_EHDR(T, class)                                                                       \
	*(T *)im->b = (T)                                                                         \
	{                                                                                         \
		.e_ident = {0x7f, 'E', 'L', 'F', class, ELFDATA2LSB, EV_CURRENT},                 \
		.e_type = ET_DYN, .e_machine = im->machine, .e_phoff = 0x40, .e_shoff = shoff,    \
		.e_phentsize = im->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), .e_phnum = 4,  \
		.e_shentsize = im->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr),                \
		.e_shnum = im->extended ? 0 : nr, .e_shstrndx = im->extended ? SHN_XINDEX : names \
	}

/* Writes names and headers. */
static void finish(struct image *im)
{
	uint32_t name[SECTIONS_MAX], at = 1;
	uint16_t nr, names;
	size_t off, shoff;

	if (im->n > im->open)
		end_notes(im);
	if (im->base)
		section(im, ".stapsdt.base", SHT_PROGBITS, im->base, RODATA_OFF, 1);
	section(im, ".shstrtab", SHT_STRTAB, 0, 0, 0);
	off = im->n;
	put(im, "", 1);
	for (int i = 0; i < im->nr_sec; i++) {
		name[i] = at;
		at += (uint32_t)strlen(im->sec[i].name) + 1;
		put(im, im->sec[i].name, strlen(im->sec[i].name) + 1);
	}
	names = (uint16_t)im->nr_sec;
	im->sec[names - 1].off = off;
	im->sec[names - 1].sz = at;
	while (im->n % 8)
		put(im, "", 1);
	shoff = im->n;
	nr = (uint16_t)(im->nr_sec + 1);
	if (im->is64)
		PUT_SHDR0(Elf64_Shdr);
	else
		PUT_SHDR0(Elf32_Shdr);
	for (int i = 0; i < im->nr_sec; i++)
		if (im->is64)
			PUT_SHDR(Elf64_Shdr, i, name[i]);
		else
			PUT_SHDR(Elf32_Shdr, i, name[i]);
	if (im->is64)
		FILL_EHDR(Elf64_Ehdr, ELFCLASS64);
	else
		FILL_EHDR(Elf32_Ehdr, ELFCLASS32);
	segments(im);
}

static int memfd_of(const void *p, size_t n)
{
	int fd = memfd_create("notes", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	return fd;
}

static int read_image(struct notes *out, struct image *im, const char *provider, struct err *err)
{
	int fd, rc;

	finish(im);
	fd = memfd_of(im->b, im->n);
	rc = notes_read(out, fd, provider, err);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC); /* still open */
	close(fd);
	image_release(im);
	return rc;
}

static void must_read(struct notes *out, struct image *im, const char *provider)
{
	struct err err = {0};

	if (read_image(out, im, provider, &err))
		fail_msg("%s", err.text);
}

static void probes_are_given_with_their_offsets_in_the_file(void **state)
{
	for (int is64 = 0; is64 < 2; is64++) {
		struct image im;
		struct notes n;

		image_init(&im, is64);
		note(&im, CODE, 0, DATA + 2, "ctrace", "task_begin", "8@%rdi 8@%rsi");
		note(&im, CODE + SEG_SZ - 1, 0, 0, "other", "x", "");
		must_read(&n, &im, NULL);
		assert_int_equal(n.nr, 2);
		assert_int_equal(n.bad, 0);
		assert_int_equal(n.elf_class, is64 ? ELFCLASS64 : ELFCLASS32);
		assert_int_equal(n.machine, is64 ? EM_X86_64 : EM_386);
		assert_string_equal(n.v[0].provider, "ctrace");
		assert_string_equal(n.v[0].name, "task_begin");
		assert_string_equal(n.v[0].args, "8@%rdi 8@%rsi");
		assert_int_equal(n.v[0].addr, CODE);
		assert_int_equal(n.v[0].file_off, CODE_OFF);
		assert_int_equal(n.v[0].sema_off, DATA_OFF + 2);
		assert_string_equal(n.v[1].args, "");
		assert_int_equal(n.v[1].file_off, CODE_OFF + SEG_SZ - 1);
		assert_int_equal(n.v[1].sema_off, 0);
		notes_release(&n);
		notes_release(&n);
	}
}

static void only_the_wanted_provider_is_given(void **state)
{
	struct image im;
	struct notes n;

	image_init(&im, true);
	note(&im, CODE, 0, 0, "ctrace", "a", "");
	note(&im, CODE, 0, 0, "ctrace2", "b", "");
	note(&im, 1, 0, 0, "ctrac", "not_mine_so_not_bad", "");
	note(&im, CODE + 4, 0, 0, "ctrace", "c", "");
	must_read(&n, &im, "ctrace");
	assert_int_equal(n.nr, 2);
	assert_int_equal(n.bad, 0);
	assert_string_equal(n.v[1].name, "c");
	notes_release(&n);
}

static void several_note_sections_are_one_list(void **state)
{
	struct image im;
	struct notes n;

	image_init(&im, true);
	note(&im, CODE, 0, 0, "p", "a", "");
	end_notes(&im);
	note(&im, CODE + 1, 0, 0, "p", "b", "");
	note(&im, CODE + 2, 0, 0, "p", "c", "");
	end_notes(&im);
	end_notes(&im); /* empty */
	must_read(&n, &im, NULL);
	assert_int_equal(n.nr, 3);
	assert_string_equal(n.v[0].name, "a");
	assert_string_equal(n.v[2].name, "c");
	notes_release(&n);
}

static void section_counts_beyond_16_bits_are_understood(void **state)
{
	struct image im;
	struct notes n;

	image_init(&im, true);
	im.extended = true;
	note(&im, CODE, 0, 0, "p", "a", "");
	must_read(&n, &im, NULL);
	assert_int_equal(n.nr, 1);
	notes_release(&n);
}

/* loc and semaphore as the linker knew them, 0x1000 below where prelink moved them. */
static void check_prelink(bool is64, uint64_t section_addr, uint64_t note_base, bool moved)
{
	uint64_t by = moved ? 0x1000 : 0;
	struct image im;
	struct notes n;

	image_init(&im, is64);
	im.base = section_addr;
	note(&im, CODE - by, note_base, DATA - by, "p", "a", "");
	note(&im, CODE - by, note_base, 0, "p", "b", "");
	must_read(&n, &im, NULL);
	assert_int_equal(n.nr, 2);
	assert_int_equal(n.v[0].addr, CODE);
	assert_int_equal(n.v[0].sema_off, DATA_OFF);
	assert_int_equal(n.v[1].sema_off, 0); /* none stays none */
	notes_release(&n);
}

static void prelink_moves_a_probe_only_if_note_and_section_have_a_base(void **state)
{
	check_prelink(true, 0x605000, 0x604000, true);
	check_prelink(true, 0x605000, 0x605000, false);
	check_prelink(true, 0x605000, 0, false);
	check_prelink(true, 0, 0x604000, false);
	check_prelink(false, 0x605000, 0x604000, true);
	check_prelink(false, 0x700, 0xfffff700, true); /* 32-bit addresses wrap */
}

static void probes_that_cannot_be_attached_are_counted_as_bad(void **state)
{
	static const struct {
		uint64_t loc, sema;
	} bad[] = {
		{0, 0},		    /* dropped by the linker */
		{CODE - 1, 0},	    /* in no segment */
		{CODE + SEG_SZ, 0}, /* in memory, not in the file */
		{DATA, 0},	    /* not code */
		{RODATA, 0},
		{UINT64_MAX, 0},
		{CODE, CODE + 2},     /* semaphore in code */
		{CODE, RODATA},	      /* … in constants */
		{CODE, DATA_END + 1}, /* … not in the file */
		{CODE, DATA_END - 1}, /* … half in the file */
		{CODE, DATA + 1},     /* … at an odd address: the kernel refuses */
		{CODE, 8},
		{CODE, UINT64_MAX - 1},
	};
	struct image im;
	struct notes n;

	image_init(&im, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		note(&im, bad[i].loc, 0, bad[i].sema, "p", "bad", "");
	note(&im, CODE, 0, DATA_END - 3, "p", "good", "");
	must_read(&n, &im, NULL);
	assert_int_equal(n.bad, sizeof(bad) / sizeof(bad[0]));
	assert_int_equal(n.nr, 1);
	assert_string_equal(n.v[0].name, "good");
	notes_release(&n);
}

static void arm64_instructions_must_be_aligned(void **state)
{
	struct image im;
	struct notes n;

	image_init(&im, true);
	im.machine = EM_AARCH64;
	note(&im, CODE + 2, 0, 0, "p", "a", "");
	note(&im, CODE + 4, 0, 0, "p", "b", "");
	must_read(&n, &im, NULL);
	assert_int_equal(n.bad, 1);
	assert_int_equal(n.nr, 1);
	notes_release(&n);
}

static void strings_must_end_and_be_short(void **state)
{
	static const char head[24] = {0x00, 0x10, 0x40};
	char desc[24 + 4096], name[1100];
	struct image im;
	struct notes n;

	image_init(&im, true);
	memset(desc, 'x', sizeof(desc));
	memcpy(desc, head, sizeof(head));      /* loc = CODE */
	note_raw(&im, "stapsdt", 3, desc, 23); /* cut within the addresses */
	note_raw(&im, "stapsdt", 3, desc, 24); /* no strings */
	note_raw(&im, "stapsdt", 3, desc, 40); /* provider does not end */
	memcpy(desc + 24, "p\0name", 6);
	note_raw(&im, "stapsdt", 3, desc, 30); /* name does not end */
	note_raw(&im, "stapsdt", 3, desc, 40);
	memcpy(desc + 24, "p\0name\0", 7);
	note_raw(&im, "stapsdt", 3, desc, 31); /* no args */
	note_raw(&im, "stapsdt", 3, desc, 40); /* args do not end */
	note(&im, CODE, 0, 0, "", "name", "");
	note(&im, CODE, 0, 0, "p", "", "");
	memset(name, 'n', sizeof(name));
	name[1024] = '\0';
	note(&im, CODE, 0, 0, "p", name, "");
	name[1023] = '\0';
	note(&im, CODE, 0, 0, "p", name, "");
	must_read(&n, &im, NULL);
	assert_int_equal(n.bad, 10);
	assert_int_equal(n.nr, 1);
	assert_string_equal(n.v[0].name, name);
	notes_release(&n);
}

static void notes_of_others_are_no_probes_and_not_bad(void **state)
{
	struct image im;
	struct notes n;

	image_init(&im, true);
	note_raw(&im, "GNU", 3, "\1\2\3\4", 4);
	note_raw(&im, "stapsdt", 4, "\1\2\3\4", 4);
	note_raw(&im, "stapsdtx", 3, "\1\2\3\4", 4);
	note_raw(&im, "stapsd", 3, "\1\2\3\4", 4);
	note(&im, CODE, 0, 0, "p", "a", "");
	must_read(&n, &im, NULL);
	assert_int_equal(n.bad, 0);
	assert_int_equal(n.nr, 1);
	notes_release(&n);
}

static void note_sizes_beyond_the_section_end_its_reading(void **state)
{
	static const uint32_t sizes[][2] = {
		{0xffffffff, 0}, {0, 0xffffffff}, {0xfffffffd, 0xfffffffd},
		{8, 1 << 20},	 {1 << 20, 8},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t h[3] = {sizes[i][0], sizes[i][1], 3};
		struct image im;
		struct notes n;

		image_init(&im, true);
		note(&im, CODE, 0, 0, "p", "before", "");
		put(&im, h, sizeof(h));
		put(&im, "stapsdt", 8);
		note(&im, CODE, 0, 0, "p", "hidden", "");
		end_notes(&im);
		note(&im, CODE, 0, 0, "p", "next_section", "");
		must_read(&n, &im, NULL);
		assert_int_equal(n.bad, 1);
		assert_int_equal(n.nr, 2);
		assert_string_equal(n.v[1].name, "next_section");
		notes_release(&n);
	}
}

static void note_that_is_one_byte_short_is_bad(void **state)
{
	uint32_t h[3] = {8, 24 + 6, 3};
	char desc[24 + 6] = {0x00, 0x10, 0x40};
	struct image im;
	struct notes n;

	memcpy(desc + 24, "p\0n\0a", 6);
	image_init(&im, true);
	put(&im, h, sizeof(h));
	put(&im, "stapsdt", 8);
	put(&im, desc, sizeof(desc)); /* not padded, and need not be */
	end_notes(&im);
	h[1]++;
	put(&im, h, sizeof(h));
	put(&im, "stapsdt", 8);
	put(&im, desc, sizeof(desc));
	must_read(&n, &im, NULL);
	assert_int_equal(n.nr, 1);
	assert_int_equal(n.bad, 1);
	notes_release(&n);
}

/* Sets 2 or 8 bytes of a finished file, and reads that. */
static int read_with(const struct image *im, size_t at, const void *v, size_t sz, size_t *nr)
{
	int fd = memfd_of(im->b, im->n), rc;
	struct notes n = {0};

	assert_int_equal(pwrite(fd, v, sz, (off_t)at), sz);
	rc = notes_read(&n, fd, NULL, NULL);
	*nr = n.nr;
	notes_release(&n);
	close(fd);
	return rc;
}

static void headers_that_cannot_be_right_are_refused(void **state)
{
	const uint64_t many = 1ull << 40, short_names = 4;
	const uint16_t small = 8;
	struct image im;
	uint64_t shoff;
	size_t nr;

	image_init(&im, true);
	im.extended = true;
	note(&im, CODE, 0, 0, "p", "a", "");
	finish(&im);
	shoff = ((Elf64_Ehdr *)im.b)->e_shoff;
	assert_int_equal(read_with(&im, offsetof(Elf64_Ehdr, e_shentsize), &small, 2, &nr),
			 -EINVAL);
	assert_int_equal(read_with(&im, offsetof(Elf64_Ehdr, e_phentsize), &small, 2, &nr),
			 -EINVAL);
	/* the number of sections */
	assert_int_equal(read_with(&im, shoff + offsetof(Elf64_Shdr, sh_size), &many, 8, &nr),
			 -EINVAL);
	/* of sections 1 (notes) and 2 (names): sizes */
	assert_int_equal(read_with(&im, shoff + 64 + offsetof(Elf64_Shdr, sh_size), &many, 8, &nr),
			 -EINVAL);
	assert_int_equal(
		read_with(&im, shoff + 128 + offsetof(Elf64_Shdr, sh_size), &short_names, 8, &nr),
		0);
	assert_int_equal(nr, 0);
	image_release(&im);
}

static void probes_beyond_the_limit_are_counted_as_bad(void **state)
{
	struct image im;
	struct notes n;

	image_init(&im, true);
	for (int i = 0; i < 65536 + 3; i++)
		note(&im, CODE, 0, 0, "p", "n", "");
	must_read(&n, &im, NULL);
	assert_int_equal(n.nr, 65536);
	assert_int_equal(n.bad, 3);
	notes_release(&n);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	unsigned char big_endian[64] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2MSB, 1};
	int pipefd[2], fd[6], nr = 0;

	assert_int_equal(pipe(pipefd), 0);
	fd[nr++] = pipefd[0];
	fd[nr++] = pipefd[1];
	fd[nr++] = open("/", O_RDONLY | O_DIRECTORY);
	fd[nr++] = memfd_of("", 0);
	fd[nr++] = memfd_of("#!/bin/sh\necho hello, world\n", 28);
	fd[nr++] = memfd_of(big_endian, sizeof(big_endian));
	for (int i = 0; i < nr; i++) {
		struct notes n = {.nr = 42};
		struct err err = {0};

		assert_int_equal(notes_read(&n, fd[i], NULL, &err), -ENOEXEC);
		assert_int_equal(n.nr, 42);
		assert_true(err.text[0]);
		close(fd[i]);
	}
	assert_int_equal(notes_read(NULL, -1, NULL, NULL), -EBADF);
}

static void elf_file_without_notes_or_headers_has_no_probes(void **state)
{
	Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}};
	int fd = memfd_of(&h, sizeof(h));
	struct image im;
	struct notes n;

	assert_int_equal(notes_read(&n, fd, NULL, NULL), 0);
	assert_int_equal(n.nr, 0);
	notes_release(&n);
	close(fd);
	image_init(&im, true);
	must_read(&n, &im, NULL);
	assert_int_equal(n.nr, 0);
	notes_release(&n);
}

/* A file with something of everything. */
static void rich_image(struct image *im, bool is64)
{
	image_init(im, is64);
	im->base = RODATA;
	note(im, CODE, RODATA, DATA, "ctrace", "task_begin", "8@%rdi");
	note(im, CODE + 8, RODATA, 0, "q", "b", "");
	end_notes(im);
	note(im, CODE + 9, 0, DATA + 2, "p", "c", "4@$1");
	finish(im);
}

/* Reads what may be damaged; whatever is given out must be sane. */
static int read_damaged(int fd, uint64_t size)
{
	struct notes n = {.nr = 42, .bad = 43};
	struct err err = {0};
	int rc = notes_read(&n, fd, NULL, &err);

	if (rc) {
		assert_true(rc == -ENOEXEC || rc == -EINVAL);
		assert_int_equal(n.nr, 42);
		assert_int_equal(n.bad, 43);
		assert_true(err.text[0]);
		return rc;
	}
	for (size_t i = 0; i < n.nr; i++) {
		assert_true(strlen(n.v[i].provider) && strlen(n.v[i].name));
		assert_true(strlen(n.v[i].args) < 1024);
		assert_true(n.v[i].file_off < size);
		assert_true(n.v[i].sema_off + 1 < size);
	}
	notes_release(&n);
	return 0;
}

static void file_cut_at_any_byte_is_an_error_or_sane(void **state)
{
	for (int is64 = 0; is64 < 2; is64++) {
		struct image im;
		int fd;

		rich_image(&im, is64);
		fd = memfd_of(im.b, im.n);
		for (size_t n = im.n; n-- > 0;) {
			assert_int_equal(ftruncate(fd, (off_t)n), 0);
			assert_int_not_equal(read_damaged(fd, n), 0);
		}
		close(fd);
		image_release(&im);
	}
}

static void file_damaged_at_any_byte_does_no_harm(void **state)
{
	static const unsigned char values[] = {0, 1, 3, 0x10, 0x7f, 0x80, 0xfe, 0xff};

	for (int is64 = 0; is64 < 2; is64++) {
		struct image im;
		int fd;

		rich_image(&im, is64);
		fd = memfd_of(im.b, im.n);
		for (size_t at = 0; at < im.n; at++) {
			for (size_t i = 0; i < sizeof(values); i++) {
				assert_int_equal(pwrite(fd, &values[i], 1, (off_t)at), 1);
				read_damaged(fd, im.n);
			}
			assert_int_equal(pwrite(fd, im.b + at, 1, (off_t)at), 1);
		}
		assert_int_equal(read_damaged(fd, im.n), 0);
		close(fd);
		image_release(&im);
	}
}

static void word_set_to_an_extreme_anywhere_does_no_harm(void **state)
{
	static const uint64_t values[] = {UINT64_MAX,	      INT64_MAX,	  1ull << 63,
					  0x0000fffffffffff0, 0xfffffffffffffff0, 1ull << 32};

	for (int is64 = 0; is64 < 2; is64++) {
		struct image im;
		int fd;

		rich_image(&im, is64);
		fd = memfd_of(im.b, im.n);
		for (size_t at = 0; at + 8 <= im.n; at += 4) {
			for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
				assert_int_equal(pwrite(fd, &values[i], 8, (off_t)at), 8);
				read_damaged(fd, im.n);
			}
			assert_int_equal(pwrite(fd, im.b + at, 8, (off_t)at), 8);
		}
		close(fd);
		image_release(&im);
	}
}

/* Counts readelf's probes, each of which must be one of ours, in the same order. */
static size_t compare_with_readelf(const char *path, const struct notes *n)
{
	char cmd[512], line[4096];
	size_t nr = 0;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "readelf -nW '%s' 2>/dev/null", path);
	f = popen(cmd, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned long long loc, base, sema;

		if (sscanf(line, " Location: %llx, Base: %llx, Semaphore: %llx", &loc, &base,
			   &sema) != 3)
			continue;
		assert_true(nr < n->nr);
		assert_int_equal(n->v[nr].addr, loc);
		assert_int_equal(!n->v[nr].sema_off, !sema);
		nr++;
	}
	pclose(f);
	return nr;
}

static void real_files_have_the_probes_that_readelf_shows(void **state)
{
	static const char *const paths[] = {
		"/usr/lib/postgresql/15/bin/postgres",
		"/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
		"/usr/lib/aarch64-linux-gnu/libstdc++.so.6",
		"/usr/lib64/libstdc++.so.6",
		"/usr/bin/python3",
		"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so",
	};
	size_t seen = 0;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		struct notes n;

		if (fd < 0)
			continue;
		assert_int_equal(notes_read(&n, fd, NULL, NULL), 0);
		assert_int_equal(n.bad, 0);
		assert_int_equal(compare_with_readelf(paths[i], &n), n.nr);
		seen += n.nr;
		notes_release(&n);
		close(fd);
	}
	if (!seen)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes_are_given_with_their_offsets_in_the_file),
		cmocka_unit_test(only_the_wanted_provider_is_given),
		cmocka_unit_test(several_note_sections_are_one_list),
		cmocka_unit_test(section_counts_beyond_16_bits_are_understood),
		cmocka_unit_test(prelink_moves_a_probe_only_if_note_and_section_have_a_base),
		cmocka_unit_test(probes_that_cannot_be_attached_are_counted_as_bad),
		cmocka_unit_test(arm64_instructions_must_be_aligned),
		cmocka_unit_test(strings_must_end_and_be_short),
		cmocka_unit_test(notes_of_others_are_no_probes_and_not_bad),
		cmocka_unit_test(note_sizes_beyond_the_section_end_its_reading),
		cmocka_unit_test(note_that_is_one_byte_short_is_bad),
		cmocka_unit_test(headers_that_cannot_be_right_are_refused),
		cmocka_unit_test(probes_beyond_the_limit_are_counted_as_bad),
		cmocka_unit_test(what_is_no_elf_file_is_refused),
		cmocka_unit_test(elf_file_without_notes_or_headers_has_no_probes),
		cmocka_unit_test(file_cut_at_any_byte_is_an_error_or_sane),
		cmocka_unit_test(file_damaged_at_any_byte_does_no_harm),
		cmocka_unit_test(word_set_to_an_extreme_anywhere_does_no_harm),
		cmocka_unit_test(real_files_have_the_probes_that_readelf_shows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
