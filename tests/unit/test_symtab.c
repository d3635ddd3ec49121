/* SPDX-License-Identifier: MIT */
/*
 * test_symtab.c - functions have the names that the linker gave them, and no file can do harm
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/proc.h"
#include "attach/symtab.h"
#include "base/err.h"

/*
 * A file with one segment of code, 0x1000 bytes at 0x401000 from offset 0x100, and symbols:
 *
 *	0x401000 16 first        0x401010 0 bare (no size)      0x401100 16 local "third"
 *	0x401100 16 "third_global"                               0x401200 16 an object, no function
 */
enum { CODE = 0x401000, CODE_OFF = 0x100, CODE_SZ = 0x1000, SYMS = 7 };

struct file {
	Elf64_Ehdr h;
	Elf64_Phdr p;
	char pad[CODE_OFF - sizeof(Elf64_Ehdr) - sizeof(Elf64_Phdr)];
	char code[CODE_SZ];
	Elf64_Sym syms[SYMS];
	char strings[128];
	char names[64];
	Elf64_Shdr sec[4];
};

static uint32_t add_string(struct file *f, uint32_t *at, const char *s)
{
	uint32_t was = *at;

	strcpy(f->strings + was, s);
	*at += (uint32_t)strlen(s) + 1;
	return was;
}

static void make(struct file *f)
{
	uint32_t at = 1;
	const struct {
		const char *name;
		uint64_t addr, sz;
		unsigned char info;
		uint16_t shndx;
	} v[SYMS - 1] = {
		{"first", CODE, 16, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 1},
		{"bare", CODE + 0x10, 0, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 1},
		{"third", CODE + 0x100, 16, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 1},
		{"third_global", CODE + 0x100, 16, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 1},
		{"object", CODE + 0x200, 16, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 1},
		{"imported", CODE + 0x300, 16, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF},
	};

	memset(f, 0, sizeof(*f));
	memcpy(f->h.e_ident, ELFMAG, SELFMAG);
	f->h.e_ident[EI_CLASS] = ELFCLASS64;
	f->h.e_ident[EI_DATA] = ELFDATA2LSB;
	f->h.e_type = ET_DYN;
	f->h.e_machine = EM_X86_64;
	f->h.e_phoff = offsetof(struct file, p);
	f->h.e_phnum = 1;
	f->h.e_phentsize = sizeof(f->p);
	f->h.e_shoff = offsetof(struct file, sec);
	f->h.e_shnum = 4;
	f->h.e_shentsize = sizeof(f->sec[0]);
	f->h.e_shstrndx = 3;
	f->p = (Elf64_Phdr){.p_type = PT_LOAD,
			    .p_flags = PF_R | PF_X,
			    .p_offset = CODE_OFF,
			    .p_vaddr = CODE,
			    .p_filesz = CODE_SZ,
			    .p_memsz = CODE_SZ};
	for (int i = 0; i < SYMS - 1; i++)
		f->syms[i + 1] = (Elf64_Sym){.st_name = add_string(f, &at, v[i].name),
					     .st_value = v[i].addr,
					     .st_size = v[i].sz,
					     .st_info = v[i].info,
					     .st_shndx = v[i].shndx};
	f->sec[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
				 .sh_offset = offsetof(struct file, syms),
				 .sh_size = sizeof(f->syms),
				 .sh_link = 2};
	f->sec[2] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
				 .sh_offset = offsetof(struct file, strings),
				 .sh_size = sizeof(f->strings)};
	f->sec[3] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
				 .sh_offset = offsetof(struct file, names),
				 .sh_size = sizeof(f->names)};
}

static int file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("test_symtab", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	return fd;
}

/* The name of the function at each link-time address, which ascend; "" if there is none. */
static void expect(const struct file *f, size_t nr, const uint64_t *addrs, const char *const *names)
{
	struct symtab_want *v = calloc(nr, sizeof(*v));
	int fd = file_of(f, sizeof(*f));

	for (size_t i = 0; i < nr; i++)
		v[i].file_off = addrs[i] - CODE + CODE_OFF;
	assert_int_equal(symtab_addresses(v, nr, fd, NULL), 0);
	assert_true(symtab_find(v, nr, fd, NULL) >= 0);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(v[i].vaddr, addrs[i]);
		assert_string_equal(v[i].name ? v[i].name : "", names[i]);
	}
	symtab_release(v, nr);
	free(v);
	close(fd);
}

