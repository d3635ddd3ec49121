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
#include "attach/mark_session.h"
#include "attach/marks.h"
#include "attach/notes.h"
#include "attach/proc.h"
#include "attach/uprobes.h"
#include "base/err.h"

enum { KEPT_MAX = 512 };

struct file {
	dev_t dev;
	ino_t ino;
	struct notes notes;
	uint64_t linker_off; /* linker.h; 0: it is none */
	struct uprobes
		uprobes; /* of batches, in every process: they cost nothing but where one is on */
	bool armed;
};

struct done {
	uint32_t pid;
	dev_t dev;
	ino_t ino;
	struct uprobes uprobes;
	struct uprobes on; /* batch__on */
};

struct marks {
	const struct mark_prog *progs;
	size_t progs_nr;
	struct marks_opts opts;
	struct file *files;
	size_t files_nr, files_cap;
	struct done *done;
	size_t done_nr, done_cap;
	uint32_t sites, skipped;
	uint32_t objects; /* numbers given to objects */
	uint32_t batched, direct;
	int kept[KEPT_MAX]; /* descriptors: see keep() */
	size_t kept_nr;
};

struct marks *marks_new(const struct mark_prog *progs, size_t nr, const struct marks_opts *opts)
{
	struct marks *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->progs = progs;
	m->progs_nr = nr;
	m->opts = *opts;
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

static struct done *find_done(const struct marks *m, uint32_t pid, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < m->done_nr; i++)
		if (m->done[i].pid == pid && m->done[i].ino == ino && m->done[i].dev == dev)
			return &m->done[i];
	return NULL;
}

static struct done *set_done(struct marks *m, uint32_t pid, dev_t dev, ino_t ino)
{
	if (grow((void **)&m->done, &m->done_cap, m->done_nr, sizeof(*m->done)))
		return NULL;
	m->done[m->done_nr] = (struct done){.pid = pid, .dev = dev, .ino = ino};
	return &m->done[m->done_nr++];
}

/* What there is to probe in the file, read at most once. NULL: no memory. */
static struct file *file_of(struct marks *m, const struct stat *st, int fd, const char *path)
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

/* The note of batch__on; NULL: the file has none, or batches are not to be used. */
static const struct note *batch_switch(const struct marks *m, const struct notes *notes)
{
	for (size_t i = 0; !m->opts.direct && i < notes->nr; i++)
		if (note_is_switch(&notes->v[i]))
			return &notes->v[i];
	return NULL;
}

/* What is to be attached of a file. */
enum wanted {
	WANTED_MARKS,	/* each mark's probes: each mark is seen, by this or the next … */
	WANTED_REST,	/* … those that have no part in batches */
	WANTED_SWITCH,	/* what has threads write them */
	WANTED_BATCHES, /* the probes of batches, in every process */
};

static bool is_wanted(const struct note *n, const struct note *on, enum wanted wanted)
{
	if (wanted == WANTED_BATCHES)
		return note_is_batch(n) && !note_is_switch(n);
	if (wanted == WANTED_SWITCH)
		return note_is_switch(n);
	return !note_is_batch(n) && (wanted == WANTED_MARKS || !note_is_beside(n, on));
}

static int attach_notes(struct marks *m, struct uprobes *to, const char *path, uint32_t pid,
			const struct notes *notes, enum wanted wanted, struct err *err)
{
	struct uprobe_site *sites = calloc(notes->nr ? notes->nr : 1, sizeof(*sites));
	const struct note *on = batch_switch(m, notes);
	int total = 0, rc = 0;

	if (!sites)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t p = 0; p < m->progs_nr; p++) {
		size_t nr = 0;

		for (size_t i = 0; i < notes->nr; i++) {
			if (strcmp(notes->v[i].name, m->progs[p].probe) ||
			    !is_wanted(&notes->v[i], on, wanted))
				continue;
			sites[nr].file_off = notes->v[i].file_off;
			sites[nr++].sema_off = notes->v[i].sema_off;
		}
		if (!nr)
			continue;
		rc = uprobes_attach(to, m->progs[p].fd, path, pid, sites, nr, m->opts.multi, err);
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

	uprobes_attach(&done->uprobes, m->opts.linker_prog, path, done->pid, &site, 1,
		       m->opts.multi, NULL);
}

/* An executable or library that process pid runs. */
struct target {
	uint32_t pid;
	int fd;
	const char *path;	    /* by which it can be opened */
	const char *name;	    /* as the process knows it */
	const struct proc_map *map; /* NULL: it is not mapped yet */
};

/*
 * Everything is armed, and the session is told, before the semaphore has the first thread write.
 * map: NULL if it is not mapped yet: then all of its threads are new, and say where they are
 * anyway.
 */
