/* SPDX-License-Identifier: MIT */
/*
 * naming.c - see naming.h. Invariant: what is looked up costs a bounded number of readings of /proc
 * a second, however many addresses a process waits for.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/demangle.h"
#include "attach/naming.h"
#include "attach/proc.h"
#include "attach/symtab.h"
#include "base/hash.h"

enum { SPANS_MAX = 512, SYMBOLS_MAX = 64, KERNEL_MAX = 256, THREADS_MAX = 1024 };

/* A process whose maps did not have an address is not asked again for so long. */
#define RETRY_NS 10000000ull

/*
 * The rings are read one after the other: another one may hold records of some time before this
 * one, which need the name, too.
 */
#define LEAD_NS 150000000ull

struct span {
	uint64_t begin, end;
};

/* What was said of a process. */
struct space {
	uint32_t pid;
	uint32_t nr, last;
	uint64_t since_ts; /* of its exec, or of what it mapped last: names hold from then on */
	uint64_t retry_ts;
	struct span v[SPANS_MAX];
	uint32_t symbols_nr;
	struct span
		symbols[SYMBOLS_MAX]; /* variables that were named, or addresses that are in none */
};

struct naming {
	struct hash pids;   /* tid -> pid */
	struct hash spaces; /* pid -> struct space */
	uint64_t kernel[KERNEL_MAX];
	size_t kernel_nr;
};

struct naming *naming_new(void)
{
	return calloc(1, sizeof(struct naming));
}

static void forget(struct naming *n, uint32_t pid)
{
	free(hash_del(&n->spaces, pid));
}

static struct space *space_of(struct naming *n, uint32_t pid)
{
	struct space *s = hash_get(&n->spaces, pid);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s || hash_put(&n->spaces, pid, s)) {
		free(s);
		return NULL;
	}
	s->pid = pid;
	return s;
}

static void moved(struct naming *n, uint32_t pid, uint64_t ts)
{
	struct space *s = space_of(n, pid);

	if (!s)
		return;
	s->nr = s->last = s->symbols_nr = 0;
	s->since_ts = ts + 1;
}

static bool is_named(struct space *s, uint64_t addr)
{
	for (uint32_t i = 0; i < s->nr; i++) {
		/* The one that was asked for last comes first. */
		uint32_t k = (s->last + i) % s->nr;

		if (addr >= s->v[k].begin && addr < s->v[k].end) {
			s->last = k;
			return true;
		}
	}
	return false;
}

/* The last but one number of /proc/PID/task/TID/syscall: the stack pointer of a thread that
 * sleeps. */
static uint64_t stack_pointer(uint32_t pid, const char *tid)
{
	char path[64], line[256], *at;
	unsigned long long sp = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/task/%.16s/syscall", pid, tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fgets(line, sizeof(line), f) && (at = strrchr(line, ' '))) {
		*at = '\0';
		at = strrchr(line, ' ');
		if (at)
			sp = strtoull(at, NULL, 16);
	}
	fclose(f);
	return sp;
}

