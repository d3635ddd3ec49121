/* SPDX-License-Identifier: MIT */
/* test_wait.c - every rule of why a thread left its CPU, and the words for what it waits on */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/span.h"
#include "model/wait.h"

enum { S = TASK_INTERRUPTIBLE, D = TASK_UNINTERRUPTIBLE };

struct rule {
	int line;
	int nr; /* x86-64 */
	uint32_t state;
	uint8_t flags, fd_kind;
	uint64_t arg0, arg1, ino;
	enum state want;
	const char *resource;
};

#define R(...)                        \
	{                             \
		__LINE__, __VA_ARGS__ \
	}

/* System calls of x86-64 by number, so that the test does not lean on the table it tests. */
enum {
	READ = 0,
	POLL = 7,
	IOCTL = 16,
	NANOSLEEP = 35,
	PAUSE = 34,
	SCHED_YIELD = 24,
	CONNECT = 42,
	ACCEPT = 43,
	SENDTO = 44,
	RECVFROM = 45,
	CLONE = 56,
	VFORK = 58,
	WAIT4 = 61,
	SEMOP = 65,
	MSGRCV = 70,
	FCNTL = 72,
	FLOCK = 73,
	FSYNC = 74,
	FDATASYNC = 75,
	RENAME = 82,
	SYNC = 162,
	FUTEX = 202,
	EPOLL_WAIT = 232,
	MQ_TIMEDRECEIVE = 243,
	WAITID = 247,
	OPENAT = 257,
	SIGTIMEDWAIT = 128,
	SELECT = 23,
	MSYNC = 26,
	IO_URING_ENTER = 426,
	CLONE3 = 435,
	FUTEX_WAITV = 449,
	FUTEX_WAIT = 455,
	CLOCK_NANOSLEEP = 230,
	PWRITE = 18,
	MUNMAP = 11,
};

