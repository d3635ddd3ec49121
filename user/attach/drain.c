/* SPDX-License-Identifier: MIT */
/* drain.c - see drain.h. Invariant: nothing is written into another process. */
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include "attach/batch.h"
#include "attach/drain.h"

enum { VIEWS = 256, LOOKED_ROUNDS = 2, BLOCK_MASK = WIRE_BLOCK_WORDS - 1 };

/* The beginning of a batch in the application. */
struct head {
	uint32_t magic, session;
	uint64_t pos, told[2];
	uint32_t busy, nonce;
};

_Static_assert(offsetof(struct head, pos) == WIRE_BATCH_POS_OFF, "pos");
_Static_assert(offsetof(struct head, busy) == WIRE_BATCH_BUSY_OFF, "busy");
_Static_assert(offsetof(struct head, nonce) == WIRE_BATCH_NONCE_OFF, "nonce");

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int read_memory(uint32_t pid, uint64_t addr, void *to, size_t n)
{
	struct iovec local = {to, n}, remote = {(void *)(uintptr_t)addr, n}; /* NOLINT: not ours */

	return process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0) == (ssize_t)n ? 0 : -1;
}

long drain_text(uint32_t pid, uint64_t addr, char *to, size_t n)
{
	struct iovec local = {to, n}, remote[2];
	size_t first = 4096 - addr % 4096; /* what is behind the page may not be mapped */

	first = first < n ? first : n;
	remote[0] = (struct iovec){(void *)(uintptr_t)addr, first};
	remote[1] = (struct iovec){(void *)(uintptr_t)(addr + first), n - first};
	return process_vm_readv((pid_t)pid, &local, 1, remote, first < n ? 2 : 1, 0);
}

/* Reads the heads of nr batches; those that cannot be read are zeroed. */
static void read_heads(uint32_t pid, const struct batch_view *v, struct head *heads, size_t nr)
{
	struct iovec local[VIEWS], remote[VIEWS];
	size_t at = 0;

	for (size_t i = 0; i < nr; i++) {
		local[i] = (struct iovec){&heads[i], sizeof(heads[i])};
		remote[i] = (struct iovec){(void *)(uintptr_t)v[i].addr, sizeof(heads[i])};
	}
	memset(heads, 0, nr * sizeof(*heads));
	while (at < nr) {
		ssize_t n =
			process_vm_readv((pid_t)pid, local + at, nr - at, remote + at, nr - at, 0);

		/* It ends at the first that cannot be read. */
		at += n > 0 ? (size_t)n / sizeof(*heads) : 0;
		if (at < nr)
			memset(&heads[at++], 0, sizeof(*heads));
	}
}

static int ahead(uint64_t a, uint64_t b)
{
	return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* Returns 0, or -1: it has moved on, and somebody else has what was there. */
static int take_words(struct batch *b, uint32_t stream, const struct batch_view *v,
		      const struct head *h, uint64_t now)
{
	struct {
		struct wire_batch r;
		uint64_t words[WIRE_BLOCK_WORDS];
	} copy = {.r = {.h = {.len = sizeof(copy.r), .kind = WIRE_BATCH}}};
	uint64_t pos = h->pos;
	uint32_t start = (uint32_t)pos & ~(uint32_t)BLOCK_MASK;
	struct head after;

	if (((uint32_t)v->seen & ~(uint32_t)BLOCK_MASK) == start)
		start = (uint32_t)v->seen;
	copy.r.h.flags = WIRE_BATCH_DRAINED;
	if (h->magic == WIRE_BATCH_MAGIC && h->session & WIRE_SESSION_TSC)
		copy.r.h.flags |= WIRE_BATCH_TSC;
	copy.r.h.tid = v->tid;
	copy.r.h.ts = now;
	copy.r.id = v->id;
	copy.r.addr = v->addr;
	copy.r.from = v->seen;
	copy.r.to = pos;
	copy.r.pid = v->pid;
	copy.r.n = (uint32_t)pos - start;
	copy.r.nonce = v->nonce;
	if (read_memory(v->pid, v->addr + WIRE_BATCH_OFF + 8 * (start & BLOCK_MASK), copy.words,
			8 * (size_t)copy.r.n) ||
	    read_memory(v->pid, v->addr, &after, sizeof(after)) || after.nonce != v->nonce ||
	    ((uint32_t)after.pos ^ (uint32_t)pos) & ~(uint32_t)BLOCK_MASK)
		return -1;
	batch_take(b, stream, &copy.r, sizeof(copy));
	return 0;
}

/* Returns 1 if something that is wanted may still be in it. */
static int look(struct batch *b, uint32_t stream, const struct batch_view *v, const struct head *h,
		uint64_t now, uint64_t until)
{
	int wanted = until && v->mark_ts < until;

	batch_looked(b, v->id, h->pos, now);
	if ((h->magic != WIRE_BATCH_MAGIC && h->magic != WIRE_BATCH_MAGIC_OLD) ||
	    h->nonce != v->nonce || (until && !wanted))
		return 0;
	if (ahead(h->pos, v->seen) <= 0)
		return wanted && h->busy;
	/* Another block than what was given out: what came before is in a ring. Or there was no
	 * room for it, if it has been here for long enough that all rings were read. */
	if (((uint32_t)h->pos ^ (uint32_t)v->seen) & ~(uint32_t)BLOCK_MASK &&
	    (h->pos != v->looked_pos || v->looked_rounds < LOOKED_ROUNDS))
		return wanted;
	if (take_words(b, stream, v, h, now))
		return wanted;
	return wanted && h->busy;
}

size_t drain_process(struct batch *b, uint32_t pid, uint32_t stream, uint64_t before,
		     uint64_t until)
{
	struct batch_view v[VIEWS];
	struct head heads[VIEWS];
	size_t nr, again = 0;
	uint64_t now;

	do {
		nr = batch_list(b, pid, before, v, VIEWS);
		read_heads(pid, v, heads, nr);
		now = now_ns();
		for (size_t i = 0; i < nr; i++)
			again += (size_t)look(b, stream, &v[i], &heads[i], now, until);
	} while (nr == VIEWS && now >= before);
	return again;
}
