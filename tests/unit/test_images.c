/* SPDX-License-Identifier: MIT */
/* test_images.c - what code a process had where, also once it has gone */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/images.h"

static uint64_t here(void)
{
	return (uint64_t)(uintptr_t)here;
}

static const struct object *at(const struct images *im, size_t space, uint64_t addr)
{
	const struct image *i = images_find(im, space, addr);

	return i ? images_object(im, i->object) : NULL;
}

static void own_code_is_found_with_its_file_open(void **state)
{
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	const struct object *o;

	images_begin(im, pid, 0);
	images_read(im, pid);
	o = at(im, images_space(im, pid, 100), here());
	assert_non_null(o);
	assert_non_null(strstr(o->path, "test_images"));
	assert_true(o->fd >= 0);
	o = at(im, images_space(im, pid, 100), getauxval(AT_SYSINFO_EHDR));
	assert_non_null(o);
	assert_string_equal(o->path, "[vdso]");
	assert_null(at(im, images_space(im, pid, 100), 0x10));
	images_free(im);
}

static void reading_again_adds_only_what_is_new(void **state)
{
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	size_t nr, space;
	void *p;

	images_begin(im, pid, 0);
	images_read(im, pid);
	space = images_space(im, pid, 0);
	nr = images_space_at(im, space)->nr;
	assert_true(nr > 2);
	images_read(im, pid);
	assert_int_equal(images_space_at(im, space)->nr, nr);
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(p != MAP_FAILED);
	images_read(im, pid);
	assert_string_equal(at(im, space, (uint64_t)(uintptr_t)p)->path, "");
	munmap(p, 4096);
	images_read(im, pid);
	assert_non_null(at(im, space, (uint64_t)(uintptr_t)p)); /* known all the same */
	images_free(im);
}

static void forked_process_has_what_its_parent_had(void **state)
{
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	const uint32_t child = 0x7ffffff0; /* no such process: it has ended already */

	images_begin(im, pid, 0);
	images_read(im, pid);
	images_fork(im, child, pid, 500);
	images_read(im, child);
	assert_non_null(at(im, images_space(im, child, 600), here()));
	images_free(im);
}

static void exec_begins_with_nothing_and_the_time_before_it_stays(void **state)
{
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();

	images_begin(im, pid, 0);
	images_read(im, pid);
	images_begin(im, pid, 500);
	assert_non_null(at(im, images_space(im, pid, 499), here()));
	assert_null(at(im, images_space(im, pid, 500), here()));
	assert_int_equal(images_space_at(im, images_space(im, pid, 500))->from_ts, 500);
	images_free(im);
}

static void what_was_seen_late_holds_for_the_time_before(void **state)
{
	struct images *im = images_new();

	images_begin(im, 7, 1000);
	assert_int_equal(images_space(im, 7, 10), 0);
	assert_int_equal(images_space(im, 8, 10), SIZE_MAX);
	images_free(im);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_code_is_found_with_its_file_open),
		cmocka_unit_test(reading_again_adds_only_what_is_new),
		cmocka_unit_test(forked_process_has_what_its_parent_had),
		cmocka_unit_test(exec_begins_with_nothing_and_the_time_before_it_stays),
		cmocka_unit_test(what_was_seen_late_holds_for_the_time_before),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
