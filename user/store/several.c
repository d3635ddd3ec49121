/* SPDX-License-Identifier: MIT */
/*
 * several.c - see several.h. Invariant: what a record says that is 0, for "none", stays 0.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "ctrace/format.h"
#include "ctrace/wire.h"
#include "store/reader.h"
#include "store/relate.h"
#include "store/several.h"

/* The same boot: realtime less monotonic differs by no more, though the clock may be set. */
#define SAME_BOOT_NS 1000000000ll

struct member {
	struct reader *r;
	int first_stream;
	struct relate relate;
};

/* A record that was changed, until the next one of the same stream. */
struct room {
	_Alignas(8) unsigned char bytes[WIRE_REC_MAX];
};

struct several {
	struct member *members;
	size_t nr;
	int *part_of; /* stream -> member */
	struct room *rooms;
	struct source_part *parts;
	struct capture_part *said;
	struct capture_process *processes;
	struct capture_loss *losses;
	struct capture_symbol *symbols;
	struct capture_info info;
	struct source source;
};

/* --- clocks -------------------------------------------------------------------------------- */

static int64_t offset_of(uint64_t unix_ns, uint64_t ts)
{
	return (int64_t)(unix_ns - ts);
}

/* Realtime less monotonic in the middle of the capture, and how far it may be from that. */
static int64_t clock_of(const struct reader *r, uint64_t *err_ns)
{
	const struct capture_info *info = reader_info(r);
	const struct format_clock *end = reader_clock(r);
	int64_t at_start = offset_of(info->start_unix_ns, info->start_ts), drift;

	*err_ns = reader_clock_err(r);
	if (!end)
		return at_start;
	drift = offset_of(end->unix_ns, end->ts) - at_start;
	*err_ns += (uint64_t)llabs(drift / 2) + end->err_ns;
	return at_start + drift / 2;
}

static bool is_same_boot(const struct reader *a, const struct reader *b)
{
	const struct capture_info *x = reader_info(a), *y = reader_info(b);
	int64_t far =
		offset_of(x->start_unix_ns, x->start_ts) - offset_of(y->start_unix_ns, y->start_ts);

	return x->host[0] && !strcmp(x->host, y->host) && llabs(far) < SAME_BOOT_NS;
}

/* Puts member i into the frame of the first one; CPUs count from *cpus on. */
static void relate_member(struct several *s, size_t i, uint32_t *cpus)
{
	struct member *m = &s->members[i];
	struct capture_part *said = &s->said[i];
	const struct capture_info *info = reader_info(m->r);
	uint64_t err_first, err_here;
	size_t like = 0;

	while (like < i && !is_same_boot(s->members[like].r, m->r))
		like++;
	m->relate.pid_add = (uint32_t)i * SEVERAL_PIDS;
	m->relate.id_mix = i ? hash_mix(i) : 0;
	if (like < i) {
		m->relate.shift = s->members[like].relate.shift;
		m->relate.cpu_add = s->members[like].relate.cpu_add;
		said->clock_err_ns = s->said[like].clock_err_ns;
		said->same_clock = s->said[like].same_clock;
	} else {
		m->relate.cpu_add = *cpus;
		*cpus += info->cpus;
		said->same_clock = !i;
		if (i) {
			m->relate.shift =
				clock_of(m->r, &err_here) - clock_of(s->members[0].r, &err_first);
			said->clock_err_ns = err_here + err_first;
		}
	}
	said->host = info->host;
	said->kernel = info->kernel;
	said->pid_add = m->relate.pid_add;
	said->start_ts = relate_ts(&m->relate, info->start_ts);
	said->stop_ts = relate_ts(&m->relate, info->stop_ts);
	said->events = info->events;
	said->lost = info->lost_total;
	s->parts[i] = (struct source_part){said->start_ts, said->stop_ts, info->machine};
}

/* --- what they say of themselves ------------------------------------------------------------ */

