/* SPDX-License-Identifier: MIT */
/*
 * batch.c - see batch.h
 *
 * Invariant: of each batch, everything below `seen` was given out or counted as lost, once. A copy
 * says where the last one ended that a ring had room for: what is missing since then was
 * overwritten in the application's memory, for the rings were full. What is missing before is still
 * in a ring, and the copy is held until it comes. That is two rounds at most, or never: see
 * batch_round.
 */
#include <stdlib.h>
#include <string.h>

#include "attach/batch.h"
#include "attach/batch_words.h"

enum {
	HELD_ROUNDS = 2,
	GONE_ROUNDS = 4,     /* after its end a batch is remembered, for copies that come twice */
	HELD_MAX = 64 << 20, /* bytes; beyond that nothing waits */
};

struct held {
	struct held *next;
	uint64_t round;
	uint32_t stream;
	size_t n;
	struct wire_batch rec; /* its words follow */
};

struct buffer {
	struct batch_state state;
	uint64_t id, addr, seen, taken_ts;
	uint64_t looked_pos, looked_round;
	uint64_t losses;
	uint32_t pid, tid, nonce;
	uint32_t told_pid;	   /* the process that state.told is of: of two in one memory */
	bool known;		   /* seen and sent say something */
	uint64_t born, gone_round; /* rounds; gone_round 0: it has not ended */
	struct held *held;	   /* see is_before */
};

struct gone {
	struct gone *next;
	uint32_t pid;
	uint64_t round;
};

struct batch {
	struct batch_texts texts;
	struct batch_words words;
	struct batch_out out;
	struct hash buffers; /* by id */
	struct pool pool;
	struct gone *gone;
	uint64_t round, losses;
	size_t held_bytes, held_nr, ended_nr;
	struct batch_counts counts;
};

static uint32_t words_of(uint64_t pos)
{
	return (uint32_t)pos;
}

static uint32_t marks_of(uint64_t pos)
{
	return (uint32_t)(pos >> 32);
}

/* How far a is ahead of b, in words; both go round at 2^32. */
static int32_t ahead(uint64_t a, uint64_t b)
{
	return (int32_t)(words_of(a) - words_of(b));
}

static uint32_t block_start(uint64_t pos)
{
	return words_of(pos) & ~(WIRE_BLOCK_WORDS - 1u);
}

struct batch *batch_new(const struct batch_ops *ops)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	batch_texts_init(&b->texts);
	b->pool.size = sizeof(struct buffer);
	b->out.records = ops->records;
	b->out.text = ops->text;
	b->out.tsc = ops->tsc;
	b->out.ctx = ops->ctx;
	b->words.texts = &b->texts;
	b->words.out = &b->out;
	b->round = 1;
	return b;
}

static struct buffer *buffer_get(struct batch *b, const struct wire_batch *rec)
{
	struct buffer *buf = hash_get(&b->buffers, rec->id);

	if (buf)
		return buf;
	buf = pool_get(&b->pool);
	if (!buf)
		return NULL;
	*buf = (struct buffer){
		.id = rec->id, .addr = rec->addr, .pid = rec->pid, .nonce = rec->nonce};
	buf->tid = rec->h.tid;
	buf->born = b->round;
	buf->losses = b->losses;
	buf->state.task = buf->state.task_parent = ~0ull;
	if (hash_put(&b->buffers, rec->id, buf)) {
		pool_put(&b->pool, buf);
		return NULL;
	}
	return buf;
}

/* --- one copy ------------------------------------------------------------------------------- */

static void put_used(struct batch *b, struct buffer *buf, const struct wire_batch *rec)
{
	struct wire_usage *u;

	if (buf->losses == b->losses || rec->h.flags & WIRE_BATCH_DRAINED)
		return;
	buf->losses = b->losses;
	u = batch_out_record(&b->words, WIRE_USED, sizeof(*u), 0, rec->h.ts);
	u->used = rec->used;
	batch_out_flush(&b->out, b->words.stream);
}

