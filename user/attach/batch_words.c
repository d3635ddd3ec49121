/* SPDX-License-Identifier: MIT */
/*
 * batch_words.c - see batch_words.h
 *
 *	TEXT …  TEXT …  MARK        a mark, and before it what it needs to have said
 *
 * Invariant: nothing is read beyond the n words, and a word 0 that is none of ours ends the
 * stretch. Where this says "must", another program's memory may say otherwise.
 */
#include <string.h>

#include "attach/batch_words.h"

/* Of a word 0: see ctrace.h, which this does not include: the layout is the contract. */
enum {
	OP_TEXT = 1,
	OP_REGION_BEGIN = 2,
	OP_REGION_END = 3,
	OP_TASK_BEGIN = 4,
	OP_TASK_END = 5,
	OP_TASK_ENTER = 6,
	OP_TASK_LEAVE = 7,
	OP_TASK_SEEN = 8,
	OP_ASYNC_BEGIN = 9,
	OP_ASYNC_END = 10,
	OP_LOG = 11,
	OP_PARENT = 12,
	OP_NR,
	OP_A = 16,
	OP_B = 32,
	OP_X = 64,
	OP_Y = 128,
};

#define NOW_BITS     44
#define NOW_MASK     ((1ull << NOW_BITS) - 1)
#define FUTURE_NS    (1ull << 36) /* further ahead than this is long ago */
#define CLOCKS_NS    1000	  /* two readings of one clock may disagree by that */
#define ADDR_MASK    0xffffffffffffull
#define NO_TASK	     ~0ull
#define CATEGORY_MAX 63

/* Words of an operation without its text. */
static const uint8_t op_words[OP_NR] = {
	[OP_TEXT] = 2,	      [OP_REGION_BEGIN] = 1, [OP_REGION_END] = 1, [OP_TASK_BEGIN] = 3,
	[OP_TASK_END] = 3,    [OP_TASK_ENTER] = 3,   [OP_TASK_LEAVE] = 3, [OP_TASK_SEEN] = 3,
	[OP_ASYNC_BEGIN] = 3, [OP_ASYNC_END] = 3,    [OP_LOG] = 3,	  [OP_PARENT] = 9,
};

void batch_out_flush(struct batch_out *o, uint32_t stream)
{
	if (o->n)
		o->records(o->ctx, stream, o->buf, o->n);
	o->n = 0;
}

void *batch_out_record(struct batch_words *d, uint32_t kind, uint32_t n, uint32_t flags,
		       uint64_t ts)
{
	struct batch_out *o = d->out;
	struct wire_hdr *h;

	n = (n + 7) & ~7u;
	if (n > BATCH_OUT_SZ - o->n)
		batch_out_flush(o, d->stream);
	h = memset(o->buf + o->n, 0, n);
	o->n += n;
	*h = (struct wire_hdr){.len = (uint16_t)n,
			       .kind = (uint8_t)kind,
			       .flags = (uint8_t)flags,
			       .tid = d->rec->h.tid,
			       .ts = ts};
	return h;
}

/* --- strings -------------------------------------------------------------------------------- */

static void put_string(struct batch_words *d, uint64_t addr, const char *s, uint32_t n,
		       uint32_t flags, uint64_t ts)
{
	struct wire_string *r;

	r = batch_out_record(d, WIRE_STRING, (uint32_t)sizeof(*r) + n, flags, ts);
	r->addr = addr;
	r->pid = d->rec->pid;
	r->n = n;
	memcpy(r + 1, s, n);
}

static void tell(struct batch_words *d, uint64_t tag, struct batch_text *text, uint64_t ts)
{
	if (text->told_ts <= ts)
		return;
	text->told_ts = ts;
	put_string(d, tag & ADDR_MASK, text->name->text, text->name->len,
		   text->cut ? WIRE_STR_CUT : 0, ts);
}

/* It was said before the trace, or in what was lost. A literal still stands there. */
static void look_up(struct batch_words *d, uint64_t tag, uint64_t ts)
{
	struct batch_text *text = batch_text_find(d->texts, d->process, tag);
	uint64_t addr = tag & ADDR_MASK;
	char s[WIRE_STR_MAX + 1];
	ssize_t n;

	if (text) {
		tell(d, tag, text, ts);
		return;
	}
	n = d->out->text(d->out->ctx, d->rec->pid, addr, s, sizeof(s));
	if (n <= 0) {
		d->texts_lost++;
		put_string(d, addr, "", 0, WIRE_STR_FAULT, ts);
		return;
	}
	n = (ssize_t)strnlen(s, (size_t)n);
	text = batch_text_put(d->texts, d->process, tag, s,
			      (uint32_t)(n > WIRE_STR_MAX ? WIRE_STR_MAX : n), n > WIRE_STR_MAX);
	if (text)
		tell(d, tag, text, ts);
}

