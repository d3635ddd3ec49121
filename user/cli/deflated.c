/* SPDX-License-Identifier: MIT */
/*
 * deflated.c - see deflated.h
 *
 * Two blocks take turns: one is filled by who writes, the other deflated by the thread. Invariant:
 * who holds the lock may touch `busy`, `stop` and `error`; `fill` is the writer's alone, what
 * `busy` points to the thread's, while there is any.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "base/protobuf.h"
#include "cli/deflated.h"

enum { BLOCK = 256 << 10, LEVEL = 1, GZIP_WINDOW = 15 + 16 };

/* Of Perfetto's trace format. */
enum { TRACE_PACKET = 1, PACKET_COMPRESSED = 50, TAG_PACKET = TRACE_PACKET << 3 | 2 };

struct block {
	uint8_t *v;
	size_t n, cap;
};

struct deflating {
	int fd;
	enum deflated kind;
	struct block fill, busy;
	size_t whole; /* bytes of fill that are whole packets */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	int error; /* errno of the first failure */
	z_stream z;
	struct block out; /* the thread's */
	struct pb packet;
};

/* --- the thread ---------------------------------------------------------------------------- */

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? errno : EIO;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int room(struct block *b, size_t n)
{
	uint8_t *v;

	if (b->cap >= n)
		return 0;
	v = realloc(b->v, n);
	if (!v)
		return ENOMEM;
	b->v = v;
	b->cap = n;
	return 0;
}

/* Returns 0 or an errno. */
static int deflate_block(struct deflating *d, int flush)
{
	const uLong most = deflateBound(&d->z, d->busy.n) + 64;
	size_t at;

	if (room(&d->out, most))
		return ENOMEM;
	d->z.next_in = d->busy.v;
	d->z.avail_in = (uInt)d->busy.n;
	do {
		d->z.next_out = d->out.v;
		d->z.avail_out = (uInt)d->out.cap;
		if (deflate(&d->z, flush) == Z_STREAM_ERROR)
			return EIO;
		d->out.n = d->out.cap - d->z.avail_out;
		if (d->kind == DEFLATED_GZIP) {
			int rc = write_all(d->fd, d->out.v, d->out.n);

			if (rc)
				return rc;
		}
	} while (!d->z.avail_out);
	if (d->kind == DEFLATED_GZIP)
		return 0;
	d->packet.n = 0;
	at = pb_open(&d->packet, TRACE_PACKET);
	pb_bytes(&d->packet, PACKET_COMPRESSED, d->out.v, d->out.n);
	pb_close(&d->packet, at);
	if (d->packet.failed || deflateReset(&d->z) != Z_OK)
		return ENOMEM;
	return write_all(d->fd, d->packet.bytes, d->packet.n);
}

static void *run(void *ctx)
{
	struct deflating *d = ctx;
	int rc;

	pthread_mutex_lock(&d->lock);
	for (;;) {
		while (!d->busy.n && !d->stop)
			pthread_cond_wait(&d->changed, &d->lock);
		if (!d->busy.n)
			break;
		if (!d->error) {
			pthread_mutex_unlock(&d->lock);
			rc = deflate_block(d, d->kind == DEFLATED_GZIP ? Z_NO_FLUSH : Z_FINISH);
			pthread_mutex_lock(&d->lock);
			d->error = rc;
		}
		d->busy.n = 0;
		pthread_cond_broadcast(&d->changed);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* --- the writer ---------------------------------------------------------------------------- */

/* Gives the thread the first n bytes of what was filled. Returns 0 or an errno. */
static int hand_over(struct deflating *d, size_t n)
{
	size_t rest = d->fill.n - n;
	struct block b;
	int rc;

	pthread_mutex_lock(&d->lock);
	while (d->busy.n)
		pthread_cond_wait(&d->changed, &d->lock);
	rc = d->error ? d->error : room(&d->busy, d->fill.cap);
	if (!rc) {
		memcpy(d->busy.v, d->fill.v + n, rest);
		b = d->busy;
		d->busy = d->fill;
		d->busy.n = n;
		d->fill = b;
		d->fill.n = rest;
		d->whole -= n < d->whole ? n : d->whole;
		pthread_cond_broadcast(&d->changed);
	}
	pthread_mutex_unlock(&d->lock);
	return rc;
}

/* Moves `whole` over the packets that are all there. */
static void find_whole(struct deflating *d)
{
	for (;;) {
		size_t at = d->whole, len = 0;
		unsigned int shift = 0;

		if (at == d->fill.n || d->fill.v[at++] != TAG_PACKET)
			return;
		do {
			if (at == d->fill.n || shift > 28)
				return;
			len |= (size_t)(d->fill.v[at] & 0x7f) << shift;
			shift += 7;
		} while (d->fill.v[at++] & 0x80);
		if (len > d->fill.n - at)
			return;
		d->whole = at + len;
	}
}

static ssize_t put(void *ctx, const char *p, size_t n)
{
	struct deflating *d = ctx;
	int rc = room(&d->fill, d->fill.n + n > 2 * BLOCK ? d->fill.n + n : 2 * BLOCK);

	if (!rc) {
		memcpy(d->fill.v + d->fill.n, p, n);
		d->fill.n += n;
	}
	if (!rc && d->fill.n >= BLOCK) {
		if (d->kind == DEFLATED_PACKETS)
			find_whole(d);
		else
			d->whole = d->fill.n;
		rc = d->whole ? hand_over(d, d->whole) : 0;
	}
	if (!rc)
		return (ssize_t)n;
	errno = rc;
	return 0;
}

static int finish(void *ctx)
{
	struct deflating *d = ctx;
	int rc = d->fill.n ? hand_over(d, d->fill.n) : 0;

	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	if (!rc)
		rc = d->error;
	if (!rc && d->kind == DEFLATED_GZIP)
		rc = deflate_block(d, Z_FINISH);
	if (close(d->fd) && !rc)
		rc = errno;
	deflateEnd(&d->z);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->changed);
	pb_release(&d->packet);
	free(d->fill.v);
	free(d->busy.v);
	free(d->out.v);
	free(d);
	errno = rc;
	return rc ? -1 : 0;
}

FILE *deflated_open(int fd, enum deflated kind, struct err *err)
{
	static const cookie_io_functions_t io = {.write = put, .close = finish};
	struct deflating *d = calloc(1, sizeof(*d));
	FILE *f = NULL;

	if (d) {
		*d = (struct deflating){.fd = fd, .kind = kind};
		pthread_mutex_init(&d->lock, NULL);
		pthread_cond_init(&d->changed, NULL);
	}
	if (!d || deflateInit2(&d->z, LEVEL, Z_DEFLATED, kind == DEFLATED_GZIP ? GZIP_WINDOW : 15,
			       8, Z_DEFAULT_STRATEGY) != Z_OK)
		goto no_memory;
	if (pthread_create(&d->thread, NULL, run, d))
		goto no_thread;
	f = fopencookie(d, "w", io);
	if (f)
		return f;
	finish(d);
	err_set(err, -ENOMEM, "not enough memory to compress the output");
	return NULL;
no_thread:
	deflateEnd(&d->z);
no_memory:
	free(d);
	close(fd);
	err_set(err, -ENOMEM, "not enough memory to compress the output");
	return NULL;
}