/* marks that never came, before what is sent with rec as well as since. */
static void count_lost(struct batch *b, const struct buffer *buf, const struct wire_batch *rec,
		       uint32_t marks)
{
	uint32_t before = 0;

	if (ahead(rec->from, buf->seen) > 0)
		before = marks_of(rec->from) - marks_of(buf->seen);
	before = before < marks ? before : marks;
	b->counts.missing += before;
	b->counts.full += marks - before;
}

static void put_lost(struct batch *b, const struct buffer *buf, const struct wire_batch *rec,
		     uint32_t marks)
{
	struct wire_lost *l;
	l = batch_out_record(&b->words, WIRE_LOST, sizeof(*l), 0, rec->h.ts);
	l->h.tid = 0;
	l->from_ts = buf->state.ts && buf->state.ts < rec->h.ts ? buf->state.ts : rec->h.ts;
	l->count = marks;
	batch_out_flush(&b->out, b->words.stream);
}

/* Gives out the words that are new. Returns how many marks were in them. */
static uint32_t give_out(struct batch *b, struct buffer *buf, const struct wire_batch *rec,
			 uint64_t from)
{
	const uint64_t *w = (const uint64_t *)(rec + 1);
	uint32_t start = words_of(rec->to) - rec->n, skip = 0, quiet = 0;
	bool goes_on = block_start(buf->seen) == block_start(rec->to) && buf->known;

	/* In a block that is known up to `from`, what stands before need not be read again. */
	if ((int32_t)(words_of(from) - start) > 0)
		quiet = words_of(from) - start;
	if (goes_on && words_of(buf->seen) == words_of(from)) {
		skip = quiet;
		quiet = 0;
	} else if (!goes_on && start != block_start(rec->to)) {
		memset(buf->state.tag, 0, sizeof(buf->state.tag));
	}
	b->words.state = &buf->state;
	return batch_words(&b->words, w + skip, rec->n - skip, quiet);
}

/* Gives out what of it is new. Everything before it was given out, or never will be. */
static void apply(struct batch *b, struct buffer *buf, uint32_t stream,
		  const struct wire_batch *rec)
{
	uint64_t bad = b->words.bad;
	uint32_t wanted, got = 0;

	b->words.rec = rec;
	b->words.stream = stream;
	b->words.process = batch_process_get(&b->texts, rec->pid);
	b->words.memory = batch_process_get(&b->texts, buf->pid);
	if (!b->words.process || !b->words.memory)
		return;
	if (!b->words.process->parent && rec->pid != buf->pid)
		b->words.process->parent = buf->pid; /* it runs in the memory of that one */
	if (!buf->known || (rec->h.flags & WIRE_BATCH_FIRST && ahead(rec->from, buf->seen) > 0))
		buf->seen = rec->from;
	if (rec->h.ts > buf->taken_ts)
		buf->taken_ts = rec->h.ts;
	if (rec->pid != buf->told_pid)
		buf->state.told[0] = buf->state.told[1] = 0;
	buf->told_pid = rec->pid;
	if (ahead(rec->to, buf->seen) > 0) {
		uint64_t from = ahead(buf->seen, rec->from) > 0 ? buf->seen : rec->from;

		wanted = marks_of(rec->to) - marks_of(buf->seen);
		got = give_out(b, buf, rec, from);
		b->counts.marks += got;
		if (got < wanted && b->words.bad == bad) {
			count_lost(b, buf, rec, wanted - got);
			put_lost(b, buf, rec, wanted - got);
		} else if (got < wanted) {
			b->counts.bad += wanted - got;
		}
		buf->seen = rec->to;
	}
	put_used(b, buf, rec);
	buf->known = true;
	if (rec->h.flags & WIRE_BATCH_LAST && !buf->gone_round) {
		buf->gone_round = b->round;
		b->ended_nr++;
	}
}

/* --- order ---------------------------------------------------------------------------------- */