static int attach_batches(struct marks *m, struct file *file, const struct done *done,
			  const struct target *t, const struct note *on)
{
	int rc = 0;

	if (!file->armed)
		rc = attach_notes(m, &file->uprobes, t->path, 0, &file->notes, WANTED_BATCHES,
				  NULL);
	if (rc < 0)
		return rc;
	file->armed = true;
	rc = t->map ? mark_session_write(done->pid, t->map, on, m->opts.session, m->objects + 1,
					 false)
		    : 0;
	if (!rc)
		m->objects = (m->objects + 1) & 0xffff;
	return rc;
}

static int attach_fd(struct marks *m, const struct target *t, struct err *err)
{
	const struct note *on;
	struct file *file;
	struct done *done;
	struct stat st;
	int rc = 0, sites;

	if (fstat(t->fd, &st))
		return 0;
	if (find_done(m, t->pid, st.st_dev, st.st_ino))
		return 0;
	file = file_of(m, &st, t->fd, t->name);
	done = file ? set_done(m, t->pid, st.st_dev, st.st_ino) : NULL;
	if (!done)
		return err_set(err, -ENOMEM, "out of memory");
	if (file->linker_off)
		attach_linker(m, done, t->path, file->linker_off);
	if (!file->notes.nr)
		return 0;
	on = batch_switch(m, &file->notes);
	if (on && attach_batches(m, file, done, t, on))
		on = NULL;
	*(on ? &m->batched : &m->direct) += 1;
	sites = attach_notes(m, &done->uprobes, t->path, t->pid, &file->notes,
			     on ? WANTED_REST : WANTED_MARKS, err);
	if (on && sites >= 0)
		rc = attach_notes(m, &done->on, t->path, t->pid, &file->notes, WANTED_SWITCH, err);
	return rc < 0 ? rc : sites + rc;
}

struct walk {
	struct marks *m;
	uint32_t pid;
	int sites;
	struct err *err;
};

/* It was attached before it was mapped, or was mapped anew: by exec, by dlopen after dlclose. */
static void retell_session(struct marks *m, const struct done *done, const struct proc_map *map)
{
	const struct note *on = NULL;

	for (size_t i = 0; i < m->files_nr; i++)
		if (m->files[i].ino == done->ino && m->files[i].dev == done->dev)
			on = batch_switch(m, &m->files[i].notes);
	if (on && !mark_session_write(done->pid, map, on, m->opts.session, m->objects + 1, true))
		m->objects = (m->objects + 1) & 0xffff;
}

static int attach_map(const struct proc_map *map, void *ctx)
{
	struct walk *w = ctx;
	char path[sizeof(map->path) + 64];
	struct target t = {.pid = w->pid, .path = path, .name = map->path, .map = map};
	struct done *done;
	int rc;

	done = find_done(w->m, w->pid, makedev(map->dev_major, map->dev_minor), map->ino);
	if (done) {
		retell_session(w->m, done, map);
		return 0;
	}
	t.fd = proc_open_map(w->pid, map, path, sizeof(path), NULL);
	if (t.fd < 0) {
		w->m->skipped++;
		return 0;
	}
	rc = attach_fd(w->m, &t, w->err);
	close(t.fd);
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
	struct target t = {.pid = pid, .path = path, .name = path};
	int rc;

	t.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (t.fd < 0)
		return err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	rc = attach_fd(m, &t, err);
	close(t.fd);
	return rc;
}

/*
 * When a probe is detached from one process, Linux takes it from all that have it and were not
 * asked for: from children of fork, too, that are not attached to yet. This one is never hit, and
 * costs nothing when its process is gone: it is kept, until there are many of them.
 */
static void keep(struct marks *m, struct uprobes *on)
{
	for (size_t i = 0; i < on->nr; i++) {
		if (m->kept_nr == KEPT_MAX) {
			while (m->kept_nr)
				close(m->kept[--m->kept_nr]);
		}
		m->kept[m->kept_nr++] = on->fds[i];
	}
	on->nr = 0;
	uprobes_release(on);
}

void marks_forget(struct marks *m, uint32_t pid)
{
	for (size_t i = 0; i < m->done_nr;) {
		if (m->done[i].pid != pid) {
			i++;
			continue;
		}
		uprobes_release(&m->done[i].uprobes);
		keep(m, &m->done[i].on);
		m->done[i] = m->done[--m->done_nr];
	}
}

uint32_t marks_batched(const struct marks *m)
{
	return m->batched;
}

uint32_t marks_direct(const struct marks *m)
{
	return m->direct;
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
	for (size_t i = 0; i < m->done_nr; i++)
		uprobes_release(&m->done[i].on);
	while (m->kept_nr)
		close(m->kept[--m->kept_nr]);
	for (size_t i = 0; i < m->files_nr; i++) {
		uprobes_release(&m->files[i].uprobes);
		notes_release(&m->files[i].notes);
	}
	free(m->files);
	free(m->done);
	free(m);
}
