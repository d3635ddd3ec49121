/* SPDX-License-Identifier: MIT */
/*
 * record.c - the main job: attach, record, explain
 *
 * Nothing is explained while the target is being traced: the capture is written first, and the
 * report is made from the file, so that it is the same that `ctrace-bpf report` prints later.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/proc.h"
#include "attach/session.h"
#include "base/err.h"
#include "base/human.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/export.h"
#include "cli/otlp.h"
#include "cli/record_opts.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	if (sig != SIGCHLD) /* that one only cuts the waiting short */
		stop = 1;
}

/* No SA_RESTART: waiting for the rings ends at once. */
static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN) /* nohup's stays */
		sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* Files belong to the user who called sudo. */
static void file_owner(uid_t *uid, gid_t *gid)
{
	const char *u = getenv("SUDO_UID"), *g = getenv("SUDO_GID");

	*uid = geteuid() == 0 && u ? (uid_t)strtoul(u, NULL, 10) : (uid_t)-1;
	*gid = geteuid() == 0 && g ? (gid_t)strtoul(g, NULL, 10) : (gid_t)-1;
}

struct job {
	struct record_opts opts;
	char who[128]; /* "nginx (1234)", escaped */
	char capture[4096];
	char command_line[1024];
	struct otlp_sender sender; /* if opts.otlp */
	bool tty;		   /* stderr is a terminal: show progress */
	uid_t uid;
	gid_t gid;
};

/* A name that can be part of a file's: no slash, no space, no control bytes. */
static void name_part(char *dst, size_t sz, const char *src)
{
	size_t n = 0;

	for (; *src && n + 1 < sz; src++) {
		char c = *src;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '.' || c == '_';

		dst[n++] = plain ? c : '-';
	}
	dst[n] = '\0';
	if (dst[0] == '.')
		dst[0] = '-';
}

static void name_things(struct job *j)
{
	struct proc_info info = {};
	const char *comm = "process";
	char part[64], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	uint32_t pid = 0;

	if (j->opts.command) {
		const char *slash = strrchr(j->opts.command[0], '/');

		comm = slash ? slash + 1 : j->opts.command[0];
	} else {
		pid = j->opts.pids[0];
		if (!proc_read(&info, pid, NULL))
			comm = info.comm;
	}
	term_escape(part, sizeof(part), comm);
	if (!pid)
		snprintf(j->who, sizeof(j->who), "%s", part);
	else if (j->opts.pids_nr == 1)
		snprintf(j->who, sizeof(j->who), "%s (%u)", part, pid);
	else
		snprintf(j->who, sizeof(j->who), "%s (%u) and %zu more", part, pid,
			 j->opts.pids_nr - 1);
	if (j->opts.capture) {
		snprintf(j->capture, sizeof(j->capture), "%s", j->opts.capture);
		return;
	}
	name_part(part, sizeof(part), comm);
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	if (pid)
		snprintf(j->capture, sizeof(j->capture), "ctrace-%s-%u-%s.ctrace", part, pid,
			 stamp);
	else /* a command's pid is not known yet: ours tells two of one second apart */
		snprintf(j->capture, sizeof(j->capture), "ctrace-%s-%u-%s.ctrace", part,
			 (uint32_t)getpid(), stamp);
}

static void join_argv(char *dst, size_t sz, int argc, char **argv)
{
	size_t n = 0;

	dst[0] = '\0';
	for (int i = 0; i < argc && n < sz; i++)
		n += (size_t)snprintf(dst + n, sz - n, "%s%s", i ? " " : "", argv[i]);
}

static void show_progress(void *ctx, uint64_t elapsed_ns, uint64_t records, uint64_t lost)
{
	const struct job *j = ctx;
	char events[HUMAN_SZ], gone[HUMAN_SZ], time_left[64] = "";

	if (j->opts.duration_ns)
		snprintf(time_left, sizeof(time_left), " of %.1f",
			 (double)j->opts.duration_ns / 1e9);
	human_count(events, records);
	human_count(gone, lost);
	fprintf(stderr,
		"\rTracing %s: %.1f%s s, %s events, %s lost. Ctrl-C ends it and reports.\033[K",
		j->who, (double)elapsed_ns / 1e9, time_left, events, gone);
}

static int record(struct job *j, struct session_result *res, struct err *err)
{
	const struct record_opts *o = &j->opts;
	struct session_opts so = {
		.pids = o->pids,
		.pids_nr = o->pids_nr,
		.command = o->command,
		.follow = !o->no_follow,
		.syscalls = o->syscalls,
		.stacks = o->stacks,
		.irq = o->irq,
		.ring_sz = o->ring_sz,
		.slow_syscall_ns = o->slow_ns,
		.measure = o->stats,
		.direct = o->direct_marks,
		.clock = o->mark_clock,
		.force_hash = o->force_hash,
		.force_perf = o->force_perf,
	};
	struct session_record sr = {
		.path = j->capture,
		.overwrite = o->overwrite,
		.compress = o->compress,
		.uid = j->uid,
		.gid = j->gid,
		.duration_ns = o->duration_ns,
		.stop = &stop,
		.command_line = j->command_line,
		.progress = j->tty && !o->quiet ? show_progress : NULL,
		.progress_ctx = j,
	};
	struct session *s = NULL;
	int rc;

	if (j->tty && !o->quiet)
		fprintf(stderr, "Attaching to %s …", j->who);
	rc = session_open(&s, &so, err);
	if (!rc)
		rc = session_attach(s, err);
	if (!rc)
		rc = session_record(s, &sr, res, err);
	session_free(s);
	if (j->tty && !o->quiet)
		fprintf(stderr, "\r\033[K");
	return rc;
}

