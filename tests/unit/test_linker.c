/* SPDX-License-Identifier: MIT */
/* Which files are dynamic linkers, and where they tell of a library. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/linker.h"
#include "base/err.h"

static void linkers_are_known_by_their_name(void **state)
{
	assert_true(linker_is_named("/lib64/ld-linux-x86-64.so.2"));
	assert_true(linker_is_named("/lib/ld-musl-aarch64.so.1"));
	assert_true(linker_is_named("ld-2.31.so"));
	assert_false(linker_is_named("/usr/bin/ld"));
	assert_false(linker_is_named("/usr/lib/ld-notes"));
	assert_false(linker_is_named("/ld-linux-x86-64.so.2/libc.so.6"));
	assert_false(linker_is_named(""));
}

/* The linker that loaded this test, as it is in memory: _dl_debug_state's address is r_brk. */
static int find_own(struct link_map **linker)
{
	struct link_map *map = _r_debug.r_map;

	for (; map; map = map->l_next)
		if (linker_is_named(map->l_name))
			break;
	*linker = map;
	return map ? open(map->l_name, O_RDONLY | O_CLOEXEC) : -1;
}

static void the_function_is_where_debuggers_look_for_it(void **state)
{
	struct link_map *linker;
	unsigned char in_file[4] = {0};
	uint64_t off = 0;
	int fd = find_own(&linker);

	if (fd < 0)
		skip(); /* a static build */
	assert_int_equal(linker_find(fd, &off, NULL), 0);
	assert_int_equal(pread(fd, in_file, sizeof(in_file), (off_t)off), sizeof(in_file));
	/* The code at r_brk is the code at that offset of the file. */
	assert_memory_equal(in_file, (void *)_r_debug.r_brk, sizeof(in_file));
	close(fd);
}

static void a_file_without_it_has_none(void **state)
{
	struct err err = {0};
	uint64_t off = 77;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(linker_find(fd, &off, &err), -ENOENT);
	assert_int_equal(off, 77);
	close(fd);
}

/* Each byte of the headers and of the symbols' neighbourhood changed in turn, and every length. */
static void corrupt_files_are_survived(void **state)
{
	struct link_map *linker;
	int fd = find_own(&linker), copy = memfd_create("linker", MFD_CLOEXEC);
	unsigned char *file;
	struct stat st;

	if (fd < 0)
		skip();
	assert_int_equal(fstat(fd, &st), 0);
	file = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, file, (size_t)st.st_size), st.st_size);
	for (size_t i = 0; i < 4096; i++) {
		/* the ELF header, then the section headers at the end */
		size_t at = i < 512 ? i : (size_t)st.st_size - (4096 - i);
		uint64_t off = 1;

		file[at] ^= 0x81;
		assert_int_equal(pwrite(copy, file, (size_t)st.st_size, 0), st.st_size);
		if (!linker_find(copy, &off, NULL))
			assert_true(off < (uint64_t)st.st_size);
		file[at] ^= 0x81;
	}
	for (off_t cut = st.st_size; cut >= 0; cut -= 1009) {
		uint64_t off = 1;

		assert_int_equal(ftruncate(copy, cut), 0);
		if (!linker_find(copy, &off, NULL))
			assert_true(off < (uint64_t)st.st_size);
	}
	free(file);
	close(copy);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linkers_are_known_by_their_name),
		cmocka_unit_test(the_function_is_where_debuggers_look_for_it),
		cmocka_unit_test(a_file_without_it_has_none),
		cmocka_unit_test(corrupt_files_are_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
