/* SPDX-License-Identifier: MIT */
/*
 * frames.c - see frames.h. Invariant: the frames of a stack are made once, however many rows it is
 * in.
 */
#include <string.h>

#include "model/frames.h"
#include "model/inner.h"

enum { INLINED_MAX = 16 }; /* functions that stand at one address, each inlined in the next */

static int compare(const struct capture_symbol *s, uint32_t pid, uint64_t addr)
{
	if (s->pid != pid)
		return s->pid < pid ? -1 : 1;
	return (s->addr > addr) - (s->addr < addr);
}

/* The symbols of an address as it was at ts: they follow each other, the innermost first. */
static size_t find(const struct capture_info *info, const struct stack *st, uint64_t addr,
		   const struct capture_symbol **out)
{
	const struct capture_symbol *v = info->symbols, *end = v + info->symbols_nr, *best;
	size_t lo = 0, hi = info->symbols_nr, nr = 1;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(&v[mid], st->pid, addr) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	best = v + lo;
	if (best == end || compare(best, st->pid, addr))
		return 0;
	/* The program that the process was running then, of those it has run. */
	for (const struct capture_symbol *s = best; s < end && !compare(s, st->pid, addr); s++)
		if (s->from_ts <= st->ts && s->from_ts != best->from_ts)
			best = s;
	while (nr < INLINED_MAX && best + nr < end && !compare(best + nr, st->pid, addr) &&
	       best[nr].from_ts == best->from_ts)
		nr++;
	*out = best;
	return nr;
}

static uint64_t looked_up(const struct stack *st, uint32_t i)
{
	return i ? st->ips[i] - 1 : st->ips[i];
}

/*
 * How many addresses of the stack are code. A walk by frame pointers that comes to code without
 * them takes what it finds there for addresses; the collector names every address that is one.
 */
static uint32_t believable(const struct model *m, const struct stack *st)
{
	const struct capture_symbol *s;
	uint32_t n = 1;

	if (st->kernel || !m->info->symbols_nr)
		return st->n;
	while (n < st->n && find(m->info, st, looked_up(st, n), &s))
		n++;
	return n;
}

static const struct span_frame *make_frames(struct model *m, const struct stack *st, uint32_t n,
					    size_t *nr)
{
	const struct capture_symbol *s;
	struct span_frame *v, *to;
	size_t most = 0;

	for (uint32_t i = 0; i < n; i++) {
		size_t at = find(m->info, st, looked_up(st, i), &s);

		most += at ? at : 1;
	}
	to = v = arena_get(&m->explain.arena, most, sizeof(*v));
	*nr = v ? most : 0;
	if (!v)
		model_no_memory(m);
	for (uint32_t i = 0; v && i < n; i++) {
		size_t at = find(m->info, st, looked_up(st, i), &s);

		if (!at)
			*to++ = (struct span_frame){st->ips[i], "", "", "", 0, false};
		for (size_t j = 0; j < at; j++)
			*to++ = (struct span_frame){
				.addr = st->ips[i],
				.name = s[j].name,
				.module = s[j].module,
				.site = s[j].site,
				.off = s[j].off,
				.inlined = j + 1 < at,
			};
	}
	return v;
}

/* The file's name without its folders. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * Whether a thread's first function is there. The C library's own are often static, and stripped;
 * then it is enough to have come back to that library.
 */
static bool is_whole(const struct span_frame *outermost)
{
	static const char *const firsts[] = {
		"_start",
		"__libc_start_main",
		"__libc_start_main_impl",
		"_start_c",
		"start_thread",
		"__libc_start_call_main",
		"__clone",
		"clone",
		"__clone3",
		"clone3",
		"_dl_start_user",
		"_dl_start",
		"thread_start",
		"runtime.goexit",
		"runtime.mstart",
	};
	const char *module = base_name(outermost->module);

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		if (!strcmp(outermost->name, firsts[i]))
			return true;
	return !outermost->name[0] &&
	       (!strncmp(module, "libc.so", 7) || !strncmp(module, "libc-2", 6) ||
		!strncmp(module, "libpthread", 10) || !strncmp(module, "ld-", 3));
}

/* Where the kernel's part begins, once what the tracer put on top of it is left out. */
static size_t tracer_frames(const struct span_stack *s)
{
	enum { TRACER_DEEP = 16 };

	for (size_t i = 0; i < s->kernel_nr && i < TRACER_DEEP; i++)
		if (!strcmp(s->kernel[i].name, "__schedule"))
			return i + 1;
	return 0;
}

static const struct span_stack *view_of(struct model *m, uint64_t id)
{
	static const struct span_stack none;
	struct stack *st = id ? hash_get(&m->stacks.stacks, id) : NULL;
	struct span_stack *v;
	uint32_t n;

	if (!st || st->view)
		return st ? st->view : &none;
	v = arena_get(&m->explain.arena, 1, sizeof(*v));
	if (!v) {
		model_no_memory(m);
		return &none;
	}
	st->view = v;
	n = believable(m, st);
	if (st->kernel) {
		v->kernel = make_frames(m, st, n, &v->kernel_nr);
		v->kernel_cut = st->cut;
	} else {
		v->user = make_frames(m, st, n, &v->user_nr);
		v->user_cut =
			st->cut || n < st->n || !v->user_nr || !is_whole(&v->user[v->user_nr - 1]);
	}
	return v;
}

struct span_stack frames_of(struct model *m, struct stack_ids at, bool sampled)
{
	const struct span_stack *user = view_of(m, at.user), *kernel = view_of(m, at.kernel);
	size_t skip = sampled ? 0 : tracer_frames(kernel);

	return (struct span_stack){
		.user = user->user,
		.user_nr = user->user_nr,
		.kernel = kernel->kernel ? kernel->kernel + skip : NULL,
		.kernel_nr = kernel->kernel_nr - skip,
		.user_cut = user->user_cut,
		.kernel_cut = kernel->kernel_cut,
		.user_lost = at.user && !user->user_nr,
		.kernel_lost = at.kernel && !kernel->kernel_nr,
	};
}

static uint64_t text_digest(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return hash_mix(h);
}

static uint64_t part_digest(uint64_t h, const struct span_frame *v, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		h = text_digest(h, v[i].name);
		h = text_digest(h, v[i].site);
		if (v[i].name[0])
			continue;
		h = text_digest(h, v[i].module);
		h = hash_mix(h ^ (v[i].module[0] ? v[i].off : v[i].addr));
	}
	return h;
}

uint64_t frames_digest(const struct span_stack *s)
{
	uint64_t flags = (uint64_t)s->user_cut | (uint64_t)s->kernel_cut << 1 |
			 (uint64_t)s->user_lost << 2 | (uint64_t)s->kernel_lost << 3;

	return part_digest(hash_mix(part_digest(flags, s->user, s->user_nr)), s->kernel,
			   s->kernel_nr);
}
