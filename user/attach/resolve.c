/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - see resolve.h
 *
 * The files are what others have made: they are read in a process of its own, which has given up
 * its privileges (apart.h), and sends the names.
 *
 * Addresses of several processes that run one file are one place in it, which is looked up once.
 *
 * Invariant: found[] is sorted by object and offset, each pair once; which[i] is that of address
 * i, or NOT_FOUND.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/apart.h"
#include "attach/debugfile.h"
#include "attach/demangle.h"
#include "attach/dwarf.h"
#include "attach/images.h"
#include "attach/ksyms.h"
#include "attach/resolve.h"
#include "attach/symtab.h"

#define DEBUG_ROOT "/usr/lib/debug"
#define NOT_FOUND  SIZE_MAX

enum { SECONDS_MAX = 30 }; /* for looking names up; what is not found by then has none */

/* A place in a file. */
struct found {
	size_t object;
	uint64_t file_off;
	char *name; /* owned; NULL: not known */
	uint64_t off;
	struct dwarf_frame frames[DWARF_INLINED_MAX];
	size_t frames_nr;
};

struct work {
	const struct images *im;
	const struct resolve_addr *v;
	size_t nr;
	struct found *found;
	size_t found_nr;
	size_t *which;
	int *debug_fds; /* by object: of its debug file; -1 none */
	int vdso_fd;	/* made before: the process apart can write no file */
};

/* --- which places ---------------------------------------------------------------------------- */

static int by_place(const void *pa, const void *pb)
{
	const struct found *a = pa, *b = pb;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return (a->file_off > b->file_off) - (a->file_off < b->file_off);
}

/* Where the address is in which file; false if nothing is known to have been there. */
static bool place_of(const struct work *w, size_t i, struct found *out)
{
	const struct image *image = images_find(w->im, w->v[i].space, w->v[i].addr);

	*out = (struct found){0};
	if (!image)
		return false;
	out->object = image->object;
	out->file_off = w->v[i].addr - image->start + image->file_off;
	return true;
}

static int find_places(struct work *w)
{
	size_t nr = 0;

	w->found = calloc(w->nr ? w->nr : 1, sizeof(*w->found));
	w->which = calloc(w->nr ? w->nr : 1, sizeof(*w->which));
	if (!w->found || !w->which)
		return -ENOMEM;
	for (size_t i = 0; i < w->nr; i++)
		nr += place_of(w, i, &w->found[nr]);
	qsort(w->found, nr, sizeof(*w->found), by_place);
	for (size_t i = 0; i < nr; i++)
		if (!w->found_nr || by_place(&w->found[w->found_nr - 1], &w->found[i]))
			w->found[w->found_nr++] = w->found[i];
	for (size_t i = 0; i < w->nr; i++) {
		struct found key, *at = NULL;

		if (place_of(w, i, &key))
			at = bsearch(&key, w->found, w->found_nr, sizeof(key), by_place);
		w->which[i] = at ? (size_t)(at - w->found) : NOT_FOUND;
	}
	return 0;
}

/* --- one file -------------------------------------------------------------------------------- */

/* The kernel's vdso is the same in all processes: ours, as a file. Returns a descriptor or -1. */
static int vdso_file(void)
{
	enum { VDSO_MAX_SZ = 64 << 10, PAGE = 4096 };
	const char *at = (const char *)getauxval(AT_SYSINFO_EHDR);
	int fd = at ? memfd_create("vdso", MFD_CLOEXEC) : -1;

	/* Its size is not told: writing ends where the pages do. */
	for (size_t n = 0; fd >= 0 && n < VDSO_MAX_SZ; n += PAGE)
		if (write(fd, at + n, PAGE) != PAGE)
			break;
	return fd;
}

static void take_name(struct found *f, const struct symtab_want *w)
{
	if (!w->name)
		return;
	f->name = demangle(w->name);
	if (f->name)
		f->off = w->vaddr - w->begin;
}