static int write_output(const struct job *j, const struct output *out, struct err *err)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		    (j->opts.overwrite ? O_TRUNC : O_EXCL);
	struct report_opts ro = j->opts.report;
	int fd, rc;
	FILE *f;

	ro.format = out->format;
	if (!strcmp(out->path, "-")) {
		ro.format = j->opts.report.format; /* -f may stand behind -o - */
		return report_capture(j->capture, &ro, stdout, err);
	}
	fd = open(out->path, flags, 0600);
	if (fd < 0) {
		rc = err_set(err, -errno, "cannot write %s: %s", out->path, strerror(errno));
		if (err->code == -EEXIST)
			err_hint(err, "--force overwrites it");
		return rc;
	}
	if (j->uid != (uid_t)-1 && fchown(fd, j->uid, j->gid))
		rc = 0; /* it stays root's: readable with sudo */
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return err_set(err, -ENOMEM, "out of memory");
	}
	rc = report_capture(j->capture, &ro, f, err);
	if (fclose(f) && !rc)
		rc = err_set(err, -errno, "cannot write %s: %s", out->path, strerror(errno));
	return rc;
}

/* Before the trace, so that it is not in vain. Somebody may still make the file meanwhile. */
static int check_outputs(const struct job *j, struct err *err)
{
	for (size_t i = 0; i < j->opts.outputs_nr && !j->opts.overwrite; i++) {
		const char *path = j->opts.outputs[i].path;

		if (strcmp(path, "-") && !access(path, F_OK)) {
			err_set(err, -EEXIST, "cannot write %s: it exists already", path);
			return err_hint(err, "--force overwrites it");
		}
	}
	return 0;
}

/* All of them in one run. */
static int write_events(const struct job *j, struct err *err)
{
	const struct export_files files = {
		.overwrite = j->opts.overwrite, .uid = j->uid, .gid = j->gid};
	struct export_output v[OUTPUTS_MAX];
	size_t nr = 0;

	for (size_t i = 0; i < j->opts.outputs_nr; i++) {
		const struct output *out = &j->opts.outputs[i];

		if (out->events)
			v[nr++] = (struct export_output){.path = out->path, .format = out->events};
	}
	return nr ? export_capture(j->capture, v, nr, &files, err) : 0;
}

/* The report to stdout, unless an -o - says what goes there; then the other outputs. */
static int explain(const struct job *j, struct err *err)
{
	struct output to_stdout = {.path = "-", .format = j->opts.report.format};
	bool stdout_done = false;
	int rc = 0;

	for (size_t i = 0; i < j->opts.outputs_nr && !rc; i++) {
		if (!j->opts.outputs[i].events)
			rc = write_output(j, &j->opts.outputs[i], err);
		stdout_done |= !strcmp(j->opts.outputs[i].path, "-");
	}
	if (!rc)
		rc = write_events(j, err);
	if (!rc && !stdout_done)
		rc = write_output(j, &to_stdout, err);
	if (!rc && j->opts.stats)
		rc = report_stats(j->capture, stderr, err);
	return rc;
}

/* Last, when all else is done: it may take as long as the receiver likes. 1: not all was taken. */
static int send_spans(struct job *j, struct err *err)
{
	const struct export_files files = {
		.overwrite = j->opts.overwrite, .uid = j->uid, .gid = j->gid};

	return j->opts.otlp ? otlp_sender_send(&j->sender, j->capture, &files, err) : 0;
}

/* written: the other outputs are, too. */
static void closing_line(const struct job *j, const struct session_result *res, bool written)
{
	if (j->opts.quiet)
		return;
	if (res->exited && WIFEXITED(res->status))
		fprintf(stderr, "%s exited with status %d.\n", j->who, WEXITSTATUS(res->status));
	else if (res->exited && WIFSIGNALED(res->status))
		fprintf(stderr, "%s was killed by signal %d.\n", j->who, WTERMSIG(res->status));
	cli_wrote(j->capture);
	for (size_t i = 0; i < j->opts.outputs_nr && written; i++)
		if (strcmp(j->opts.outputs[i].path, "-") != 0)
			cli_wrote(j->opts.outputs[i].path);
}

int cmd_record(int argc, char **argv)
{
	struct session_result res = {};
	struct err err = {};
	struct job job = {};
	bool explained;
	int rc, status;

	status = record_opts_parse(&job.opts, argc, argv);
	if (status >= 0)
		goto cleanup;
	status = 1;
	job.tty = isatty(STDERR_FILENO);
	file_owner(&job.uid, &job.gid);
	name_things(&job);
	join_argv(job.command_line, sizeof(job.command_line), argc, argv);
	catch_signals();
	rc = check_outputs(&job, &err);
	if (!rc && job.opts.otlp)
		rc = otlp_sender_open(&job.sender, job.opts.otlp, &err);
	if (!rc)
		rc = record(&job, &res, &err);
	if (rc)
		cli_fail(&err);
	if (!res.reason)
		goto cleanup; /* nothing was captured */
	err.code = 0;
	explained = !explain(&job, &err);
	if (!explained) {
		if (err.code != -EPIPE)
			cli_fail(&err);
	} else if (!rc) {
		status = job.opts.strict && res.lost ? 3 : 0;
	}
	closing_line(&job, &res, explained);
	err.code = 0;
	rc = send_spans(&job, &err);
	if (rc < 0)
		cli_fail(&err);
	if (rc)
		status = 1;
cleanup:
	otlp_sender_release(&job.sender);
	record_opts_release(&job.opts);
	return status;
}
