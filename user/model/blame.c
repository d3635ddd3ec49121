/* SPDX-License-Identifier: MIT */
/*
 * blame.c - see blame.h. Invariant: what a function was given as a window of time it gives out in
 * pieces, from its end to its begin, all of it and once.
 */
#include "model/blame.h"
#include "model/names.h"
#include "model/resources.h"
#include "model/threads.h"
#include "model/wait.h"

/* A request and its answer are that many waits of who answers apart, or fewer. */
enum { ANSWER_WAITS = 8 };
/* Pieces of all paths together: see too_much(). */
enum { PIECES_FREE = 1 << 20, PIECES_RECORD = 64 };

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Who had that tid at ts. */
static const struct past *past_at(const struct model *m, uint32_t tid, uint64_t ts)
{
	const struct thread *th = tid ? threads_find(m, tid) : NULL;

	if (th && th->past->begin <= ts)
		return th->past;
	return tid ? past_of_dead(&m->pasts, tid, ts) : NULL;
}

/* --- giving out ---------------------------------------------------------------------------- */

static void give(struct blame *b, struct blame_piece *piece, uint64_t from, uint64_t to)
{
	if (from >= to)
		return;
	piece->begin = from;
	piece->end = to;
	b->left -= b->left != 0;
	b->m->blamed++;
	b->piece(b->ctx, piece, to - from);
}

/*
 * A task's path costs as much as there is in its time, and tasks may be many that overlap. What
 * all paths together may cost grows with the records, so that no capture takes forever.
 */
static bool too_much(const struct model *m)
{
	return m->blamed > PIECES_FREE + m->records * PIECES_RECORD;
}

const struct past_place *blame_place(const struct blame_piece *piece)
{
	if (piece->place || !piece->who)
		return piece->place;
	return past_place(piece->who, piece->place_ts);
}

/* Nothing tells more of this part of the wait `up`: it is all there is. */
static void give_wait_itself(struct blame *b, const struct blame_piece *up, uint64_t from,
			     uint64_t to, enum blame_end ended)
{
	struct blame_piece piece = *up;

	piece.ended = ended;
	piece.place = blame_place(up);
	if (up->idle) {
		piece.up = piece.own = up;
		piece.depth++;
		piece.idle = false;
	}
	give(b, &piece, from, to);
}

/* Goes back through the places of a thread. */
struct places {
	const struct past *p;
	uint32_t nr, first;
	bool found; /* nr is set; before, it is a hint */
};

/* Of p, from its stretch off CPU number i on, or from the one before. */
static struct places places_from(const struct past *p, uint32_t i)
{
	return (struct places){
		.p = p,
		.nr = i < p->off_nr ? past_off(p, i)->place : p->places_nr,
		.first = past_places_first(p),
	};
}

/* Where it was at ts, which is not later than that of the last call. */
static const struct past_place *place_at(struct places *at, uint64_t ts)
{
	if (!at->found)
		at->nr = past_places_near(at->p, ts, at->nr);
	at->found = true;
	while (at->nr > at->first && past_place_nr(at->p, at->nr - 1)->ts > ts)
		at->nr--;
	return at->nr > at->first ? past_place_nr(at->p, at->nr - 1) : NULL;
}

/* A thread that ran, in each of the places where it was. */
static void give_run(struct blame *b, struct blame_piece *piece, struct places *places,
		     uint64_t from, uint64_t to)
{
	piece->state = STATE_RUNNING;
	piece->ended = BLAME_WORK;
	piece->resource = piece->by = b->m->no_name;
	while (from < to) {
		const struct past_place *at = place_at(places, to - 1);
		uint64_t since = at ? max_u64(at->ts, from) : from;

		piece->place = at;
		give(b, piece, since, to);
		to = since;
	}
}

/* --- who ended it --------------------------------------------------------------------------- */

static bool by_network(const struct past_off *off)
{
	return off->state == STATE_NETWORK || off->state == STATE_POLL;
}

/*
 * Whether s, which an interrupt of the network found on the CPU when p was woken at ts, was itself
 * woken in p's send call before: then they talk to each other, and this was the answer.
 */
static bool answers(const struct past *s, const struct past *p, uint64_t ts)
{
	uint32_t i = past_off_before(s, ts), first = past_off_first(s);

	for (uint32_t n = 0; i > first && n < ANSWER_WAITS; i--, n++) {
		const struct past_off *off = past_off(s, i - 1);

		if (off->waits && off->ctx == WIRE_WAKER_SOFTIRQ && by_network(off) &&
		    off->waker_tid == p->tid)
			return true;
	}
	return false;
}

