/* SPDX-License-Identifier: MIT */
/*
 * test_features.c - what is found here agrees with itself and with what can be done; and whoever
 * may not trace is told what helps
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attach/features.h"
#include "base/err.h"

/* A user who may do all, on a new kernel; the tests take away. */
static struct features everything(void)
{
	const struct feature_caps all = {true, true, true, true};

	return (struct features){
		.release = "6.18.0",
		.version = 6 << 8 | 18,
		.btf = true,
		.switch_args = SWITCH_STATE_LAST,
		.ringbuf = true,
		.tp_btf = true,
		.probe_read_kernel = true,
		.task_storage = true,
		.current_task_btf = true,
		.task_pt_regs = true,
		.uprobe_multi = true,
		.perf_uprobe = true,
		.perf_uprobe_sema = true,
		.root = true,
		.caps = all,
		.bounding = all,
		.init_user_ns = true,
		.init_pid_ns = true,
		.lockdown = "none",
	};
}

/* As an ordinary user whom sudo would help. */
static struct features user(void)
{
	struct features f = everything();

	f.root = false;
	f.caps = (struct feature_caps){0};
	f.bpf_errno = EPERM;
	f.ringbuf = f.tp_btf = f.probe_read_kernel = f.uprobe_multi = false;
	return f;
}

static void explained_as(const struct features *f, const char *text, const char *hint)
{
	struct err err = {0};

	assert_int_equal(features_explain_eperm(f, &err), -EPERM);
	assert_int_equal(err.code, -EPERM);
	if (!strstr(err.text, text) || !strstr(err.hint, hint))
		fail_msg("%s / %s", err.text, err.hint);
}

static void each_thing_that_tracing_needs_is_needed(void **state)
{
	static const size_t needed[] = {
		offsetof(struct features, btf),
		offsetof(struct features, ringbuf),
		offsetof(struct features, tp_btf),
		offsetof(struct features, probe_read_kernel),
		offsetof(struct features, init_user_ns),
		offsetof(struct features, init_pid_ns),
		offsetof(struct features, caps.bpf),
		offsetof(struct features, caps.perfmon),
		offsetof(struct features, caps.sys_ptrace),
	};
	static const size_t not_needed[] = {
		offsetof(struct features, task_storage),
		offsetof(struct features, task_pt_regs),
		offsetof(struct features, current_task_btf),
		offsetof(struct features, caps.sys_admin),
		offsetof(struct features, root),
		offsetof(struct features, perf_uprobe),
	};
	struct features f = everything();

	assert_true(features_can_trace(&f));
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		f = everything();
		*((bool *)&f + needed[i]) = false;
		assert_false(features_can_trace(&f));
	}
	for (size_t i = 0; i < sizeof(not_needed) / sizeof(not_needed[0]); i++) {
		f = everything();
		*((bool *)&f + not_needed[i]) = false;
		assert_true(features_can_trace(&f));
	}
	f = everything();
	f.bpf_errno = EPERM;
	assert_false(features_can_trace(&f));
}

static void perf_events_replace_uprobe_multi_for_cap_sys_admin(void **state)
{
	struct features f = everything();
	char buf[64];

	f.uprobe_multi = false;
	assert_true(features_can_trace(&f));
	f.perf_uprobe_sema = false;
	assert_false(features_can_trace(&f));
	f.perf_uprobe_sema = true;
	f.caps.sys_admin = false;
	assert_false(features_can_trace(&f));
	assert_string_equal(features_lacking_caps(&f, buf, sizeof(buf)), "CAP_SYS_ADMIN");
}

static void lacking_capabilities_are_listed_and_fit(void **state)
{
	struct features f = user();
	char buf[64], small[10];

	assert_string_equal(features_lacking_caps(&f, buf, sizeof(buf)),
			    "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE");
	assert_string_equal(features_lacking_caps(&f, small, sizeof(small)), "CAP_BPF, ");
	f.version = 6 << 8 | 1; /* cannot be tried: by the version */
	assert_string_equal(features_lacking_caps(&f, buf, sizeof(buf)),
			    "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_SYS_ADMIN");
	f = everything();
	assert_string_equal(features_lacking_caps(&f, buf, sizeof(buf)), "");
}

