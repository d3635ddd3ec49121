/* SPDX-License-Identifier: MIT */
/*
 * writer.c - see writer.h
 *
 * Records wait in one buffer per stream until they make a chunk, so memory is streams times
 * CHUNK_SZ. Each chunk is one write, straight from that buffer: the chunk's header is filled in
 * right in front of its payload.
 *
 * Invariant: `bytes` is the length of the file up to its last whole chunk; a write that failed
 * half way is cut back to it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "ctrace/format.h"
#include "ctrace/wire.h"
#include "store/create.h"
#include "store/kv.h"
#include "store/pack.h"
#include "store/toc.h"
#include "store/writer.h"

#define CHUNK_SZ (256u << 10) /* of records: twice as much takes 3 % less on disk */
#define HDR_SZ	 sizeof(struct format_chunk)

_Static_assert(CHUNK_SZ <= FORMAT_CHUNK_MAX && CHUNK_SZ >= WIRE_REC_MAX, "CHUNK_SZ");

struct pending {
	unsigned char *buf; /* HDR_SZ, then CHUNK_SZ of records; NULL until the first record */
	size_t n;	    /* bytes of records */
	uint32_t records;
	uint64_t min_ts, max_ts, reach_ts;
	uint64_t latest_ts; /* of all records of the stream so far */
};

/* How late a name or a loss may come to be put in its place: others do not wait longer for it. */
#define NAMES_LATE_MAX 400000000ull

struct writer {
	int fd; /* -1: complete */
	char *path;
	struct err failed; /* the first failed write; every later call fails with it */
	uint32_t streams;
	struct pending *pending;
	unsigned char *scratch; /* HDR_SZ + CHUNK_SZ: any payload but records */
	struct pack pack;
	struct pending names; /* copies of records that later ones rely on */
	struct toc toc;
	uint64_t bytes, count;
	uint64_t late_ns; /* the most that a record came behind a later one of its stream */
	struct {
		uint64_t count, bytes;
	} kinds[WIRE_KINDS_MAX]; /* [0]: of those that are not known */
};

/* --- the file ---------------------------------------------------------------------------------*/

