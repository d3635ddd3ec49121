/* SPDX-License-Identifier: MIT */
/*
 * rings.c - see rings.h
 *
 * Invariant: a ring's woken flag is cleared before the ring is read, so a ring that fills up
 * during the reading asks again.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/rings.h"
#include "base/err.h"

struct one_ring {
	struct rings *all;
	uint32_t idx;
	int fd;
};

struct rings {
	struct ring_buffer *rb;
	rings_fn fn;
	void *ctx;
	int rc; /* what fn returned to end a round */
	uint32_t nr;
	struct one_ring v[];
};

uint32_t rings_number(uint32_t cpus)
{
	return cpus < 16 ? cpus : 16;
}

/* 32 MiB in all: a second's worth at half a million records a second. */
uint64_t rings_size(uint32_t rings)
{
	uint64_t sz = 16u << 20;

	while (sz * rings > (32u << 20) && sz > (1u << 20))
		sz /= 2;
	return sz;
}

static int take(void *ctx, void *data, size_t len)
{
	struct one_ring *one = ctx;

	one->all->rc = one->all->fn(one->all->ctx, one->idx, data, len);
	return one->all->rc ? -ECANCELED : 0;
}

int rings_new(struct rings **out, int outer_fd, uint32_t nr, uint64_t sz, rings_fn fn, void *ctx,
	      struct err *err)
{
	struct rings *r = calloc(1, sizeof(*r) + nr * sizeof(r->v[0]));
	int rc;

	if (!r)
		return err_set(err, -ENOMEM, "out of memory");
	r->fn = fn;
	r->ctx = ctx;
	for (uint32_t i = 0; i < nr; i++) {
		struct one_ring *one = &r->v[i];

		one->all = r;
		one->idx = i;
		one->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ctrace_ring", 0, 0, sz, NULL);
		if (one->fd < 0) {
			rc = err_set(err, -errno, "cannot make a ring buffer of %llu bytes: %s",
				     (unsigned long long)sz, strerror(errno));
			goto cleanup;
		}
		r->nr++;
		if (bpf_map_update_elem(outer_fd, &i, &one->fd, BPF_ANY)) {
			rc = err_set(err, -errno, "cannot use a ring buffer: %s", strerror(errno));
			goto cleanup;
		}
		if (!r->rb)
			r->rb = ring_buffer__new(one->fd, take, one, NULL);
		else
			errno = -ring_buffer__add(r->rb, one->fd, take, one);
		if (!r->rb || (i && errno)) {
			rc = err_set(err, -errno, "cannot map a ring buffer: %s", strerror(errno));
			goto cleanup;
		}
	}
	*out = r;
	return 0;
cleanup:
	rings_free(r);
	return rc;
}

int rings_poll(struct rings *r, uint32_t *woken, int timeout_ms)
{
	int rc;

	r->rc = 0;
	/* Only rings that asked are read by this, and only on a wakeup: the rest by the next. */
	rc = ring_buffer__poll(r->rb, timeout_ms);
	if (rc < 0 && rc != -EINTR)
		return r->rc ? r->rc : rc;
	for (uint32_t i = 0; i < r->nr; i++)
		__atomic_store_n(&woken[i], 0, __ATOMIC_RELAXED);
	rc = ring_buffer__consume(r->rb);
	return rc < 0 ? (r->rc ? r->rc : rc) : 0;
}

void rings_free(struct rings *r)
{
	if (!r)
		return;
	ring_buffer__free(r->rb);
	for (uint32_t i = 0; i < r->nr; i++)
		close(r->v[i].fd);
	free(r);
}
