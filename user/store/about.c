/* SPDX-License-Identifier: MIT */
/*
 * about.c - see about.h
 *
 * Invariant: every string in info is NUL-terminated and lives until about_release: it is a literal,
 * or stands in a text that was kept, or in a name that was cleaned here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/about.h"
#include "store/about_symbols.h"
#include "store/kv.h"
#include "store/tracer.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct about_text {
	struct about_text *next;
	unsigned char *p;
};

struct about_process {
	struct capture_process p;
	size_t seq; /* a later chunk for the same pid replaces an earlier */
};

/* --- text -------------------------------------------------------------------------------------*/

/* Takes buf's bytes over, to keep them as long as a. */
static int keep_text(struct about *a, struct chunk_buf *buf)
{
	struct about_text *t = malloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->p = buf->p;
	t->next = a->text;
	a->text = t;
	memset(buf, 0, sizeof(*buf));
	return 0;
}

static int take_meta(struct about *a, struct chunk_buf *buf)
{
	char *at = (char *)buf->p, *end = at + buf->n, *key, *value;
	int rc = keep_text(a, buf);

	while (!rc && (rc = kv_next(&at, end, &key, &value)) > 0) {
		rc = 0;
		if (tracer_line(&a->tracer, key, value)) {
			a->has_tracer = true;
			continue;
		}
		if (a->meta_nr == ABOUT_META_MAX)
			return 0;
		a->meta[a->meta_nr++] = (struct about_key){key, value};
	}
	return rc == -ENOMEM ? rc : rc == 0;
}

/* A decimal number and nothing else. */
static bool parse_u32(const char *s, uint32_t *out)
{
	uint64_t n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)n;
	return true;
}

