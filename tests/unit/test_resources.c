/* SPDX-License-Identifier: MIT */
/* test_resources.c - waits whose resources have names */
#include "unit/checker.h"
#include "unit/runs.h"

enum { START = 1000, STOP = 100000, PID = 10, TID = 11 };
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_FUTEX = 202, SYS_EPOLL = 232, SYS_WAIT4 = 61 };

static struct tape tape;
static struct run r;

static int setup(void **state)
{
	memset(&tape, 0, sizeof(tape));
	tape_thread(&tape, 0, START, PID, TID, .on_cpu = 1, .comm = "waiter");
	tape_thread(&tape, 0, START, PID, 12, .on_cpu = 1, .comm = "holder");
	return 0;
}

static int teardown(void **state)
{
	model_free(r.m);
	tape_free(&tape);
	return 0;
}

static const struct summary_wait *row(const char *resource)
{
	for (size_t i = 0; i < r.s->waits_nr; i++)
		if (!strcmp(r.s->waits[i].resource, resource))
			return &r.s->waits[i];
	for (size_t i = 0; i < r.s->waits_nr; i++)
		print_message("# there is: %s\n", r.s->waits[i].resource);
	fail_msg("no wait for %s", resource);
	return NULL;
}

static void run(void)
{
	static struct checker check;
	struct sink sink = {&checker_ops, &check};

	memset(&check, 0, sizeof(check));
	r = run_tape(&tape, START, STOP, NULL, &sink, 1);
	checker_release(&check);
}

static void inode(uint64_t ts, uint64_t ino, uint8_t kind, const char *text, size_t n,
		  uint8_t flags)
{
	struct wire_resource res = {.h = {.ts = ts, .tid = TID, .flags = flags},
				    .what = WIRE_RES_INODE,
				    .id = ino,
				    .dev = 5,
				    .fd_kind = kind,
				    .dev_name = "vda"};

	tape_resource(&tape, 0, res, text, n);
}

static void a_file_has_its_path_and_its_device(void **state)
{
	inode(2000, 77, WIRE_FD_FILE, "x.log\0log\0var", 14, WIRE_RES_PARTS);
	tape_off(&tape, 0, 2000, 3000, 3000, TID, .state = 2, .nr = SYS_READ, .arg0 = 3,
		 .fd_kind = WIRE_FD_FILE, .ino = 77, .dev = 5);
	run();
	assert_int_equal(row("file /var/log/x.log on vda")->total_ns, 1000);
}

static void a_path_that_is_cut_says_so(void **state)
{
	inode(2000, 77, WIRE_FD_FILE, "x\0deep", 7, WIRE_RES_PARTS | WIRE_RES_CUT);
	inode(2000, 78, WIRE_FD_DIR, "", 0, WIRE_RES_PARTS);
	tape_off(&tape, 0, 2000, 3000, 3000, TID, .state = 2, .nr = SYS_READ,
		 .fd_kind = WIRE_FD_FILE, .ino = 77, .dev = 5);
	tape_off(&tape, 0, 4000, 5000, 5000, TID, .state = 2, .nr = SYS_READ,
		 .fd_kind = WIRE_FD_DIR, .ino = 78, .dev = 5);
	run();
	row("file …/deep/x on vda");
	row("directory / on vda");
}

static void a_number_that_became_another_file_has_the_new_name_from_then_on(void **state)
{
	inode(2000, 77, WIRE_FD_FILE, "old", 4, WIRE_RES_PARTS);
	tape_off(&tape, 0, 2000, 3000, 3000, TID, .state = 2, .nr = SYS_READ,
		 .fd_kind = WIRE_FD_FILE, .ino = 77, .dev = 5);
	inode(4000, 77, WIRE_FD_FILE, "new", 4, WIRE_RES_PARTS);
	tape_off(&tape, 0, 4000, 5500, 5500, TID, .state = 2, .nr = SYS_READ,
		 .fd_kind = WIRE_FD_FILE, .ino = 77, .dev = 5);
	/* It was closed, and its number is a pipe's now, of which nothing was said. */
	tape_off(&tape, 0, 6000, 7000, 7000, TID, .state = 1, .nr = SYS_READ, .arg0 = 3,
		 .fd_kind = WIRE_FD_PIPE, .ino = 77, .dev = 5);
	run();
	assert_int_equal(row("file /old on vda")->total_ns, 1000);
	assert_int_equal(row("file /new on vda")->total_ns, 1500);
	row("pipe fd 3 ino 77");
}

