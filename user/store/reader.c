/* SPDX-License-Identifier: MIT */
/*
 * reader.c - see reader.h
 *
 * The chunk headers are walked once, to index the chunks of each stream and to take in what is
 * not a record; then each stream has a cursor that holds one decoded chunk, while a thread decodes
 * the next.
 *
 * Invariant: what source.next gives out is a record of its stream as it was written, with a length
 * that was checked, and comes in the order in which it was written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/human.h"
#include "ctrace/format.h"
#include "ctrace/wire.h"
#include "store/about.h"
#include "store/ahead.h"
#include "store/chunks.h"
#include "store/reader.h"
#include "store/toc.h"

struct cursor {
	struct chunk_ref *chunks; /* in the order of the file */
	size_t chunks_nr, chunks_cap;
	size_t next;	      /* chunk that nobody has asked for yet */
	bool asked;	      /* the one before it is being read */
	struct chunk_buf buf; /* the chunk that is being read … */
	size_t at;	      /* … and how far it is */
};

struct reader {
	int fd;
	char *path;
	struct chunks chunks;
	struct ahead *ahead; /* from the first record on; NULL: chunks reads them */
	struct about about;
	struct cursor *streams;
	int streams_nr;
	struct cursor names; /* a stream of its own, behind the others, if there is a window */
	bool begun;	     /* to read records */
	bool windowed;
	uint64_t from_ts, to_ts; /* the window */
	struct source source;
	uint64_t clock_err_ns;
	uint64_t last_ts; /* the highest of all record chunks */
	uint64_t bad_chunks, unknown_chunks, bad_records;
};

/* --- the file's header ------------------------------------------------------------------------*/

/* Opening some devices has effects, and opening a FIFO waits: so it is asked first. */
static int open_file(struct reader *r, uint64_t *size, struct err *err)
{
	struct stat st;

	if (stat(r->path, &st) < 0)
		return err_set(err, -errno, "cannot open %s: %s", r->path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "cannot read %s: it is a directory", r->path);
	if (S_ISREG(st.st_mode)) {
		r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (r->fd < 0 || fstat(r->fd, &st) < 0)
			return err_set(err, -errno, "cannot open %s: %s", r->path, strerror(errno));
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "cannot read %s: it is not a regular file", r->path);
	*size = (uint64_t)st.st_size;
	return 0;
}

/* What an FTP or mail transfer "as text" makes of the magic's line end. */
static bool line_ends_changed(const char *magic)
{
	static const char *const made[] = {"CTRACE\n", "CTRACE\r\r"};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		if (!strncmp(magic, made[i], strnlen(made[i], sizeof(FORMAT_MAGIC) - 1)))
			return true;
	}
	return false;
}

static int check_header(const struct reader *r, const struct format_file *h, uint64_t size,
			struct err *err)
{
	const size_t whole = size < sizeof(*h) ? size : sizeof(*h);
	const size_t magic_n = whole < sizeof(h->magic) ? whole : sizeof(h->magic);

	if (!size)
		return err_set(err, -ENODATA, "%s is empty", r->path);
	if (memcmp(h->magic, FORMAT_MAGIC, magic_n)) {
		if (line_ends_changed(h->magic))
			return err_set(err, -EBADMSG,
				       "the line ends in %s were changed by a transfer as "
				       "text: copy it again, as binary",
				       r->path);
		return err_set(err, -EBADMSG, "%s is not a ctrace-bpf capture", r->path);
	}
	if (whole < sizeof(*h))
		return err_set(err, -ENODATA,
			       "%s is cut inside its header: nothing in it can be read", r->path);
	if (h->major > FORMAT_MAJOR)
		return err_set(err, -EPROTO,
			       "%s was written by a newer ctrace-bpf (format %u): this one "
			       "reads %u",
			       r->path, h->major, FORMAT_MAJOR);
	if (h->major < FORMAT_MAJOR)
		return err_set(err, -EPROTO, "%s has format %u: this ctrace-bpf reads %u", r->path,
			       h->major, FORMAT_MAJOR);
	if (h->crc != crc32(0, (const Bytef *)h, offsetof(struct format_file, crc)))
		return err_set(err, -EBADMSG, "the header of %s is damaged: its checksum is wrong",
			       r->path);
	if (h->header_sz < sizeof(*h) || !h->streams || h->streams > FORMAT_STREAMS_MAX)
		return err_set(err, -EBADMSG,
			       "the header of %s says %u bytes and %u streams: that cannot be",
			       r->path, h->header_sz, h->streams);
	if (h->header_sz > size)
		return err_set(err, -ENODATA,
			       "%s is cut inside its header: nothing in it can be read", r->path);
	return 0;
}