/* Source lines are for what was built with them; that there are none costs a look at each file. */
static void add_lines(struct found *f, const struct symtab_want *w, size_t nr, const char *path,
		      int fd, int debug_fd)
{
	struct dwarf *d = dwarf_open(path, fd, debug_fd);

	for (size_t i = 0; d && i < nr; i++) {
		struct found *to = &f[w[i].which];

		if (!w[i].in_file)
			continue;
		to->frames_nr = dwarf_frames(d, w[i].vaddr, to->frames);
		for (size_t j = 0; j < to->frames_nr; j++) {
			char *plain = to->frames[j].name ? demangle(to->frames[j].name) : NULL;

			if (!plain)
				continue;
			free(to->frames[j].name);
			to->frames[j].name = plain;
		}
	}
	dwarf_close(d);
}

static int by_vaddr(const void *pa, const void *pb)
{
	const struct symtab_want *a = pa, *b = pb;

	return (a->vaddr > b->vaddr) - (a->vaddr < b->vaddr);
}

/* f: the places in one file. */
static void resolve_object(const struct work *work, const struct object *o, struct found *f,
			   size_t nr)
{
	const bool vdso = !o->ino && !strcmp(o->path, "[vdso]");
	const int fd = vdso ? work->vdso_fd : o->fd;
	struct symtab_want *w = calloc(nr, sizeof(*w));
	const int debug_fd = work->debug_fds[f->object];

	for (size_t i = 0; w && i < nr; i++)
		w[i] = (struct symtab_want){.which = i, .file_off = f[i].file_off};
	if (fd < 0 || !w || symtab_addresses(w, nr, fd, NULL))
		goto cleanup;
	qsort(w, nr, sizeof(*w), by_vaddr);
	symtab_find(w, nr, fd, NULL);
	if (debug_fd >= 0)
		symtab_find(w, nr, debug_fd, NULL);
	for (size_t i = 0; i < nr; i++)
		take_name(&f[w[i].which], &w[i]);
	add_lines(f, w, nr, o->path, fd, debug_fd);
cleanup:
	if (w)
		symtab_release(w, nr);
	free(w);
}

/*
 * Opens the debug files of the objects that are asked for: whoever reads them later may not have
 * the right to. Finding them takes our own code alone.
 */
static int open_debug_files(struct work *w)
{
	const size_t nr = images_objects(w->im);

	w->debug_fds = malloc((nr ? nr : 1) * sizeof(*w->debug_fds));
	if (!w->debug_fds)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		w->debug_fds[i] = -1;
	for (size_t i = 0; i < w->found_nr; i++) {
		const size_t object = w->found[i].object;
		const struct object *o = images_object(w->im, object);

		if (o->fd >= 0 && (!i || w->found[i - 1].object != object))
			w->debug_fds[object] = debugfile_open(o->fd, o->path, DEBUG_ROOT);
	}
	return 0;
}

static void work_release(struct work *w)
{
	for (size_t i = 0; w->debug_fds && i < images_objects(w->im); i++)
		if (w->debug_fds[i] >= 0)
			close(w->debug_fds[i]);
	if (w->vdso_fd >= 0)
		close(w->vdso_fd);
	free(w->debug_fds);
	free(w->found);
	free(w->which);
}

static void resolve_objects(struct work *w)
{
	for (size_t from = 0, to; from < w->found_nr; from = to) {
		for (to = from; to < w->found_nr && w->found[to].object == w->found[from].object;)
			to++;
		resolve_object(w, images_object(w->im, w->found[from].object), &w->found[from],
			       to - from);
	}
}

/* --- giving out ------------------------------------------------------------------------------ */

/* One symbol on its way from the process that reads the files: three texts follow. */
struct message {
	uint64_t idx; /* of the address */
	uint64_t off;
	uint16_t name_n, module_n, site_n; /* bytes, with the NUL */
};

enum { TEXT_MAX = 2048 };

static uint16_t add_text(char *to, size_t *at, const char *s)
{
	size_t n = strnlen(s, TEXT_MAX - 1);

	memcpy(to + *at, s, n);
	to[*at + n] = '\0';
	*at += n + 1;
	return (uint16_t)(n + 1);
}