/*
 * Whether nothing is missing between what was given out and it; or if there is, what is missing
 * was never sent: the copy goes on where the last one that was sent ended, in a later block.
 */
static bool follows(const struct buffer *buf, const struct wire_batch *rec)
{
	/* What a child of fork relies on may be in a ring that is read later. */
	if (!buf->known)
		return (rec->h.flags & (WIRE_BATCH_FIRST | WIRE_BATCH_FORKED)) == WIRE_BATCH_FIRST;
	if (rec->h.flags & WIRE_BATCH_FIRST)
		return true;
	return ahead(rec->from, buf->seen) <= 0 || marks_of(rec->from) == marks_of(buf->seen);
}

/* One that says that the batch has ended goes to where the last one went, and comes after it. */
static bool is_before(const struct wire_batch *a, const struct wire_batch *b)
{
	int32_t to = ahead(b->to, a->to);

	return to ? to > 0 : ahead(b->from, a->from) > 0;
}

static void hold(struct batch *b, struct buffer *buf, uint32_t stream, const struct wire_batch *rec)
{
	size_t n = sizeof(*rec) + 8 * (size_t)rec->n;
	struct held *h = NULL, **at = &buf->held;

	if (b->held_bytes < HELD_MAX)
		h = malloc(offsetof(struct held, rec) + n);
	if (!h) {
		apply(b, buf, stream, rec);
		return;
	}
	h->round = b->round;
	h->stream = stream;
	h->n = n;
	memcpy(&h->rec, rec, n);
	while (*at && !is_before(rec, &(*at)->rec))
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	b->held_bytes += n;
	b->held_nr++;
}

static void release_first(struct batch *b, struct buffer *buf)
{
	struct held *h = buf->held;

	buf->held = h->next;
	b->held_bytes -= h->n;
	b->held_nr--;
	apply(b, buf, h->stream, &h->rec);
	free(h);
}

static void release(struct batch *b, struct buffer *buf, uint64_t rounds)
{
	while (buf->held &&
	       (follows(buf, &buf->held->rec) || b->round - buf->held->round >= rounds))
		release_first(b, buf);
}

static bool is_whole(const struct wire_batch *rec, size_t n)
{
	uint32_t in_block = words_of(rec->to) & (WIRE_BLOCK_WORDS - 1);

	return n >= sizeof(*rec) && rec->n <= in_block && 8 * (size_t)rec->n <= n - sizeof(*rec);
}

void batch_take(struct batch *b, uint32_t stream, const struct wire_batch *rec, size_t n)
{
	struct buffer *buf;

	if (n < sizeof(*rec) || !is_whole(rec, n)) {
		b->counts.bad++;
		return;
	}
	buf = buffer_get(b, rec);
	if (!buf)
		return;
	if (!follows(buf, rec)) {
		hold(b, buf, stream, rec);
		return;
	}
	apply(b, buf, stream, rec);
	release(b, buf, HELD_ROUNDS);
}

static void drop_buffer(struct batch *b, struct buffer *buf)
{
	while (buf->held)
		release_first(b, buf);
	hash_del(&b->buffers, buf->id);
	b->ended_nr -= buf->gone_round != 0;
	pool_put(&b->pool, buf);
}

static void drop_ended(struct batch *b)
{
	struct buffer *v[256], *buf;
	size_t nr, at;

	do {
		nr = at = 0;
		while (nr < 256 && (buf = hash_next(&b->buffers, &at)))
			if (buf->gone_round && b->round - buf->gone_round >= GONE_ROUNDS)
				v[nr++] = buf;
		for (size_t i = 0; i < nr; i++)
			drop_buffer(b, v[i]);
	} while (nr == 256);
}

