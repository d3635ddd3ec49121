/* SPDX-License-Identifier: MIT */
/*
 * floor.c - the least that tracing can cost: the same hooks with a program that returns at once
 *
 *	floor marks PID FILE		the region probes of FILE in process PID
 *	floor sched			what ctrace-bpf hooks for the whole machine
 *	floor syscalls			that, and every system call's entry and return
 *	floor all			that, and every interrupt's
 *
 * By the same means as ctrace-bpf. Prints "on" when all is attached, and stays until it is killed.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/notes.h"
#include "attach/uprobes.h"
#include "base/err.h"

#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI: newer than libbpf 1.1's headers */

static int load_empty(enum bpf_prog_type type, enum bpf_attach_type attach)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);

	return bpf_prog_load(type, "floor", "GPL", code, 2, &opts);
}

static int attach_marks(struct uprobes *uprobes, uint32_t pid, const char *path, struct err *err)
{
	struct uprobe_site sites[64];
	struct notes notes = {};
	size_t nr = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), prog;
	bool multi;

	prog = load_empty(BPF_PROG_TYPE_KPROBE, (enum bpf_attach_type)UPROBE_MULTI);
	multi = prog >= 0 && uprobes_has_multi(prog);
	if (!multi)
		prog = load_empty(BPF_PROG_TYPE_KPROBE, (enum bpf_attach_type)0);
	if (fd < 0 || prog < 0)
		return err_set(err, -errno, "cannot start: %s", strerror(errno));
	if (notes_read(&notes, fd, "ctrace", err))
		return err->code;
	/* The probe of each mark, not those of its batches. */
	for (size_t i = 0; i < notes.nr && nr < sizeof(sites) / sizeof(sites[0]); i++)
		if (!strncmp(notes.v[i].name, "region__", strlen("region__")))
			sites[nr++] =
				(struct uprobe_site){notes.v[i].file_off, notes.v[i].sema_off};
	return uprobes_attach(uprobes, prog, path, pid, sites, nr, multi, err);
}

enum level { SCHED, SYSCALLS, ALL };

static int attach_kernel(enum level level, struct err *err)
{
	static const struct {
		const char *name;
		enum level level;
		bool somewhere; /* not on all machines */
	} hooks[] = {
		{"sched_switch", SCHED, false},	      {"sched_waking", SCHED, false},
		{"sched_wakeup_new", SCHED, false},   {"sched_migrate_task", SCHED, false},
		{"sched_process_fork", SCHED, false}, {"sched_process_exec", SCHED, false},
		{"sched_process_exit", SCHED, false}, {"task_rename", SCHED, false},
		{"softirq_entry", SCHED, false},      {"page_fault_user", SCHED, true},
		{"sys_enter", SYSCALLS, false},	      {"sys_exit", SYSCALLS, false},
		{"softirq_exit", ALL, false},	      {"irq_handler_entry", ALL, false},
		{"irq_handler_exit", ALL, false},     {"local_timer_entry", ALL, true},
		{"local_timer_exit", ALL, true},
	};

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		int prog;

		if (hooks[i].level > level)
			continue;
		prog = load_empty(BPF_PROG_TYPE_RAW_TRACEPOINT, (enum bpf_attach_type)0);
		if (prog < 0 ||
		    (bpf_raw_tracepoint_open(hooks[i].name, prog) < 0 && !hooks[i].somewhere))
			return err_set(err, -errno, "cannot attach to %s: %s", hooks[i].name,
				       strerror(errno));
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const levels[] = {
		[SCHED] = "sched", [SYSCALLS] = "syscalls", [ALL] = "all"};
	struct uprobes uprobes = {};
	struct err err = {};
	size_t level = 0;
	int rc;

	while (argc == 2 && level <= ALL && strcmp(argv[1], levels[level]) != 0)
		level++;
	if (argc == 4 && !strcmp(argv[1], "marks")) {
		rc = attach_marks(&uprobes, (uint32_t)atoi(argv[2]), argv[3], &err);
	} else if (argc == 2 && level <= ALL) {
		rc = attach_kernel((enum level)level, &err);
	} else {
		fprintf(stderr, "usage: floor marks PID FILE | floor sched|syscalls|all\n");
		return 2;
	}
	if (rc) {
		fprintf(stderr, "floor: %s\n", err.text);
		return 1;
	}
	puts("on");
	fflush(stdout);
	pause();
	return 0;
}