static int send_symbol(FILE *out, size_t idx, const struct resolve_symbol *s)
{
	char buf[sizeof(struct message) + 3 * TEXT_MAX];
	struct message m = {.idx = idx, .off = s->off};
	size_t at = sizeof(m);

	_Static_assert(sizeof(buf) <= APART_MESSAGE_MAX, "a symbol fits in a message");
	m.name_n = add_text(buf, &at, s->name);
	m.module_n = add_text(buf, &at, s->module);
	m.site_n = add_text(buf, &at, s->site);
	memcpy(buf, &m, sizeof(m));
	return !apart_send(out, buf, at);
}

static int send_found(const struct work *w, size_t i, FILE *out)
{
	const struct found *f = &w->found[w->which[i]];
	struct resolve_symbol s = {"", images_object(w->im, f->object)->path, "", 0};
	int rc = 0;

	for (size_t j = 0; !rc && j < (f->frames_nr ? f->frames_nr : 1); j++) {
		const struct dwarf_frame *d = j < f->frames_nr ? &f->frames[j] : NULL;
		const bool inlined = d && d->name;

		s.name = inlined ? d->name : f->name ? f->name : "";
		s.off = inlined ? 0 : f->name ? f->off : f->file_off;
		s.site = d && d->site ? d->site : "";
		rc = send_symbol(out, i, &s);
	}
	return rc;
}

/* In the process apart. */
static void resolve_files(void *ctx, FILE *out)
{
	struct work *w = ctx;

	resolve_objects(w);
	for (size_t i = 0; i < w->nr; i++)
		if (w->which[i] != NOT_FOUND && send_found(w, i, out))
			return;
}

/* Who takes the messages, which may be anything. */
struct taker {
	const struct work *w;
	uint64_t next; /* addresses come in their order */
	resolve_fn fn;
	void *ctx;
	int rc;
};

static int take_symbol(void *ctx, const void *message, size_t n)
{
	struct taker *t = ctx;
	const char *text = (const char *)message + sizeof(struct message);
	struct resolve_symbol s;
	struct message m;

	if (n < sizeof(m))
		return 1;
	memcpy(&m, message, sizeof(m));
	if (m.idx < t->next || m.idx >= t->w->nr || !m.name_n || !m.module_n || !m.site_n ||
	    sizeof(m) + m.name_n + m.module_n + m.site_n != n)
		return 1;
	s = (struct resolve_symbol){text, text + m.name_n, text + m.name_n + m.module_n, m.off};
	if (s.name[m.name_n - 1] || s.module[m.module_n - 1] || s.site[m.site_n - 1])
		return 1;
	t->next = m.idx;
	t->rc = t->fn(t->ctx, &t->w->v[m.idx], &s);
	return t->rc;
}

static void give_kernel(const struct resolve_addr *v, size_t nr, resolve_fn fn, void *ctx)
{
	struct ksym *k = calloc(nr ? nr : 1, sizeof(*k));

	for (size_t i = 0; k && i < nr; i++)
		k[i].addr = v[i].addr;
	if (k && nr)
		ksyms_find(k, nr);
	for (size_t i = 0; k && i < nr; i++) {
		struct resolve_symbol s = {k[i].name, k[i].module[0] ? k[i].module : "kernel", "",
					   k[i].name[0] ? k[i].addr - k[i].begin : k[i].addr};

		if (fn(ctx, &v[i], &s))
			break;
	}
	free(k);
}

void resolve(const struct resolve_addr *v, size_t nr, const struct images *im, resolve_fn fn,
	     void *ctx)
{
	struct work w = {.im = im, .v = v};
	struct taker t = {.w = &w, .fn = fn, .ctx = ctx};

	while (w.nr < nr && v[w.nr].space != RESOLVE_KERNEL)
		w.nr++;
	w.vdso_fd = vdso_file();
	/* What the other process allocates, it never frees: it ends. */
	if (w.nr && !find_places(&w) && !open_debug_files(&w))
		apart_run(resolve_files, &w, take_symbol, &t, SECONDS_MAX);
	if (!t.rc)
		give_kernel(v + w.nr, nr - w.nr, fn, ctx);
	work_release(&w);
}
