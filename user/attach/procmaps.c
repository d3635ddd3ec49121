/* SPDX-License-Identifier: MIT */
/*
 * procmaps.c - the executable mappings of a process; see proc.h
 *
 * Invariant: a process chooses its paths and what stands there in its mount namespace; a file is
 * opened for reading only after it was seen to be the mapped one, and a regular one: opening a
 * FIFO or a device would block or have effects.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attach/proc.h"
#include "base/err.h"

/* "start-end perms offset major:minor inode   path\n". False if it is not understood. */
static bool parse_line(struct proc_map *m, char perms[5], const char *line)
{
	unsigned long long start, end, off, ino;
	int path = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, perms, &off,
		   &m->dev_major, &m->dev_minor, &ino, &path) != 7)
		return false;
	m->start = start;
	m->end = end;
	m->file_off = off;
	m->ino = ino;
	snprintf(m->path, sizeof(m->path), "%.*s", (int)strcspn(line + path, "\n"), line + path);
	return true;
}

/* Calls fn for each mapping; a result that is not 0 ends the walk and is returned. */
static int walk(const char *pid, int (*fn)(const struct proc_map *, const char *perms, void *),
		void *ctx, struct err *err)
{
	struct proc_map *m = malloc(sizeof(*m));
	char path[64], perms[5], *line = NULL;
	size_t cap = 0;
	FILE *f;
	int rc = 0;

	if (!m)
		return err_set(err, -ENOMEM, "no memory");
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "re");
	if (!f) {
		rc = errno == ENOENT ? -ESRCH : -errno;
		free(m);
		return err_set(err, rc, "cannot read the mappings of process %s: %s", pid,
			       strerror(-rc));
	}
	errno = 0;
	while (!rc && getline(&line, &cap, f) > 0)
		if (parse_line(m, perms, line))
			rc = fn(m, perms, ctx);
	/* Without the right to look, newer kernels fail the read, not the open. */
	if (!rc && ferror(f))
		rc = err_set(err, errno ? -errno : -EIO,
			     "cannot read the mappings of process %s: %s", pid, strerror(errno));
	fclose(f);
	free(line);
	free(m);
	return rc;
}

/* The kernel's ptrace access check says EACCES for maps, EPERM for map_files. */
static int with_hint(int rc, struct err *err)
{
	if (rc == -EACCES || rc == -EPERM)
		err_hint(err, "the same command with sudo: another user's process needs "
			      "CAP_SYS_PTRACE");
	return rc;
}

struct file_id {
	uint64_t ino;
	uint32_t dev_major, dev_minor;
};

struct exec_walk {
	int (*fn)(const struct proc_map *, void *);
	void *ctx;
	struct err *err;
	struct file_id *seen;
	size_t nr;
};

static bool is_seen(const struct exec_walk *w, const struct proc_map *m)
{
	for (size_t i = 0; i < w->nr; i++)
		if (w->seen[i].ino == m->ino && w->seen[i].dev_major == m->dev_major &&
		    w->seen[i].dev_minor == m->dev_minor)
			return true;
	return false;
}

static int each_exec(const struct proc_map *m, const char *perms, void *ctx)
{
	struct exec_walk *w = ctx;
	struct file_id *seen;

	if (perms[2] != 'x' || !m->ino || is_seen(w, m))
		return 0;
	seen = realloc(w->seen, (w->nr + 1) * sizeof(*seen));
	if (!seen)
		return err_set(w->err, -ENOMEM, "no memory for %zu mapped files", w->nr + 1);
	w->seen = seen;
	w->seen[w->nr++] = (struct file_id){m->ino, m->dev_major, m->dev_minor};
	return w->fn(m, w->ctx);
}

int proc_exec_maps(uint32_t pid, int (*fn)(const struct proc_map *, void *), void *ctx,
		   struct err *err)
{
	struct exec_walk w = {.fn = fn, .ctx = ctx, .err = err};
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "%u", pid);
	rc = with_hint(walk(name, each_exec, &w, err), err);
	free(w.seen);
	return rc;
}

struct code_walk {
	int (*fn)(const struct proc_map *, void *);
	void *ctx;
};

static int each_code(const struct proc_map *m, const char *perms, void *ctx)
{
	const struct code_walk *w = ctx;

	return perms[2] == 'x' ? w->fn(m, w->ctx) : 0;
}

int proc_code_maps(uint32_t pid, int (*fn)(const struct proc_map *, void *), void *ctx,
		   struct err *err)
{
	struct code_walk w = {fn, ctx};
	char name[16];

	snprintf(name, sizeof(name), "%u", pid);
	return with_hint(walk(name, each_code, &w, err), err);
}

struct find_walk {
	uint64_t addr;
	struct proc_map *out; /* the mapping before, until it is found */
};