static int read_header(struct reader *r, struct format_file *h, uint64_t size, struct err *err)
{
	ssize_t got;

	memset(h, 0, sizeof(*h));
	do
		got = pread(r->fd, h, sizeof(*h), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_set(err, -errno, "cannot read %s: %s", r->path, strerror(errno));
	return check_header(r, h, (size_t)got < sizeof(*h) ? (uint64_t)got : size, err);
}

/* --- the walk ---------------------------------------------------------------------------------*/

static int index_chunk(struct reader *r, const struct format_chunk *h, const struct chunk_ref *ref,
		       struct err *err)
{
	struct cursor *c;

	if (h->stream >= (uint32_t)r->streams_nr || h->max_ts < h->min_ts || !h->records ||
	    h->records > h->raw_sz / sizeof(struct wire_hdr)) {
		r->bad_chunks++;
		return 0;
	}
	c = h->type == FORMAT_NAMES ? &r->names : &r->streams[h->stream];
	if (c->chunks_nr == c->chunks_cap) {
		size_t cap = c->chunks_cap ? c->chunks_cap * 2 : 16;
		struct chunk_ref *bigger = reallocarray(c->chunks, cap, sizeof(*bigger));

		if (!bigger)
			return err_set(err, -ENOMEM, "no memory to read %s", r->path);
		c->chunks = bigger;
		c->chunks_cap = cap;
	}
	c->chunks[c->chunks_nr++] = *ref;
	if (h->type == FORMAT_NAMES)
		return 0;
	r->about.info.events += h->records;
	if (h->max_ts > r->last_ts)
		r->last_ts = h->max_ts;
	return 0;
}

static int take_chunk(struct reader *r, int type, const struct chunk_ref *ref, struct err *err)
{
	struct chunk_buf buf = {0};
	int rc = about_wants(&r->about, type, ref->raw_sz);

	if (rc < 0) {
		r->unknown_chunks++;
		return 0;
	}
	if (rc)
		rc = chunks_payload(&r->chunks, ref, &buf, err);
	if (rc > 0) {
		rc = about_chunk(&r->about, type, &buf);
		if (rc < 0)
			err_set(err, rc, "no memory to read %s", r->path);
	}
	free(buf.p);
	if (!rc)
		r->bad_chunks++;
	return rc < 0 ? rc : 0;
}

/* One that is not needed: only whether it is sound. */
static int check_chunk(struct reader *r, const struct chunk_ref *ref, struct err *err)
{
	struct chunk_buf buf = {0};
	int rc = chunks_payload(&r->chunks, ref, &buf, err);

	free(buf.p);
	r->bad_chunks += !rc;
	return rc < 0 ? rc : 0;
}

static int found_chunk(struct reader *r, const struct format_chunk *h, const struct chunk_ref *ref,
		       struct err *err)
{
	if (h->flags & ~CHUNKS_FLAGS) {
		r->unknown_chunks++; /* coded in a way that a later version has added */
		return 0;
	}
	if (h->type == FORMAT_INDEX || (h->type == FORMAT_NAMES && !r->windowed))
		return check_chunk(r, ref, err);
	if (h->type == FORMAT_NAMES)
		return index_chunk(r, h, ref, err);
	if (h->type == FORMAT_RECORDS)
		return index_chunk(r, h, ref, err);
	return take_chunk(r, h->type, ref, err);
}

static int walk(struct reader *r, struct err *err)
{
	struct format_chunk h;
	struct chunk_ref ref;
	int rc;

	while ((rc = chunks_next(&r->chunks, &h, &ref, err)) > 0) {
		rc = found_chunk(r, &h, &ref, err);
		if (rc < 0)
			return rc;
	}
	r->bad_chunks += r->chunks.gaps;
	return rc;
}

static bool is_wanted(const struct reader *r, const struct format_entry *e)
{
	switch (e->type) {
	case FORMAT_RECORDS:
		return toc_overlaps(e, r->from_ts, r->to_ts);
	case FORMAT_NAMES:
		return e->min_ts < r->from_ts;
	default:
		return true;
	}
}

/* The chunk whose header the table says is there. Returns 0 or -errno. */
static int take_at(struct reader *r, uint64_t off, struct err *err)
{
	struct chunks *c = &r->chunks;
	struct format_chunk h;
	struct chunk_ref ref;
	int rc = 0;

	if (off < c->size) {
		c->at = off;
		rc = chunks_next(c, &h, &ref, err);
	}
	if (rc > 0 && ref.off == off + sizeof(h))
		return found_chunk(r, &h, &ref, err);
	r->bad_chunks += !rc || !c->gaps;
	return rc < 0 ? rc : 0;
}

/* Only what the window needs. Returns 1, 0 if the file has no table, or -errno. */
static int walk_window(struct reader *r, struct err *err)
{
	const uint64_t first = r->chunks.at;
	struct toc toc = {0};
	int rc = toc_read(&toc, &r->chunks, err);

	if (rc > 0) {
		rc = 0;
		for (size_t i = 0; i < toc.nr && !rc; i++)
			if (is_wanted(r, &toc.v[i]))
				rc = take_at(r, toc.v[i].off, err);
		if (!rc)
			rc = take_at(r,
				     r->chunks.size - sizeof(struct format_chunk) -
					     sizeof(struct format_end),
				     err);
		r->bad_chunks += r->chunks.gaps;
		rc = rc ? rc : 1;
	} else {
		/* What was found where the table was sought says nothing of the file. */
		r->chunks.gaps = r->chunks.skipped = r->chunks.cut = 0;
		r->chunks.at = first;
	}
	toc_release(&toc);
	return rc;
}

/* --- the source -------------------------------------------------------------------------------*/

static void ask(struct reader *r, int stream, struct cursor *c)
{
	c->asked = c->next < c->chunks_nr;
	if (c->asked)
		ahead_ask(r->ahead, stream, &c->chunks[c->next++]);
}

/* Of a stream that has one. Returns as chunks_payload. */
static int load(struct reader *r, int stream, struct cursor *c, struct err *err)
{
	int rc;

	if (!r->ahead && !r->begun)
		r->ahead = ahead_new(r->fd, r->path, r->chunks.size, r->source.streams);
	r->begun = true;
	if (!r->ahead)
		return chunks_payload(&r->chunks, &c->chunks[c->next++], &c->buf, err);
	if (!c->asked)
		ask(r, stream, c);
	rc = ahead_take(r->ahead, stream, &c->buf, err);
	ask(r, stream, c);
	return rc;
}

/* Gets the stream's next chunk that is sound. Returns 1, 0 at the end, or -errno. */
static int next_chunk(struct reader *r, int stream, struct cursor *c, struct err *err)
{
	c->at = 0;
	while (c->asked || c->next < c->chunks_nr) {
		int rc = load(r, stream, c, err);

		if (rc)
			return rc;
		r->bad_chunks++;
	}
	free(c->buf.p);
	memset(&c->buf, 0, sizeof(c->buf));
	return 0;
}

static int next_record(void *ctx, int stream, const void **rec, size_t *len, struct err *err)
{
	struct reader *r = ctx;
	struct cursor *c = stream < r->streams_nr ? &r->streams[stream] : &r->names;

	for (;;) {
		const size_t left = c->buf.n - c->at;
		int rc;

		if (left >= sizeof(struct wire_hdr)) {
			const struct wire_hdr *h = (const void *)(c->buf.p + c->at);

			if (h->len >= sizeof(*h) && h->len <= WIRE_REC_MAX && h->len <= left &&
			    h->len % WIRE_ALIGN == 0) {
				c->at += h->len;
				/* From there on, the streams themselves are read. */
				if (c == &r->names && h->ts >= r->from_ts)
					continue;
				*rec = h;
				*len = h->len;
				return 1;
			}
		}
		if (left)
			r->bad_records++;
		rc = next_chunk(r, stream, c, err);
		if (rc <= 0)
			return rc;
	}
}

/* --- life -------------------------------------------------------------------------------------*/

static uint64_t later(uint64_t ts, uint64_t ns)
{
	return ns < UINT64_MAX - ts ? ts + ns : UINT64_MAX;
}

/* What is said of the trace becomes what is said of its window. */
static int narrow(struct reader *r, const struct reader_window *w, struct err *err)
{
	struct capture_info *info = &r->about.info;
	char ns[HUMAN_SZ];

	info->trace_start_ts = info->start_ts;
	info->trace_stop_ts = info->stop_ts;
	if (!w)
		return 0;
	if (r->from_ts >= info->stop_ts) {
		human_ns(ns, info->stop_ts - info->start_ts);
		return err_set(err, -ERANGE, "%s is over after %s: nothing is in that window",
			       r->path, ns);
	}
	info->window = true;
	info->start_ts = r->from_ts;
	info->start_unix_ns += w->from_ns;
	if (r->to_ts < info->stop_ts)
		info->stop_ts = r->to_ts;
	return 0;
}

static int set_up(struct reader *r, const struct format_file *h, const struct reader_window *w,
		  struct err *err)
{
	r->streams = calloc(h->streams, sizeof(*r->streams));
	if (!r->streams)
		return err_set(err, -ENOMEM, "no memory to read %s", r->path);
	r->streams_nr = (int)h->streams;
	r->source = (struct source){.ctx = r, .streams = r->streams_nr, .next = next_record};
	r->about.info.machine = h->machine;
	if (h->minor > FORMAT_MINOR) {
		r->about.info.newer_major = h->major;
		r->about.info.newer_minor = h->minor;
	}
	r->about.info.cpus = h->cpus;
	r->about.info.start_ts = h->start_ts;
	r->about.info.start_unix_ns = h->start_unix_ns;
	r->last_ts = h->start_ts;
	r->clock_err_ns = h->clock_err_ns;
	if (w) {
		r->windowed = true;
		r->source.streams++;
		r->from_ts = later(h->start_ts, w->from_ns);
		r->to_ts = later(h->start_ts, w->to_ns);
	}
	return 0;
}

static int read_all(struct reader *r, const struct reader_window *w, struct err *err)
{
	struct format_file h;
	uint64_t size = 0;
	int rc;

	rc = open_file(r, &size, err);
	if (!rc)
		rc = read_header(r, &h, size, err);
	if (!rc)
		rc = set_up(r, &h, w, err);
	if (rc)
		return rc;
	if (!w)
		posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	chunks_init(&r->chunks, r->fd, r->path, size, h.header_sz);
	rc = w ? walk_window(r, err) : 0;
	if (!rc)
		rc = walk(r, err);
	if (rc < 0)
		return rc;
	rc = about_finish(&r->about, r->last_ts);
	return rc ? err_set(err, rc, "no memory to read %s", r->path) : narrow(r, w, err);
}

int reader_open_window(struct reader **out, const char *path, const struct reader_window *w,
		       struct err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc;

	if (r) {
		r->fd = -1;
		r->path = strdup(path);
	}
	if (!r || !r->path)
		rc = err_set(err, -ENOMEM, "no memory to read %s", path);
	else
		rc = read_all(r, w, err);
	if (rc)
		reader_free(r);
	else
		*out = r;
	return rc;
}

int reader_open(struct reader **out, const char *path, struct err *err)
{
	return reader_open_window(out, path, NULL, err);
}

const struct capture_info *reader_info(const struct reader *r)
{
	return &r->about.info;
}

const char *reader_meta(const struct reader *r, const char *key)
{
	return about_meta(&r->about, key);
}

const struct source *reader_source(struct reader *r)
{
	return &r->source;
}

const struct format_clock *reader_clock(const struct reader *r)
{
	return r->about.has_clock ? &r->about.clock : NULL;
}

uint64_t reader_clock_err(const struct reader *r)
{
	return r->clock_err_ns;
}

bool reader_is_same(const struct reader *a, const struct reader *b)
{
	struct stat x, y;

	return !fstat(a->fd, &x) && !fstat(b->fd, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

uint64_t reader_cut_bytes(const struct reader *r)
{
	return r->chunks.cut;
}

uint64_t reader_bad_chunks(const struct reader *r)
{
	return r->bad_chunks;
}

uint64_t reader_unknown_chunks(const struct reader *r)
{
	return r->unknown_chunks;
}

uint64_t reader_skipped_bytes(const struct reader *r)
{
	return r->chunks.skipped;
}

uint64_t reader_bad_records(const struct reader *r)
{
	return r->bad_records;
}

uint64_t reader_bytes_read(const struct reader *r)
{
	return r->chunks.bytes_read + (r->ahead ? ahead_bytes_read(r->ahead) : 0);
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	ahead_free(r->ahead);
	for (int i = 0; r->streams && i < r->streams_nr; i++) {
		free(r->streams[i].chunks);
		free(r->streams[i].buf.p);
	}
	free(r->names.chunks);
	free(r->names.buf.p);
	free(r->streams);
	chunks_release(&r->chunks);
	about_release(&r->about);
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	free(r);
}
