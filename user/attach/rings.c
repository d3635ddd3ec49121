/* SPDX-License-Identifier: MIT */
/*
 * rings.c - see rings.h
 *
 * Invariant: a ring's woken flag is cleared before the ring is read, so a ring that fills up
 * during the reading asks again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "attach/ring.h"
#include "attach/rings.h"
#include "base/err.h"
#include "ctrace/wire.h"

#define RINGS_EVENTS 32

struct one_ring {
	struct rings *all;
	uint32_t idx;
	int fd; /* -1: not made */
	struct ring ring;
};

struct rings {
	struct rings_opts opts;
	struct rings_stats stats;
	uint64_t read_ns; /* when the rings were read last; 0: never */
	uint64_t passes;
	int epoll, wait_ms;
	uint32_t streams;
	struct one_ring v[];
};

uint32_t rings_number(uint32_t cpus)
{
	return cpus < 16 ? cpus : 16;
}

/* 16 MiB in all, and as much in the spare one: a second's worth at 300,000 records a second. */
uint64_t rings_size(uint32_t rings)
{
	uint64_t sz = 16u << 20;

	while (sz * rings > (16u << 20) && sz > (1u << 20))
		sz /= 2;
	return sz;
}

/* The time in which an eighth of the ring fills: the programs ask when it is a quarter. */
int rings_pace(size_t taken, size_t sz, uint64_t waited_ns)
{
	uint64_t ms = waited_ns / 1000000 * (sz / 8) / (taken ? taken : 1);

	if (ms < RINGS_WAIT_MIN_MS)
		return RINGS_WAIT_MIN_MS;
	return ms < RINGS_WAIT_MAX_MS ? (int)ms : RINGS_WAIT_MAX_MS;
}

static int add_ring(struct rings *r, uint32_t idx, struct err *err)
{
	const uint64_t sz = idx < r->opts.nr ? r->opts.sz : r->opts.spare_sz;
	/* Edge-triggered: a ring that was read is hardly ever quite empty, and is no reason to
	 * look again at once; only a program that asks is. */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	struct one_ring *one = &r->v[idx];

	one->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ctrace_ring", 0, 0, (uint32_t)sz, NULL);
	if (one->fd < 0)
		return err_set(err, -errno, "cannot make a ring buffer of %llu bytes: %s",
			       (unsigned long long)sz, strerror(errno));
	if (bpf_map_update_elem(r->opts.outer_fd, &idx, &one->fd, BPF_ANY) ||
	    epoll_ctl(r->epoll, EPOLL_CTL_ADD, one->fd, &ev))
		return err_set(err, -errno, "cannot use a ring buffer: %s", strerror(errno));
	return ring_map(&one->ring, one->fd, sz, err);
}

int rings_new(struct rings **out, const struct rings_opts *opts, struct err *err)
{
	const uint32_t streams = opts->nr + 1;
	struct rings *r = calloc(1, sizeof(*r) + streams * sizeof(r->v[0]));
	int rc = 0;

	if (!r)
		return err_set(err, -ENOMEM, "out of memory");
	r->opts = *opts;
	r->streams = streams;
	r->wait_ms = RINGS_WAIT_MIN_MS;
	for (uint32_t i = 0; i < streams; i++) {
		r->v[i].all = r;
		r->v[i].idx = i;
		r->v[i].fd = -1;
	}
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0)
		rc = err_set(err, -errno, "cannot wait for ring buffers: %s", strerror(errno));
	for (uint32_t i = 0; i < streams && !rc; i++)
		rc = add_ring(r, i, err);
	if (rc) {
		rings_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

static int take(void *ctx, const void *rec, size_t len)
{
	const struct one_ring *one = ctx;

	return one->all->opts.fn(one->all->opts.ctx, one->idx, rec, len);
}

static void count_lag(struct rings *r, const struct wire_hdr *oldest, uint64_t now)
{
	const uint64_t lag = oldest->ts < now ? now - oldest->ts : 0;

	r->stats.lag_nr++;
	r->stats.lag_sum_ns += lag;
	if (lag > r->stats.lag_max_ns)
		r->stats.lag_max_ns = lag;
}

/* A pass ends when every ring was read up to where it was written to when the pass began. */
static void count_pass(struct rings *r)
{
	for (uint32_t i = 0; i < r->streams; i++)
		if (!ring_passed(&r->v[i].ring))
			return;
	r->passes++;
	for (uint32_t i = 0; i < r->streams; i++)
		ring_mark(&r->v[i].ring);
}

/* Reads them all, and finds the pace of the fullest. */
static int read_all(struct rings *r, uint64_t now)
{
	const uint64_t waited = r->read_ns ? now - r->read_ns : 0;
	int rc = 0, wait = RINGS_WAIT_MAX_MS;

	r->read_ns = now;
	r->stats.rounds++;
	for (uint32_t i = 0; i < r->opts.nr; i++)
		__atomic_store_n(&r->opts.woken[i], 0, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < r->streams && !rc; i++) {
		struct ring *ring = &r->v[i].ring;
		const struct wire_hdr *oldest = ring_peek(ring);
		size_t taken;
		int ms;

		if (oldest)
			count_lag(r, oldest, now);
		taken = ring_take(ring, take, &r->v[i], &rc);
		r->stats.bytes += taken;
		ms = rings_pace(taken, ring->sz, waited);
		if (taken && ms < wait)
			wait = ms;
	}
	r->wait_ms = wait;
	count_pass(r);
	return rc;
}

int rings_poll(struct rings *r, int timeout_ms)
{
	struct epoll_event ev[RINGS_EVENTS];
	struct timespec t;
	int nr = epoll_wait(r->epoll, ev, RINGS_EVENTS, timeout_ms);

	if (nr < 0 && errno != EINTR)
		return -errno;
	r->stats.woken += nr > 0;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return read_all(r, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
}

int rings_wait_ms(const struct rings *r)
{
	return r->wait_ms;
}

uint64_t rings_passes(const struct rings *r)
{
	return r->passes;
}

uint32_t rings_streams(const struct rings *r)
{
	return r->streams;
}

const struct rings_stats *rings_stats(const struct rings *r)
{
	return &r->stats;
}

void rings_free(struct rings *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->streams; i++) {
		ring_unmap(&r->v[i].ring);
		if (r->v[i].fd >= 0)
			close(r->v[i].fd);
	}
	if (r->epoll >= 0)
		close(r->epoll);
	free(r);
}