/* pid ended in that round; what came later is another process of that number. */
static void forget_process(struct batch *b, uint32_t pid, uint64_t round)
{
	struct buffer *buf;
	size_t at = 0;

	while ((buf = hash_next(&b->buffers, &at)))
		if (buf->pid == pid && !buf->gone_round && buf->born <= round) {
			buf->gone_round = b->round;
			b->ended_nr++;
		}
	batch_process_drop(&b->texts, pid);
}

void batch_round(struct batch *b)
{
	struct buffer *buf;
	size_t at = 0;

	b->round++;
	while (b->held_nr && (buf = hash_next(&b->buffers, &at)))
		release(b, buf, HELD_ROUNDS);
	for (struct gone **g = &b->gone; *g;) {
		struct gone *old = *g;

		if (b->round - old->round < GONE_ROUNDS) {
			g = &old->next;
			continue;
		}
		*g = old->next;
		forget_process(b, old->pid, old->round);
		free(old);
	}
	if (b->ended_nr && b->round % GONE_ROUNDS == 0)
		drop_ended(b);
}

void batch_finish(struct batch *b)
{
	struct buffer *buf;
	size_t at = 0;

	while (b->held_nr && (buf = hash_next(&b->buffers, &at)))
		release(b, buf, 0);
}

/* --- processes ------------------------------------------------------------------------------ */

void batch_forked(struct batch *b, uint32_t child, uint32_t parent)
{
	struct batch_process *p = batch_process_get(&b->texts, child);
	const struct batch_process *up = batch_process_get(&b->texts, parent);

	if (!p || !up)
		return;
	p->parent = parent;
	p->clock_shift = up->clock_shift;
}

void batch_clock(struct batch *b, uint32_t pid, int64_t shift)
{
	struct batch_process *p = batch_process_get(&b->texts, pid);

	if (p)
		p->clock_shift = shift;
}

void batch_gone(struct batch *b, uint32_t pid)
{
	struct gone *g = malloc(sizeof(*g));

	if (!g)
		return; /* what is known of it stays until the end */
	*g = (struct gone){b->gone, pid, b->round};
	b->gone = g;
}

void batch_loss(struct batch *b)
{
	b->losses++;
}

size_t batch_list(const struct batch *b, uint32_t pid, uint64_t before, struct batch_view *v,
		  size_t max)
{
	const struct buffer *buf;
	size_t at = 0, nr = 0;

	while (nr < max && (buf = hash_next(&b->buffers, &at)))
		if (buf->pid == pid && buf->known && !buf->gone_round && buf->taken_ts < before)
			v[nr++] = (struct batch_view){.id = buf->id,
						      .addr = buf->addr,
						      .seen = buf->seen,
						      .taken_ts = buf->taken_ts,
						      .mark_ts = buf->state.ts,
						      .looked_pos = buf->looked_pos,
						      .looked_rounds = b->round - buf->looked_round,
						      .pid = buf->pid,
						      .tid = buf->tid,
						      .nonce = buf->nonce};
	return nr;
}

void batch_looked(struct batch *b, uint64_t id, uint64_t pos, uint64_t ts)
{
	struct buffer *buf = hash_get(&b->buffers, id);

	if (!buf)
		return;
	if (buf->looked_pos != pos) {
		buf->looked_pos = pos;
		buf->looked_round = b->round;
	}
	if (ts > buf->taken_ts)
		buf->taken_ts = ts;
}

struct batch_counts batch_counts(const struct batch *b)
{
	struct batch_counts c = b->counts;

	c.bad += b->words.bad;
	c.texts_lost = b->words.texts_lost;
	return c;
}

void batch_free(struct batch *b)
{
	struct buffer *buf;
	struct gone *g;
	size_t at = 0;

	if (!b)
		return;
	while ((buf = hash_next(&b->buffers, &at)))
		while (buf->held) {
			struct held *h = buf->held;

			buf->held = h->next;
			free(h);
		}
	while ((g = b->gone)) {
		b->gone = g->next;
		free(g);
	}
	hash_release(&b->buffers);
	pool_release(&b->pool);
	batch_texts_release(&b->texts);
	free(b);
}