static void user_is_told_the_command_that_works(void **state)
{
	struct features f = user();

	explained_as(&f, "this user does not have: CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE", "sudo ");
	strcpy(f.container, "docker"); /* sudo helps there too */
	explained_as(&f, "this user does not have", "sudo ");
}

static void command_that_a_shell_would_not_take_is_told_in_words(void **state)
{
	static const struct {
		const char *arg, *hint;
	} t[] = {
		{"nginx,42", "/proc/self/exe nginx,42"},
		{"a b;c", "the same command with sudo"},
		{"$(x)", "the same command with sudo"},
		{"\x1b[2J", "the same command with sudo"},
	};

	if (getenv("CTRACE_EXPLAIN")) {
		struct features f = user();
		struct err err = {0};

		features_explain_eperm(&f, &err);
		_exit(!strstr(err.hint, getenv("CTRACE_EXPLAIN")));
	}
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			setenv("CTRACE_EXPLAIN", t[i].hint, 1);
			execl("/proc/self/exe", "/proc/self/exe", t[i].arg, NULL);
			_exit(2);
		}
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
}

static void container_is_told_how_to_be_started(void **state)
{
	struct features f = user();

	f.root = true;
	f.bounding = (struct feature_caps){.sys_ptrace = true};
	strcpy(f.container, "docker");
	explained_as(&f, "this container does not have: CAP_BPF, CAP_PERFMON", "--privileged");
	f.container[0] = '\0';
	f.init_pid_ns = false;
	explained_as(&f, "this container does not have", "--privileged --pid=host");
	f.init_pid_ns = true;
	explained_as(&f, "taken from this process for good: CAP_BPF, CAP_PERFMON", "login shell");
}

static void user_namespace_is_told_first(void **state)
{
	struct features f = user();

	f.caps = everything().caps; /* they look fine, and count for nothing */
	f.init_user_ns = false;
	explained_as(&f, "user namespace", "root on the host");
}

static void other_reasons_are_told_by_what_is_seen(void **state)
{
	struct features f = everything();

	f.init_pid_ns = false;
	explained_as(&f, "PID namespace", "--pid=host");
	f = everything();
	strcpy(f.lockdown, "confidentiality");
	explained_as(&f, "locked down (confidentiality)", "lockdown=integrity");
	f = everything();
	f.bpf_errno = EPERM;
	explained_as(&f, "a security module or a seccomp filter", "dmesg");
	strcpy(f.container, "docker");
	explained_as(&f, "seccomp profile of this container", "--security-opt seccomp=unconfined");
}

static void this_machine_agrees_with_itself(void **state)
{
	struct features f;

	assert_int_equal(features_detect(&f), 0);
	assert_true(f.version > 5 << 8);
	assert_int_equal(f.btf, !access("/sys/kernel/btf/vmlinux", R_OK));
	assert_int_equal(f.root, geteuid() == 0);
	assert_true(!f.btf || f.switch_args != SWITCH_UNKNOWN);
	/* what came later needs what came before */
	assert_true(!f.uprobe_multi || f.task_pt_regs);
	assert_true(!f.task_pt_regs || f.task_storage);
	assert_true(!f.task_storage || f.ringbuf);
	assert_true(!f.perf_uprobe_sema || f.perf_uprobe);
	if (f.bpf_errno)
		assert_false(f.ringbuf || f.tp_btf || f.task_storage || f.uprobe_multi);
	else if (f.version >= (6 << 8 | 10))
		assert_true(f.ringbuf && f.tp_btf && f.task_storage && f.uprobe_multi);
	if (!f.bpf_errno && f.version >= (5 << 8 | 5))
		assert_int_equal(f.probe_read_kernel, strcmp(f.lockdown, "confidentiality") != 0);
	if (f.btf && f.version >= (5 << 8 | 19))
		assert_int_equal(f.switch_args, SWITCH_STATE_LAST);
}

