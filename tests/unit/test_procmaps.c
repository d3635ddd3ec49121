/* SPDX-License-Identifier: MIT */
/*
 * test_procmaps.c - the mapped file is opened, not what has taken its place
 *
 * The files are mapped by the test itself, in a directory of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/proc.h"
#include "base/err.h"

static char dir[64];

struct mapped {
	char path[4096];
	void *addr;
	struct proc_map map;
};

static int find_addr(const struct proc_map *m, void *ctx)
{
	struct mapped *f = ctx;

	if ((uintptr_t)f->addr < m->start || (uintptr_t)f->addr >= m->end)
		return 0;
	f->map = *m;
	return 1;
}

/* Maps a new file executable; false where the file system does not allow that. */
static bool mapped_init(struct mapped *f, const char *name, const char *content)
{
	int fd;

	snprintf(f->path, sizeof(f->path), "%s/%s", dir, name);
	fd = open(f->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	f->addr = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	if (f->addr == MAP_FAILED)
		return false;
	assert_int_equal(proc_exec_maps((uint32_t)getpid(), find_addr, f, NULL), 1);
	return true;
}

static void mapped_release(struct mapped *f)
{
	munmap(f->addr, 4096);
	unlink(f->path);
}

/* Opens it and compares what is in it; returns 0 or -errno. */
static int open_and_compare(const struct mapped *f, const char *content, char *path, size_t sz)
{
	struct err err = {0};
	char buf[64] = "";
	int fd = proc_open_map((uint32_t)getpid(), &f->map, path, sz, &err);

	if (fd < 0) {
		assert_int_equal(err.code, fd);
		assert_true(err.text[0]);
		return fd;
	}
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), strlen(content));
	assert_string_equal(buf, content);
	close(fd);
	return 0;
}

struct count {
	size_t nr, own, libc;
	struct proc_map seen[256];
};

static void own_executable_and_libraries_are_opened(void **state);

static int count_map(const struct proc_map *m, void *ctx)
{
	struct count *c = ctx;
	char exe[4096] = "";

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	for (size_t i = 0; i < c->nr; i++)
		assert_false(c->seen[i].ino == m->ino && c->seen[i].dev_major == m->dev_major &&
			     c->seen[i].dev_minor == m->dev_minor);
	assert_true(c->nr < 256);
	c->seen[c->nr++] = *m;
	assert_true(m->end > m->start && m->ino);
	if (!strcmp(m->path, exe)) {
		/* of its mappings, the one with the code */
		assert_true((uintptr_t)own_executable_and_libraries_are_opened >= m->start &&
			    (uintptr_t)own_executable_and_libraries_are_opened < m->end);
		c->own++;
	}
	c->libc += strstr(m->path, "/libc.so.6") != NULL;
	return 0;
}

static void each_executable_file_is_given_once(void **state)
{
	static struct count c;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	/* A second mapping, which a PIE's own comes before. */
	void *again = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	assert_ptr_not_equal(again, MAP_FAILED);
	close(fd);
	assert_int_equal(proc_exec_maps((uint32_t)getpid(), count_map, &c, NULL), 0);
	munmap(again, 4096);
	assert_int_equal(c.own, 1);
	assert_int_equal(c.libc, 1);
}

static int stop_at_second(const struct proc_map *m, void *ctx)
{
	return ++*(int *)ctx == 2 ? -77 : 0;
}

static void walk_ends_where_the_caller_says(void **state)
{
	int calls = 0;

	assert_int_equal(proc_exec_maps((uint32_t)getpid(), stop_at_second, &calls, NULL), -77);
	assert_int_equal(calls, 2);
}

static void process_that_is_not_there_is_an_error(void **state)
{
	struct err err = {0};

	assert_int_equal(proc_exec_maps(0x7ffffffe, count_map, NULL, &err), -ESRCH);
	assert_non_null(strstr(err.text, "2147483646"));
}

static void own_executable_and_libraries_are_opened(void **state)
{
	static struct count c;

	c = (struct count){0};
	assert_int_equal(proc_exec_maps((uint32_t)getpid(), count_map, &c, NULL), 0);
	for (size_t i = 0; i < c.nr; i++) {
		struct err err = {0};
		int fd = proc_open_map((uint32_t)getpid(), &c.seen[i], NULL, 0, &err);

		if (fd < 0)
			fail_msg("%s", err.text);
		close(fd);
	}
}

/* What a tracer with all rights gets, and one that has only those over its own processes. */
static int as_root_and_as_user(int (*fn)(bool root))
{
	int status;
	pid_t pid;

	if (geteuid())
		return fn(false);
	status = fn(true);
	if (status)
		return status;
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(100);
		prctl(PR_SET_DUMPABLE, 1); /* else /proc/self would be root's */
		_exit(fn(false));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

static struct mapped shared;

static int open_present(bool root)
{
	return open_and_compare(&shared, "mine", NULL, 0) ? 1 : 0;
}

static int open_deleted(bool root)
{
	int rc = open_and_compare(&shared, "mine", NULL, 0);

	return root ? rc != 0 : rc == 0;
}

static void file_that_is_still_there_needs_no_root_whatever_its_name(void **state)
{
	static const char *const names[] = {"plain", "with space", "new\nline", "x (deleted)",
					    "\x1b[31m\xff"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!mapped_init(&shared, names[i], "mine"))
			skip();
		assert_int_equal(as_root_and_as_user(open_present), 0);
		mapped_release(&shared);
	}
}