/* The helper of a task that was at it last, in a window of time. */
static const struct helper *helper_in(const struct model *m, uint64_t task_id, uint64_t from,
				      uint64_t to)
{
	const struct helpers *hs = task_id ? recent_get(&m->helpers, task_id) : NULL;
	const struct helper *last = NULL;

	for (int i = 0; hs && i < HELPERS_NR; i++) {
		const struct helper *h = &hs->v[i];

		if (h->tid && h->from < to && h->to > from && (!last || h->to > last->to))
			last = h;
	}
	return last;
}

/* Whom the chain goes on with, until when; who NULL: with nobody, since it has ended so. */
struct next {
	const struct past *who;
	uint64_t until;
	enum blame_via via;
	enum blame_end ended;
	bool inferred;
	uint32_t hint;
};

/*
 * On loopback the network's softirq runs in the sender's own call: the thread that it "interrupted"
 * has sent. That this is a loopback socket is one witness for it, that the two answer each other
 * another; with both it is taken for sure. A wait for somebody far away was ended by a device.
 */
static struct next sender(const struct model *m, const struct past *p, const struct past_off *off,
			  uint64_t from, uint64_t to)
{
	const struct past *s = past_at(m, off->waker_tid, off->woken);
	bool answer, local = off->reach == REACH_LOOPBACK;
	const struct past_place *at;
	const struct thread *th;
	const struct helper *h;
	uint64_t until;

	if (off->reach != REACH_REMOTE && s && s != p) {
		answer = answers(s, p, off->woken);
		if (answer || local)
			return (struct next){
				s, to, BLAME_VIA_SENDER, 0, !(answer && local), off->waker_off};
	}
	at = past_place(p, off->begin);
	h = helper_in(m, at ? at->task_id : 0, from, to);
	s = h ? past_at(m, h->tid, max_u64(h->from, from)) : NULL;
	if (!s || s == p)
		return (struct next){.ended = BLAME_INTERRUPT};
	/* What it has done since its last record is not known. */
	th = threads_find(m, h->tid);
	until = th && th->past == s ? th->last_ts : s->end;
	return (struct next){s,	       min_u64(to, min_u64(until, h->to)), BLAME_VIA_CHILD, 0, true,
			     s->off_nr};
}

/* Who ended p's wait `off`, of which this window is a part. */
static struct next ended_by(const struct model *m, const struct past *p, const struct past_off *off,
			    uint64_t from, uint64_t to)
{
	bool unsure = off->ctx == WIRE_WAKER_UNKNOWN;
	const struct past *who;

	if (off->ctx == WIRE_WAKER_NONE || off->open)
		return (struct next){.ended = BLAME_UNSEEN};
	if (by_network(off) && (unsure || off->ctx == WIRE_WAKER_SOFTIRQ))
		return sender(m, p, off, from, to);
	/* Where the kernel does not say, a lock or a pipe is left by a thread; a disk and a timer
	 * are not. */
	if (unsure && off->state != STATE_LOCK && off->state != STATE_IPC &&
	    off->state != STATE_CHILD)
		return (struct next){.ended = BLAME_UNSEEN};
	if (!unsure && off->ctx != WIRE_WAKER_TASK)
		return (struct next){.ended = BLAME_INTERRUPT};
	who = past_at(m, off->waker_tid, off->woken);
	if (!off->waker_tid || who == p)
		return (struct next){.ended = BLAME_UNSEEN};
	return (struct next){who, to, BLAME_VIA_WAKER, BLAME_UNTRACED, unsure, off->waker_off};
}

/* --- looking back --------------------------------------------------------------------------- */

/* hint: as past_off_near has it. */
static void look_back(struct blame *b, const struct past *p, uint64_t from, uint64_t to,
		      uint32_t hint, const struct blame_piece *up, enum blame_via via,
		      bool inferred);

/*
 * Whoever waits up in the chain all this time can not have ended a wait in it: the records
 * contradict each other, by a little where two wakings were at almost the same time.
 */
static bool in_chain(const struct blame_piece *piece, const struct past *who)
{
	for (; piece; piece = piece->up) {
		if (piece->who == who && !piece->idle)
			return true;
	}
	return false;
}

