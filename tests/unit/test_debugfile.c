/* SPDX-License-Identifier: MIT */
/* test_debugfile.c - a stripped file's symbols are found where debuggers look, and no others */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/debugfile.h"
#include "attach/symtab.h"

static char dir[] = "/tmp/test_debugfile.XXXXXX";

/* The command with $d as the folder. */
static void run(const char *command)
{
	char line[2048];

	snprintf(line, sizeof(line), "d=%s; set -e; cd $d; %s", dir, command);
	assert_int_equal(system(line), 0);
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(dir));
	run("printf 'int f(void) { return 1; } int main(void) { return f(); }' >x.c;"
	    "cc -g -Wl,--build-id=sha1 x.c -o x; cc -Wl,--build-id=sha1 -DY -g -O1 x.c -o y;"
	    "objcopy --only-keep-debug x x.debug; strip -o s x;"
	    "objcopy --only-keep-debug y y.debug;"
	    "objcopy --add-gnu-debuglink=x.debug s linked;"
	    "id=$(readelf -n x | sed -n 's/.*Build ID: //p');"
	    "mkdir -p root/.build-id/${id%${id#??}}; cp x.debug "
	    "root/.build-id/${id%${id#??}}/${id#??}.debug");
	return 0;
}

static int teardown(void **state)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", dir);
	return system(line);
}

/* Looks for the debug file of file below root, and whether that has symbols. */
static int find(const char *file, const char *root)
{
	char path[256], where[256];
	int fd, found;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	snprintf(where, sizeof(where), "%s/%s", dir, root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	found = debugfile_open(fd, path, where);
	close(fd);
	if (found >= 0) {
		struct symtab_links l;

		assert_int_equal(symtab_links(&l, found, NULL), 0);
		assert_int_equal(l.build_id_n, 20);
		close(found);
		return 0;
	}
	return found;
}

static void file_is_found_by_its_build_id(void **state)
{
	assert_int_equal(find("s", "root"), 0);
	assert_int_equal(find("s", "none"), -ENOENT);
}

static void file_is_found_by_its_debug_link_beside_it_and_in_dot_debug(void **state)
{
	assert_int_equal(find("linked", "none"), 0);
	run("mkdir .debug; mv x.debug .debug/");
	assert_int_equal(find("linked", "none"), 0);
	run("mv .debug/x.debug .; rmdir .debug");
}

static void debug_file_of_another_build_is_refused(void **state)
{
	run("mv x.debug keep; cp y.debug x.debug");
	assert_int_equal(find("linked", "none"), -ENOENT);
	run("id=$(readelf -n x | sed -n 's/.*Build ID: //p'); "
	    "t=root/.build-id/${id%${id#??}}/${id#??}.debug;"
	    "mv $t keep2; cp y.debug $t");
	assert_int_equal(find("s", "root"), -ENOENT);
	run("mv keep x.debug; id=$(readelf -n x | sed -n 's/.*Build ID: //p');"
	    "mv keep2 root/.build-id/${id%${id#??}}/${id#??}.debug");
}

static void fifo_in_its_place_is_not_waited_for(void **state)
{
	run("mv x.debug keep; mkfifo x.debug");
	assert_int_equal(find("linked", "none"), -ENOENT);
	run("rm x.debug; mv keep x.debug");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_is_found_by_its_build_id),
		cmocka_unit_test(file_is_found_by_its_debug_link_beside_it_and_in_dot_debug),
		cmocka_unit_test(debug_file_of_another_build_is_refused),
		cmocka_unit_test(fifo_in_its_place_is_not_waited_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