static void address_has_the_name_of_the_function_that_holds_it(void **state)
{
	const uint64_t addrs[] = {CODE, CODE + 15, CODE + 0x108, CODE + 0x10f};
	const char *const names[] = {"first", "first", "third_global", "third_global"};
	struct file f;

	make(&f);
	expect(&f, 4, addrs, names);
}

static void behind_a_function_of_known_size_there_is_none(void **state)
{
	const uint64_t addrs[] = {CODE + 0x110, CODE + 0x208, CODE + 0x308};
	const char *const names[] = {"", "", ""};
	struct file f;

	make(&f);
	f.syms[2].st_shndx = SHN_UNDEF; /* bare */
	expect(&f, 3, addrs, names);
}

static void function_without_a_size_reaches_to_the_next_one(void **state)
{
	const uint64_t addrs[] = {CODE + 0x10, CODE + 0x50, CODE + 0xff, CODE + 0x100};
	const char *const names[] = {"bare", "bare", "bare", "third_global"};
	struct file f;

	make(&f);
	expect(&f, 4, addrs, names);
}

static void begin_tells_how_far_into_the_function_it_is(void **state)
{
	struct symtab_want v = {.file_off = CODE_OFF + 0x105};
	struct file f;
	int fd;

	make(&f);
	fd = file_of(&f, sizeof(f));
	assert_int_equal(symtab_addresses(&v, 1, fd, NULL), 0);
	assert_int_equal(symtab_find(&v, 1, fd, NULL), 1);
	assert_int_equal(v.vaddr - v.begin, 5);
	symtab_release(&v, 1);
	close(fd);
}

static void offset_outside_of_all_segments_has_no_address(void **state)
{
	struct symtab_want v = {.file_off = 0x10};
	struct file f;
	int fd;

	make(&f);
	fd = file_of(&f, sizeof(f));
	assert_int_equal(symtab_addresses(&v, 1, fd, NULL), 0);
	assert_false(v.in_file);
	assert_int_equal(symtab_find(&v, 1, fd, NULL), 0);
	close(fd);
}

static void name_outside_of_its_table_is_no_name(void **state)
{
	const uint64_t addrs[] = {CODE};
	const char *const names[] = {""};
	struct file f;

	make(&f);
	f.syms[1].st_name = sizeof(f.strings);
	expect(&f, 1, addrs, names);
	f.syms[1].st_name = UINT32_MAX;
	expect(&f, 1, addrs, names);
	make(&f);
	f.sec[2].sh_offset = UINT64_MAX - 4;
	expect(&f, 1, addrs, names);
	make(&f);
	f.sec[1].sh_link = 77;
	expect(&f, 1, addrs, names);
}

static void file_that_is_damaged_anywhere_is_survived(void **state)
{
	struct file f;

	for (size_t at = 0; at < sizeof(f);
	     at += at < CODE_OFF || at > CODE_OFF + CODE_SZ ? 1 : 64) {
		struct symtab_want v[2] = {{.file_off = CODE_OFF}, {.file_off = CODE_OFF + 0x108}};
		struct symtab_links links;
		int fd;

		make(&f);
		((unsigned char *)&f)[at] ^= 0xff;
		fd = file_of(&f, sizeof(f));
		if (!symtab_addresses(v, 2, fd, NULL))
			symtab_find(v, 2, fd, NULL);
		symtab_links(&links, fd, NULL);
		symtab_release(v, 2);
		close(fd);
	}
}

static void file_that_is_cut_anywhere_is_survived(void **state)
{
	struct file f;

	make(&f);
	for (size_t n = 0; n < sizeof(f); n += 24) {
		struct symtab_want v = {.file_off = CODE_OFF};
		int fd = file_of(&f, n);

		if (!symtab_addresses(&v, 1, fd, NULL))
			symtab_find(&v, 1, fd, NULL);
		symtab_release(&v, 1);
		close(fd);
	}
}