static void a_pipe_has_the_process_at_its_other_end(void **state)
{
	const struct summary_wait *w;

	inode(2000, 99, WIRE_FD_PIPE, "", 0, 0);
	tape_holder(&tape, 0, 2500, 99, 5, PID, 3, "waiter");
	tape_holder(&tape, 0, 2500, 99, 5, 300, 2, "gzip");
	tape_off(&tape, 0, 2600, 3000, 3000, TID, .state = 1, .nr = SYS_READ,
		 .fd_kind = WIRE_FD_PIPE, .ino = 99, .dev = 5);
	run();
	w = row("pipe 99");
	assert_int_equal(w->peer.pid, 300);
	assert_string_equal(w->peer.comm, "gzip");
}

static void who_wakes_a_reader_is_at_the_other_end(void **state)
{
	const struct summary_wait *w;

	inode(2000, 99, WIRE_FD_PIPE, "", 0, 0);
	tape_comm(&tape, 0, 2100, 400, 401, .comm = "writer");
	tape_off(&tape, 0, 2600, 3000, 3000, TID, .state = 1, .nr = SYS_READ,
		 .fd_kind = WIRE_FD_PIPE, .ino = 99, .dev = 5, .waker_tid = 401, .waker_pid = 400,
		 .waker_ctx = WIRE_WAKER_TASK);
	run();
	w = row("pipe 99");
	assert_int_equal(w->peer.pid, 400);
	assert_string_equal(w->peer.comm, "writer");
}

static void addr(uint64_t ts, uint64_t begin, uint64_t size, uint64_t offset, uint8_t flags,
		 const char *text)
{
	struct wire_resource res = {.h = {.ts = ts, .tid = TID, .flags = flags},
				    .what = WIRE_RES_ADDR,
				    .id = begin,
				    .dev = PID,
				    .size = size,
				    .offset = offset};

	tape_resource(&tape, 0, res, text, strlen(text));
}

static void futex(uint64_t ts, uint64_t at, uint32_t holder)
{
	tape_off(&tape, 0, ts, ts + 500, ts + 500, TID, .state = 1, .nr = SYS_FUTEX, .arg0 = at,
		 .holder = holder);
}

static void a_futex_goes_by_what_it_is_in(void **state)
{
	addr(1500, 0x10000, 0x1000, 0x2000, 0, "/usr/bin/server");
	addr(1500, 0x10100, 0x40, 0, WIRE_RES_SYMBOL, "table");
	addr(1500, 0x20000, 0x1000, 0, 0, "[heap]");
	addr(1500, 0x30000, 0x1000, 0, 0, "");
	futex(2000, 0x10110, 0);
	futex(2600, 0x10100, 0);
	futex(3200, 0x10200, 0);
	futex(4000, 0x20010, 0);
	futex(5000, 0x30010, 0);
	futex(6000, 0x90000, 0);
	run();
	row("futex table+0x10 in server");
	row("futex table in server");
	row("futex server+0x2200");
	row("futex [heap]+0x10");
	row("futex 0x30010");
	row("futex 0x90000");
}

static void an_exec_forgets_what_was_where(void **state)
{
	addr(1500, 0x10000, 0x1000, 0, 0, "/usr/bin/server");
	tape_thread(&tape, 0, 1800, PID, TID, .h.flags = WIRE_THREAD_EXEC, .parent_tid = TID);
	futex(2000, 0x10000, 0);
	run();
	row("futex 0x10000");
}

static void a_holder_counts_if_it_is_a_living_thread_of_the_process(void **state)
{
	const struct summary_wait *w;

	tape_thread(&tape, 0, START, 20, 21, .on_cpu = 1, .comm = "other");
	futex(2000, 0x100, 12);
	futex(3000, 0x200, TID);  /* the waiter itself */
	futex(4000, 0x300, 21);	  /* of another process */
	futex(5000, 0x400, 4242); /* nobody */
	run();
	w = row("futex 0x100");
	assert_int_equal(w->holders_nr, 1);
	assert_string_equal(w->holders[0].comm, "holder");
	assert_int_equal(row("futex 0x200")->holders_nr, 0);
	assert_int_equal(row("futex 0x300")->holders_nr, 0);
	assert_int_equal(row("futex 0x400")->holders_nr, 0);
}

static void a_page_goes_by_the_file_that_is_mapped(void **state)
{
	addr(1500, 0x10000, 0x4000, 0x8000, 0, "/srv/data");
	tape_off(&tape, 0, 2000, 2500, 2500, TID, .state = 2, .nr = -1, .arg0 = 0x11234);
	tape_off(&tape, 0, 3000, 3500, 3500, TID, .state = 2, .nr = -1, .arg0 = 0x12000);
	tape_off(&tape, 0, 4000, 4500, 4500, TID, .state = 2, .nr = -1);
	run();
	assert_int_equal(row("page of /srv/data")->count, 2);
	row("page");
}