static const struct rule rules[] = {
	/* it wanted to go on */
	R(-1, 0, 0, 0, 0, 0, 0, STATE_PREEMPTED, ""),
	R(READ, 0, 0, WIRE_FD_FILE, 3, 0, 0, STATE_PREEMPTED, ""),
	R(READ, S, WIRE_OFF_PREEMPT, WIRE_FD_INET, 3, 0, 0, STATE_PREEMPTED, ""),
	R(-1, 0, WIRE_OFF_THROTTLED, 0, 0, 0, 0, STATE_THROTTLED, ""),
	R(-1, S, WIRE_OFF_THROTTLED | WIRE_OFF_PREEMPT, 0, 0, 0, 0, STATE_THROTTLED, ""),
	R(SCHED_YIELD, 0, 0, 0, 0, 0, 0, STATE_YIELD, ""),
	R(SCHED_YIELD, 0, WIRE_OFF_PREEMPT, 0, 0, 0, 0, STATE_PREEMPTED, ""),
	R(SCHED_YIELD, 0, WIRE_OFF_THROTTLED, 0, 0, 0, 0, STATE_THROTTLED, ""),
	/* it was stopped */
	R(-1, TASK_STOPPED, 0, 0, 0, 0, 0, STATE_STOPPED, ""),
	R(FUTEX, TASK_TRACED, 0, 0, 1, 0, 0, STATE_STOPPED, ""),
	R(READ, TASK_FROZEN, 0, WIRE_FD_PIPE, 3, 0, 0, STATE_STOPPED, ""),
	/* outside of any call */
	R(-1, D, 0, 0, 0, 0, 0, STATE_FAULT, "page"),
	R(-1, D | 0x100, WIRE_OFF_IOWAIT, 0, 0, 0, 0, STATE_FAULT, "page"),
	/* waiting for a disk */
	R(READ, D, WIRE_OFF_IOWAIT, WIRE_FD_FILE, 5, 0, 77, STATE_DISK, "file fd 5 ino 77"),
	R(OPENAT, D, WIRE_OFF_IOWAIT, 0, 0, 0, 0, STATE_DISK, "openat"),
	R(FUTEX, D, WIRE_OFF_IOWAIT, 0, 1, 0, 0, STATE_DISK, "futex"),
	R(FSYNC, D, 0, WIRE_FD_FILE, 5, 0, 77, STATE_DISK, "file fd 5 ino 77"),
	R(FDATASYNC, D, WIRE_OFF_IOWAIT, WIRE_FD_FILE, 5, 0, 77, STATE_DISK, "file fd 5 ino 77"),
	R(FDATASYNC, D, WIRE_OFF_IOWAIT, 0, 5, 0, 0, STATE_DISK, "fdatasync"),
	R(SYNC, D, 0, 0, 0, 0, 0, STATE_DISK, "sync"),
	R(MSYNC, D, 0, 0, 0x7f0000000000, 0, 0, STATE_DISK, "msync"),
	R(PWRITE, D, 0, WIRE_FD_FILE, 5, 0, 77, STATE_DISK, "file fd 5 ino 77"),
	R(READ, D, 0, WIRE_FD_DIR, 5, 0, 78, STATE_DISK, "directory fd 5 ino 78"),
	R(READ, D, 0, WIRE_FD_BLOCK, 5, 0, 79, STATE_DISK, "block device fd 5 ino 79"),
	/* descriptors */
	R(READ, S, 0, WIRE_FD_INET, 7, 0, 1, STATE_NETWORK, "socket (inet) fd 7"),
	R(RECVFROM, S, 0, WIRE_FD_INET, 7, 0, 1, STATE_NETWORK, "socket (inet) fd 7"),
	R(SENDTO, S, 0, WIRE_FD_SOCKET, 8, 0, 1, STATE_NETWORK, "socket fd 8"),
	R(ACCEPT, S, 0, WIRE_FD_INET, 3, 0, 1, STATE_NETWORK, "socket (inet) fd 3"),
	R(CONNECT, S, 0, WIRE_FD_UNIX, 3, 0, 1, STATE_IPC, "socket (unix) fd 3"),
	R(READ, S, 0, WIRE_FD_PIPE, 3, 0, 1234, STATE_IPC, "pipe fd 3 ino 1234"),
	R(READ, S, 0, WIRE_FD_EVENTFD, 3, 0, 9, STATE_IPC, "eventfd fd 3"),
	R(READ, S, 0, WIRE_FD_TIMERFD, 3, 0, 9, STATE_SLEEP, "timerfd fd 3"),
	R(READ, S, 0, WIRE_FD_CHAR, 0, 0, 4, STATE_OTHER, "character device fd 0 ino 4"),
	R(READ, S, 0, WIRE_FD_INOTIFY, 4, 0, 9, STATE_OTHER, "inotify fd 4"),
	R(IOCTL, S, 0, WIRE_FD_ANON, 4, 0, 9, STATE_OTHER, "anonymous fd 4"),
	R(MQ_TIMEDRECEIVE, S, 0, WIRE_FD_MQUEUE, 4, 0, 9, STATE_IPC, "message queue fd 4"),
	R(READ, S, 0, WIRE_FD_NONE, 4, 0, 0, STATE_OTHER, "fd 4"),
	R(READ, S, 0, 99, 4, 0, 0, STATE_OTHER, "fd 4"),
	R(READ, D, 0, WIRE_FD_CHAR, 0, 0, 4, STATE_LOCK, "kernel lock in read"),
	/* many at once */
	R(EPOLL_WAIT, S, 0, WIRE_FD_EPOLL, 4, 0, 9, STATE_POLL, "epoll fd 4"),
	R(POLL, S, 0, 0, 0x7f00, 0, 0, STATE_POLL, "poll"),
	R(SELECT, S, 0, 0, 10, 0, 0, STATE_POLL, "select"),
	R(IO_URING_ENTER, S, WIRE_OFF_IOWAIT, WIRE_FD_IO_URING, 6, 0, 9, STATE_POLL,
	  "io_uring fd 6"),
	R(IO_URING_ENTER, S, 0, WIRE_FD_IO_URING, 6, 0, 9, STATE_POLL, "io_uring fd 6"),
	/* other threads */
	R(FUTEX, S, 0, 0, 0x7f12ab, 0, 0, STATE_LOCK, "futex 0x7f12ab"),
	R(FUTEX_WAIT, S, 0, 0, 0x7f12ab, 0, 0, STATE_LOCK, "futex 0x7f12ab"),
	R(FUTEX_WAITV, S, 0, 0, 0x7f12ab, 0, 0, STATE_LOCK, "several futexes"),
	R(SEMOP, S, 0, 0, 12, 0, 0, STATE_LOCK, "semaphore set 12"),
	R(MSGRCV, S, 0, 0, 12, 0, 0, STATE_IPC, "message queue 12"),
	R(FLOCK, S, 0, WIRE_FD_FILE, 5, 0, 77, STATE_LOCK, "lock of file fd 5 ino 77"),
	R(FCNTL, S, 0, WIRE_FD_FILE, 5, 7, 77, STATE_LOCK, "lock of file fd 5 ino 77"),
	R(FCNTL, D, 0, WIRE_FD_FILE, 5, 4, 77, STATE_DISK, "file fd 5 ino 77"),
	R(RENAME, D, 0, 0, 0, 0, 0, STATE_LOCK, "kernel lock in rename"),
	R(MUNMAP, D | 0x100, 0, 0, 0, 0, 0, STATE_LOCK, "kernel lock in munmap"),
	/* time */
	R(NANOSLEEP, S, 0, 0, 0x7f00, 0, 0, STATE_SLEEP, "sleep"),
	R(CLOCK_NANOSLEEP, S | 0x2000, 0, 0, 1, 0, 0, STATE_SLEEP, "sleep"),
	R(SIGTIMEDWAIT, S, 0, 0, 0x7f00, 0, 0, STATE_SLEEP, "signal"),
	R(PAUSE, S, 0, 0, 0, 0, 0, STATE_SLEEP, "signal"),
	/* children */
	R(WAIT4, S, 0, 0, 1234, 0x7f00, 0, STATE_CHILD, "child 1234"),
	R(WAIT4, S, 0, 0, (uint64_t)-1, 0x7f00, 0, STATE_CHILD, "any child"),
	R(WAITID, S, 0, 0, 1, 1234, 0, STATE_CHILD, "child 1234"),
	R(WAITID, S, 0, 0, 0, 0, 0, STATE_CHILD, "any child"),
	R(WAITID, S, 0, 0, 3, 9, 0, STATE_CHILD, "child pidfd 9"),
	R(VFORK, D | 0x100, 0, 0, 0, 0, 0, STATE_CHILD, "new child"),
	R(CLONE, D | 0x100, 0, 0, 0x4100, 0, 0, STATE_CHILD, "new child"),
	R(CLONE, D | 0x100, 0, 0, 0x100, 0, 0, STATE_LOCK, "kernel lock in clone"),
	R(CLONE3, D | 0x100, 0, 0, 0x7f00, 0, 0, STATE_CHILD, "new child"),
	/* the rest has the call's name, or its number */
	R(OPENAT, S, 0, 0, 0, 0, 0, STATE_OTHER, "openat"),
	R(400, S, 0, 0, 0, 0, 0, STATE_OTHER, "system call 400"),
	R(32000, S, 0, 0, 0, 0, 0, STATE_OTHER, "system call 32000"),
};

