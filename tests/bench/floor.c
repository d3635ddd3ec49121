/* SPDX-License-Identifier: MIT */
/*
 * floor.c - the least that a traced mark can cost: the same uprobes with an empty program
 *
 *	floor PID FILE SECONDS
 *
 * Attaches a program that returns at once to the ctrace probes of FILE in process PID, by the same
 * means as ctrace-bpf, and prints "on" when it has.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "attach/notes.h"
#include "attach/uprobes.h"
#include "base/err.h"

#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI: newer than libbpf 1.1's headers */

static int load_empty(bool multi)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = multi ? UPROBE_MULTI : 0);

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "floor", "GPL", code, 2, &opts);
}

int main(int argc, char **argv)
{
	struct uprobe_site sites[64];
	struct uprobes uprobes = {};
	struct notes notes = {};
	struct err err = {};
	size_t nr = 0;
	int prog, fd;
	bool multi;

	if (argc != 4) {
		fprintf(stderr, "usage: floor PID FILE SECONDS\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	prog = load_empty(true);
	multi = prog >= 0 && uprobes_has_multi(prog);
	if (!multi)
		prog = load_empty(false);
	if (fd < 0 || prog < 0 || notes_read(&notes, fd, "ctrace", &err)) {
		fprintf(stderr, "floor: cannot start: %s\n", err.text);
		return 1;
	}
	for (; nr < notes.nr && nr < sizeof(sites) / sizeof(sites[0]); nr++)
		sites[nr] = (struct uprobe_site){notes.v[nr].file_off, notes.v[nr].sema_off};
	if (uprobes_attach(&uprobes, prog, argv[2], (uint32_t)atoi(argv[1]), sites, nr, multi,
			   &err)) {
		fprintf(stderr, "floor: %s\n", err.text);
		return 1;
	}
	puts("on");
	fflush(stdout);
	usleep((useconds_t)(atof(argv[3]) * 1e6));
	return 0;
}