static int write_all(int fd, const unsigned char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return -ENOSPC;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Whole or not at all: after a failure, what is on disk ends with the last whole chunk. */
static int put_bytes(struct writer *w, const void *p, size_t n, struct err *err)
{
	int rc = write_all(w->fd, p, n);

	if (!rc) {
		w->bytes += n;
		return 0;
	}
	if (ftruncate(w->fd, (off_t)w->bytes) < 0) {
		/* The reader finds a part of a chunk there, and leaves it out. */
	}
	err_set(&w->failed, rc, "cannot write %s: %s; what was captured until then is in it",
		w->path, strerror(-rc));
	if (err)
		*err = w->failed;
	return rc;
}

/* buf: HDR_SZ bytes of room, then the payload of c->stored_sz bytes. reach_ts: of records. */
static int put_chunk(struct writer *w, unsigned char *buf, struct format_chunk c, uint64_t reach_ts,
		     struct err *err)
{
	if (c.type != FORMAT_INDEX && c.type != FORMAT_END &&
	    toc_add(&w->toc, &c, w->bytes, reach_ts))
		return err_set(err, -ENOMEM, "no memory to write %s", w->path);
	c.magic = FORMAT_CHUNK_MAGIC;
	c.payload_crc = (uint32_t)crc32(0, buf + HDR_SZ, c.stored_sz);
	c.header_crc =
		(uint32_t)crc32(0, (const Bytef *)&c, offsetof(struct format_chunk, header_crc));
	memcpy(buf, &c, HDR_SZ);
	return put_bytes(w, buf, HDR_SZ + c.stored_sz, err);
}

/* A chunk of n bytes that stand in scratch behind the room for the header. */
static int put_scratch(struct writer *w, int type, size_t n, struct err *err)
{
	struct format_chunk c = {
		.type = (uint16_t)type,
		.stored_sz = (uint32_t)n,
		.raw_sz = (uint32_t)n,
	};

	return put_chunk(w, w->scratch, c, 0, err);
}

static int usable(const struct writer *w, struct err *err)
{
	if (w->failed.code) {
		if (err)
			*err = w->failed;
		return w->failed.code;
	}
	if (w->fd < 0)
		return err_set(err, -EBADF, "the capture %s is already complete", w->path);
	return 0;
}

/* --- open -------------------------------------------------------------------------------------*/

static int put_file_header(struct writer *w, const struct writer_opts *opts, struct err *err)
{
	struct format_file h = {
		.magic = FORMAT_MAGIC,
		.major = FORMAT_MAJOR,
		.minor = FORMAT_MINOR,
		.header_sz = sizeof(h),
		.machine = opts->machine,
		.streams = opts->streams,
		.cpus = opts->cpus,
		.start_ts = opts->start_ts,
		.start_unix_ns = opts->start_unix_ns,
		.clock_err_ns = opts->clock_err_ns,
	};

	h.crc = (uint32_t)crc32(0, (const Bytef *)&h, offsetof(struct format_file, crc));
	return put_bytes(w, &h, sizeof(h), err);
}

static int allocate(struct writer *w, const char *path, int level)
{
	w->path = strdup(path);
	w->pending = calloc(w->streams, sizeof(*w->pending));
	w->scratch = malloc(HDR_SZ + CHUNK_SZ);
	if (!w->path || !w->pending || !w->scratch)
		return -ENOMEM;
	return pack_init(&w->pack, level, HDR_SZ, CHUNK_SZ);
}

int writer_open(struct writer **out, const char *path, const struct writer_opts *opts,
		struct err *err)
{
	struct writer *w;
	int rc;

	if (!opts->streams || opts->streams > FORMAT_STREAMS_MAX || opts->compress < -1 ||
	    opts->compress > 9)
		return err_set(err, -EINVAL, "a capture has 1 to %d streams and level -1 to 9",
			       FORMAT_STREAMS_MAX);
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, -ENOMEM, "no memory to write %s", path);
	w->fd = -1;
	w->streams = opts->streams;
	rc = allocate(w, path, opts->compress);
	if (rc) {
		err_set(err, rc, "no memory to write %s", path);
		goto cleanup;
	}
	rc = create_file(path, opts->force, opts->uid, opts->gid, err);
	if (rc < 0)
		goto cleanup;
	w->fd = rc;
	rc = put_file_header(w, opts, err);
	if (rc) {
		err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
		unlink(path);
		goto cleanup;
	}
	*out = w;
	return 0;
cleanup:
	writer_free(w);
	return rc;
}

/* --- records ----------------------------------------------------------------------------------*/

static struct wire_hdr header_at(const unsigned char *p)
{
	struct wire_hdr h;

	memcpy(&h, p, sizeof(h));
	return h;
}

static int check_records(const unsigned char *p, size_t n, struct err *err)
{
	for (size_t at = 0; at < n;) {
		size_t len = n - at < sizeof(struct wire_hdr) ? 0 : header_at(p + at).len;

		if (len < sizeof(struct wire_hdr) || len % WIRE_ALIGN || len > WIRE_REC_MAX ||
		    len > n - at)
			return err_set(err, -EINVAL, "no whole record at byte %zu of %zu", at, n);
		at += len;
	}
	return 0;
}

static void note_record(struct pending *to, const unsigned char *rec, const struct wire_hdr *h)
{
	uint64_t reach = toc_reach(rec);

	if (!to->records || h->ts < to->min_ts)
		to->min_ts = h->ts;
	if (!to->records || h->ts > to->max_ts)
		to->max_ts = h->ts;
	if (!to->records || reach < to->reach_ts)
		to->reach_ts = reach;
	to->records++;
}

/* How far a reader has to look ahead for records that belong before those it has. */
static void note_lateness(struct writer *w, struct pending *to, const unsigned char *rec,
			  const struct wire_hdr *h)
{
	const bool tells_of_before = h->kind == WIRE_LOST || h->kind == WIRE_RESOURCE;
	uint64_t ts = h->kind == WIRE_LOST ? toc_reach(rec) : h->ts, late;

	if (ts > to->latest_ts)
		to->latest_ts = ts;
	late = to->latest_ts - ts;
	if (tells_of_before && late > NAMES_LATE_MAX)
		late = NAMES_LATE_MAX;
	if (late > w->late_ns)
		w->late_ns = late;
}