static int open_fds(void)
{
	int nr = 0;

	for (int fd = 0; fd < 1024; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

static void nothing_is_left_open(void **state)
{
	int before = open_fds();
	struct features f;

	features_detect(&f);
	assert_int_equal(open_fds(), before);
}

/* In a child: keeps only these capabilities, or becomes an ordinary user; then detects. */
static int detect_as(uint64_t keep, struct features *f)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = (uint32_t)(keep >> 32 * i);
	if (syscall(SYS_capset, &head, data))
		return -1;
	return features_detect(f);
}

static int without_capabilities(void)
{
	struct features f;
	char buf[128];

	if (detect_as(0, &f))
		return 10;
	if (f.caps.bpf || f.caps.perfmon || f.caps.sys_admin || f.caps.sys_ptrace)
		return 11;
	if (f.bpf_errno != EPERM || f.ringbuf || f.uprobe_multi || features_can_trace(&f))
		return 12;
	if (!f.bounding.bpf ||
	    !strstr(features_lacking_caps(&f, buf, sizeof(buf)), "CAP_BPF, CAP_"))
		return 13;
	return f.btf && f.switch_args == SWITCH_UNKNOWN ? 14 : 0;
}

static int with_the_least_capabilities(void)
{
	uint64_t keep = 1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_SYS_PTRACE;
	struct features f;
	char buf[128];

	if (detect_as(keep, &f))
		return 20;
	if (!f.caps.bpf || !f.caps.perfmon || f.caps.sys_admin || !f.caps.sys_ptrace)
		return 21;
	if (f.bpf_errno || !f.ringbuf || !f.tp_btf)
		return 22;
	features_lacking_caps(&f, buf, sizeof(buf));
	if (f.uprobe_multi)
		return *buf || !features_can_trace(&f) ? 23 : 0;
	return strcmp(buf, "CAP_SYS_ADMIN") || features_can_trace(&f) ? 24 : 0;
}

static int in_a_user_namespace(void)
{
	struct features f;

	if (unshare(CLONE_NEWUSER))
		return 0; /* not allowed here */
	features_detect(&f);
	return f.init_user_ns || !f.bpf_errno || features_can_trace(&f) ? 30 : 0;
}

static int in_a_pid_namespace(void)
{
	struct features f;
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return 40;
	pid = fork();
	if (!pid) {
		features_detect(&f);
		/* /proc/self of the outer /proc still leads to this process */
		_exit(f.init_pid_ns || features_can_trace(&f) ? 41 : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void less_rights_are_seen(void **state)
{
	static int (*const tests[])(void) = {without_capabilities, with_the_least_capabilities,
					     in_a_user_namespace, in_a_pid_namespace};
	struct features f;

	features_detect(&f);
	if (!features_can_trace(&f))
		skip();
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		int status;
		pid_t pid = fork();

		if (!pid)
			_exit(tests[i]());
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_thing_that_tracing_needs_is_needed),
		cmocka_unit_test(perf_events_replace_uprobe_multi_for_cap_sys_admin),
		cmocka_unit_test(lacking_capabilities_are_listed_and_fit),
		cmocka_unit_test(user_is_told_the_command_that_works),
		cmocka_unit_test(command_that_a_shell_would_not_take_is_told_in_words),
		cmocka_unit_test(container_is_told_how_to_be_started),
		cmocka_unit_test(user_namespace_is_told_first),
		cmocka_unit_test(other_reasons_are_told_by_what_is_seen),
		cmocka_unit_test(this_machine_agrees_with_itself),
		cmocka_unit_test(nothing_is_left_open),
		cmocka_unit_test(less_rights_are_seen),
	};

	if (getenv("CTRACE_EXPLAIN"))
		command_that_a_shell_would_not_take_is_told_in_words(NULL);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