static struct wire_offcpu record_of(const struct rule *r)
{
	return (struct wire_offcpu){
		.h = {.flags = r->flags},
		.state = r->state,
		.nr = (int16_t)r->nr,
		.fd_kind = r->fd_kind,
		.arg0 = r->arg0,
		.arg1 = r->arg1,
		.ino = r->ino,
	};
}

static void every_rule_gives_its_state_and_resource(void **state)
{
	struct calls calls;

	calls_init(&calls, EM_X86_64);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct wire_offcpu r = record_of(&rules[i]);
		struct wait_why why = wait_classify(&calls, &r);
		char text[RESOURCE_TEXT_SZ];

		wait_resource(text, sizeof(text), &calls, &r, &why);
		if (why.state != rules[i].want || strcmp(text, rules[i].resource))
			fail_msg("line %d: %s '%s', not %s '%s'", rules[i].line,
				 state_names[why.state], text, state_names[rules[i].want],
				 rules[i].resource);
		assert_int_equal(why.involuntary, why.state == STATE_PREEMPTED ||
							  why.state == STATE_THROTTLED ||
							  why.state == STATE_YIELD);
	}
}

static void arm64_has_the_same_rules_at_its_own_numbers(void **state)
{
	static const struct {
		int nr;
		const char *name;
		enum state want;
	} v[] = {
		{98, "futex", STATE_LOCK},	 {101, "nanosleep", STATE_SLEEP},
		{22, "epoll_pwait", STATE_POLL}, {260, "wait4", STATE_CHILD},
		{83, "fdatasync", STATE_DISK},	 {449, "futex_waitv", STATE_LOCK},
	};
	struct wire_offcpu yield = {.nr = 124};
	struct calls calls;

	calls_init(&calls, EM_AARCH64);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct wire_offcpu r = {.nr = (int16_t)v[i].nr, .state = S};

		assert_string_equal(sysname(EM_AARCH64, v[i].nr), v[i].name);
		assert_int_equal(wait_classify(&calls, &r).state, v[i].want);
	}
	assert_int_equal(wait_classify(&calls, &yield).state, STATE_YIELD);
}

