/* SPDX-License-Identifier: MIT */
/* test_mark_session.c - this program's own three words, found as another's are */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "attach/mark_session.h"
#include "ctrace/ctrace.h"

static struct notes notes;
static struct proc_map map; /* of this executable's code */

static int is_ours(const struct proc_map *m, void *ctx)
{
	uintptr_t here = (uintptr_t)&ctrace_fire_v3_batch__full;

	if (here < m->start || here >= m->end)
		return 0;
	map = *m;
	return 1;
}

static const struct note *note(const char *name)
{
	for (size_t i = 0; i < notes.nr; i++)
		if (!strcmp(notes.v[i].name, name))
			return &notes.v[i];
	return NULL;
}

static int setup(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : notes_read(&notes, fd, "ctrace", NULL);

	ctrace_region_begin("keeps the probes in");
	close(fd);
	return rc || proc_exec_maps((uint32_t)getpid(), is_ours, NULL, NULL) != 1;
}

static int teardown(void **state)
{
	notes_release(&notes);
	return 0;
}

static void both_kinds_of_probes_stand_side_by_side(void **state)
{
	const struct note *batch = note("batch__on"), *mark = note("region__begin");

	assert_non_null(batch);
	assert_non_null(mark);
	assert_true(note_is_batch(batch) && note_is_switch(batch));
	assert_false(note_is_switch(note("batch__full")));
	assert_false(note_is_batch(mark));
	assert_true(note_is_beside(mark, batch));
	assert_false(note_is_beside(batch, batch));
}

static void the_words_are_found_and_written(void **state)
{
	assert_int_equal(
		mark_session_write((uint32_t)getpid(), &map, note("batch__on"), 77, 5, false), 0);
	assert_int_equal(ctrace_probes_v3[0], 0);
	assert_int_equal(ctrace_probes_v3[1], 5);
	assert_int_equal(ctrace_probes_v3[2], 77);
	assert_int_equal(ctrace_probes_v3[3], 0);
}

static void an_object_keeps_its_number_through_a_session(void **state)
{
	mark_session_write((uint32_t)getpid(), &map, note("batch__on"), 78, 6, false);
	assert_int_equal(
		mark_session_write((uint32_t)getpid(), &map, note("batch__on"), 78, 7, false), 0);
	assert_int_equal(ctrace_probes_v3[1], 6);
	assert_int_equal(ctrace_probes_v3[2], 78);
}

static void what_is_mapped_anew_is_told_and_another_tracers_is_not(void **state)
{
	mark_session_write((uint32_t)getpid(), &map, note("batch__on"), 81, 1, true);
	assert_int_equal(ctrace_probes_v3[2], 78);
	memset((void *)&ctrace_probes_v3[1], 0, 8);
	mark_session_write((uint32_t)getpid(), &map, note("batch__on"), 81, 1, true);
	assert_int_equal(ctrace_probes_v3[2], 81);
}

static void another_mapping_is_no_place_for_it(void **state)
{
	struct proc_map other = map;

	other.file_off = map.file_off + (1 << 30);
	assert_int_equal(
		mark_session_write((uint32_t)getpid(), &other, note("batch__on"), 79, 1, false),
		-ENOENT);
	other = map;
	other.end = other.start;
	assert_int_equal(
		mark_session_write((uint32_t)getpid(), &other, note("batch__on"), 79, 1, false),
		-ENOENT);
}

static void memory_that_is_not_there_is_an_error(void **state)
{
	struct note far = *note("batch__on");

	far.sema_addr += 1ull << 46;
	assert_int_equal(mark_session_write((uint32_t)getpid(), &map, &far, 80, 1, false), -EIO);
	assert_true(mark_session_write(0x7ffffff0, &map, &far, 80, 1, false) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds_of_probes_stand_side_by_side),
		cmocka_unit_test(the_words_are_found_and_written),
		cmocka_unit_test(an_object_keeps_its_number_through_a_session),
		cmocka_unit_test(what_is_mapped_anew_is_told_and_another_tracers_is_not),
		cmocka_unit_test(another_mapping_is_no_place_for_it),
		cmocka_unit_test(memory_that_is_not_there_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
