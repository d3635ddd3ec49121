/* SPDX-License-Identifier: MIT */
/*
 * ring.c - see ring.h
 *
 * Invariant: the position told to the kernel never passes a record that fn has not been given.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/ring.h"
#include "base/err.h"

/* The kernel's header of a record: its length with two flags, then what is the kernel's own. */
#define HDR_SZ BPF_RINGBUF_HDR_SZ
#define LENGTH ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT)

int ring_map(struct ring *r, int fd, size_t sz, struct err *err)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *kernels;

	memset(r, 0, sizeof(*r));
	r->page = page;
	r->sz = sz;
	r->read = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->read == MAP_FAILED) {
		r->read = NULL;
		return err_set(err, -errno, "cannot map a ring buffer: %s", strerror(errno));
	}
	kernels = mmap(NULL, page + 2 * sz, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (kernels == MAP_FAILED) {
		int rc = err_set(err, -errno, "cannot map a ring buffer: %s", strerror(errno));

		ring_unmap(r);
		return rc;
	}
	r->written = (const unsigned long *)kernels;
	r->data = kernels + page;
	return 0;
}

void ring_mark(struct ring *r)
{
	r->mark = __atomic_load_n(r->written, __ATOMIC_ACQUIRE);
}

bool ring_passed(const struct ring *r)
{
	return *r->read >= r->mark;
}

size_t ring_fill(const struct ring *r)
{
	return __atomic_load_n(r->written, __ATOMIC_ACQUIRE) - *r->read;
}

const void *ring_peek(const struct ring *r)
{
	const unsigned char *rec = r->data + (*r->read & (r->sz - 1));
	uint32_t len;

	if (!ring_fill(r))
		return NULL;
	len = __atomic_load_n((const uint32_t *)rec, __ATOMIC_ACQUIRE);
	return len & (BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT) ? NULL : rec + HDR_SZ;
}

size_t ring_take(struct ring *r, ring_fn fn, void *ctx, int *rc)
{
	const unsigned long begin = *r->read, end = __atomic_load_n(r->written, __ATOMIC_ACQUIRE);
	const size_t ack = r->sz / 8 < RING_ACK_SZ ? r->sz / 8 : RING_ACK_SZ;
	unsigned long at = begin, told = begin;

	*rc = 0;
	while (at < end && !*rc) {
		const unsigned char *rec = r->data + (at & (r->sz - 1));
		uint32_t len = __atomic_load_n((const uint32_t *)rec, __ATOMIC_ACQUIRE);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			*rc = fn(ctx, rec + HDR_SZ, len & LENGTH);
		at += ((len & LENGTH) + HDR_SZ + 7) & ~7ul;
		if (at - told >= ack) {
			__atomic_store_n(r->read, at, __ATOMIC_RELEASE);
			told = at;
		}
	}
	__atomic_store_n(r->read, at, __ATOMIC_RELEASE);
	return at - begin;
}

void ring_unmap(struct ring *r)
{
	if (r->read)
		munmap(r->read, r->page);
	if (r->written)
		munmap((void *)r->written, r->page + 2 * r->sz);
	memset(r, 0, sizeof(*r));
}