/* What was said for the mark at ts. Returns which of its strings are for it alone: OP_A, OP_B. */
static uint32_t say_pending(struct batch_words *d, uint64_t ts, uint64_t once[2])
{
	uint32_t which = 0;

	for (int i = 0; i < d->pending_nr; i++) {
		const struct batch_pending *p = &d->pending[i];
		uint32_t cut = p->cut ? WIRE_STR_CUT : 0;
		uint64_t addr = p->tag & ADDR_MASK;

		if (p->literal && !p->told)
			continue;
		if (!p->literal) {
			put_string(d, addr, p->s, p->n, cut | WIRE_STR_ONCE, ts);
			once[p->is_b] = addr;
			which |= p->is_b ? OP_B : OP_A;
		} else if (!batch_text_put(d->texts, d->memory, p->tag, p->s, p->n, p->cut)) {
			put_string(d, addr, p->s, p->n, cut, ts); /* too many to be noted */
			d->state->told[p->is_b] |= 1ull << p->slot;
		}
	}
	d->pending_nr = 0;
	return which;
}

/* The texts among words that are not to be told. */
static void note_pending(struct batch_words *d)
{
	for (int i = 0; i < d->pending_nr; i++) {
		const struct batch_pending *p = &d->pending[i];

		if (p->literal && p->told)
			batch_text_put(d->texts, d->memory, p->tag, p->s, p->n, p->cut);
	}
	d->pending_nr = 0;
}

/* Returns how many words it took; 0: this is no text. */
static size_t take_text(struct batch_words *d, const uint64_t *w, size_t n)
{
	uint32_t op = (uint32_t)(w[0] >> 56), len = op & OP_X ? w[0] & 0xff : 0;
	uint32_t slot = w[0] >> NOW_BITS & (BATCH_SLOTS - 1);
	size_t words = 2 + (len + 7) / 8;

	if (words > n || !(op & (OP_A | OP_X)))
		return 0;
	if (op & OP_A) {
		d->state->tag[!!(op & OP_B)][slot] = w[1];
		d->state->told[!!(op & OP_B)] &= ~(1ull << slot);
	}
	if (d->pending_nr == BATCH_PENDING)
		return 0;
	d->pending[d->pending_nr++] = (struct batch_pending){
		.tag = w[1],
		.s = (const char *)(w + 2),
		.n = (uint32_t)strnlen((const char *)(w + 2), len),
		.literal = op & OP_A,
		.told = op & OP_X,
		.cut = op & OP_Y,
		.is_b = op & OP_B,
		.slot = (uint8_t)slot,
	};
	return words;
}

/* --- marks ---------------------------------------------------------------------------------- */

/* One mark: its word 0 taken apart. */
struct mark {
	const uint64_t *w;
	uint32_t op;	   /* with its flags */
	uint64_t ts, a, b; /* addresses; 0 none */
	uint32_t flags;	   /* of the record, for what they have in common */
};

/*
 * 44 bits of nanoseconds are nearly five hours: the time of the copy says which. (Of rdtsc's
 * counts, 44 bits are an hour or more.) What was copied was written before, whatever another clock
 * says.
 */
static uint64_t time_of(const struct batch_words *d, uint64_t word)
{
	bool is_tsc = d->rec->h.flags & WIRE_BATCH_TSC;
	uint64_t taken = d->rec->h.ts, most = is_tsc ? 0 : CLOCKS_NS;
	uint64_t now = word - (uint64_t)d->process->clock_shift, age, ahead, ts;

	if (is_tsc && !d->out->tsc(d->out->ctx, word & NOW_MASK, &now))
		now = taken;
	age = (taken - now) & NOW_MASK;
	ahead = NOW_MASK + 1 - age;

	if (ahead < FUTURE_NS)
		ts = taken + (ahead < most ? ahead : most);
	else
		ts = age < taken ? taken - age : 0;
	return ts < d->state->ts ? d->state->ts : ts;
}