static void epoll_says_which_descriptor_was_ready(void **state)
{
	struct wire_resource res = {.h = {.ts = 1500, .tid = TID},
				    .what = WIRE_RES_INODE,
				    .id = 88,
				    .dev = 6,
				    .fd_kind = WIRE_FD_INET,
				    .family = 2,
				    .protocol = 6,
				    .local_port = 80,
				    .peer_port = 40000,
				    .local = {127, 0, 0, 1},
				    .peer = {127, 0, 0, 1}};

	tape_resource(&tape, 0, res, "", 0);
	tape_off(&tape, 0, 2000, 2500, 2500, TID, .state = 1, .nr = SYS_EPOLL, .arg0 = 4,
		 .fd_kind = WIRE_FD_EPOLL, .ino = 88, .dev = 6, .ready_fd = 9);
	tape_off(&tape, 0, 3000, 3500, 3500, TID, .state = 1, .nr = SYS_EPOLL, .arg0 = 4,
		 .fd_kind = WIRE_FD_EPOLL, .ino = 1, .dev = 6, .ready_fd = -1);
	run();
	row("epoll fd 4: tcp at 127.0.0.1:80");
	row("epoll fd 4");
}

static void the_kernels_own_locks_go_by_function(void **state)
{
	struct wire_resource res = {
		.h = {.ts = 1500, .tid = TID}, .what = WIRE_RES_KERNEL, .id = 0xffffffff81000010};

	tape_resource(&tape, 0, res, "do_exit", 7);
	tape_off(&tape, 0, 2000, 2500, 2500, TID, .state = 2, .nr = 9, .wchan = 0xffffffff81000010);
	tape_off(&tape, 0, 3000, 3500, 3500, TID, .state = 2, .nr = 9, .wchan = 1);
	run();
	row("kernel lock in do_exit");
	row("kernel lock in mmap");
}

static void a_child_has_its_name(void **state)
{
	tape_comm(&tape, 0, 1500, 500, 500, .comm = "make");
	tape_off(&tape, 0, 2000, 2500, 2500, TID, .state = 1, .nr = SYS_WAIT4, .arg0 = 500);
	tape_off(&tape, 0, 3000, 3500, 3500, TID, .state = 1, .nr = SYS_WAIT4, .arg0 = 501);
	run();
	row("child 500 (make)");
	row("child 501");
}

static void a_quota_goes_by_its_cgroup(void **state)
{
	struct wire_resource res = {.h = {.ts = 1500, .tid = TID, .flags = WIRE_RES_PARTS},
				    .what = WIRE_RES_CGROUP,
				    .id = 7,
				    .quota_ns = 20500000,
				    .period_ns = 100000000};

	tape_resource(&tape, 0, res, "batch\0jobs", 11);
	tape_off(&tape, 0, 2000, 0, 2500, TID, .h.flags = WIRE_OFF_THROTTLED,
		 .fd_kind = WIRE_FD_CGROUP, .ino = 7);
	/* Woken into the same quota. */
	tape_off(&tape, 0, 3000, 3100, 3500, TID, .h.flags = WIRE_OFF_THROTTLED_WAKE, .state = 1,
		 .nr = SYS_FUTEX, .arg0 = 1);
	run();
	assert_int_equal(row("cgroup /jobs/batch (20.5 ms of each 100 ms)")->total_ns, 900);
}

static void a_record_of_the_first_version_has_no_more_than_it_had(void **state)
{
	struct wire_offcpu *o = tape_off(&tape, 0, 2000, 2500, 2500, TID, .state = 1,
					 .nr = SYS_FUTEX, .arg0 = 0x100, .holder = 12);

	o->h.len = WIRE_OFFCPU_LEAST;
	tape.streams[0].n -= sizeof(*o) - WIRE_OFFCPU_LEAST;
	run();
	assert_int_equal(r.s->bad_records, 0);
	assert_int_equal(row("futex 0x100")->holders_nr, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_has_its_path_and_its_device),
		TEST(a_path_that_is_cut_says_so),
		TEST(a_number_that_became_another_file_has_the_new_name_from_then_on),
		TEST(a_pipe_has_the_process_at_its_other_end),
		TEST(who_wakes_a_reader_is_at_the_other_end),
		TEST(a_futex_goes_by_what_it_is_in),
		TEST(an_exec_forgets_what_was_where),
		TEST(a_holder_counts_if_it_is_a_living_thread_of_the_process),
		TEST(a_page_goes_by_the_file_that_is_mapped),
		TEST(epoll_says_which_descriptor_was_ready),
		TEST(the_kernels_own_locks_go_by_function),
		TEST(a_child_has_its_name),
		TEST(a_quota_goes_by_its_cgroup),
		TEST(a_record_of_the_first_version_has_no_more_than_it_had),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
