/* SPDX-License-Identifier: MIT */
/*
 * marks.c - see marks.h
 *
 * A uprobe belongs to a file and an offset, and is limited to a process; so what was attached is
 * kept as pairs of (process, file), until the process ends: every hit of a file walks the links of
 * all processes. A file's notes are read once for all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attach/linker.h"
#include "attach/marks.h"
#include "attach/notes.h"
#include "attach/proc.h"
#include "attach/uprobes.h"
#include "base/err.h"

struct file {
	dev_t dev;
	ino_t ino;
	struct notes notes;
	uint64_t linker_off; /* linker.h; 0: it is none */
};

struct done {
	uint32_t pid;
	dev_t dev;
	ino_t ino;
	struct uprobes uprobes;
};

struct marks {
	const struct mark_prog *progs;
	size_t progs_nr;
	int linker_prog;
	bool multi;
	struct file *files;
	size_t files_nr, files_cap;
	struct done *done;
	size_t done_nr, done_cap;
	uint32_t sites, skipped;
};

struct marks *marks_new(const struct mark_prog *progs, size_t nr, int linker_prog, bool multi)
{
	struct marks *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->progs = progs;
	m->progs_nr = nr;
	m->linker_prog = linker_prog;
	m->multi = multi;
	return m;
}

/* Makes room for one more element of size sz behind *v. */
static int grow(void **v, size_t *cap, size_t nr, size_t sz)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *n;

	if (nr < *cap)
		return 0;
	n = reallocarray(*v, want, sz);
	if (!n)
		return -ENOMEM;
	*v = n;
	*cap = want;
	return 0;
}

static bool is_done(const struct marks *m, uint32_t pid, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < m->done_nr; i++)
		if (m->done[i].pid == pid && m->done[i].ino == ino && m->done[i].dev == dev)
			return true;
	return false;
}

static struct done *set_done(struct marks *m, uint32_t pid, dev_t dev, ino_t ino)
{
	if (grow((void **)&m->done, &m->done_cap, m->done_nr, sizeof(*m->done)))
		return NULL;
	m->done[m->done_nr] = (struct done){.pid = pid, .dev = dev, .ino = ino};
	return &m->done[m->done_nr++];
}

/* What there is to probe in the file, read at most once. NULL: no memory. */
static const struct file *file_of(struct marks *m, const struct stat *st, int fd, const char *path)
{
	struct file f = {.dev = st->st_dev, .ino = st->st_ino};

	for (size_t i = 0; i < m->files_nr; i++)
		if (m->files[i].ino == f.ino && m->files[i].dev == f.dev)
			return &m->files[i];
	if (grow((void **)&m->files, &m->files_cap, m->files_nr, sizeof(*m->files)))
		return NULL;
	if (notes_read(&f.notes, fd, "ctrace", NULL))
		m->skipped++; /* remembered as a file without notes */
	m->skipped += f.notes.bad;
	if (linker_is_named(path))
		linker_find(fd, &f.linker_off, NULL);
	m->files[m->files_nr] = f;
	return &m->files[m->files_nr++];
}

static int attach_notes(struct marks *m, struct done *done, const char *path,
			const struct notes *notes, struct err *err)
{
	struct uprobe_site *sites = calloc(notes->nr ? notes->nr : 1, sizeof(*sites));
	int total = 0, rc = 0;

	if (!sites)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t p = 0; p < m->progs_nr; p++) {
		size_t nr = 0;

		for (size_t i = 0; i < notes->nr; i++) {
			if (strcmp(notes->v[i].name, m->progs[p].probe))
				continue;
			sites[nr].file_off = notes->v[i].file_off;
			sites[nr++].sema_off = notes->v[i].sema_off;
		}
		if (!nr)
			continue;
		rc = uprobes_attach(&done->uprobes, m->progs[p].fd, path, done->pid, sites, nr,
				    m->multi, err);
		if (rc)
			goto cleanup;
		total += nr;
	}
cleanup:
	free(sites);
	m->sites += total;
	return rc ? rc : total;
}

/* Without it, libraries that are loaded later go unseen; that is no reason to fail. */
static void attach_linker(struct marks *m, struct done *done, const char *path, uint64_t off)
{
	struct uprobe_site site = {.file_off = off};

	uprobes_attach(&done->uprobes, m->linker_prog, path, done->pid, &site, 1, m->multi, NULL);
}

/* name: the file's, as the process knows it; path: by which it can be opened. */
static int attach_fd(struct marks *m, uint32_t pid, int fd, const char *path, const char *name,
		     struct err *err)
{
	const struct file *file;
	struct done *done;
	struct stat st;

	if (fstat(fd, &st))
		return 0;
	if (is_done(m, pid, st.st_dev, st.st_ino))
		return 0;
	file = file_of(m, &st, fd, name);
	done = file ? set_done(m, pid, st.st_dev, st.st_ino) : NULL;
	if (!done)
		return err_set(err, -ENOMEM, "out of memory");
	if (file->linker_off)
		attach_linker(m, done, path, file->linker_off);
	return file->notes.nr ? attach_notes(m, done, path, &file->notes, err) : 0;
}

struct walk {
	struct marks *m;
	uint32_t pid;
	int sites;
	struct err *err;
};

static int attach_map(const struct proc_map *map, void *ctx)
{
	struct walk *w = ctx;
	char path[sizeof(map->path) + 64];
	int fd, rc;

	if (is_done(w->m, w->pid, makedev(map->dev_major, map->dev_minor), map->ino))
		return 0;
	fd = proc_open_map(w->pid, map, path, sizeof(path), NULL);
	if (fd < 0) {
		w->m->skipped++;
		return 0;
	}
	rc = attach_fd(w->m, w->pid, fd, path, map->path, w->err);
	close(fd);
	if (rc < 0)
		return rc;
	w->sites += rc;
	return 0;
}

int marks_attach(struct marks *m, uint32_t pid, struct err *err)
{
	struct walk w = {.m = m, .pid = pid, .err = err};
	int rc = proc_exec_maps(pid, attach_map, &w, err);

	if (rc == -ESRCH || rc == -ENOENT)
		return 0;
	return rc ? rc : w.sites;
}

int marks_attach_file(struct marks *m, uint32_t pid, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	rc = attach_fd(m, pid, fd, path, path, err);
	close(fd);
	return rc;
}

void marks_forget(struct marks *m, uint32_t pid)
{
	for (size_t i = 0; i < m->done_nr;) {
		if (m->done[i].pid != pid) {
			i++;
			continue;
		}
		uprobes_release(&m->done[i].uprobes);
		m->done[i] = m->done[--m->done_nr];
	}
}

uint32_t marks_sites(const struct marks *m)
{
	return m->sites;
}

uint32_t marks_skipped(const struct marks *m)
{
	return m->skipped;
}

void marks_free(struct marks *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->done_nr; i++)
		uprobes_release(&m->done[i].uprobes);
	for (size_t i = 0; i < m->files_nr; i++)
		notes_release(&m->files[i].notes);
	free(m->files);
	free(m->done);
	free(m);
}