static void add_losses(struct several *s, const struct capture_info *from)
{
	for (size_t i = 0; i < from->losses_nr; i++) {
		struct capture_loss *to = s->losses;

		while (to < s->losses + s->info.losses_nr && strcmp(to->name, from->losses[i].name))
			to++;
		if (to == s->losses + s->info.losses_nr) {
			*to = (struct capture_loss){.name = from->losses[i].name};
			s->info.losses_nr++;
		}
		to->count += from->losses[i].count;
	}
	s->info.lost_total += from->lost_total;
}

static void add_lists(struct several *s, const struct member *m, bool first)
{
	const struct capture_info *from = reader_info(m->r);

	for (size_t i = 0; i < from->processes_nr; i++) {
		struct capture_process *p = &s->processes[s->info.processes_nr++];

		*p = from->processes[i];
		p->pid += m->relate.pid_add;
	}
	/* N.B. The kernel's own symbols are those of the first. */
	for (size_t i = 0; i < from->symbols_nr; i++) {
		struct capture_symbol *sym = &s->symbols[s->info.symbols_nr];

		if (!from->symbols[i].pid && !first)
			continue;
		*sym = from->symbols[i];
		sym->pid += sym->pid ? m->relate.pid_add : 0;
		sym->from_ts = sym->from_ts ? relate_ts(&m->relate, sym->from_ts) : 0;
		s->info.symbols_nr++;
	}
	add_losses(s, from);
}

static const char *same(const char *a, const char *b)
{
	return strcmp(a, b) ? "" : a;
}

static void add_info(struct several *s, size_t i)
{
	const struct capture_info *from = reader_info(s->members[i].r);
	struct capture_info *to = &s->info;

	if (s->said[i].start_ts < to->start_ts)
		to->start_ts = s->said[i].start_ts;
	if (s->said[i].stop_ts > to->stop_ts)
		to->stop_ts = s->said[i].stop_ts;
	to->host = same(to->host, from->host);
	to->kernel = same(to->kernel, from->kernel);
	to->end_reason = same(to->end_reason, from->end_reason);
	to->command = same(to->command, from->command);
	to->version = same(to->version, from->version);
	to->events += from->events;
	to->cut |= from->cut;
	if (from->newer_minor > to->newer_minor) {
		to->newer_major = from->newer_major;
		to->newer_minor = from->newer_minor;
	}
	to->no_syscalls |= from->no_syscalls;
	to->stacks |= from->stacks;
	to->mark_sites += from->mark_sites;
	to->late_known &= from->late_known;
	if (from->late_ns > to->late_ns)
		to->late_ns = from->late_ns;
}

static int make_info(struct several *s)
{
	const struct capture_info *first = reader_info(s->members[0].r);
	size_t processes = 1, losses = 1, symbols = 1;
	uint32_t cpus = 0;

	for (size_t i = 0; i < s->nr; i++) {
		const struct capture_info *info = reader_info(s->members[i].r);

		processes += info->processes_nr;
		losses += info->losses_nr;
		symbols += info->symbols_nr;
		relate_member(s, i, &cpus);
	}
	s->processes = calloc(processes, sizeof(*s->processes));
	s->losses = calloc(losses, sizeof(*s->losses));
	s->symbols = calloc(symbols, sizeof(*s->symbols));
	if (!s->processes || !s->losses || !s->symbols)
		return -ENOMEM;
	s->info = *first;
	s->info.processes_nr = s->info.losses_nr = s->info.symbols_nr = 0;
	s->info.lost_total = s->info.events = s->info.mark_sites = 0;
	s->info.tracer = NULL;
	for (size_t i = 0; i < s->nr; i++) {
		add_info(s, i);
		add_lists(s, &s->members[i], !i);
	}
	s->info.cpus = cpus;
	s->info.processes = s->processes;
	s->info.losses = s->losses;
	s->info.symbols = s->symbols;
	s->info.parts = s->said;
	s->info.parts_nr = s->nr;
	s->info.start_unix_ns = first->start_unix_ns - (first->start_ts - s->info.start_ts);
	s->info.trace_start_ts = s->info.start_ts;
	s->info.trace_stop_ts = s->info.stop_ts;
	return 0;
}

/* --- the source ----------------------------------------------------------------------------- */

