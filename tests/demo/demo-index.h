/* SPDX-License-Identifier: MIT */
/*
 * demo-index.h - the frontend's table of sessions, one mutex around it, and the thread that
 * rebuilds it
 *
 * Workers hold the mutex for a few microseconds. The background thread holds it for two
 * milliseconds now and then, and for much longer when a session has expired.
 *
 * Invariant: a caller whose session has expired reaches the mutex only while the rebuild that it
 * asked for (or a later one) holds it or has held it.
 */
#ifndef DEMO_INDEX_H
#define DEMO_INDEX_H

#include <pthread.h>

#include <ctrace/ctrace.h>

#include "demo.h"

#define INDEX_NR	 1024
#define INDEX_REFRESH_NS (200 * MSEC)

struct index {
	pthread_mutex_t lock; /* of entries */
	uint64_t entries[INDEX_NR];

	pthread_mutex_t ask_lock; /* of the rest */
	pthread_cond_t asked_cond, begun_cond;
	uint64_t asked,
		begun; /* rebuilds: asked for, and of those how many hold or held the lock */
	bool stop, fast;
	pthread_t thread;
};

/* With the lock held. */
static inline void index_rehash(struct index *ix, uint64_t cpu_ns)
{
	uint64_t seed = work_for(ix->entries[0], cpu_ns, cpu_ns + 20 * MSEC);

	for (int i = 0; i < INDEX_NR; i++)
		ix->entries[i] = mix64(ix->entries[i] ^ seed);
}

static inline void index_rebuild(struct index *ix, uint64_t upto)
{
	CTRACE_REGION("rebuild-index");

	pthread_mutex_lock(&ix->lock);
	pthread_mutex_lock(&ix->ask_lock);
	ix->begun = upto;
	pthread_cond_broadcast(&ix->begun_cond);
	pthread_mutex_unlock(&ix->ask_lock);
	index_rehash(ix, 35 * MSEC);
	pthread_mutex_unlock(&ix->lock);
}

static inline void index_refresh(struct index *ix)
{
	CTRACE_REGION("refresh-index");

	pthread_mutex_lock(&ix->lock);
	index_rehash(ix, 2 * MSEC);
	pthread_mutex_unlock(&ix->lock);
}

/* Waits until there is something to do. False: stop. *upto: rebuilds asked for; 0: a refresh. */
static inline bool index_next_job(struct index *ix, uint64_t *upto)
{
	uint64_t due = now_ns() + INDEX_REFRESH_NS;
	struct timespec t = {.tv_sec = (time_t)(due / SEC), .tv_nsec = (long)(due % SEC)};
	int rc = 0;
	bool go_on;

	pthread_mutex_lock(&ix->ask_lock);
	while (!ix->stop && ix->asked == ix->begun && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&ix->asked_cond, &ix->ask_lock, &t);
	*upto = ix->asked == ix->begun ? 0 : ix->asked;
	/* Whoever has asked is served, even at the end: it waits. */
	go_on = !ix->stop || *upto;
	pthread_mutex_unlock(&ix->ask_lock);
	return go_on;
}

static inline void *index_thread(void *arg)
{
	struct index *ix = arg;
	uint64_t upto;

	while (index_next_job(ix, &upto)) {
		if (upto)
			index_rebuild(ix, upto);
		else if (!ix->fast)
			index_refresh(ix);
	}
	return NULL;
}

/* Says that a session has expired. Returns what index_touch wants to know of it. */
static inline uint64_t index_expire(struct index *ix)
{
	uint64_t ticket;

	pthread_mutex_lock(&ix->ask_lock);
	ticket = ++ix->asked;
	pthread_cond_signal(&ix->asked_cond);
	pthread_mutex_unlock(&ix->ask_lock);
	return ticket;
}

/* Looks a session up and marks it as used. ticket 0: none has expired. */
static inline void index_touch(struct index *ix, uint64_t key, uint64_t ticket)
{
	CTRACE_REGION("session-table");

	if (ticket) {
		pthread_mutex_lock(&ix->ask_lock);
		while (ix->begun < ticket)
			pthread_cond_wait(&ix->begun_cond, &ix->ask_lock);
		pthread_mutex_unlock(&ix->ask_lock);
	}
	pthread_mutex_lock(&ix->lock);
	ix->entries[key % INDEX_NR] =
		work_for(ix->entries[key % INDEX_NR] ^ key, ix->fast ? 0 : 20000, MSEC);
	pthread_mutex_unlock(&ix->lock);
}

static inline void index_start(struct index *ix, bool fast)
{
	pthread_condattr_t attr;

	ix->fast = fast;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&ix->lock, NULL);
	pthread_mutex_init(&ix->ask_lock, NULL);
	pthread_cond_init(&ix->asked_cond, &attr);
	pthread_cond_init(&ix->begun_cond, &attr);
	if (pthread_create(&ix->thread, NULL, index_thread, ix))
		die("cannot make a thread");
	pthread_setname_np(ix->thread, "rebuild");
}

static inline void index_stop(struct index *ix)
{
	pthread_mutex_lock(&ix->ask_lock);
	ix->stop = true;
	pthread_cond_signal(&ix->asked_cond);
	pthread_mutex_unlock(&ix->ask_lock);
	pthread_join(ix->thread, NULL);
}

#endif
