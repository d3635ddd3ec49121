/* SPDX-License-Identifier: MIT */
/*
 * command.c - see command.h
 *
 * The child waits in read() on a pipe that only the parent writes to. If the tracer dies, the
 * read returns an end of file, and the child, not having been told to go, exits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/command.h"
#include "base/err.h"

static int find_in_path(char *out, size_t sz, const char *name)
{
	const char *path = getenv("PATH"), *end;

	if (strchr(name, '/')) {
		snprintf(out, sz, "%s", name);
		return access(out, X_OK) ? -errno : 0;
	}
	for (path = path ? path : "/usr/bin:/bin"; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		snprintf(out, sz, "%.*s/%s", (int)(end - path), path, name);
		if (!access(out, X_OK))
			return 0;
	}
	return -ENOENT;
}

static void child(int gate, char *const *argv)
{
	char go = 0;

	if (read(gate, &go, 1) != 1)
		_exit(127);
	close(gate);
	/* The tracer ignores these, and an ignored signal stays so over exec. */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "ctrace-bpf: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int command_hold(struct command *c, char *const *argv, struct err *err)
{
	int fds[2], rc = find_in_path(c->path, sizeof(c->path), argv[0]);
	pid_t pid;

	if (rc)
		return err_set(err, rc, "cannot run %s: %s", argv[0], strerror(-rc));
	if (pipe2(fds, O_CLOEXEC))
		return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0) {
		rc = err_set(err, -errno, "cannot fork: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return rc;
	}
	if (!pid) {
		close(fds[1]);
		child(fds[0], argv);
	}
	close(fds[0]);
	c->pid = pid;
	c->gate = fds[1];
	return 0;
}

void command_go(struct command *c)
{
	ssize_t n = write(c->gate, "g", 1);

	(void)n; /* a child that was killed meanwhile shows up as ended */
	close(c->gate);
	c->gate = -1;
}

bool command_ended(struct command *c, int *status)
{
	if (!c->pid || waitpid(c->pid, status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	return true;
}

void command_release(struct command *c)
{
	if (c->pid && c->gate > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	if (c->gate > 0)
		close(c->gate);
}