/* The address in the slot that a word 0 names; what stands there is told if it was not yet. */
static uint64_t slot_addr(struct batch_words *d, uint32_t which, uint64_t word, uint64_t ts)
{
	uint32_t slot = word >> (NOW_BITS + 6 * which) & (BATCH_SLOTS - 1);
	uint64_t tag = d->state->tag[which][slot];

	if (tag && !(d->state->told[which] >> slot & 1)) {
		look_up(d, tag, ts);
		d->state->told[which] |= 1ull << slot;
	}
	return tag & ADDR_MASK;
}

static void put_region(struct batch_words *d, const struct mark *k, uint32_t op)
{
	struct wire_region *r = batch_out_record(d, WIRE_REGION, WIRE_REGION_BATCHED_SZ,
						 op | WIRE_MARK_BATCHED | k->flags, k->ts);

	r->name = k->a;
	r->site = k->b;
}

static void put_task(struct batch_words *d, const struct mark *k, uint32_t op)
{
	struct wire_task *r = batch_out_record(d, WIRE_TASK, WIRE_TASK_BATCHED_SZ,
					       op | WIRE_MARK_BATCHED | k->flags, k->ts);

	r->id = k->w[1];
	r->parent = k->w[2];
	r->name = k->a;
	r->message = k->b;
}

static void put_task_begin(struct batch_words *d, struct mark *k)
{
	struct batch_state *s = d->state;
	uint64_t id = k->w[1], parent = k->w[2];

	k->b = 0;
	k->flags |= (k->op & OP_X ? WIRE_MARK_ROOT : 0) | (k->op & OP_Y ? WIRE_MARK_DETACHED : 0);
	put_task(d, k, WIRE_MARK_BEGIN);
	if (k->op & OP_Y)
		return;
	s->task_parent = s->task == parent ? parent : NO_TASK;
	s->task = id;
}

static void put_task_end(struct batch_words *d, struct mark *k)
{
	struct batch_state *s = d->state;

	if (k->op & OP_X)
		k->flags |= WIRE_MARK_FAILED;
	else
		k->b = 0;
	put_task(d, k, WIRE_MARK_END);
	if (s->task != k->w[1])
		return;
	s->task = s->task_parent;
	s->task_parent = NO_TASK;
}

static void put_task_switch(struct batch_words *d, struct mark *k, uint32_t op)
{
	k->b = 0;
	put_task(d, k, op);
	d->state->task = k->w[1];
	d->state->task_parent = NO_TASK;
}

/* What is current when a block begins: news only if marks were lost, or at the very first. */
static bool is_no_news(const struct batch_words *d, const uint64_t *w)
{
	return (w[0] >> 56 & 15) == OP_TASK_SEEN &&
	       (d->state->task == w[1] || (!w[1] && d->state->task == NO_TASK));
}

static void put_task_seen(struct batch_words *d, struct mark *k)
{
	if (!is_no_news(d, k->w))
		put_task_switch(d, k, WIRE_MARK_SEEN);
}

static void put_async(struct batch_words *d, const struct mark *k, uint32_t op)
{
	struct wire_async *r = batch_out_record(d, WIRE_ASYNC, sizeof(*r),
						op | WIRE_MARK_BATCHED | k->flags, k->ts);

	r->id = k->w[1];
	r->task = k->w[2];
	r->name = k->a;
	r->site = k->b;
}

static void put_log(struct batch_words *d, const struct mark *k)
{
	uint32_t category_n = k->w[2] & 0xffff, message_n = k->w[2] >> 16 & 0xffff;
	struct wire_log *r;

	r = batch_out_record(d, WIRE_LOG, (uint32_t)sizeof(*r) + category_n + message_n,
			     k->op & OP_X ? WIRE_LOG_CUT : 0, k->ts);
	r->task = k->w[1];
	r->category_n = (uint16_t)category_n;
	r->message_n = (uint16_t)message_n;
	memcpy(r + 1, k->w + 3, category_n + message_n);
}

static void put_parent(struct batch_words *d, const struct mark *k)
{
	struct wire_parent *r = batch_out_record(d, WIRE_PARENT, sizeof(*r), 0, k->ts);

	r->id = k->w[1];
	memcpy(r->traceparent, k->w + 2, sizeof(r->traceparent) - 1);
}

