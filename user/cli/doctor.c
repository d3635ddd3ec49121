/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - ctrace-bpf doctor: what this kernel, user and container allow, each lack with its
 * remedy
 *
 * Invariant: there is a "lack" line exactly if tracing will not work.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach/features.h"
#include "attach/tsc.h"
#include "base/err.h"
#include "base/term.h"
#include "cli/cli.h"

static const char help[] =
	"usage: ctrace-bpf doctor\n"
	"\n"
	"Says what this kernel, user and container allow: \"ok\" what is there, \"lack\" what\n"
	"is missing and what to do about it, \"info\" what may help to understand the rest.\n"
	"Needs no root: it then says what tracing would need.\n"
	"\n"
	"Exit status: 0 tracing will work, 1 it will not, 2 wrong usage.\n";

enum state { OK, LACK, INFO };

struct table {
	const struct features *f;
	bool color;
	int lacks;
};

/* One line: the state, what it is about, a sentence; below it the remedy, if something lacks. */
static void __attribute__((format(printf, 5, 6)))
put(struct table *t, enum state state, const char *what, const char *remedy, const char *fmt, ...)
{
	static const struct {
		const char *word, *color;
	} states[] = {
		[OK] = {"ok", "\033[32m"}, [LACK] = {"lack", "\033[31m"}, [INFO] = {"info", ""}};
	char raw[512], detail[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	printf("%s%-4s%s  %-14s %s\n", t->color ? states[state].color : "", states[state].word,
	       t->color && *states[state].color ? "\033[0m" : "", what,
	       term_escape(detail, sizeof(detail), raw));
	if (state != LACK)
		return;
	t->lacks++;
	if (remedy)
		printf("      %-14s remedy: %s\n", "", term_escape(detail, sizeof(detail), remedy));
}

/* What is a yes or a no, in the order in which it is told. */
static const struct flag {
	const char *what;
	size_t at;   /* of the flag in struct features */
	bool by_bpf; /* cannot be tried without bpf() */
	bool required;
	const char *yes, *no, *remedy;
} flags[] = {
	{"BTF", offsetof(struct features, btf), false, true, "the kernel describes its types",
	 "this kernel does not describe its types: no /sys/kernel/btf/vmlinux",
	 "a kernel with CONFIG_DEBUG_INFO_BTF, as distributions have it since 2021"},
	{"ring buffer", offsetof(struct features, ringbuf), true, true, "records can be sent",
	 "this kernel has no BPF ring buffer", "Linux 5.8 or later"},
	{"tracepoints", offsetof(struct features, tp_btf), true, true,
	 "programs can follow the scheduler", "the kernel refuses programs on its tracepoints",
	 "Linux 5.5 or later with BTF; a security module may also forbid it"},
	{"kernel reads", offsetof(struct features, probe_read_kernel), true, true,
	 "programs can read the kernel's memory", "programs may not read the kernel's memory",
	 "boot with lockdown=integrity, or without Secure Boot"},
	{"thread state", offsetof(struct features, task_storage), true, false,
	 "kept with each thread (task storage)", "kept in a hash map: no task storage (5.12)",
	 NULL},
	{"wait reasons", offsetof(struct features, task_pt_regs), true, false,
	 "the system call in flight can be read",
	 "no bpf_task_pt_regs (5.15): waits are told from system call tracepoints", NULL},
	{"last marks", offsetof(struct features, exit_has_mm), false, false,
	 "a thread's batch is read when it ends",
	 "a thread's batch is read at its last system call or signal: not when it ends (6.16)",
	 NULL},
};

static void put_flags(struct table *t)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const struct flag *g = &flags[i];
		bool has = *(const bool *)((const char *)t->f + g->at);

		if (has)
			put(t, OK, g->what, NULL, "%s", g->yes);
		else if (g->by_bpf && t->f->bpf_errno)
			put(t, INFO, g->what, NULL, "cannot be tried without bpf()");
		else
			put(t, g->required ? LACK : INFO, g->what, g->remedy, "%s", g->no);
	}
}

