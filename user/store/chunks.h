/* SPDX-License-Identifier: MIT */
/*
 * chunks.h - walks the chunks of a capture file, and reads their payloads
 *
 *	chunks_init(&c, fd, path, size, header_sz);
 *	while ((rc = chunks_next(&c, &h, &ref, &err)) > 0)
 *		rc = chunks_payload(&c, &ref, &buf, &err);
 *	chunks_release(&c);
 *
 * The file is hostile input, and may shrink while it is read (so it is read, not mapped). A chunk
 * header counts only if its checksum and its sizes are right; else the walk goes on at the next
 * one that does, however far that is: each byte is looked at a bounded number of times.
 *
 * N.B. A damaged file is searched for chunk headers byte by byte, so bytes that an application
 * put into a log message and that look like a chunk would be taken for one.
 */
#ifndef CTRACE_CHUNKS_H
#define CTRACE_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "ctrace/format.h"

struct err;

#define CHUNKS_WINDOW 4096
#define CHUNKS_FLAGS  (FORMAT_DEFLATE | FORMAT_DELTA_OLD | FORMAT_DELTA) /* that are known */

/* A buffer that grows: 8-aligned, to be freed by its owner. */
struct chunk_buf {
	unsigned char *p;
	size_t n, cap;
};

struct chunks {
	int fd;
	const char *path;    /* for messages */
	uint64_t size;	     /* of the file */
	uint64_t at;	     /* where the next chunk should begin */
	uint64_t skipped;    /* bytes between chunks that were no chunk */
	uint64_t gaps;	     /* … and how many such stretches there were */
	uint64_t cut;	     /* bytes at the end that are no whole chunk */
	uint64_t bytes_read; /* of payloads */
	uint64_t window_off; /* what of the file stands in window */
	size_t window_n;
	unsigned char window[CHUNKS_WINDOW];
	struct chunk_buf stored;   /* a payload as it is in the file, if it is coded */
	struct chunk_buf inflated; /* … and inflated, if it is coded twice */
	z_stream z;
	bool z_ready;
};

/* Where a payload is, and what it must be. */
struct chunk_ref {
	uint64_t off;
	uint32_t stored_sz, raw_sz;
	uint32_t crc;
	uint32_t flags; /* none but CHUNKS_FLAGS */
};

/* first: where the chunks begin. fd and path stay the caller's. */
void chunks_init(struct chunks *c, int fd, const char *path, uint64_t size, uint64_t first);
/* Returns 1, 0 at the end, or -errno. The payload lies inside the file, unread. */
int chunks_next(struct chunks *c, struct format_chunk *h, struct chunk_ref *ref, struct err *err);
/*
 * Reads a payload and decodes it into buf, replacing what is there.
 * Returns 1, 0 if it is damaged (buf->n is 0 then), or -errno.
 */
int chunks_payload(struct chunks *c, const struct chunk_ref *ref, struct chunk_buf *buf,
		   struct err *err);
void chunks_release(struct chunks *c);

#endif
