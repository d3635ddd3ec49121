/* SPDX-License-Identifier: MIT */
/* test_proc.c - processes are known by pid, thread id or name, whatever their names hold. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/proc.h"
#include "base/err.h"

/* A child with this name that lives until child_end. */
static pid_t child_begin(const char *name)
{
	int pipefd[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(pipefd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		if (write(pipefd[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(pipefd[0], &c, 1), 1);
	close(pipefd[0]);
	close(pipefd[1]);
	return pid;
}

static void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void own_process_is_described(void **state)
{
	char exe[4096] = "";
	struct proc_info p;

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(proc_read(&p, (uint32_t)getpid(), NULL), 0);
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.uid, getuid());
	assert_string_equal(p.exe, exe);
	assert_string_equal(p.comm, "test_proc");
	assert_non_null(strstr(p.cmdline, "test_proc"));
	assert_int_equal(p.threads, 1);
	assert_false(p.kernel_thread);
	assert_false(p.zombie);
	assert_false(p.is_32bit);
	assert_true(p.start_ticks > 0);
}

static void hostile_name_does_not_shift_the_other_fields(void **state)
{
	static const char *const names[] = {") Z 1 (",	"a b) R 2 ",  "((",
					    "))",	"\nTgid:\t1", "x\nUid:9",
					    "Tgid:\t1", "",	      "\xff\x1b[2J"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pid_t pid = child_begin(names[i]);
		struct proc_info p, self;
		struct err err = {0};

		assert_int_equal(proc_read(&self, (uint32_t)getpid(), NULL), 0);
		if (proc_read(&p, (uint32_t)pid, &err))
			fail_msg("%s", err.text);
		assert_string_equal(p.comm, names[i]);
		assert_int_equal(p.pid, pid);
		assert_int_equal(p.uid, getuid());
		assert_int_equal(p.threads, 1);
		assert_false(p.zombie);
		assert_true(p.start_ticks >= self.start_ticks &&
			    p.start_ticks < self.start_ticks + 1000 * 100);
		child_end(pid);
	}
}

static void *wait_at_barrier(void *arg)
{
	pid_t *tid = arg;

	__atomic_store_n(tid, gettid(), __ATOMIC_SEQ_CST);
	while (__atomic_load_n(tid, __ATOMIC_SEQ_CST))
		usleep(1000);
	return NULL;
}

static void thread_id_stands_for_its_process(void **state)
{
	uint32_t *pids = NULL;
	struct proc_info p;
	pid_t tid = 0, got;
	pthread_t thread;
	char spec[32];
	size_t nr = 0;

	assert_int_equal(pthread_create(&thread, NULL, wait_at_barrier, &tid), 0);
	while (!(got = __atomic_load_n(&tid, __ATOMIC_SEQ_CST)))
		usleep(1000);
	assert_int_not_equal(got, getpid());
	assert_int_equal(proc_read(&p, (uint32_t)got, NULL), 0);
	assert_int_equal(p.pid, getpid());
	assert_true(p.threads >= 2);
	snprintf(spec, sizeof(spec), "%d,%d", got, getpid());
	assert_int_equal(proc_resolve(spec, 1, &pids, &nr, NULL), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(pids[0], getpid());
	free(pids);
	__atomic_store_n(&tid, 0, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
}

static void expect_refused(const char *spec, uint32_t self, int code, const char *why)
{
	uint32_t *pids = malloc(sizeof(*pids)), *before = pids;
	struct err err = {0};
	size_t nr = 1;

	assert_non_null(pids);
	pids[0] = 7;
	assert_int_equal(proc_resolve(spec, self, &pids, &nr, &err), code);
	assert_ptr_equal(pids, before);
	assert_int_equal(nr, 1);
	assert_int_equal(pids[0], 7);
	if (!strstr(err.text, why))
		fail_msg("%s: %s", spec, err.text);
	free(pids);
}

static void what_is_no_process_is_refused_with_a_sentence(void **state)
{
	char own[16], list[64];
	struct proc_info p;
	struct err err = {0};

	snprintf(own, sizeof(own), "%d", getpid());
	snprintf(list, sizeof(list), "%d,no such name", getpid());
	assert_int_equal(proc_read(&p, 0x7ffffffe, &err), -ESRCH);
	assert_string_equal(err.text, "there is no process 2147483646");
	expect_refused("2147483646", 1, -ESRCH, "there is no process 2147483646");
	expect_refused("0", 1, -ESRCH, "there is no process 0");
	expect_refused("99999999999999999999999", 1, -ESRCH, "there is no process");
	expect_refused("", 1, -EINVAL, "needs a process id or a name");
	expect_refused("1,", 0, -EINVAL, "needs a process id or a name");
	expect_refused(",", 1, -EINVAL, "needs a process id or a name");
	expect_refused(list, 1, -ESRCH, "no process is named no such name");
	expect_refused("-5", 1, -EINVAL, "-p needs a process id or a name, not -5");
	expect_refused(own, (uint32_t)getpid(), -EINVAL, "is ctrace-bpf itself");
}

static void zombie_is_told_apart(void **state)
{
	pid_t pid = fork();
	struct proc_info p;
	siginfo_t info;
	char spec[16];

	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_read(&p, (uint32_t)pid, NULL), 0);
	assert_true(p.zombie);
	assert_string_equal(p.exe, "");
	snprintf(spec, sizeof(spec), "%d", pid);
	expect_refused(spec, 1, -ESRCH, "has ended: it is a zombie");
	waitpid(pid, NULL, 0);
	expect_refused(spec, 1, -ESRCH, "there is no process");
}

static void kernel_thread_is_told_apart(void **state)
{
	struct proc_info p;

	if (proc_read(&p, 2, NULL) || strcmp(p.comm, "kthreadd"))
		skip(); /* another PID namespace */
	assert_true(p.kernel_thread);
	assert_string_equal(p.cmdline, "");
	expect_refused("2", 1, -ESRCH, "(kthreadd) is a kernel thread");
	expect_refused("kthreadd", 1, -ESRCH, "no process is named kthreadd");
}

static bool is_in(const uint32_t *pids, size_t nr, uint32_t pid)
{
	for (size_t i = 0; i < nr; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Resolves to these and never to self; `others` that the machine happens to run are allowed. */
static void resolved_as(const char *spec, uint32_t self, const pid_t *want, size_t nr_want,
			bool others)
{
	uint32_t *pids = NULL;
	struct err err = {0};
	size_t nr = 0;

	if (proc_resolve(spec, self, &pids, &nr, &err))
		fail_msg("%s: %s", spec, err.text);
	assert_true(others ? nr >= nr_want : nr == nr_want);
	for (size_t i = 0; i < nr_want; i++)
		assert_true(is_in(pids, nr, (uint32_t)want[i]));
	assert_false(is_in(pids, nr, self));
	free(pids);
}

static void names_match_comm_or_executable_exactly(void **state)
{
	pid_t child[2] = {child_begin("ctr_one"), child_begin("ctr_two")};
	uint32_t self = (uint32_t)getpid();
	char spec[64];

	resolved_as("ctr_one", self, child, 1, false);
	resolved_as("ctr_two,ctr_one", self, child, 2, false);
	resolved_as("test_proc", self, child, 2, true); /* by executable, without ourselves */
	snprintf(spec, sizeof(spec), "%d,ctr_one,%d,ctr_two", child[0], child[1]);
	resolved_as(spec, self, child, 2, false); /* each once */
	expect_refused("ctr_on", self, -ESRCH, "no process is named ctr_on");
	expect_refused("ctr_one2", self, -ESRCH, "no process is named");
	expect_refused("test_pro", self, -ESRCH, "no process is named");
	expect_refused("est_proc", self, -ESRCH, "no process is named");
	child_end(child[0]);
	child_end(child[1]);
}

static void resolved_pids_are_appended(void **state)
{
	pid_t child = child_begin("ctr_app");
	uint32_t *pids = NULL;
	size_t nr = 0;

	assert_int_equal(proc_resolve("1", 0, &pids, &nr, NULL), 0);
	assert_int_equal(proc_resolve("ctr_app,1", 0, &pids, &nr, NULL), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(pids[0], 1);
	assert_int_equal(pids[1], child);
	free(pids);
	child_end(child);
}

static void executable_that_was_deleted_still_has_its_name(void **state)
{
	char path[] = "/tmp/ctrace_procXXXXXX", cmd[8192];
	const char *name = path + 5;
	int fd = mkstemp(path);
	pid_t pid;

	assert_true(fd >= 0);
	close(fd);
	snprintf(cmd, sizeof(cmd), "cp /bin/sleep %s && chmod 700 %s", path, path);
	assert_int_equal(system(cmd), 0);
	pid = fork();
	if (!pid) {
		execl(path, "sleep", "100", NULL);
		_exit(1);
	}
	/* until exec is done */
	for (int i = 0; i < 2000; i++) {
		struct proc_info p;

		if (!proc_read(&p, (uint32_t)pid, NULL) && !strcmp(p.exe, path))
			break;
		usleep(1000);
	}
	unlink(path);
	resolved_as(name, 1, &pid, 1, false);
	child_end(pid);
}

#ifdef __x86_64__
static void process_of_32_bits_is_told_apart(void **state)
{
	/* ELF32 for i386 at 0x08048000: loop: mov $29,%eax (pause); int $0x80; jmp loop */
	static const unsigned char elf[] = {0x7f,
					    'E',
					    'L',
					    'F',
					    1,
					    1,
					    1,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    2,
					    0,
					    3,
					    0,
					    1,
					    0,
					    0,
					    0,
					    0x54,
					    0x80,
					    4,
					    8,
					    52,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    52,
					    0,
					    32,
					    0,
					    1,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    /* program header: */ 1,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0,
					    0x80,
					    4,
					    8,
					    0,
					    0x80,
					    4,
					    8,
					    0x60,
					    0,
					    0,
					    0,
					    0x60,
					    0,
					    0,
					    0,
					    5,
					    0,
					    0,
					    0,
					    0,
					    0x10,
					    0,
					    0,
					    /* 0x54: */ 0xb8,
					    29,
					    0,
					    0,
					    0,
					    0xcd,
					    0x80,
					    0xeb,
					    0xf7,
					    0,
					    0,
					    0};
	int fd = memfd_create("elf32", MFD_CLOEXEC);
	struct proc_info p;
	int status;
	pid_t pid;

	assert_int_equal(write(fd, elf, sizeof(elf)), sizeof(elf));
	pid = fork();
	if (!pid) {
		fexecve(fd, (char *[]){"elf32", NULL}, (char *[]){NULL});
		_exit(9);
	}
	for (int i = 0; i < 2000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			skip(); /* a kernel without 32-bit support */
		if (!proc_read(&p, (uint32_t)pid, NULL) && p.is_32bit)
			break;
		usleep(1000);
	}
	assert_true(p.is_32bit);
	child_end(pid);
	close(fd);
}
#endif

static void pid_in_its_own_namespace_is_known(void **state)
{
	int pipefd[2], status;
	pid_t child, inner;

	assert_int_equal(proc_ns_pid(0x7ffffffe), 0x7ffffffe);
	if (geteuid())
		skip();
	assert_int_equal(pipe(pipefd), 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWPID))
			_exit(2);
		inner = fork();
		if (!inner) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		status = write(pipefd[1], &inner, sizeof(inner)) != sizeof(inner);
		pause();
		_exit(status);
	}
	close(pipefd[1]);
	if (read(pipefd[0], &inner, sizeof(inner)) != sizeof(inner))
		skip();
	assert_int_equal(proc_ns_pid((uint32_t)inner), 1);
	assert_int_equal(proc_ns_pid((uint32_t)child), child);
	close(pipefd[0]);
	kill(inner, SIGKILL); /* its parent may be gone before it has asked to go with it */
	child_end(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_process_is_described),
		cmocka_unit_test(hostile_name_does_not_shift_the_other_fields),
		cmocka_unit_test(thread_id_stands_for_its_process),
		cmocka_unit_test(what_is_no_process_is_refused_with_a_sentence),
		cmocka_unit_test(zombie_is_told_apart),
		cmocka_unit_test(kernel_thread_is_told_apart),
		cmocka_unit_test(names_match_comm_or_executable_exactly),
		cmocka_unit_test(resolved_pids_are_appended),
		cmocka_unit_test(executable_that_was_deleted_still_has_its_name),
#ifdef __x86_64__
		cmocka_unit_test(process_of_32_bits_is_told_apart),
#endif
		cmocka_unit_test(pid_in_its_own_namespace_is_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