/* The blocked part of p's stretch `off`, in a window. piece: p's, as it was there. */
static void blocked(struct blame *b, struct blame_piece *piece, struct places *places,
		    const struct past_off *off, uint64_t from, uint64_t to)
{
	const struct past *p = piece->who;
	struct next next;

	piece->state = (enum state)off->state;
	piece->resource = off->resource;
	piece->by = b->m->no_name;
	piece->ended = BLAME_CPU;
	piece->place_ts = off->begin;
	/* Of a wait further in nobody may want to know. */
	piece->place = NULL;
	if (!piece->up || piece->up->idle || !off->waits)
		piece->place = place_at(places, off->begin);
	if (!off->waits) {
		if (off->state == STATE_UNKNOWN)
			piece->ended = BLAME_UNSEEN;
		give(b, piece, from, to);
		return;
	}
	if (!piece->up || piece->up->idle) {
		b->left = too_much(b->m) ? 0 : BLAME_PIECES;
		b->least_ns = (to - from) / BLAME_SHARE;
	}
	next = ended_by(b->m, p, off, from, to);
	if (next.who && (to - from < b->least_ns || piece->depth + 1 >= BLAME_DEPTH || !b->left ||
			 in_chain(piece, next.who))) {
		next.who = NULL;
		next.ended = BLAME_BOUND;
	}
	if (next.who && next.until > from) {
		if (next.until < to)
			give_wait_itself(b, piece, next.until, to, BLAME_INTERRUPT);
		piece->begin = from;
		piece->end = next.until;
		look_back(b, next.who, from, next.until, next.hint, piece, next.via,
			  piece->inferred || next.inferred);
		return;
	}
	piece->place = place_at(places, off->begin);
	piece->ended = next.who ? BLAME_INTERRUPT : next.ended;
	if (piece->ended == BLAME_UNTRACED)
		piece->by = names_other(b->m, threads_comm(b->m, off->waker_tid));
	give(b, piece, from, to);
}

/*
 * What a thread did for its task so long ago is known by state only: that is the order in which it
 * is given out. Not even that if the window is not the leg's, or losses have been corrected
 * meanwhile.
 */
static void give_sums(struct blame *b, struct blame_piece *piece, uint64_t from, uint64_t to)
{
	const struct past *p = piece->who;
	const struct leg *leg = b->leg;
	bool known = leg && leg->from == from && p->known == to;

	for (int i = 0; known && i < STATE_NR; i++)
		known = p->known_acc[i] >= leg->acc[i];
	for (int i = 0; known && i < STATE_NR; i++) {
		uint64_t ns = p->known_acc[i] - leg->acc[i];

		ns = ns < to - from ? ns : to - from;
		piece->state = (enum state)i;
		give(b, piece, to - ns, to);
		to -= ns;
	}
	piece->state = STATE_UNKNOWN;
	give(b, piece, from, to);
}

/* Before anything is known of p: its creator may be to blame that it was not there yet. */
static void before(struct blame *b, struct blame_piece *piece, uint64_t from, uint64_t to)
{
	const struct past *p = piece->who;
	const struct blame_piece *up = piece->up;
	const struct past *creator = past_at(b->m, p->parent_tid, p->begin);

	/* It was there before p, so this comes to an end. */
	if (creator && up && p->known == p->begin && creator->begin < p->begin && b->left) {
		b->left--;
		look_back(b, creator, from, to, creator->off_nr, up, BLAME_VIA_CREATOR,
			  piece->inferred);
		return;
	}
	if (up) {
		give_wait_itself(b, up, from, to, BLAME_FORGOTTEN);
		return;
	}
	piece->ended = BLAME_FORGOTTEN;
	piece->place = NULL;
	piece->resource = piece->by = b->m->no_name;
	give_sums(b, piece, from, to);
}

static void look_back(struct blame *b, const struct past *p, uint64_t from, uint64_t to,
		      uint32_t hint, const struct blame_piece *up, enum blame_via via,
		      bool inferred)
{
	struct blame_piece piece = {
		.up = up,
		.own = up && up->own ? up->own : up,
		.who = p,
		.via = via,
		.inferred = inferred,
		.depth = up ? up->depth + 1 : 0,
	};
	uint32_t first = past_off_first(p), i = past_off_near(p, to, hint);
	struct places places = places_from(p, i);

	while (from < to) {
		const struct past_off *off = i > first ? past_off(p, i - 1) : NULL;
		uint64_t since = max_u64(off ? off->end : p->known, from);

		if (up && !up->idle && !b->left) {
			give_wait_itself(b, up, from, to, BLAME_BOUND);
			return;
		}
		if (since < to) {
			give_run(b, &piece, &places, since, to);
			to = since;
		}
		if (from >= to)
			return;
		if (!off) {
			before(b, &piece, from, to);
			return;
		}
		since = max_u64(off->woken, from);
		if (since < to) {
			piece.place = place_at(&places, off->begin);
			piece.state = (enum state)off->ready_state;
			piece.ended = BLAME_CPU;
			piece.resource = piece.by = b->m->no_name;
			give(b, &piece, since, to);
			to = since;
		}
		since = max_u64(off->begin, from);
		if (since < to) {
			blocked(b, &piece, &places, off, since, to);
			to = since;
		}
		i--;
	}
}