static int add_process(struct about *a, const struct capture_process *p)
{
	struct about_process *bigger;
	size_t cap = a->processes_cap ? a->processes_cap * 2 : 16;

	if (a->processes_nr == a->processes_cap) {
		bigger = reallocarray(a->processes, cap, sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		a->processes = bigger;
		a->processes_cap = cap;
	}
	a->processes[a->processes_nr] = (struct about_process){*p, a->processes_nr};
	a->processes_nr++;
	return 0;
}

static int take_process(struct about *a, struct chunk_buf *buf)
{
	struct capture_process p = {.comm = "", .exe = "", .service = "", .resource = ""};
	char *at = (char *)buf->p, *end = at + buf->n, *key, *value;
	bool has_pid = false;
	int rc = keep_text(a, buf);

	while (!rc && (rc = kv_next(&at, end, &key, &value)) > 0) {
		if (!strcmp(key, "pid"))
			has_pid = parse_u32(value, &p.pid);
		else if (!strcmp(key, "comm"))
			p.comm = value;
		else if (!strcmp(key, "exe"))
			p.exe = value;
		else if (!strcmp(key, "service"))
			p.service = value;
		else if (!strcmp(key, "resource"))
			p.resource = value;
		else if (!strcmp(key, "threads") && !parse_u32(value, &p.threads))
			return 0;
		rc = 0;
	}
	if (!rc && has_pid)
		rc = add_process(a, &p);
	return rc == -ENOMEM ? rc : rc == 0 && has_pid;
}

static int take_symbols(struct about *a, struct chunk_buf *buf)
{
	char *at = (char *)buf->p, *end = at + buf->n;
	int rc = keep_text(a, buf);

	return rc ? rc : about_symbols_take(a, at, end);
}

/* --- numbers ----------------------------------------------------------------------------------*/

/* Names of losses become keys of a report: nothing but [a-z0-9_] gets into them. */
static void clean_name(char *to, const char *from, size_t n)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	n = strnlen(from, n);
	for (size_t i = 0; i < n; i++)
		to[i] = strchr(fine, from[i]) ? from[i] : '_';
	if (!n)
		to[n++] = '_';
	to[n] = '\0';
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static struct capture_loss *loss_named(struct about *a, const char *name)
{
	struct capture_loss *l = a->losses;

	for (; l < a->losses + a->info.losses_nr; l++) {
		if (!strcmp(l->name, name))
			return l;
	}
	return NULL;
}

/* Totals so far: they replace those of an earlier chunk. */
static int take_losses(struct about *a, struct chunk_buf *buf)
{
	struct format_loss from;

	if (buf->n % sizeof(from))
		return 0;
	a->info.losses_nr = 0;
	a->info.lost_total = 0;
	for (size_t off = 0; off < buf->n; off += sizeof(from)) {
		char *name = a->loss_names[a->info.losses_nr];
		struct capture_loss *l;

		memcpy(&from, buf->p + off, sizeof(from));
		if (!from.count)
			continue;
		clean_name(name, from.name, sizeof(from.name));
		l = loss_named(a, name);
		if (!l) {
			l = &a->losses[a->info.losses_nr++];
			*l = (struct capture_loss){.name = name};
		}
		l->count = add(l->count, from.count);
		a->info.lost_total = add(a->info.lost_total, from.count);
	}
	return 1;
}

static int take_clock(struct about *a, struct chunk_buf *buf)
{
	memcpy(&a->clock, buf->p, sizeof(a->clock));
	a->has_clock = true;
	return 1;
}

static int take_end(struct about *a, struct chunk_buf *buf)
{
	struct format_end end = {0};

	memcpy(&end, buf->p, buf->n < sizeof(end) ? buf->n : sizeof(end));
	a->info.stop_ts = end.stop_ts;
	memcpy(a->end_reason, end.reason, sizeof(end.reason));
	a->ended = true;
	return 1;
}

/* --- all --------------------------------------------------------------------------------------*/

/* Payloads may grow at their end in a later minor version, within reason. */
#define GROWN_MAX 4096

static const struct {
	int (*take)(struct about *a, struct chunk_buf *buf);
	uint32_t min, max;
} types[] = {
	[FORMAT_META] = {take_meta, 0, FORMAT_CHUNK_MAX},
	[FORMAT_PROCESS] = {take_process, 0, FORMAT_CHUNK_MAX},
	[FORMAT_LOSSES] = {take_losses, 0, ABOUT_LOSSES_MAX * sizeof(struct format_loss)},
	[FORMAT_CLOCK] = {take_clock, sizeof(struct format_clock), GROWN_MAX},
	[FORMAT_SYMBOLS] = {take_symbols, 0, FORMAT_CHUNK_MAX},
	[FORMAT_END] = {take_end, offsetof(struct format_end, index_off), GROWN_MAX},
};

static bool is_text(int type)
{
	return types[type].max == FORMAT_CHUNK_MAX;
}

int about_wants(const struct about *a, int type, uint32_t raw_sz)
{
	if (type < 0 || (size_t)type >= ARRAY_SIZE(types) || !types[type].take)
		return -ENOENT;
	if (is_text(type) && raw_sz > ABOUT_TEXT_MAX - a->text_n)
		return 0;
	return raw_sz >= types[type].min && raw_sz <= types[type].max;
}

int about_chunk(struct about *a, int type, struct chunk_buf *buf)
{
	if (is_text(type))
		a->text_n += buf->n;
	return types[type].take(a, buf);
}

const char *about_meta(const struct about *a, const char *key)
{
	for (size_t i = a->meta_nr; i-- > 0;) {
		if (!strcmp(a->meta[i].key, key))
			return a->meta[i].value;
	}
	return NULL;
}

static const char *meta_or_empty(const struct about *a, const char *key)
{
	const char *value = about_meta(a, key);

	return value ? value : "";
}

static int by_pid_then_seq(const void *va, const void *vb)
{
	const struct about_process *a = va, *b = vb;

	if (a->p.pid != b->p.pid)
		return a->p.pid < b->p.pid ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Sorted by pid, the last one for each. */
static int list_processes(struct about *a)
{
	size_t nr = 0;

	if (!a->processes_nr)
		return 0;
	a->listed = calloc(a->processes_nr, sizeof(*a->listed));
	if (!a->listed)
		return -ENOMEM;
	qsort(a->processes, a->processes_nr, sizeof(*a->processes), by_pid_then_seq);
	for (size_t i = 0; i < a->processes_nr; i++) {
		if (i && a->processes[i].p.pid == a->processes[i - 1].p.pid)
			nr--;
		a->listed[nr++] = a->processes[i].p;
	}
	a->info.processes = a->listed;
	a->info.processes_nr = nr;
	return 0;
}

int about_finish(struct about *a, uint64_t last_ts)
{
	a->info.host = meta_or_empty(a, "host");
	a->info.kernel = meta_or_empty(a, "kernel");
	a->info.command = meta_or_empty(a, "command");
	a->info.version = meta_or_empty(a, "version");
	a->info.id = meta_or_empty(a, "id");
	a->info.no_syscalls = !strcmp(meta_or_empty(a, "syscalls"), "0");
	a->info.no_irqs = strcmp(meta_or_empty(a, "irq"), "1") != 0;
	a->info.mark_sites = strtoull(meta_or_empty(a, "mark_sites"), NULL, 10);
	a->info.tracer = a->has_tracer ? &a->tracer : NULL;
	a->info.stacks = !strcmp(meta_or_empty(a, "stacks"), "1");
	/* Of a file that was cut, nobody has said it. */
	a->info.late_known = a->ended && *meta_or_empty(a, "late_ns");
	a->info.late_ns = strtoull(meta_or_empty(a, "late_ns"), NULL, 10);
	a->info.losses = a->losses;
	a->info.end_reason = a->end_reason;
	a->info.cut = !a->ended;
	if (!a->ended)
		a->info.stop_ts = last_ts;
	return about_symbols_finish(a) ? -ENOMEM : list_processes(a);
}

void about_release(struct about *a)
{
	while (a->text) {
		struct about_text *t = a->text;

		a->text = t->next;
		free(t->p);
		free(t);
	}
	free(a->processes);
	free(a->listed);
	free(a->symbols);
	free(a->listed_symbols);
	memset(a, 0, sizeof(*a));
}