static void own_functions_are_found_in_the_running_file(void **state)
{
	struct symtab_want v = {0};
	uintptr_t addr = (uintptr_t)own_functions_are_found_in_the_running_file + 1;
	unsigned long start, end, off;
	char line[512], perms[8];
	FILE *maps = fopen("/proc/self/maps", "re");
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s %lx", &start, &end, perms, &off) == 4 &&
		    addr >= start && addr < end)
			v.file_off = addr - start + off;
	fclose(maps);
	assert_int_equal(symtab_addresses(&v, 1, fd, NULL), 0);
	assert_int_equal(symtab_find(&v, 1, fd, NULL), 1);
	assert_string_equal(v.name, "own_functions_are_found_in_the_running_file");
	assert_int_equal(v.vaddr - v.begin, 1);
	symtab_release(&v, 1);
	close(fd);
}

static int a_value = 7, no_value[5];

/* Where a variable of the running file would be in it, by its mapping; .bss as if it were there. */
static uint64_t file_off_of(const void *p)
{
	struct proc_map m;

	assert_int_equal(proc_find_map((uint32_t)getpid(), (uintptr_t)p, &m), 0);
	return (uintptr_t)p - m.start + m.file_off;
}

static void own_variables_are_found_whether_the_file_holds_their_value_or_not(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct symtab_want v[] = {
		{.data = true, .file_off = file_off_of(&a_value)},
		{.data = true, .file_off = file_off_of(&no_value[3])},
	};
	struct err err = {0};

	no_value[0] = a_value;
	assert_int_equal(symtab_addresses(v, 2, fd, &err), 0);
	assert_true(v[0].vaddr < v[1].vaddr);
	assert_int_equal(symtab_find(v, 2, fd, &err), 2);
	assert_string_equal(v[0].name, "a_value");
	assert_int_equal(v[0].size, sizeof(a_value));
	assert_string_equal(v[1].name, "no_value");
	assert_int_equal(v[1].size, sizeof(no_value));
	assert_int_equal(v[1].vaddr - v[1].begin, 3 * sizeof(int));
	symtab_release(v, 2);
	close(fd);
}

static void function_is_no_variable_nor_the_other_way_round(void **state)
{
	struct symtab_want v[] = {{.data = true, .file_off = CODE_OFF},
				  {.data = true, .file_off = CODE_OFF + 0x208},
				  {.file_off = CODE_OFF + 0x208}};
	struct file f;
	int fd;

	make(&f);
	fd = file_of(&f, sizeof(f));
	assert_int_equal(symtab_addresses(v, 3, fd, NULL), 0);
	symtab_find(v, 3, fd, NULL);
	assert_null(v[0].name);
	assert_string_equal(v[1].name, "object");
	assert_int_equal(v[1].size, 16);
	assert_true(!v[2].name || strcmp(v[2].name, "object") != 0);
	symtab_release(v, 3);
	close(fd);
}

static void build_id_of_the_running_file_is_found(void **state)
{
	struct symtab_links links;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(symtab_links(&links, fd, NULL), 0);
	assert_int_equal(links.build_id_n, 20);
	close(fd);
}

static void what_is_no_elf_file_is_an_error_with_a_sentence(void **state)
{
	struct symtab_want v = {0};
	struct err err = {0};
	int fd = file_of("#!/bin/sh\n", 10);

	assert_int_equal(symtab_addresses(&v, 1, fd, &err), -ENOEXEC);
	assert_true(err.text[0]);
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_has_the_name_of_the_function_that_holds_it),
		cmocka_unit_test(behind_a_function_of_known_size_there_is_none),
		cmocka_unit_test(function_without_a_size_reaches_to_the_next_one),
		cmocka_unit_test(begin_tells_how_far_into_the_function_it_is),
		cmocka_unit_test(offset_outside_of_all_segments_has_no_address),
		cmocka_unit_test(name_outside_of_its_table_is_no_name),
		cmocka_unit_test(file_that_is_damaged_anywhere_is_survived),
		cmocka_unit_test(file_that_is_cut_anywhere_is_survived),
		cmocka_unit_test(own_functions_are_found_in_the_running_file),
		cmocka_unit_test(own_variables_are_found_whether_the_file_holds_their_value_or_not),
		cmocka_unit_test(function_is_no_variable_nor_the_other_way_round),
		cmocka_unit_test(build_id_of_the_running_file_is_found),
		cmocka_unit_test(what_is_no_elf_file_is_an_error_with_a_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
