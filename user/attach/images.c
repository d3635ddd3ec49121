/* SPDX-License-Identifier: MIT */
/*
 * images.c - see images.h. Invariant: spaces and objects keep their numbers: they are only added
 * to. A space's parent has a lower number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/images.h"
#include "attach/proc.h"
#include "base/hash.h"

struct images {
	struct space *spaces;
	size_t spaces_nr, spaces_cap;
	struct hash latest; /* pid -> number of its latest space, plus one */
	struct object *objects;
	size_t objects_nr, objects_cap, open;
};

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

struct images *images_new(void)
{
	return calloc(1, sizeof(struct images));
}

static size_t latest(const struct images *im, uint32_t pid)
{
	return (size_t)(uintptr_t)hash_get(&im->latest, pid) - 1;
}

static void add_space(struct images *im, uint32_t pid, uint64_t ts, size_t parent)
{
	struct space *s;

	const size_t before = latest(im, pid);

	if (im->spaces_nr == SPACES_MAX ||
	    grow((void **)&im->spaces, &im->spaces_cap, im->spaces_nr, sizeof(*s)))
		return;
	if (hash_put(&im->latest, pid, (void *)(uintptr_t)(im->spaces_nr + 1)))
		return;
	im->spaces[im->spaces_nr++] =
		(struct space){.pid = pid, .from_ts = ts, .parent = parent, .before = before};
}

void images_begin(struct images *im, uint32_t pid, uint64_t ts)
{
	add_space(im, pid, ts, SIZE_MAX);
}

void images_fork(struct images *im, uint32_t pid, uint32_t parent, uint64_t ts)
{
	add_space(im, pid, ts, latest(im, parent));
}

/* --- reading --------------------------------------------------------------------------------- */

struct walk {
	struct images *im;
	uint32_t pid;
	size_t space;
};

static bool same_file(const struct object *o, const struct proc_map *m)
{
	return o->ino == m->ino && o->dev_major == m->dev_major && o->dev_minor == m->dev_minor &&
	       (m->ino || !strcmp(o->path, m->path));
}

/* The number of the mapped file; SIZE_MAX without memory. */
static size_t object_of(struct images *im, uint32_t pid, const struct proc_map *m)
{
	struct object o = {m->ino, m->dev_major, m->dev_minor, -1, NULL};

	for (size_t i = 0; i < im->objects_nr; i++)
		if (same_file(&im->objects[i], m))
			return i;
	if (grow((void **)&im->objects, &im->objects_cap, im->objects_nr, sizeof(o)))
		return SIZE_MAX;
	o.path = strdup(m->path);
	if (!o.path)
		return SIZE_MAX;
	if (m->ino && im->open < OBJECTS_OPEN)
		o.fd = proc_open_map(pid, m, NULL, 0, NULL);
	im->open += o.fd >= 0;
	im->objects[im->objects_nr] = o;
	return im->objects_nr++;
}

static bool is_known(const struct images *im, size_t space, const struct image *i)
{
	const struct image *at = images_find(im, space, i->start);

	return at && at->start == i->start && at->end == i->end && at->file_off == i->file_off &&
	       at->object == i->object;
}

static int take_map(const struct proc_map *m, void *ctx)
{
	struct walk *w = ctx;
	struct space *s = &w->im->spaces[w->space];
	struct image i = {m->start, m->end, m->file_off, object_of(w->im, w->pid, m)};

	if (i.object == SIZE_MAX || is_known(w->im, w->space, &i))
		return 0;
	if (s->nr == SPACE_IMAGES_MAX || grow((void **)&s->v, &s->cap, s->nr, sizeof(i)))
		return -ENOMEM;
	s->v[s->nr++] = i;
	return 0;
}

void images_read(struct images *im, uint32_t pid)
{
	struct walk w = {im, pid, latest(im, pid)};

	if (w.space != SIZE_MAX)
		proc_code_maps(pid, take_map, &w, NULL);
}

/* --- asking ---------------------------------------------------------------------------------- */

size_t images_space(const struct images *im, uint32_t pid, uint64_t ts)
{
	size_t i = latest(im, pid);

	/* The first one was there before we saw it. */
	while (i != SIZE_MAX && im->spaces[i].from_ts > ts && im->spaces[i].before != SIZE_MAX)
		i = im->spaces[i].before;
	return i;
}

const struct space *images_space_at(const struct images *im, size_t space)
{
	return &im->spaces[space];
}

const struct image *images_find(const struct images *im, size_t space, uint64_t addr)
{
	for (; space != SIZE_MAX; space = im->spaces[space].parent) {
		const struct space *s = &im->spaces[space];

		for (size_t i = s->nr; i--;)
			if (addr >= s->v[i].start && addr < s->v[i].end)
				return &s->v[i];
	}
	return NULL;
}

const struct object *images_object(const struct images *im, size_t object)
{
	return &im->objects[object];
}

size_t images_objects(const struct images *im)
{
	return im->objects_nr;
}

void images_free(struct images *im)
{
	if (!im)
		return;
	for (size_t i = 0; i < im->spaces_nr; i++)
		free(im->spaces[i].v);
	for (size_t i = 0; i < im->objects_nr; i++) {
		if (im->objects[i].fd >= 0)
			close(im->objects[i].fd);
		free(im->objects[i].path);
	}
	hash_release(&im->latest);
	free(im->spaces);
	free(im->objects);
	free(im);
}
