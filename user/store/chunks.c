/* SPDX-License-Identifier: MIT */
/* chunks.c - see chunks.h. Invariant: no size from the file is used before it was checked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "store/chunks.h"
#include "store/delta.h"

#define HDR_SZ sizeof(struct format_chunk)

void chunks_init(struct chunks *c, int fd, const char *path, uint64_t size, uint64_t first)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->path = path;
	c->size = size;
	c->at = first;
}

void chunks_release(struct chunks *c)
{
	if (c->z_ready)
		inflateEnd(&c->z);
	free(c->stored.p);
	free(c->inflated.p);
	memset(c, 0, sizeof(*c));
}

/* Reads up to n bytes. Returns how many (fewer: the file ends there), or -errno. */
static ssize_t read_at(const struct chunks *c, void *to, size_t n, uint64_t off, struct err *err)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(c->fd, (char *)to + done, n - done, (off_t)(off + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, -errno, "cannot read %s: %s", c->path, strerror(errno));
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* --- headers ----------------------------------------------------------------------------------*/

/*
 * Gets the window to hold at least a header's bytes at off. Returns how many it holds from there
 * on (*p points to them), 0 if the file ends before, or -errno.
 */
static ssize_t look(struct chunks *c, uint64_t off, const unsigned char **p, struct err *err)
{
	ssize_t n;

	if (off - c->window_off > c->window_n || c->window_n - (off - c->window_off) < HDR_SZ) {
		c->window_n = 0;
		n = read_at(c, c->window, sizeof(c->window), off, err);
		if (n < 0)
			return n;
		c->window_off = off;
		c->window_n = (size_t)n;
	}
	n = (ssize_t)(c->window_n - (off - c->window_off));
	*p = c->window + (off - c->window_off);
	return n < (ssize_t)HDR_SZ ? 0 : n;
}

static bool is_header(const unsigned char *p, struct format_chunk *h)
{
	memcpy(h, p, HDR_SZ);
	return h->magic == FORMAT_CHUNK_MAGIC &&
	       h->header_crc == crc32(0, p, offsetof(struct format_chunk, header_crc)) &&
	       h->stored_sz <= FORMAT_CHUNK_MAX && h->raw_sz <= FORMAT_CHUNK_MAX;
}

/* Finds the first header at or after *off. Returns 1, 0 if there is none, or -errno. */
static int find_header(struct chunks *c, uint64_t *off, struct format_chunk *h, struct err *err)
{
	const __u32 magic = FORMAT_CHUNK_MAGIC;
	const unsigned char *p, *hit;
	ssize_t n;

	while ((n = look(c, *off, &p, err)) > 0) {
		/* Only where a whole header fits into the window. */
		size_t starts = (size_t)n - HDR_SZ + 1;

		hit = memmem(p, starts + sizeof(magic) - 1, &magic, sizeof(magic));
		*off += hit ? (size_t)(hit - p) : starts;
		if (!hit)
			continue;
		if (is_header(hit, h))
			return 1;
		++*off;
	}
	return (int)n;
}

int chunks_next(struct chunks *c, struct format_chunk *h, struct chunk_ref *ref, struct err *err)
{
	uint64_t found = c->at;
	int rc = c->at < c->size ? find_header(c, &found, h, err) : 0;

	if (rc < 0)
		return rc;
	if (!rc || found + HDR_SZ + h->stored_sz > c->size) {
		c->cut = c->size > c->at ? c->size - c->at : 0;
		c->at = c->size;
		return 0;
	}
	if (found != c->at) {
		c->skipped += found - c->at;
		c->gaps++;
		c->at = found;
	}
	ref->off = c->at + HDR_SZ;
	ref->stored_sz = h->stored_sz;
	ref->raw_sz = h->raw_sz;
	ref->crc = h->payload_crc;
	ref->flags = h->flags;
	c->at += HDR_SZ + h->stored_sz;
	return 1;
}

/* --- payloads ---------------------------------------------------------------------------------*/

static int reserve(const struct chunks *c, struct chunk_buf *buf, size_t n, struct err *err)
{
	unsigned char *bigger;

	buf->n = 0;
	if (n <= buf->cap && buf->p)
		return 0;
	bigger = malloc(n ? n : 1);
	if (!bigger)
		return err_set(err, -ENOMEM, "no memory to read %s", c->path);
	free(buf->p);
	buf->p = bigger;
	buf->cap = n;
	return 0;
}

/* The bytes as they are in the file. Returns 1, 0 if they are not what was written, or -errno. */
static int read_stored(struct chunks *c, const struct chunk_ref *ref, struct chunk_buf *to,
		       struct err *err)
{
	ssize_t got = reserve(c, to, ref->stored_sz, err);

	if (!got)
		got = read_at(c, to->p, ref->stored_sz, ref->off, err);
	if (got < 0)
		return (int)got;
	if ((size_t)got < ref->stored_sz || crc32(0, to->p, ref->stored_sz) != ref->crc)
		return 0;
	to->n = ref->stored_sz;
	c->bytes_read += to->n;
	return 1;
}

/* Inflates to at most n bytes. Returns 1, 0 if from is no whole zlib stream of that, or -errno. */
static int inflate_buf(struct chunks *c, const struct chunk_buf *from, struct chunk_buf *to,
		       size_t n, struct err *err)
{
	int rc = reserve(c, to, n, err);

	if (rc)
		return rc;
	if ((c->z_ready ? inflateReset(&c->z) : inflateInit(&c->z)) != Z_OK)
		return err_set(err, -ENOMEM, "no memory to read %s", c->path);
	c->z_ready = true;
	c->z.next_in = from->p;
	c->z.avail_in = (uInt)from->n;
	c->z.next_out = to->p;
	c->z.avail_out = (uInt)n;
	if (inflate(&c->z, Z_FINISH) != Z_STREAM_END || c->z.avail_in)
		return 0;
	to->n = n - c->z.avail_out;
	return 1;
}

int chunks_payload(struct chunks *c, const struct chunk_ref *ref, struct chunk_buf *buf,
		   struct err *err)
{
	const bool deflated = ref->flags & FORMAT_DEFLATE;
	const bool delta = ref->flags & (FORMAT_DELTA | FORMAT_DELTA_OLD);
	bool (*const decode)(void *, size_t, const void *, size_t) =
		ref->flags & FORMAT_DELTA ? delta_decode : delta_decode_old;
	struct chunk_buf *coded = deflated || delta ? &c->stored : buf;
	int rc = read_stored(c, ref, coded, err);

	if (rc > 0 && deflated) {
		struct chunk_buf *to = delta ? &c->inflated : buf;

		rc = inflate_buf(c, coded, to, ref->raw_sz, err);
		coded = to;
	}
	if (rc > 0 && delta) {
		rc = reserve(c, buf, ref->raw_sz, err);
		if (!rc && decode(buf->p, ref->raw_sz, coded->p, coded->n)) {
			buf->n = ref->raw_sz;
			rc = 1;
		}
	}
	if (rc > 0 && buf->n == ref->raw_sz)
		return 1;
	buf->n = 0;
	return rc < 0 ? rc : 0;
}