/* "stack of worker-3 (1234)", if a thread of the process has its stack there. */
static bool stack_text(char *buf, size_t sz, uint32_t pid, const struct proc_map *m)
{
	struct dirent *d;
	char path[64], comm[64];
	bool found = false;
	int left = THREADS_MAX;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	while (dir && !found && left-- && (d = readdir(dir))) {
		uint64_t sp =
			isdigit((unsigned char)d->d_name[0]) ? stack_pointer(pid, d->d_name) : 0;

		found = sp >= m->start && sp < m->end;
		if (!found)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/task/%.16s/comm", pid, d->d_name);
		f = fopen(path, "re");
		if (!f || !fgets(comm, sizeof(comm), f))
			comm[0] = '\0';
		if (f)
			fclose(f);
		comm[strcspn(comm, "\n")] = '\0';
		snprintf(buf, sz, "stack of %s (%.16s)", comm, d->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static size_t record(union naming_record *out, const struct wire_hdr *before, uint8_t what,
		     const char *text)
{
	struct wire_resource *r = &out->r;
	size_t n = strnlen(text, NAMING_TEXT_MAX);

	memset(out, 0, sizeof(*out));
	r->h.kind = WIRE_RESOURCE;
	r->h.tid = before->tid;
	r->h.ts = before->ts;
	r->what = what;
	if (n == NAMING_TEXT_MAX)
		r->h.flags = WIRE_RES_CUT;
	r->n = (uint16_t)n;
	memcpy(r + 1, text, n);
	r->h.len = (uint16_t)(sizeof(*r) + ((n + 7) & ~(size_t)7));
	return r->h.len;
}

static uint64_t lead(const struct space *s, uint64_t ts)
{
	uint64_t from = ts > LEAD_NS ? ts - LEAD_NS : 0;

	return from > s->since_ts ? from : s->since_ts < ts ? s->since_ts : ts;
}

static bool symbol_is_known(const struct space *s, uint64_t addr)
{
	for (uint32_t i = 0; i < s->symbols_nr; i++)
		if (addr >= s->symbols[i].begin && addr < s->symbols[i].end)
			return true;
	return s->symbols_nr == SYMBOLS_MAX;
}

/* The variable of the mapped file m that addr is in: its name, plain, to be freed; or NULL. */
static char *variable_at(uint32_t pid, const struct proc_map *m, uint64_t addr, struct span *span)
{
	struct symtab_want w = {.data = true, .file_off = addr - m->start + m->file_off};
	int fd = proc_open_map(pid, m, NULL, 0, NULL);
	char *plain;

	if (fd < 0)
		return NULL;
	if (symtab_addresses(&w, 1, fd, NULL) || symtab_find(&w, 1, fd, NULL) <= 0) {
		close(fd);
		return NULL;
	}
	close(fd);
	span->begin = addr - (w.vaddr - w.begin);
	span->end = span->begin + w.size;
	plain = demangle(w.name);
	if (!plain)
		return w.name;
	free(w.name);
	return plain;
}

/* Of an address whose mapping was named: the variable that it is in, if that is in a file. */
static size_t name_variable(struct space *s, const struct wire_offcpu *h, uint64_t addr,
			    union naming_record *out)
{
	struct span span = {addr, addr + 1};
	struct proc_map *m;
	char *name = NULL;
	size_t len = 0;

	if (symbol_is_known(s, addr))
		return 0;
	m = malloc(sizeof(*m));
	if (m && !proc_find_map(s->pid, addr, m) && m->ino)
		name = variable_at(s->pid, m, addr, &span);
	free(m);
	s->symbols[s->symbols_nr++] = span;
	if (name) {
		len = record(out, &h->h, WIRE_RES_ADDR, name);
		out->r.h.flags |= WIRE_RES_SYMBOL;
		out->r.id = span.begin;
		out->r.dev = s->pid;
		out->r.size = span.end - span.begin;
		out->r.h.ts = lead(s, h->h.ts);
	}
	free(name);
	return len;
}

static size_t name_address(struct naming *n, const struct wire_offcpu *h, uint64_t addr,
			   union naming_record *out)
{
	uint32_t pid = (uint32_t)(uintptr_t)hash_get(&n->pids, h->h.tid);
	struct space *s = pid ? space_of(n, pid) : NULL;
	char text[NAMING_TEXT_MAX + 1];
	struct proc_map *m;
	size_t len = 0;

	if (!s)
		return 0;
	if (is_named(s, addr))
		return h->nr == SYS_futex ? name_variable(s, h, addr, out) : 0;
	if (h->h.ts < s->retry_ts || s->nr == SPANS_MAX)
		return 0;
	m = malloc(sizeof(*m));
	if (!m || proc_find_map(pid, addr, m)) {
		s->retry_ts = h->h.ts + RETRY_NS;
		free(m);
		return 0;
	}
	if (m->path[0])
		snprintf(text, sizeof(text), "%.*s", NAMING_TEXT_MAX, m->path);
	else if (!stack_text(text, sizeof(text), pid, m))
		text[0] = '\0';
	s->v[s->nr++] = (struct span){m->start, m->end};
	len = record(out, &h->h, WIRE_RES_ADDR, text);
	out->r.id = m->start;
	out->r.dev = pid;
	out->r.size = m->end - m->start;
	out->r.offset = m->file_off;
	out->r.h.ts = lead(s, h->h.ts);
	free(m);
	return len;
}

/* The function that addr is in. False if the kernel does not tell. */
static bool kernel_text(char *buf, size_t sz, uint64_t addr)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long at, best = 0;
	char line[512], name[256], type;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %c %255s", &at, &type, name) != 3 || !strchr("tTwW", type))
			continue;
		if (at <= addr && at > best) {
			best = at;
			snprintf(buf, sz, "%s", name);
		}
	}
	if (f)
		fclose(f);
	return best != 0;
}

static size_t name_kernel(struct naming *n, const struct wire_offcpu *h, union naming_record *out)
{
	char text[256];
	size_t len;

	for (size_t i = 0; i < n->kernel_nr; i++)
		if (n->kernel[i] == h->wchan)
			return 0;
	if (n->kernel_nr == KERNEL_MAX)
		return 0;
	n->kernel[n->kernel_nr++] = h->wchan;
	if (!kernel_text(text, sizeof(text), h->wchan))
		return 0;
	len = record(out, &h->h, WIRE_RES_KERNEL, text);
	out->r.id = h->wchan;
	return len;
}

static size_t see_offcpu(struct naming *n, const struct wire_offcpu *h, union naming_record *out)
{
	if (h->h.len < sizeof(*h) || !h->state)
		return 0;
	if (h->nr == SYS_futex || (h->nr < 0 && h->arg0)) {
		size_t len = name_address(n, h, h->arg0, out);

		if (len)
			return len;
	}
	return h->wchan ? name_kernel(n, h, out) : 0;
}

size_t naming_see(struct naming *n, const struct wire_hdr *h, union naming_record *out)
{
	const struct wire_thread *t = (const struct wire_thread *)h;

	switch (h->kind) {
	case WIRE_OFFCPU:
		return see_offcpu(n, (const struct wire_offcpu *)h, out);
	case WIRE_THREAD:
		hash_put(&n->pids, h->tid, (void *)(uintptr_t)t->pid);
		if (h->flags == WIRE_THREAD_EXEC)
			moved(n, t->pid, h->ts);
		return 0;
	case WIRE_TOTALS:
		if (!(h->flags & WIRE_TOTALS_EXIT))
			return 0;
		if ((uint32_t)(uintptr_t)hash_del(&n->pids, h->tid) == h->tid)
			forget(n, h->tid);
		return 0;
	case WIRE_MAP:
		moved(n, ((const struct wire_map *)h)->pid, h->ts);
		return 0;
	default:
		return 0;
	}
}

void naming_free(struct naming *n)
{
	size_t at = 0;
	void *s;

	if (!n)
		return;
	while ((s = hash_next(&n->spaces, &at)))
		free(s);
	hash_release(&n->spaces);
	hash_release(&n->pids);
	free(n);
}