static int each_find(const struct proc_map *m, const char *perms, void *ctx)
{
	struct find_walk *w = ctx;
	const struct proc_map *last = w->out;
	bool tail = !m->ino && !m->path[0] && last->ino && last->end == m->start;
	uint64_t off = last->file_off + (last->end - last->start);

	/* What a file's data has beyond the file's own bytes (.bss) belongs to it all the same. */
	if (tail) { /* path, ino and dev stay */
		w->out->start = m->start;
		w->out->end = m->end;
		w->out->file_off = off;
	} else {
		*w->out = *m;
	}
	if (w->addr < m->start)
		return -ENOENT;
	return w->addr < m->end;
}

int proc_find_map(uint32_t pid, uint64_t addr, struct proc_map *out)
{
	struct find_walk w = {.addr = addr, .out = out};
	char name[16];
	int rc;

	memset(out, 0, sizeof(*out));
	snprintf(name, sizeof(name), "%u", pid);
	rc = walk(name, each_find, &w, NULL);
	return rc == 1 ? 0 : rc ? rc : -ENOENT;
}

struct own_map {
	const void *addr;
	const struct proc_map *want;
};

/* 1: the mapping at addr is of the wanted file; 2: of another one. */
static int compare_own(const struct proc_map *m, const char *perms, void *ctx)
{
	const struct own_map *o = ctx;

	if ((uintptr_t)o->addr < m->start || (uintptr_t)o->addr >= m->end)
		return 0;
	return m->ino == o->want->ino && m->dev_major == o->want->dev_major &&
			       m->dev_minor == o->want->dev_minor
		       ? 1
		       : 2;
}

/*
 * Whether fd (not O_PATH) is the file that m maps. On btrfs and overlayfs fstat tells another
 * device or inode than the maps file does, so it is mapped here too and both maps are compared.
 */
static bool is_same_mapped(int fd, const struct proc_map *m)
{
	struct own_map o = {.want = m};
	void *p = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	int rc;

	if (p == MAP_FAILED)
		return false;
	o.addr = p;
	rc = walk("self", compare_own, &o, NULL);
	munmap(p, 1);
	return rc == 1;
}

/* Opens path for reading if it is the regular file that m maps, else -ESTALE or -errno. */
static int open_same(const char *path, const struct proc_map *m)
{
	int path_fd = open(path, O_PATH | O_CLOEXEC), fd = -1, rc = -ESTALE;
	char self[64];
	struct stat st;
	bool same;

	if (path_fd < 0)
		return -errno;
	if (fstat(path_fd, &st) || !S_ISREG(st.st_mode))
		goto cleanup;
	same = st.st_ino == m->ino && major(st.st_dev) == m->dev_major &&
	       minor(st.st_dev) == m->dev_minor;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		rc = -errno;
		goto cleanup;
	}
	if (same || is_same_mapped(fd, m))
		rc = 0;
	else
		close(fd);
cleanup:
	close(path_fd);
	return rc ? rc : fd;
}

/* The maps file writes a newline as \012; nothing else is escaped. */
static void unescape(char *dst, const char *src)
{
	for (; *src; dst++) {
		bool newline = !strncmp(src, "\\012", 4);

		*dst = newline ? '\n' : *src;
		src += newline ? 4 : 1;
	}
	*dst = '\0';
}

int proc_open_map(uint32_t pid, const struct proc_map *m, char *out_path, size_t out_sz,
		  struct err *err)
{
	char name[sizeof(m->path)], path[3][sizeof(m->path) + 64];
	int fd, first = -ENAMETOOLONG;

	unescape(name, m->path);
	/* Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN; right in every case. */
	snprintf(path[0], sizeof(path[0]), "/proc/%u/map_files/%llx-%llx", pid,
		 (unsigned long long)m->start, (unsigned long long)m->end);
	/* In the mount namespace of the process; not for a file that was deleted or replaced … */
	snprintf(path[1], sizeof(path[1]), "/proc/%u/root%s", pid, name);
	/* … unless it is the executable itself. */
	snprintf(path[2], sizeof(path[2]), "/proc/%u/exe", pid);
	for (int i = 0; i < 3; i++) {
		if ((i == 1 && name[0] != '/') || (out_path && strlen(path[i]) >= out_sz))
			continue;
		fd = open_same(path[i], m);
		if (fd >= 0) {
			if (out_path)
				snprintf(out_path, out_sz, "%s", path[i]);
			return fd;
		}
		if (!i)
			first = fd;
	}
	/* The first way is the one that works with enough rights: its reason is the one to tell. */
	err_set(err, first, "cannot open %s of process %u: %s", m->path, pid,
		first == -ESTALE ? "another file has taken its place" : strerror(-first));
	return with_hint(first, err);
}
