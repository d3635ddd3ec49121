/* SPDX-License-Identifier: MIT */
/*
 * list.c - ctrace-bpf list -p PID: the probes that a process offers, and what they are used for
 *
 * Invariant: a name from a process or one of its files is printed only through term_escape.
 */
#include <elf.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/mark_session.h"
#include "attach/notes.h"
#include "attach/proc.h"
#include "base/err.h"
#include "base/term.h"
#include "cli/cli.h"

static const char help[] =
	"usage: ctrace-bpf list -p PID|NAME[,...]\n"
	"\n"
	"Prints the USDT probes that processes offer: by mapped file and provider, each with the\n"
	"number of its sites, whether it has a semaphore (so that it costs nothing while nobody\n"
	"traces), and what ctrace-bpf would use it for. Of marks, whether they are taken in "
	"batches\n"
	"or by a trap each.\n"
	"\n"
	"  -p, --pid PID|NAME   which processes; repeatable; a name matches comm or executable\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: 0 done, also if there are no probes; 1 failed; 2 wrong usage.\n";

enum { SHOWN_SZ = 512 };

struct seen_file {
	uint64_t ino;
	uint32_t dev_major, dev_minor;
	uint32_t pid; /* that it was printed for */
};

struct listing {
	uint32_t pid;			  /* the current process, and … */
	size_t probes, marks, unreadable; /* … what it was seen to have */
	struct err why;			  /* of the first unreadable file */
	struct seen_file *seen;
	size_t seen_nr;
};

static const char *use_of(const struct note *n)
{
	static const struct {
		const char *prefix, *use;
	} uses[] = {
		{"task__", "task marks"},
		{"region__", "region marks"},
		{"async__", "async region marks"},
		{"log", "log marks"},
		{"batch__", "marks, a whole block of them at once"},
	};

	for (size_t i = 0; !strcmp(n->provider, "ctrace") && i < sizeof(uses) / sizeof(uses[0]);
	     i++)
		if (!strncmp(n->name, uses[i].prefix, strlen(uses[i].prefix)))
			return uses[i].use;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct note *x = a, *y = b;
	int by_provider = strcmp(x->provider, y->provider);

	return by_provider ? by_provider : strcmp(x->name, y->name);
}

/* How marks of the provider that begins at n are taken, if it is ours. */
static const char *way_of(const struct note *n, const struct note *end)
{
	if (strcmp(n->provider, "ctrace") != 0)
		return "";
	for (; n < end && !strcmp(n->provider, "ctrace"); n++)
		if (note_is_switch(n))
			return " (marks are taken in batches)";
	return " (each mark is a trap: its ctrace.h is older than batches)";
}

/* All sites of one probe are one line. Returns how many there are. */
static size_t print_probe(const struct note *n, const struct note *end, int width)
{
	const char *use = use_of(n);
	char name[SHOWN_SZ];
	size_t sites = 0;
	bool sema = false;

	for (const struct note *i = n; i < end && !compare(i, n); i++, sites++)
		sema |= i->sema_off != 0;
	printf("      %-*s %5zu %s  %-9s  %s\n", width, term_escape(name, sizeof(name), n->name),
	       sites, sites == 1 ? "site " : "sites", sema ? "semaphore" : "",
	       use ? use : "not used yet: shown for bpftrace");
	return sites;
}

static int name_width(const struct note *n, const struct note *end)
{
	char name[SHOWN_SZ];
	size_t width = 0;

	for (; n < end; n++) {
		size_t len = strlen(term_escape(name, sizeof(name), n->name));

		if (len > width)
			width = len;
	}
	return width > 40 ? 40 : (int)width;
}

static void print_file(struct listing *l, const char *path, struct notes *notes)
{
	const struct note *n = notes->v, *end = n + notes->nr;
	char shown[SHOWN_SZ];
	int width;

	qsort(notes->v, notes->nr, sizeof(*notes->v), compare);
	width = name_width(n, end);
	printf("  %s%s\n", term_escape(shown, sizeof(shown), path),
	       notes->elf_class == ELFCLASS32 ? " (32 bit: not traced)" : "");
	for (const struct note *provider = NULL; n < end;) {
		if (!provider || strcmp(provider->provider, n->provider) != 0) {
			provider = n;
			printf("    %s%s\n", term_escape(shown, sizeof(shown), n->provider),
			       way_of(n, end));
		}
		l->probes++;
		l->marks += use_of(n) != NULL;
		n += print_probe(n, end, width);
	}
	if (notes->bad)
		printf("      (%zu more that are damaged, or that the linker dropped)\n",
		       notes->bad);
}