static void put_uprobes(struct table *t)
{
	const struct features *f = t->f;

	if (f->uprobe_multi)
		put(t, OK, "probes", NULL, "attached by one link (uprobe_multi)");
	else if (!f->perf_uprobe || !f->perf_uprobe_sema)
		put(t, LACK, "probes",
		    "Linux 4.20 or later with CONFIG_UPROBE_EVENTS, and /sys mounted",
		    "this kernel has no uprobes with semaphores");
	else if (f->bpf_errno)
		put(t, INFO, "probes", NULL,
		    "uprobes are there; uprobe_multi cannot be tried "
		    "without bpf()");
	else
		put(t, OK, "probes", NULL,
		    "attached by perf events: slow to detach without uprobe_multi (6.6)");
}

static void put_switch_args(struct table *t)
{
	static const char *const text[] = {
		[SWITCH_UNKNOWN] = "arguments not known",
		[SWITCH_NO_STATE] = "without the thread's state (before 5.19)",
		[SWITCH_STATE_SECOND] = "with the thread's state second (5.18.0)",
		[SWITCH_STATE_LAST] = "with the thread's state last (5.19)",
	};

	put(t, INFO, "sched_switch", NULL, "%s", text[t->f->switch_args]);
}

static void put_mark_clock(struct table *t)
{
	struct tsc tsc;

	tsc_init(&tsc);
	put(t, INFO, "clock of marks", NULL, "%s: %s",
	    tsc.trusted ? "the TSC" : "the kernel's; not the TSC", tsc.why);
	if (!tsc.trusted && tsc_compare(&tsc))
		put(t, INFO, "", NULL, "--mark-clock tsc is possible: %s", tsc.why);
}

static void put_user(struct table *t)
{
	const struct features *f = t->f;
	char lacking[128];
	struct err err = {0};

	if (!f->init_user_ns) {
		features_explain_eperm(f, &err);
		put(t, LACK, "user namespace", err.hint, "%s", err.text);
		return;
	}
	if (*features_lacking_caps(f, lacking, sizeof(lacking))) {
		features_explain_eperm(f, &err);
		put(t, LACK, "capabilities", err.hint, "%s", err.text);
		return;
	}
	put(t, OK, "capabilities", NULL, "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE%s",
	    f->caps.sys_admin ? ", CAP_SYS_ADMIN" : "");
	if (f->bpf_errno) {
		features_explain_eperm(f, &err);
		put(t, LACK, "bpf()", err.hint, "refused (%s): %s", strerror(f->bpf_errno),
		    err.text);
	}
}

static void put_place(struct table *t)
{
	const struct features *f = t->f;

	if (f->init_pid_ns)
		put(t, OK, "process ids", NULL, "are the kernel's own");
	else
		put(t, LACK, "process ids", "start the container with --pid=host",
		    "this is a PID namespace of its own: process ids are not the kernel's");
	if (*f->container)
		put(t, INFO, "container", NULL, "%s, it seems", f->container);
	if (*f->lockdown)
		put(t, INFO, "lockdown", NULL, "%s", f->lockdown);
	put(t, INFO, "sysctl", NULL,
	    "perf_event_paranoid %d, unprivileged_bpf_disabled %d: neither matters to who has "
	    "the capabilities",
	    f->perf_event_paranoid, f->unprivileged_bpf_disabled);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct features f;
	struct table t = {.f = &f, .color = term_color(STDOUT_FILENO)};
	bool can;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		if (c != 'h')
			return cli_usage("doctor", "doctor has no option %s", argv[optind - 1]);
		fputs(help, stdout);
		return 0;
	}
	if (optind < argc)
		return cli_usage("doctor", "doctor takes no argument: %s", argv[optind]);
	features_detect(&f);
	put(&t, INFO, "kernel", NULL, "%s %s", f.release, f.machine);
	put_user(&t);
	put_place(&t);
	put_flags(&t);
	put_uprobes(&t);
	put_switch_args(&t);
	put_mark_clock(&t);
	can = features_can_trace(&f);
	printf("\nTracing will %s here.\n", can ? "work" : "not work");
	return can ? 0 : 1;
}