/* Takes as many of the records at p as the chunk still has room for. Returns their bytes. */
static size_t take_records(struct writer *w, struct pending *to, const unsigned char *p, size_t n)
{
	const size_t room = CHUNK_SZ - to->n;
	size_t taken = 0;

	while (taken < n) {
		struct wire_hdr h = header_at(p + taken);
		const unsigned int row = h.kind < WIRE_KINDS_MAX ? h.kind : 0;

		if (h.len > room - taken)
			break;
		w->kinds[row].count++;
		w->kinds[row].bytes += h.len;
		note_record(to, p + taken, &h);
		note_lateness(w, to, p + taken, &h);
		taken += h.len;
	}
	memcpy(to->buf + HDR_SZ + to->n, p, taken);
	to->n += taken;
	return taken;
}

static int flush_pending(struct writer *w, struct pending *p, uint16_t type, uint32_t stream,
			 struct err *err)
{
	struct format_chunk c = {
		.type = type,
		.stream = stream,
		.stored_sz = (uint32_t)p->n,
		.raw_sz = (uint32_t)p->n,
		.records = p->records,
		.min_ts = p->min_ts,
		.max_ts = p->max_ts,
	};
	unsigned char *payload;

	if (!p->n)
		return 0;
	payload = pack_records(&w->pack, p->buf, &c);
	p->n = 0;
	p->records = 0;
	return put_chunk(w, payload, c, p->reach_ts, err);
}

static int flush_stream(struct writer *w, uint32_t stream, struct err *err)
{
	return flush_pending(w, &w->pending[stream], FORMAT_RECORDS, stream, err);
}

static int need_room(struct writer *w, struct pending *p, struct err *err)
{
	if (!p->buf && !(p->buf = malloc(HDR_SZ + CHUNK_SZ)))
		return err_set(err, -ENOMEM, "no memory to write %s", w->path);
	return 0;
}

/* Copies of those of the records at p that later ones rely on. */
static int take_names(struct writer *w, const unsigned char *p, size_t n, struct err *err)
{
	struct pending *to = &w->names;
	int rc = need_room(w, to, err);

	for (size_t at = 0; at < n && !rc;) {
		struct wire_hdr h = header_at(p + at);

		if (toc_is_name(&h)) {
			if (h.len > CHUNK_SZ - to->n)
				rc = flush_pending(w, to, FORMAT_NAMES, 0, err);
			memcpy(to->buf + HDR_SZ + to->n, p + at, h.len);
			to->n += h.len;
			note_record(to, p + at, &h);
		}
		at += h.len;
	}
	return rc;
}

