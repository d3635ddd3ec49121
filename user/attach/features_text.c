/* SPDX-License-Identifier: MIT */
/*
 * features_text.c - from features to words: may this user trace, and if not, what helps?
 *
 * Invariant: pure but for the command line of this process, which the hint repeats.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach/features.h"
#include "base/err.h"

/* Perf events of uprobes want CAP_SYS_ADMIN; uprobe_multi links do not. If it cannot be tried
 * whether the kernel has them, its version must do. */
static bool needs_sys_admin(const struct features *f)
{
	return f->bpf_errno ? f->version < (6 << 8 | 6) : !f->uprobe_multi;
}

static char *lacking(const struct features *f, const struct feature_caps *c, char *buf, size_t sz)
{
	const struct {
		const char *name;
		bool lacking;
	} caps[] = {
		{"CAP_BPF", !c->bpf},
		{"CAP_PERFMON", !c->perfmon},
		{"CAP_SYS_PTRACE", !c->sys_ptrace},
		{"CAP_SYS_ADMIN", !c->sys_admin && needs_sys_admin(f)},
	};
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		if (caps[i].lacking && at < sz)
			at += (size_t)snprintf(buf + at, sz - at, "%s%s", at ? ", " : "",
					       caps[i].name);
	return buf;
}

char *features_lacking_caps(const struct features *f, char *buf, size_t sz)
{
	return lacking(f, &f->caps, buf, sz);
}

bool features_can_trace(const struct features *f)
{
	char buf[128];

	return f->btf && !f->bpf_errno && f->ringbuf && f->tp_btf && f->probe_read_kernel &&
	       (f->uprobe_multi || (f->perf_uprobe && f->perf_uprobe_sema)) && f->init_user_ns &&
	       f->init_pid_ns && !*features_lacking_caps(f, buf, sizeof(buf));
}

/* This process's command behind "sudo", if a shell would take it as it stands; else in words. */
static void sudo_command(char *buf, size_t sz)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_./,:=@%+";
	char args[200];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, args, sizeof(args));

	if (fd >= 0)
		close(fd);
	if (n <= 1 || n == sizeof(args) || args[n - 1])
		goto in_words;
	for (ssize_t i = 0; i < n - 1; i++) {
		if (!args[i])
			args[i] = ' ';
		else if (!strchr(plain, args[i]))
			goto in_words;
	}
	snprintf(buf, sz, "sudo %s", args);
	return;
in_words:
	snprintf(buf, sz, "the same command with sudo");
}

/* Another PID namespace is a container too, of whatever make. */
static bool in_container(const struct features *f)
{
	return *f->container || !f->init_pid_ns;
}

static void explain_caps(const struct features *f, struct err *err)
{
	char now[128], never[128], command[256];

	features_lacking_caps(f, now, sizeof(now));
	if (!*lacking(f, &f->bounding, never, sizeof(never))) {
		err_set(err, -EPERM, "tracing needs capabilities that this user does not have: %s",
			now);
		sudo_command(command, sizeof(command));
		err_hint(err, "%s", command);
	} else if (in_container(f)) {
		err_set(err, -EPERM,
			"tracing needs capabilities that this container does not have: %s", never);
		err_hint(err, "start the container with --privileged --pid=host");
	} else {
		err_set(err, -EPERM,
			"tracing needs capabilities that were taken from this process for "
			"good: %s",
			never);
		err_hint(err, "a login shell of root, not a service with a CapabilityBoundingSet");
	}
}

int features_explain_eperm(const struct features *f, struct err *err)
{
	char buf[128];

	if (!f->init_user_ns) {
		err_set(err, -EPERM,
			"this runs in a user namespace, where no capability allows tracing");
		err_hint(err, "root on the host itself, outside of a rootless container");
	} else if (*features_lacking_caps(f, buf, sizeof(buf))) {
		explain_caps(f, err);
	} else if (!f->init_pid_ns) {
		err_set(err, -EPERM,
			"this runs in a PID namespace of its own, where process ids are "
			"not the kernel's");
		err_hint(err, "start the container with --pid=host");
	} else if (!strcmp(f->lockdown, "confidentiality")) {
		err_set(err, -EPERM,
			"the kernel is locked down (confidentiality): BPF programs may "
			"not read its memory");
		err_hint(err, "boot with lockdown=integrity, or without Secure Boot");
	} else if (f->bpf_errno && in_container(f)) {
		err_set(err, -EPERM, "the seccomp profile of this container refuses bpf()");
		err_hint(err, "start the container with --privileged, or --security-opt "
			      "seccomp=unconfined");
	} else {
		err_set(err, -EPERM,
			"the kernel refused, though this user has the capabilities: a "
			"security module or a seccomp filter forbids it");
		err_hint(err, "sudo dmesg | grep -iE 'denied|lockdown', which may name it");
	}
	return -EPERM;
}