static const struct seen_file *find_seen(const struct listing *l, const struct proc_map *m)
{
	for (size_t i = 0; i < l->seen_nr; i++)
		if (l->seen[i].ino == m->ino && l->seen[i].dev_major == m->dev_major &&
		    l->seen[i].dev_minor == m->dev_minor)
			return &l->seen[i];
	return NULL;
}

static int add_seen(struct listing *l, const struct proc_map *m)
{
	struct seen_file *v = realloc(l->seen, (l->seen_nr + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->seen = v;
	l->seen[l->seen_nr++] = (struct seen_file){m->ino, m->dev_major, m->dev_minor, l->pid};
	return 0;
}

static int list_map(const struct proc_map *m, void *ctx)
{
	struct listing *l = ctx;
	const struct seen_file *seen = find_seen(l, m);
	char shown[SHOWN_SZ];
	struct notes notes;
	struct err err = {0};
	int fd, rc;

	if (seen) {
		printf("  %s\n    as in process %u\n", term_escape(shown, sizeof(shown), m->path),
		       seen->pid);
		l->probes++;
		return 0;
	}
	fd = proc_open_map(l->pid, m, NULL, 0, &err);
	rc = fd < 0 ? fd : notes_read(&notes, fd, NULL, &err);
	if (fd >= 0)
		close(fd);
	if (rc == -ENOEXEC)
		return 0; /* mapped code that no linker made */
	if (rc) {
		if (!l->unreadable++)
			l->why = err;
		return 0;
	}
	if (notes.nr || notes.bad) {
		print_file(l, m->path, &notes);
		rc = add_seen(l, m);
	}
	notes_release(&notes);
	return rc;
}

static int list_process(struct listing *l, uint32_t pid, struct err *err)
{
	struct proc_info info;
	char comm[SHOWN_SZ], exe[SHOWN_SZ];
	int rc = proc_read(&info, pid, err);

	if (rc)
		return rc;
	l->pid = pid;
	l->probes = l->marks = l->unreadable = 0;
	printf("process %u (%s)%s%s\n", pid, term_escape(comm, sizeof(comm), info.comm),
	       *info.exe ? ": " : "", term_escape(exe, sizeof(exe), info.exe));
	rc = proc_exec_maps(pid, list_map, l, err);
	fflush(stdout);
	if (rc)
		return err->text[0] ? rc : err_set(err, rc, "no memory for the list");
	if (!l->probes && !l->unreadable)
		fprintf(stderr,
			"ctrace-bpf: process %u offers no probes: a trace of it shows threads and "
			"waits, but no tasks\n"
			"  try: include <ctrace/ctrace.h> in the application, and mark its tasks\n",
			pid);
	if (l->unreadable) {
		fprintf(stderr, "ctrace-bpf: %zu mapped files of process %u could not be read\n",
			l->unreadable, pid);
		cli_fail(&l->why);
	}
	return 0;
}

/* Returns -1 to go on, else the exit status. */
static int parse(int argc, char **argv, uint32_t **pids, size_t *nr)
{
	static const struct option longs[] = {
		{"pid", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct err err = {0};
	int c, rc;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":p:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'p':
			rc = proc_resolve(optarg, (uint32_t)getpid(), pids, nr, &err);
			if (rc == -EINVAL)
				return cli_usage("list", "%s", err.text);
			if (rc)
				return cli_fail(&err);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case ':':
			return cli_usage("list", "-p needs a process id or a name");
		default:
			return cli_usage("list", "list has no option %s", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return cli_usage("list", "list takes no argument: %s (meant: -p %s?)", argv[optind],
				 argv[optind]);
	if (!*nr)
		return cli_usage("list", "list needs -p and a process id or a name");
	return -1;
}

int cmd_list(int argc, char **argv)
{
	struct listing l = {0};
	uint32_t *pids = NULL;
	struct err err = {0};
	size_t nr = 0;
	int status = parse(argc, argv, &pids, &nr);

	if (status < 0) {
		status = 0;
		for (size_t i = 0; i < nr && !status; i++)
			if (list_process(&l, pids[i], &err))
				status = cli_fail(&err);
	}
	free(l.seen);
	free(pids);
	return status;
}
