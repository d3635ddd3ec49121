/* SPDX-License-Identifier: MIT */
/* test_dwarf.c - lines and inlined functions of this very program */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/dwarf.h"

extern char __executable_start;

static volatile int sink;
static int line_of_inlined;
static void *addr_of_inlined;

/* Where it is: a label in it would keep it from being inlined. */
static inline __attribute__((always_inline)) void inlined(void)
{
	line_of_inlined = __LINE__ + 1;
	__asm__ volatile("lea 0(%%rip), %0" : "=r"(addr_of_inlined));
	sink++;
}

static __attribute__((noinline)) void outer(void)
{
	inlined();
}

static void inlined_function_comes_first_then_the_one_that_holds_it(void **state)
{
	struct dwarf_frame v[DWARF_INLINED_MAX];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct dwarf *d = dwarf_open("self", fd, -1);
	char want[64];
	size_t nr;

	if (!d) { /* built without libdw */
		close(fd);
		skip();
	}
	outer();
	nr = dwarf_frames(d, (uint64_t)((char *)addr_of_inlined - &__executable_start), v);
	assert_int_equal(nr, 2);
	assert_string_equal(v[0].name, "inlined");
	snprintf(want, sizeof(want), "test_dwarf.c:%d", line_of_inlined);
	/* The address is behind the instruction: the line of that, or of the next one. */
	assert_memory_equal(v[0].site, want, strlen("test_dwarf.c:"));
	assert_in_range(atoi(v[0].site + strlen("test_dwarf.c:")), line_of_inlined,
			line_of_inlined + 1);
	assert_null(v[1].name);
	assert_memory_equal(v[1].site, "test_dwarf.c:", strlen("test_dwarf.c:"));
	for (size_t i = 0; i < nr; i++) {
		free(v[i].name);
		free(v[i].site);
	}
	dwarf_close(d);
	close(fd);
}

static void address_of_no_code_has_no_line(void **state)
{
	struct dwarf_frame v[DWARF_INLINED_MAX];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct dwarf *d = dwarf_open("self", fd, -1);

	if (!d) {
		close(fd);
		skip();
	}
	assert_int_equal(dwarf_frames(d, 0x7fffffffffff, v), 0);
	dwarf_close(d);
	close(fd);
}

static void file_that_is_no_elf_file_is_refused(void **state)
{
	int fd = memfd_create("x", MFD_CLOEXEC);

	assert_int_equal(write(fd, "hello", 5), 5);
	assert_null(dwarf_open("x", fd, -1));
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_function_comes_first_then_the_one_that_holds_it),
		cmocka_unit_test(address_of_no_code_has_no_line),
		cmocka_unit_test(file_that_is_no_elf_file_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