static void path_that_was_opened_leads_to_the_same_file(void **state)
{
	struct stat st, mine;
	char path[8192];

	if (!mapped_init(&shared, "leads", "mine"))
		skip();
	assert_int_equal(open_and_compare(&shared, "mine", path, sizeof(path)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(stat(shared.path, &mine), 0);
	assert_int_equal(st.st_ino, mine.st_ino);
	assert_int_equal(st.st_dev, mine.st_dev);
	mapped_release(&shared);
}

static void deleted_file_is_opened_by_root_only(void **state)
{
	if (!mapped_init(&shared, "deleted", "mine"))
		skip();
	unlink(shared.path);
	assert_int_equal(proc_exec_maps((uint32_t)getpid(), find_addr, &shared, NULL), 1);
	assert_non_null(strstr(shared.map.path, " (deleted)"));
	assert_int_equal(as_root_and_as_user(open_deleted), 0);
	mapped_release(&shared);
}

static void file_in_its_place_is_never_opened(void **state)
{
	int fd;

	if (!mapped_init(&shared, "replaced", "mine"))
		skip();
	unlink(shared.path);
	fd = open(shared.path, O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, "evil", 4), 4);
	close(fd);
	/* the map that was read before the file was replaced */
	assert_int_equal(as_root_and_as_user(open_deleted), 0);
	mapped_release(&shared);
}

static void fifo_in_its_place_does_not_block(void **state)
{
	if (!mapped_init(&shared, "fifo", "mine"))
		skip();
	unlink(shared.path);
	assert_int_equal(mkfifo(shared.path, 0666), 0);
	alarm(20);
	assert_int_equal(as_root_and_as_user(open_deleted), 0);
	alarm(0);
	mapped_release(&shared);
}

static void file_without_a_path_is_opened_by_root(void **state)
{
	struct mapped f = {.path = ""};
	int fd = memfd_create("jit code", MFD_CLOEXEC);

	assert_int_equal(write(fd, "jitted", 6), 6);
	f.addr = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	close(fd);
	if (f.addr == MAP_FAILED || geteuid())
		skip();
	assert_int_equal(proc_exec_maps((uint32_t)getpid(), find_addr, &f, NULL), 1);
	assert_string_equal(f.map.path, "/memfd:jit code (deleted)");
	assert_int_equal(open_and_compare(&f, "jitted", NULL, 0), 0);
	munmap(f.addr, 4096);
}

/* Older kernels' maps show another device and inode than fstat does. */
static int map_on_overlay(void)
{
	char opts[512], sub[4][128];
	static const char *const names[] = {"l", "u", "w", "m"};
	struct mapped f;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, NULL))
		return 77;
	for (int i = 0; i < 4; i++) {
		snprintf(sub[i], sizeof(sub[i]), "%s/%s", dir, names[i]);
		mkdir(sub[i], 0755);
	}
	snprintf(opts, sizeof(opts), "lowerdir=%s,upperdir=%s,workdir=%s", sub[0], sub[1], sub[2]);
	if (mount("none", sub[3], "overlay", 0, opts))
		return 77;
	if (!mapped_init(&f, "m/file", "mine"))
		return 77;
	return open_and_compare(&f, "mine", NULL, 0) ? 1 : 0;
}

static void file_on_overlayfs_is_opened(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(map_on_overlay());
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no root, or no overlayfs */
	assert_int_equal(status, 0);
}

static void path_that_does_not_fit_is_not_cut(void **state)
{
	struct mapped f;
	char path[8];

	if (!mapped_init(&f, "long", "mine"))
		skip();
	strcpy(path, "before");
	assert_true(proc_open_map((uint32_t)getpid(), &f.map, path, sizeof(path), NULL) < 0);
	assert_string_equal(path, "before");
	mapped_release(&f);
}

static int dir_make(void **state)
{
	strcpy(dir, "/tmp/ctrace_mapsXXXXXX");
	return mkdtemp(dir) && !chmod(dir, 0755) ? 0 : -1;
}

static int dir_remove(void **state)
{
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_executable_file_is_given_once),
		cmocka_unit_test(walk_ends_where_the_caller_says),
		cmocka_unit_test(process_that_is_not_there_is_an_error),
		cmocka_unit_test(own_executable_and_libraries_are_opened),
		cmocka_unit_test(file_that_is_still_there_needs_no_root_whatever_its_name),
		cmocka_unit_test(path_that_was_opened_leads_to_the_same_file),
		cmocka_unit_test(deleted_file_is_opened_by_root_only),
		cmocka_unit_test(file_in_its_place_is_never_opened),
		cmocka_unit_test(fifo_in_its_place_does_not_block),
		cmocka_unit_test(file_without_a_path_is_opened_by_root),
		cmocka_unit_test(file_on_overlayfs_is_opened),
		cmocka_unit_test(path_that_does_not_fit_is_not_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