/* A class that is not found because the table is not sorted would be an `other` somewhere. */
static void every_call_with_a_class_is_found_by_name(void **state)
{
	static const char *const known[] = {
		"accept",
		"accept4",
		"clock_nanosleep",
		"clone",
		"clone3",
		"close",
		"connect",
		"copy_file_range",
		"epoll_pwait",
		"epoll_pwait2",
		"epoll_wait",
		"fallocate",
		"fcntl",
		"fdatasync",
		"flock",
		"fstat",
		"fsync",
		"ftruncate",
		"futex",
		"futex_requeue",
		"futex_wait",
		"futex_waitv",
		"futex_wake",
		"getdents",
		"getdents64",
		"io_getevents",
		"io_pgetevents",
		"io_uring_enter",
		"ioctl",
		"lseek",
		"mq_timedsend",
		"mq_timedreceive",
		"msgrcv",
		"msgsnd",
		"msync",
		"nanosleep",
		"pause",
		"poll",
		"ppoll",
		"pread64",
		"preadv",
		"preadv2",
		"pselect6",
		"pwrite64",
		"pwritev",
		"pwritev2",
		"read",
		"readahead",
		"readv",
		"recvfrom",
		"recvmmsg",
		"recvmsg",
		"rt_sigsuspend",
		"select",
		"rt_sigtimedwait",
		"sched_yield",
		"semop",
		"semtimedop",
		"sendfile",
		"sendmmsg",
		"sendmsg",
		"sendto",
		"shutdown",
		"splice",
		"sync",
		"sync_file_range",
		"syncfs",
		"tee",
		"vfork",
		"vmsplice",
		"wait4",
		"waitid",
		"write",
		"writev",
	};
	struct calls calls;

	calls_init(&calls, EM_X86_64);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		int nr = 0;

		while (nr < SYSNAMES_MAX && strcmp(sysname(EM_X86_64, nr), known[i]))
			nr++;
		assert_true(nr < SYSNAMES_MAX);
		if (calls_class(&calls, nr) == CALL_OTHER)
			fail_msg("%s has no class", known[i]);
	}
}

static void numbers_out_of_range_have_no_name(void **state)
{
	assert_string_equal(sysname(EM_X86_64, -1), "");
	assert_string_equal(sysname(EM_X86_64, 512), "");
	assert_string_equal(sysname(EM_X86_64, 1 << 30), "");
	assert_string_equal(sysname(EM_386, 1), "");
	assert_string_equal(sysname(EM_X86_64, 0), "read");
	assert_string_equal(sysname(EM_AARCH64, 63), "read");
}

static void connections_are_one_resource_but_pipes_are_told_apart(void **state)
{
	struct wire_offcpu a = {.fd_kind = WIRE_FD_INET, .arg0 = 7, .ino = 100, .state = S};
	struct wire_offcpu b = a;
	struct wait_key ka, kb;
	struct wait_why why;
	struct calls calls;

	calls_init(&calls, EM_X86_64);
	b.ino = 101; /* the next connection on the same descriptor */
	why = wait_classify(&calls, &a);
	ka = wait_key(&calls, &a, &why, 1);
	kb = wait_key(&calls, &b, &why, 1);
	assert_memory_equal(&ka.what, &kb.what, sizeof(ka.what));
	assert_int_not_equal(wait_key(&calls, &b, &why, 2).in, ka.in);
	a.fd_kind = b.fd_kind = WIRE_FD_PIPE;
	why = wait_classify(&calls, &a);
	assert_int_not_equal(wait_key(&calls, &a, &why, 1).what,
			     wait_key(&calls, &b, &why, 1).what);
	assert_int_equal(wait_key(&calls, &b, &why, 2).in, wait_key(&calls, &b, &why, 1).in);
}

static void status_address_of_wait4_is_no_part_of_what_it_waits_for(void **state)
{
	struct wire_offcpu a = {.nr = WAIT4, .arg0 = 5, .arg1 = 0x7000, .state = S}, b = a;
	struct wait_why why;
	struct calls calls;

	calls_init(&calls, EM_X86_64);
	b.arg1 = 0x8000;
	why = wait_classify(&calls, &a);
	assert_int_equal(wait_key(&calls, &a, &why, 1).what, wait_key(&calls, &b, &why, 1).what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_gives_its_state_and_resource),
		cmocka_unit_test(arm64_has_the_same_rules_at_its_own_numbers),
		cmocka_unit_test(every_call_with_a_class_is_found_by_name),
		cmocka_unit_test(numbers_out_of_range_have_no_name),
		cmocka_unit_test(connections_are_one_resource_but_pipes_are_told_apart),
		cmocka_unit_test(status_address_of_wait4_is_no_part_of_what_it_waits_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