static void put_mark(struct batch_words *d, struct mark *k)
{
	switch (k->op & 15) {
	case OP_REGION_BEGIN:
		put_region(d, k, WIRE_MARK_BEGIN);
		break;
	case OP_REGION_END:
		k->b = 0;
		put_region(d, k, WIRE_MARK_END);
		break;
	case OP_TASK_BEGIN:
		put_task_begin(d, k);
		break;
	case OP_TASK_END:
		put_task_end(d, k);
		break;
	case OP_TASK_ENTER:
		put_task_switch(d, k, WIRE_MARK_ENTER);
		break;
	case OP_TASK_LEAVE:
		put_task_switch(d, k, WIRE_MARK_LEAVE);
		break;
	case OP_TASK_SEEN:
		put_task_seen(d, k);
		break;
	case OP_ASYNC_BEGIN:
		put_async(d, k, WIRE_MARK_BEGIN);
		break;
	case OP_ASYNC_END:
		k->b = 0;
		put_async(d, k, WIRE_MARK_END);
		break;
	case OP_LOG:
		put_log(d, k);
		break;
	default:
		put_parent(d, k);
		break;
	}
}

/* Words of the mark at w; 0: there is none. */
static size_t mark_words(const uint64_t *w, size_t n)
{
	uint32_t op = w[0] >> 56 & 15;
	size_t words = op < OP_NR ? op_words[op] : 0;

	if (!words || words > n)
		return 0;
	if (op == OP_LOG) {
		uint32_t category_n = w[2] & 0xffff, message_n = w[2] >> 16 & 0xffff;

		if (category_n > CATEGORY_MAX || message_n > WIRE_STR_MAX)
			return 0;
		words += (category_n + message_n + 7) / 8;
	}
	return words <= n ? words : 0;
}

/*
 * What a child of fork works for is said before its own marks, by its maker: here, in the words that
 * are known of, and nowhere else. last: the mark that says so; NULL: none did.
 */
static void inherit(struct batch_words *d, const uint64_t *last, uint64_t ts)
{
	uint64_t word[3] = {0, 0, 0};
	struct mark k = {.w = word, .ts = ts};

	if (!last || d->state->task != NO_TASK)
		return;
	if ((last[0] >> 56 & 15) == OP_TASK_END) {
		word[1] = last[2]; /* its parent; whose name it does not say */
	} else {
		memcpy(word, last, sizeof(word));
		k.a = last[0] >> 56 & OP_A ? slot_addr(d, 0, last[0], ts) : 0;
	}
	if (word[1])
		put_task_switch(d, &k, WIRE_MARK_SEEN);
}

/* Whether a mark changes what its thread works for. */
static bool is_switch(const uint64_t *w, const uint64_t *last)
{
	uint32_t op = (uint32_t)(w[0] >> 56);

	switch (op & 15) {
	case OP_TASK_BEGIN:
		return !(op & OP_Y);
	case OP_TASK_END:
		return last && last[1] == w[1];
	case OP_TASK_ENTER:
	case OP_TASK_LEAVE:
	case OP_TASK_SEEN:
		return true;
	default:
		return false;
	}
}

/* Returns whether it is a mark of the application. */
static bool take_mark(struct batch_words *d, const uint64_t *w)
{
	struct mark k = {.w = w, .op = (uint32_t)(w[0] >> 56), .ts = time_of(d, w[0])};
	uint64_t once[2] = {0, 0};
	uint32_t alone;

	/* An end that finds its block full was stamped before the next one begins with that. */
	if (d->state->ts && is_no_news(d, w))
		k.ts = d->state->ts;
	alone = d->pending_nr ? say_pending(d, k.ts, once) : 0;
	d->state->ts = k.ts;
	k.a = k.op & OP_A ? slot_addr(d, 0, w[0], k.ts) : once[0];
	k.b = k.op & OP_B ? slot_addr(d, 1, w[0], k.ts) : once[1];
	if (alone & OP_A && !(k.op & OP_A))
		k.flags = WIRE_MARK_ONCE;
	put_mark(d, &k);
	return (k.op & 15) != OP_TASK_SEEN;
}

uint32_t batch_words(struct batch_words *d, const uint64_t *w, size_t n, size_t quiet)
{
	const uint64_t *last = NULL;
	uint32_t marks = 0;
	size_t at = 0, words;

	d->pending_nr = 0;
	while (at < n) {
		bool is_text = (w[at] >> 56 & 15) == OP_TEXT;

		words = is_text ? take_text(d, w + at, n - at) : mark_words(w + at, n - at);
		if (!words) {
			d->bad++;
			break;
		}
		if (at < quiet) {
			note_pending(d);
			last = !is_text && is_switch(w + at, last) ? w + at : last;
		} else if (!is_text) {
			inherit(d, last, time_of(d, w[at]));
			last = NULL;
			marks += take_mark(d, w + at);
		}
		at += words;
	}
	d->pending_nr = 0;
	batch_out_flush(d->out, d->stream);
	return marks;
}
