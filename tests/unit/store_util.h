/* SPDX-License-Identifier: MIT */
/* store_util.h - makes records and captures for the tests of user/store. */
#ifndef STORE_UTIL_H
#define STORE_UTIL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "ctrace/format.h"
#include "ctrace/wire.h"
#include "store/reader.h"
#include "store/writer.h"

#define STREAMS 3

static inline uint32_t rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Records of one stream, one behind the other, as they were given to the writer. */
struct recs {
	unsigned char *p;
	size_t n, cap, nr;
};

static inline void recs_add(struct recs *r, struct wire_hdr h, uint32_t *seed)
{
	if (r->n + h.len > r->cap) {
		r->cap = r->cap ? r->cap * 2 : 4096;
		r->p = realloc(r->p, r->cap);
	}
	for (size_t i = 0; i < h.len; i++)
		r->p[r->n + i] = (unsigned char)(seed ? rnd(seed) : 0);
	memcpy(r->p + r->n, &h, sizeof(h));
	r->n += h.len;
	r->nr++;
}

/* nr records of any length, in something like the order of time; some RAN with their OFFCPU. */
static inline void recs_random(struct recs *r, size_t nr, bool noise, uint32_t *seed)
{
	struct wire_hdr before = {0};
	uint64_t ts = 1000000;

	for (size_t i = 0; i < nr; i++) {
		struct wire_hdr h = {
			.len = (__u16)(16 + 8 * (rnd(seed) % (rnd(seed) % 50 ? 12 : 127))),
			.kind = (__u8)(1 + rnd(seed) % 17),
			.tid = 100 + rnd(seed) % 4,
			.ts = ts += rnd(seed) % 2000,
		};

		h.ts -= rnd(seed) % 500;
		if (before.kind == WIRE_RAN && rnd(seed) % 2) {
			h.kind = WIRE_OFFCPU;
			h.tid = before.tid;
			h.ts = before.ts;
		}
		recs_add(r, h, noise || i % 8 == 0 ? seed : NULL);
		for (size_t at = sizeof(struct wire_ran); h.kind == WIRE_RAN && at + 16 <= h.len;
		     at += 16) {
			uint32_t tid = 1 + rnd(seed) % 5, by[2] = {tid, 3 * tid};

			memcpy(r->p + r->n - h.len + at, by, sizeof(by));
		}
		before = h;
	}
}

static inline size_t rec_len(const unsigned char *p)
{
	struct wire_hdr h;

	memcpy(&h, p, sizeof(h));
	return h.len;
}

static inline struct writer_opts some_opts(int compress)
{
	return (struct writer_opts){
		.machine = 62,
		.streams = STREAMS,
		.cpus = 2,
		.start_ts = 1000,
		.start_unix_ns = 1700000000000000000,
		.clock_err_ns = 50,
		.compress = compress,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
	};
}

/* A file of its own in a folder of its own, which must_rm removes. */
struct tmp {
	char dir[64], path[128];
};

static inline void tmp_make(struct tmp *t)
{
	strcpy(t->dir, "/tmp/ctrace-test-XXXXXX");
	if (!mkdtemp(t->dir))
		abort();
	snprintf(t->path, sizeof(t->path), "%s/x", t->dir);
}

static inline void tmp_remove(struct tmp *t)
{
	unlink(t->path);
	rmdir(t->dir);
}

static inline unsigned char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	unsigned char *p = malloc(1 << 24);

	if (!f || !p)
		abort();
	*n = fread(p, 1, 1 << 24, f);
	fclose(f);
	return p;
}

/* The bytes as a file in memory; path is to be given to reader_open. */
struct memfile {
	int fd;
	char path[32];
};

static inline void memfile_make(struct memfile *m, const void *p, size_t n)
{
	m->fd = memfd_create("capture", MFD_CLOEXEC);
	if (m->fd < 0 || write(m->fd, p, n) != (ssize_t)n)
		abort();
	snprintf(m->path, sizeof(m->path), "/proc/self/fd/%d", m->fd);
}

/* Writes a capture with one of everything; recs, if not NULL, get their records from here. */
static inline int write_sample(const char *path, int compress, size_t nr, bool noise,
			       struct recs recs[STREAMS], struct err *err)
{
	static const struct writer_key meta[] = {{"host", "box"},
						 {"kernel", "Linux 6.18"},
						 {"command", "a\\b\nc=d"},
						 {"version", "0.1.0"}};
	static const struct writer_key process[] = {
		{"pid", "42"}, {"comm", "server"}, {"exe", "/usr/bin/server"}, {"threads", "3"}};
	static const struct format_loss losses[] = {
		{"ring_full", 7}, {"no_state", 0}, {"recursion", 2}};
	struct writer_opts opts = some_opts(compress);
	struct recs own[STREAMS] = {0};
	struct writer *w = NULL;
	uint32_t seed = 12345;
	int rc = writer_open(&w, path, &opts, err);

	recs = recs ? recs : own;
	if (!rc)
		rc = writer_text(w, FORMAT_META, meta, 4, err);
	for (uint32_t i = 0; !rc && i < STREAMS; i++) {
		recs_random(&recs[i], nr, noise, &seed);
		rc = writer_records(w, i, recs[i].p, recs[i].n, err);
	}
	if (!rc)
		rc = writer_text(w, FORMAT_PROCESS, process, 4, err);
	if (!rc)
		rc = writer_losses(w, losses, 3, err);
	if (!rc)
		rc = writer_clock(w, 5000000, 1700000000005000000, 60, err);
	if (!rc)
		rc = writer_close(w, 6000000, "duration", err);
	writer_free(w);
	for (int i = 0; i < STREAMS; i++)
		free(own[i].p);
	return rc;
}

/* What the file at path gives for one stream. Counts those that are not, in order, in want. */
struct drained {
	size_t nr, foreign;
	bool prefix; /* it is exactly the first nr of want */
};

static inline int drain_stream(struct reader *r, int stream, const struct recs *want,
			       struct drained *d, struct err *err)
{
	const struct source *s = reader_source(r);
	size_t at = 0;
	const void *rec;
	size_t len;
	int rc;

	*d = (struct drained){.prefix = true};
	while ((rc = s->next(s->ctx, stream, &rec, &len, err)) > 0) {
		size_t from = at;

		while (at < want->n &&
		       (rec_len(want->p + at) != len || memcmp(want->p + at, rec, len)))
			at += rec_len(want->p + at);
		if (at >= want->n) {
			d->foreign++;
			at = from;
			continue;
		}
		d->prefix = d->prefix && at == from;
		at += len;
		d->nr++;
	}
	return rc;
}

#endif
