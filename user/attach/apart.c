/* SPDX-License-Identifier: MIT */
/*
 * apart.c - see apart.h
 *
 *	+--------+---------+--------+---------+-- - - --+---+
 *	| length | message | length | message |         | 0 |      4 bytes each; 0: the work is done
 *	+--------+---------+--------+---------+-- - - --+---+
 *
 * Invariant: the caller waits for no longer than it said, and leaves no process behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/apart.h"

enum { NOBODY = 65534, MEMORY_MAX_MB = 4096 };

bool apart_send(FILE *out, const void *message, size_t n)
{
	uint32_t len = (uint32_t)n;

	return n && n <= APART_MESSAGE_MAX && fwrite(&len, sizeof(len), 1, out) == 1 &&
	       fwrite(message, n, 1, out) == 1;
}

/* --- the other process ------------------------------------------------------------------------ */

static void limit(int what, rlim_t most)
{
	const struct rlimit r = {most, most};

	setrlimit(what, &r);
}

/* What fails here was not had in the first place. */
static void give_up_privileges(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!geteuid()) {
		setgroups(0, NULL);
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
	}
	if (syscall(SYS_capset, &h, none))
		_exit(1);
}

static void be_apart(apart_work_fn work, void *ctx, int fd, unsigned int seconds)
{
	FILE *out = fdopen(fd, "w");
	const uint32_t end = 0;

	if (!out)
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	limit(RLIMIT_CPU, seconds);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
#ifndef __SANITIZE_ADDRESS__ /* which takes the whole address space */
	limit(RLIMIT_AS, (rlim_t)MEMORY_MAX_MB << 20);
#endif
	give_up_privileges();
	work(ctx, out);
	if (fwrite(&end, sizeof(end), 1, out) != 1 || fflush(out))
		_exit(1);
	_exit(0);
}

/* --- this one --------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Exactly n bytes by the deadline; false: they do not come. */
static bool receive(int fd, void *buf, size_t n, int64_t deadline)
{
	char *at = buf;

	while (n) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - now_ms();
		ssize_t got;

		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return false;
		if (!p.revents)
			continue;
		got = read(fd, at, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static int take_all(int fd, apart_take_fn take, void *ctx, int64_t deadline)
{
	char message[APART_MESSAGE_MAX];
	uint32_t n;

	while (receive(fd, &n, sizeof(n), deadline)) {
		if (!n)
			return 0;
		if (n > sizeof(message) || !receive(fd, message, n, deadline))
			break;
		if (take(ctx, message, n))
			return 0;
	}
	return -EPROTO;
}

int apart_run(apart_work_fn work, void *work_ctx, apart_take_fn take, void *take_ctx,
	      unsigned int seconds)
{
	int fds[2], rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fflush(NULL); /* or the other process would have it, too */
	pid = fork();
	if (pid < 0) {
		rc = -errno;
		close(fds[0]);
		close(fds[1]);
		return rc;
	}
	if (!pid)
		be_apart(work, work_ctx, fds[1], seconds);
	close(fds[1]);
	rc = take_all(fds[0], take, take_ctx, now_ms() + seconds * 1000ll);
	close(fds[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}
