/* SPDX-License-Identifier: MIT */
/* test_symbolize.c - a stack of this program, named in a capture, and read back */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <sys/auxv.h>

#include <cmocka.h>

#include "attach/images.h"
#include "attach/symbolize.h"
#include "store_util.h"

struct stack {
	struct wire_stack r;
	uint64_t ips[4];
};

static __attribute__((noinline)) void callee(void)
{
	__asm__ volatile("");
}

static struct stack stack_of(uint32_t pid, uint32_t n)
{
	struct stack s = {
		.r = {.h = {.len = sizeof(s), .kind = WIRE_STACK, .tid = pid, .ts = 100}},
	};

	s.r.id = 1;
	s.r.pid = pid;
	s.r.n = n;
	s.ips[0] = (uint64_t)(uintptr_t)callee;
	/* As a return address, it is that of the function before. */
	s.ips[1] = (uint64_t)(uintptr_t)stack_of + 1;
	s.ips[2] = 0x10; /* no code */
	s.ips[3] = (uint64_t)(uintptr_t)stack_of + 1;
	return s;
}

/* Writes a capture with the stacks' symbols and reads it. */
static struct reader *through_a_capture(struct symbolize *sy, const struct images *im)
{
	const struct writer_opts opts = some_opts(0);
	char path[] = "/tmp/test_symbolize.XXXXXX";
	struct writer *w = NULL;
	struct reader *r = NULL;
	struct err err = {0};

	close(mkstemp(path));
	unlink(path);
	assert_int_equal(writer_open(&w, path, &opts, &err), 0);
	assert_int_equal(symbolize_write(sy, im, w, &err), 0);
	assert_int_equal(writer_close(w, 1, "test", &err), 0);
	writer_free(w);
	assert_int_equal(reader_open(&r, path, &err), 0);
	unlink(path);
	return r;
}

static const struct capture_symbol *symbol_at(const struct capture_info *info, uint64_t addr)
{
	for (size_t i = 0; i < info->symbols_nr; i++)
		if (info->symbols[i].addr == addr)
			return &info->symbols[i];
	return NULL;
}

static void addresses_of_a_stack_are_named_in_the_capture(void **state)
{
	struct symbolize *sy = symbolize_new();
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	struct stack s = stack_of(pid, 4);
	const struct capture_symbol *c;
	struct reader *r;

	images_begin(im, pid, 7);
	images_read(im, pid);
	symbolize_stack(sy, &s.r);
	symbolize_stack(sy, &s.r);
	r = through_a_capture(sy, im);
	assert_int_equal(reader_info(r)->symbols_nr, 2); /* each once; what is no code, not */
	c = symbol_at(reader_info(r), s.ips[0]);
	assert_non_null(c);
	assert_string_equal(c->name, "callee");
	assert_int_equal(c->pid, pid);
	assert_int_equal(c->from_ts, 7);
	assert_int_equal(c->off, 0);
	assert_non_null(strstr(c->module, "test_symbolize"));
	c = symbol_at(reader_info(r), s.ips[1] - 1);
	assert_non_null(c);
	assert_string_equal(c->name, "stack_of");
	reader_free(r);
	symbolize_free(sy);
	images_free(im);
}

static void code_without_a_name_has_its_file_and_where_in_it(void **state)
{
	struct symbolize *sy = symbolize_new();
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	struct stack s = stack_of(pid, 1);
	const struct image *i;
	struct reader *r;

	images_begin(im, pid, 0);
	images_read(im, pid);
	/* The last byte of a mapping of code is hardly in a function. */
	i = images_find(im, images_space(im, pid, 0), s.ips[0]);
	s.ips[0] = i->end - 1;
	symbolize_stack(sy, &s.r);
	r = through_a_capture(sy, im);
	assert_int_equal(reader_info(r)->symbols_nr, 1);
	assert_string_equal(reader_info(r)->symbols[0].name, "");
	assert_non_null(strstr(reader_info(r)->symbols[0].module, "test_symbolize"));
	assert_int_equal(reader_info(r)->symbols[0].off, i->file_off + (i->end - 1 - i->start));
	reader_free(r);
	symbolize_free(sy);
	images_free(im);
}

static void function_of_the_vdso_has_a_name(void **state)
{
	struct symbolize *sy = symbolize_new();
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	struct stack s = stack_of(pid, 1);
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	size_t named = 0;
	struct reader *r;

	images_begin(im, pid, 0);
	images_read(im, pid);
	/* Its symbols are few: some address of its first page of code is in one. */
	for (uint64_t off = 0; off < 0x2000; off += 16) {
		s.ips[0] = vdso + off;
		symbolize_stack(sy, &s.r);
	}
	r = through_a_capture(sy, im);
	for (size_t i = 0; i < reader_info(r)->symbols_nr; i++) {
		assert_string_equal(reader_info(r)->symbols[i].module, "[vdso]");
		named += !!strstr(reader_info(r)->symbols[i].name, "gettime");
	}
	assert_true(named > 0);
	reader_free(r);
	symbolize_free(sy);
	images_free(im);
}

static void record_that_claims_more_than_it_has_is_left_out(void **state)
{
	struct symbolize *sy = symbolize_new();
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	struct stack s = stack_of(pid, 5);
	struct reader *r;

	images_begin(im, pid, 0);
	images_read(im, pid);
	symbolize_stack(sy, &s.r);
	s.r.n = UINT32_MAX;
	symbolize_stack(sy, &s.r);
	r = through_a_capture(sy, im);
	assert_int_equal(reader_info(r)->symbols_nr, 0);
	reader_free(r);
	symbolize_free(sy);
	images_free(im);
}

static void many_addresses_make_several_chunks(void **state)
{
	struct symbolize *sy = symbolize_new();
	struct images *im = images_new();
	uint32_t pid = (uint32_t)getpid();
	struct stack s = stack_of(pid, 1);
	struct reader *r;

	images_begin(im, pid, 0);
	images_read(im, pid);
	for (int i = 0; i < 3000; i++) {
		symbolize_stack(sy, &s.r);
		s.ips[0]++;
	}
	r = through_a_capture(sy, im);
	assert_true(reader_info(r)->symbols_nr >= 3000);
	assert_int_equal(reader_bad_chunks(r), 0);
	reader_free(r);
	symbolize_free(sy);
	images_free(im);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_a_stack_are_named_in_the_capture),
		cmocka_unit_test(code_without_a_name_has_its_file_and_where_in_it),
		cmocka_unit_test(function_of_the_vdso_has_a_name),
		cmocka_unit_test(record_that_claims_more_than_it_has_is_left_out),
		cmocka_unit_test(many_addresses_make_several_chunks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