static int next_record(void *ctx, int stream, const void **rec, size_t *len, struct err *err)
{
	struct several *s = ctx;
	struct member *m = &s->members[s->part_of[stream]];
	const struct source *from = reader_source(m->r);
	int rc = from->next(from->ctx, stream - m->first_stream, rec, len, err);

	if (rc <= 0 || m == s->members || *len > WIRE_REC_MAX)
		return rc;
	memcpy(s->rooms[stream].bytes, *rec, *len);
	*rec = s->rooms[stream].bytes;
	relate_record(&m->relate, s->rooms[stream].bytes, *len);
	return rc;
}

static int make_source(struct several *s)
{
	int streams = 0;

	for (size_t i = 0; i < s->nr; i++) {
		s->members[i].first_stream = streams;
		streams += reader_source(s->members[i].r)->streams;
	}
	s->part_of = calloc((size_t)streams, sizeof(*s->part_of));
	s->rooms = calloc((size_t)streams, sizeof(*s->rooms));
	if (!s->part_of || !s->rooms)
		return -ENOMEM;
	for (size_t i = 0; i < s->nr; i++)
		for (int k = 0; k < reader_source(s->members[i].r)->streams; k++)
			s->part_of[s->members[i].first_stream + k] = (int)i;
	s->source = (struct source){.ctx = s,
				    .streams = streams,
				    .next = next_record,
				    .parts = s->parts,
				    .parts_nr = (int)s->nr,
				    .part_of = s->part_of};
	return 0;
}

/* --- life ----------------------------------------------------------------------------------- */

static int open_all(struct several *s, const char *const *paths, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->nr && !rc; i++)
		rc = reader_open(&s->members[i].r, paths[i], err);
	for (size_t i = 0; i < s->nr && !rc; i++)
		for (size_t k = 0; k < i && !rc; k++)
			if (reader_is_same(s->members[i].r, s->members[k].r))
				rc = err_set(err, -EINVAL, "%s and %s are the same capture",
					     paths[k], paths[i]);
	return rc;
}

int several_open(struct several **out, const char *const *paths, size_t nr, struct err *err)
{
	struct several *s = nr && nr <= SEVERAL_MAX ? calloc(1, sizeof(*s)) : NULL;
	int rc = 0;

	if (!nr || nr > SEVERAL_MAX)
		return err_set(err, -E2BIG, "at most %d captures can be put together", SEVERAL_MAX);
	if (s) {
		s->nr = nr;
		s->members = calloc(nr, sizeof(*s->members));
		s->parts = calloc(nr, sizeof(*s->parts));
		s->said = calloc(nr, sizeof(*s->said));
	}
	if (!s || !s->members || !s->parts || !s->said)
		rc = err_set(err, -ENOMEM, "not enough memory to read %zu captures", nr);
	if (!rc)
		rc = open_all(s, paths, err);
	if (!rc && (make_info(s) || make_source(s)))
		rc = err_set(err, -ENOMEM, "not enough memory to read %zu captures", nr);
	if (rc)
		several_free(s);
	else
		*out = s;
	return rc;
}

const struct capture_info *several_info(const struct several *s)
{
	return &s->info;
}

const struct source *several_source(struct several *s)
{
	return &s->source;
}

struct several_damage several_damage(const struct several *s)
{
	struct several_damage d = {0};

	for (size_t i = 0; i < s->nr; i++) {
		const struct reader *r = s->members[i].r;

		d.cut_bytes += reader_cut_bytes(r);
		d.skipped_bytes += reader_skipped_bytes(r);
		d.bad_chunks += reader_bad_chunks(r);
		d.unknown_chunks += reader_unknown_chunks(r);
		d.bad_records += reader_bad_records(r);
	}
	return d;
}

void several_free(struct several *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->members && i < s->nr; i++)
		reader_free(s->members[i].r);
	free(s->members);
	free(s->part_of);
	free(s->rooms);
	free(s->parts);
	free(s->said);
	free(s->processes);
	free(s->losses);
	free(s->symbols);
	free(s);
}
