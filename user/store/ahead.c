/* SPDX-License-Identifier: MIT */
/*
 * ahead.c - see ahead.h
 *
 * Invariant: from ahead_ask until it is done, a slot is the thread's: it is in the queue, or
 * served. Else it is the caller's. The chunks are always the thread's; the rest is who holds the
 * lock's.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "store/ahead.h"

struct slot {
	struct chunk_ref ref;
	struct chunk_buf buf;
	struct err err;
	int rc;
	bool done;
};

struct ahead {
	struct chunks chunks; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked, done;
	struct slot *slots;
	int *queue; /* streams, each in it once at most: there is room for all */
	int streams, first, queued;
	uint64_t bytes_read;
	bool stop;
};

/* --- the thread -------------------------------------------------------------------------------*/

static void serve(struct ahead *a, struct slot *s)
{
	struct err err = {0};
	int rc;

	pthread_mutex_unlock(&a->lock);
	rc = chunks_payload(&a->chunks, &s->ref, &s->buf, &err);
	pthread_mutex_lock(&a->lock);
	s->rc = rc;
	if (rc < 0)
		s->err = err;
	s->done = true;
	a->bytes_read = a->chunks.bytes_read;
	pthread_cond_signal(&a->done);
}

static void *run(void *ctx)
{
	struct ahead *a = ctx;
	int stream;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (!a->queued && !a->stop)
			pthread_cond_wait(&a->asked, &a->lock);
		if (a->stop)
			break;
		stream = a->queue[a->first];
		a->first = (a->first + 1) % a->streams;
		a->queued--;
		serve(a, &a->slots[stream]);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Signals are for the threads that were there before. */
static int start(struct ahead *a)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* --- the caller -------------------------------------------------------------------------------*/

static void release(struct ahead *a)
{
	for (int i = 0; a->slots && i < a->streams; i++)
		free(a->slots[i].buf.p);
	free(a->slots);
	free(a->queue);
	chunks_release(&a->chunks);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->asked);
	pthread_cond_destroy(&a->done);
	free(a);
}

struct ahead *ahead_new(int fd, const char *path, uint64_t size, int streams)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->streams = streams;
	a->slots = calloc((size_t)streams, sizeof(*a->slots));
	a->queue = calloc((size_t)streams, sizeof(*a->queue));
	chunks_init(&a->chunks, fd, path, size, 0);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->asked, NULL);
	pthread_cond_init(&a->done, NULL);
	if (a->slots && a->queue && !start(a))
		return a;
	release(a);
	return NULL;
}

void ahead_ask(struct ahead *a, int stream, const struct chunk_ref *ref)
{
	struct slot *s = &a->slots[stream];

	pthread_mutex_lock(&a->lock);
	s->ref = *ref;
	s->done = false;
	a->queue[(a->first + a->queued++) % a->streams] = stream;
	pthread_cond_signal(&a->asked);
	pthread_mutex_unlock(&a->lock);
}

int ahead_take(struct ahead *a, int stream, struct chunk_buf *buf, struct err *err)
{
	struct slot *s = &a->slots[stream];
	struct chunk_buf was = *buf;

	pthread_mutex_lock(&a->lock);
	while (!s->done)
		pthread_cond_wait(&a->done, &a->lock);
	pthread_mutex_unlock(&a->lock);
	*buf = s->buf;
	s->buf = was;
	if (s->rc < 0 && err)
		*err = s->err;
	return s->rc;
}

uint64_t ahead_bytes_read(struct ahead *a)
{
	uint64_t n;

	pthread_mutex_lock(&a->lock);
	n = a->bytes_read;
	pthread_mutex_unlock(&a->lock);
	return n;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->asked);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	release(a);
}
