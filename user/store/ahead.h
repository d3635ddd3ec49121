/* SPDX-License-Identifier: MIT */
/*
 * ahead.h - a thread that reads a stream's next chunk while the one before is being used
 *
 *	a = ahead_new(fd, path, size, streams);
 *	ahead_ask(a, stream, &ref);
 *	…
 *	rc = ahead_take(a, stream, &buf, &err);
 *	ahead_free(a);
 *
 * To be called by one thread. Memory: two chunks a stream, of which the caller holds one.
 */
#ifndef CTRACE_AHEAD_H
#define CTRACE_AHEAD_H

#include <stdint.h>

#include "store/chunks.h"

struct ahead;
struct err;

/* fd and path stay the caller's, until ahead_free. Returns NULL if there is no memory or thread. */
struct ahead *ahead_new(int fd, const char *path, uint64_t size, int streams);
/* Of a stream of which nothing is asked for. */
void ahead_ask(struct ahead *a, int stream, const struct chunk_ref *ref);
/*
 * What was asked for, when it is there: it changes places with what buf holds.
 * Returns 1, 0 if the chunk is damaged (buf->n is 0 then), or -errno.
 */
int ahead_take(struct ahead *a, int stream, struct chunk_buf *buf, struct err *err);
/* Bytes of payloads that were read so far. */
uint64_t ahead_bytes_read(struct ahead *a);
void ahead_free(struct ahead *a); /* NULL is fine */

#endif