int writer_records(struct writer *w, uint32_t stream, const void *bytes, size_t n, struct err *err)
{
	const unsigned char *p = bytes;
	struct pending *to;
	int rc = usable(w, err);

	if (rc)
		return rc;
	if (stream >= w->streams)
		return err_set(err, -EINVAL, "no stream %u in a capture of %u", stream, w->streams);
	rc = check_records(p, n, err);
	if (rc)
		return rc;
	to = &w->pending[stream];
	rc = need_room(w, to, err);
	if (!rc)
		rc = take_names(w, p, n, err);
	if (rc)
		return rc;
	while (n) {
		uint32_t before = to->records;
		size_t taken = take_records(w, to, p, n);

		w->count += to->records - before;
		p += taken;
		n -= taken;
		rc = n ? flush_stream(w, stream, err) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

int writer_flush(struct writer *w, struct err *err)
{
	int rc = usable(w, err);

	for (uint32_t i = 0; !rc && i < w->streams; i++)
		rc = flush_stream(w, i, err);
	return rc;
}

/* --- everything else --------------------------------------------------------------------------*/

int writer_text(struct writer *w, int type, const struct writer_key *keys, size_t nr,
		struct err *err)
{
	char *text = (char *)w->scratch + HDR_SZ;
	size_t n = 0;
	int rc = usable(w, err);

	if (rc)
		return rc;
	if (type != FORMAT_META && type != FORMAT_PROCESS && type != FORMAT_SYMBOLS)
		return err_set(err, -EINVAL, "chunks of type %d hold no text", type);
	for (size_t i = 0; i < nr; i++) {
		size_t line = kv_put(text + n, CHUNK_SZ - n, keys[i].key, keys[i].value);

		if (!line)
			return err_set(err, -EINVAL, "'%s' is no key", keys[i].key);
		if (line > CHUNK_SZ - n)
			return err_set(err, -E2BIG, "the value of %s is too long", keys[i].key);
		n += line;
	}
	return put_scratch(w, type, n, err);
}

int writer_losses(struct writer *w, const struct format_loss *v, size_t nr, struct err *err)
{
	int rc = usable(w, err);

	if (rc)
		return rc;
	if (nr > CHUNK_SZ / sizeof(*v))
		return err_set(err, -E2BIG, "%zu reasons of loss are too many", nr);
	memcpy(w->scratch + HDR_SZ, v, nr * sizeof(*v));
	return put_scratch(w, FORMAT_LOSSES, nr * sizeof(*v), err);
}

int writer_clock(struct writer *w, uint64_t ts, uint64_t unix_ns, uint64_t err_ns, struct err *err)
{
	struct format_clock clock = {.ts = ts, .unix_ns = unix_ns, .err_ns = err_ns};
	int rc = usable(w, err);

	if (rc)
		return rc;
	memcpy(w->scratch + HDR_SZ, &clock, sizeof(clock));
	return put_scratch(w, FORMAT_CLOCK, sizeof(clock), err);
}

static int put_table(struct writer *w, struct err *err)
{
	const size_t most = CHUNK_SZ / sizeof(*w->toc.v);
	int rc = 0;

	for (size_t i = 0, nr; i < w->toc.nr && !rc; i += nr) {
		nr = w->toc.nr - i < most ? w->toc.nr - i : most;
		memcpy(w->scratch + HDR_SZ, &w->toc.v[i], nr * sizeof(*w->toc.v));
		rc = put_scratch(w, FORMAT_INDEX, nr * sizeof(*w->toc.v), err);
	}
	return rc;
}

int writer_close(struct writer *w, uint64_t stop_ts, const char *reason, struct err *err)
{
	struct format_end end = {.stop_ts = stop_ts, .records = w->count};
	char late[24];
	const struct writer_key meta = {"late_ns", late};
	int rc = writer_flush(w, err);

	snprintf(late, sizeof(late), "%" PRIu64, w->late_ns);
	if (!rc)
		rc = writer_text(w, FORMAT_META, &meta, 1, err);
	if (!rc)
		rc = flush_pending(w, &w->names, FORMAT_NAMES, 0, err);
	end.index_off = w->toc.nr ? w->bytes : 0;
	if (!rc)
		rc = put_table(w, err);
	if (rc)
		return rc;
	memcpy(end.reason, reason, strnlen(reason, sizeof(end.reason) - 1));
	memcpy(w->scratch + HDR_SZ, &end, sizeof(end));
	rc = put_scratch(w, FORMAT_END, sizeof(end), err);
	if (rc)
		return rc;
	/* A network file system may say only now that it had no room. */
	rc = close(w->fd) < 0 && errno != EINTR ? -errno : 0;
	w->fd = -1;
	if (rc) {
		err_set(&w->failed, rc, "cannot write %s: %s", w->path, strerror(-rc));
		if (err)
			*err = w->failed;
	}
	return rc;
}

struct writer_kind writer_kind(const struct writer *w, unsigned int kind)
{
	return (struct writer_kind){w->kinds[kind].count, w->kinds[kind].bytes,
				    w->pack.stored[kind]};
}

uint64_t writer_bytes(const struct writer *w)
{
	return w->bytes;
}

uint64_t writer_count(const struct writer *w)
{
	return w->count;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	pack_release(&w->pack);
	for (uint32_t i = 0; w->pending && i < w->streams; i++)
		free(w->pending[i].buf);
	free(w->pending);
	free(w->names.buf);
	toc_release(&w->toc);
	free(w->scratch);
	free(w->path);
	free(w);
}