void blame_wait(struct blame *b, const struct past *p, uint64_t begin)
{
	struct blame_piece piece = {.who = p, .via = BLAME_VIA_OWN};
	uint32_t i = past_off_before(p, begin + 1);
	struct places places = places_from(p, i);
	const struct past_off *off = i > past_off_first(p) ? past_off(p, i - 1) : NULL;

	if (off && off->begin == begin && off->begin < off->woken)
		blocked(b, &piece, &places, off, off->begin, off->woken);
}

/* --- a task --------------------------------------------------------------------------------- */

/* The leg that was under way right before t: of thread tid if there is one, else the youngest. */
static const struct leg *leg_at(const struct task *task, uint32_t tid, uint64_t t)
{
	const struct leg *found = NULL;

	for (uint32_t i = 0; i < task->legs_nr; i++) {
		const struct leg *leg = &task->legs[i];

		if (leg->from >= t || leg->to < t)
			continue;
		if (leg->tid == tid)
			return leg;
		if (!found || leg->from > found->from)
			found = leg;
	}
	return found;
}

static const struct leg *leg_before(const struct task *task, uint64_t t)
{
	const struct leg *found = NULL;

	for (uint32_t i = 0; i < task->legs_nr; i++) {
		const struct leg *leg = &task->legs[i];

		if (leg->to < t && leg->to > task->begin && (!found || leg->to > found->to))
			found = leg;
	}
	return found;
}

static void nobody(struct blame *b, struct blame_piece *piece, uint64_t from, uint64_t to)
{
	piece->state = STATE_UNKNOWN;
	piece->ended = too_much(b->m) ? BLAME_BOUND : BLAME_UNSEEN;
	piece->resource = piece->by = b->m->no_name;
	give(b, piece, from, to);
}

/* Nobody worked for the task: what did the thread do that took it up then? */
static void idle(struct blame *b, uint32_t taker, uint64_t from, uint64_t to)
{
	const struct past *p = past_at(b->m, taker, to);
	struct blame_piece gap = {
		.who = p,
		.begin = from,
		.end = to,
		.state = STATE_UNKNOWN,
		.idle = true,
		.resource = b->m->no_name,
		.by = b->m->no_name,
	};
	struct blame_piece none = {.up = &gap, .own = &gap, .depth = 1};

	if (p)
		look_back(b, p, from, to, p->off_nr, &gap, BLAME_VIA_TAKER, false);
	else
		nobody(b, &none, from, to);
}

void blame_task(struct blame *b, const struct task *task)
{
	uint32_t tid = task->closer_tid;
	uint64_t t = task->end, from;

	while (t > task->begin) {
		const struct leg *leg = leg_at(task, tid, t);
		const struct past *p = leg ? past_at(b->m, leg->tid, t) : NULL;
		struct blame_piece none = {0};

		if (too_much(b->m)) {
			nobody(b, &none, task->begin, t);
			return;
		}
		b->left = BLAME_PIECES;
		if (leg) {
			from = max_u64(leg->from, task->begin);
			b->leg = leg;
			if (p)
				look_back(b, p, from, t, p->off_nr, NULL, BLAME_VIA_OWN, false);
			else
				nobody(b, &none, from, t);
		} else {
			leg = leg_before(task, t);
			from = leg ? leg->to : task->begin;
			idle(b, tid, from, t);
		}
		tid = leg ? leg->tid : tid;
		t = from;
	}
}

/* --- helpers -------------------------------------------------------------------------------- */

void blame_helper_begin(struct model *m, const struct thread *th, const struct task *task)
{
	struct helpers *hs = recent_get(&m->helpers, task->parent_id);

	if (!hs)
		hs = recent_put(&m->helpers, task->parent_id);
	if (!hs) {
		model_no_memory(m);
		return;
	}
	hs->v[hs->at++ % HELPERS_NR] = (struct helper){th->view.tid, th->last_ts, UINT64_MAX};
}

void blame_helper_end(struct model *m, const struct thread *th, const struct task *task,
		      uint64_t ts)
{
	struct helpers *hs = recent_get(&m->helpers, task->parent_id);

	for (int i = 0; hs && i < HELPERS_NR; i++) {
		if (hs->v[i].tid == th->view.tid && hs->v[i].to == UINT64_MAX)
			hs->v[i].to = ts;
	}
}
