/* SPDX-License-Identifier: MIT */
/* test_create.c - the file of a root process: always new, private, and the user's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "store/create.h"
#include "store_util.h"

static int try_create(const char *path, int force, struct err *err)
{
	int fd;

	memset(err, 0, sizeof(*err));
	fd = create_file(path, force, (uid_t)-1, (gid_t)-1, err);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void put_old(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs("old", f);
	fclose(f);
}

static void new_file_is_private(void **state)
{
	struct tmp t;
	struct stat st;
	struct err err;
	mode_t mask = umask(0);

	tmp_make(&t);
	assert_int_equal(try_create(t.path, 0, &err), 0);
	umask(mask);
	assert_int_equal(stat(t.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	tmp_remove(&t);
}

static void existing_file_stays_as_it_is_without_force(void **state)
{
	struct tmp t;
	struct err err;
	size_t n;
	unsigned char *p;

	tmp_make(&t);
	put_old(t.path);
	assert_int_equal(try_create(t.path, 0, &err), -EEXIST);
	assert_non_null(strstr(err.text, "exists already"));
	assert_non_null(strstr(err.hint, "--force"));
	p = slurp(t.path, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(p, "old", 3);
	free(p);
	tmp_remove(&t);
}

/* Who has the old one open, or linked, must not get to see the capture. */
static void forced_file_is_another_than_the_one_before(void **state)
{
	struct tmp t;
	struct err err;
	struct stat before, after;
	char link_path[160];

	tmp_make(&t);
	snprintf(link_path, sizeof(link_path), "%s/other", t.dir);
	put_old(t.path);
	assert_int_equal(link(t.path, link_path), 0);
	assert_int_equal(stat(t.path, &before), 0);
	assert_int_equal(try_create(t.path, 1, &err), 0);
	assert_int_equal(stat(t.path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_size, 0);
	assert_int_equal(after.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(link_path, &before), 0);
	assert_int_equal(before.st_size, 3);
	unlink(link_path);
	tmp_remove(&t);
}

static void symbolic_link_is_refused_even_with_force(void **state)
{
	struct tmp t;
	struct err err;
	struct stat st;
	char target[160];

	tmp_make(&t);
	snprintf(target, sizeof(target), "%s/target", t.dir);
	put_old(target);
	assert_int_equal(symlink(target, t.path), 0);
	for (int force = 0; force < 2; force++) {
		assert_int_equal(try_create(t.path, force, &err), -ELOOP);
		assert_non_null(strstr(err.text, "symbolic link"));
	}
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_size, 3);
	/* One that leads nowhere neither makes the file it names. */
	unlink(target);
	assert_int_equal(try_create(t.path, 1, &err), -ELOOP);
	assert_int_equal(access(target, F_OK), -1);
	tmp_remove(&t);
}

static void folder_fifo_and_device_are_refused_even_with_force(void **state)
{
	struct tmp t;
	struct err err;

	tmp_make(&t);
	assert_int_equal(mkfifo(t.path, 0600), 0);
	for (int force = 0; force < 2; force++) {
		assert_int_equal(try_create(t.dir, force, &err), -EISDIR);
		assert_non_null(strstr(err.text, "it is a directory"));
		assert_int_equal(try_create(t.path, force, &err), -EEXIST);
		assert_non_null(strstr(err.text, "not a regular file"));
		assert_int_equal(try_create("/dev/null", force, &err), -EEXIST);
		assert_non_null(strstr(err.text, "not a regular file"));
	}
	assert_int_equal(access(t.path, F_OK), 0);
	tmp_remove(&t);
}

static void missing_folder_is_named_in_the_error(void **state)
{
	struct err err;

	assert_int_equal(try_create("/nonexistent/dir/x", 1, &err), -ENOENT);
	assert_string_equal(err.text,
			    "cannot create /nonexistent/dir/x: No such file or directory");
}

static void file_is_given_to_the_user_named(void **state)
{
	struct tmp t;
	struct stat st;
	int fd;

	tmp_make(&t);
	fd = create_file(t.path, 0, 1234, 4321, NULL);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 4321);
	close(fd);
	tmp_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_file_is_private),
		cmocka_unit_test(existing_file_stays_as_it_is_without_force),
		cmocka_unit_test(forced_file_is_another_than_the_one_before),
		cmocka_unit_test(symbolic_link_is_refused_even_with_force),
		cmocka_unit_test(folder_fifo_and_device_are_refused_even_with_force),
		cmocka_unit_test(missing_folder_is_named_in_the_error),
	};
	const struct CMUnitTest as_root[] = {
		cmocka_unit_test(file_is_given_to_the_user_named),
	};
	int rc;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (geteuid() == 0)
		return rc | cmocka_run_group_tests(as_root, NULL, NULL);
	puts("ok 7 - file_is_given_to_the_user_named # SKIP needs root");
	return rc;
}
