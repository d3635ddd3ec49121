/* SPDX-License-Identifier: MIT */
/*
 * past.c - see past.h. Invariant: the entries of a ring are in the order of time, capacities are
 * 0 or powers of two, and `bytes` is what all rings take together.
 */
#include <stdlib.h>
#include <string.h>

#include "model/past.h"

enum { RING_MIN = 16, BYTES_MAX = 64 << 20 };

static size_t bound_of(const struct pasts *all)
{
	return all->bytes_max ? all->bytes_max : BYTES_MAX;
}

struct past *past_new(struct pasts *all, uint32_t tid, uint32_t pid, uint64_t begin)
{
	struct past *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->tid = tid;
	p->pid = pid;
	p->begin = p->known = begin;
	return p;
}

/*
 * Room for one more entry, nr having been put so far. A ring of RING_MIN is always granted; it
 * grows while all of them together stay below the bound. False: there is no ring at all.
 */
static bool grow(struct pasts *all, void **ring, uint32_t *cap, uint32_t nr, size_t sz,
		 uint32_t max)
{
	uint32_t more = *cap ? *cap * 2 : RING_MIN;
	void *v;

	if (nr < *cap || *cap == max || (*cap && all->bytes + *cap * sz > bound_of(all)))
		return *cap;
	/* It has not wrapped yet: as many entries as it has room for, in their places. */
	v = nr == *cap ? realloc(*ring, more * sz) : NULL;
	if (!v)
		return *cap;
	all->bytes += (more - *cap) * sz;
	*ring = v;
	*cap = more;
	return true;
}

/* What is forgotten is still known by its sums. */
static void forget_off(struct past *p, const struct past_off *off)
{
	p->known_acc[STATE_RUNNING] += off->begin - p->known;
	p->known_acc[off->state] += off->woken - off->begin;
	p->known_acc[off->ready_state] += off->end - off->woken;
	p->known = off->end;
}

void past_add_off(struct pasts *all, struct past *p, const struct past_off *off)
{
	void *ring = p->off;
	struct past_off *at;

	if (!grow(all, &ring, &p->off_cap, p->off_nr, sizeof(*off), PAST_OFF_MAX)) {
		forget_off(p, off);
		return;
	}
	p->off = ring;
	if (p->off_nr >= p->off_cap)
		forget_off(p, past_off(p, p->off_nr));
	at = &p->off[p->off_nr++ & (p->off_cap - 1)];
	*at = *off;
	at->place = p->places_nr;
	/* The next one's, at both ends: the ring is larger than what the cache keeps until then. */
	__builtin_prefetch(&past_off(p, p->off_nr)->begin, 1);
	__builtin_prefetch(&past_off(p, p->off_nr)->open, 1);
}

void past_add_place(struct pasts *all, struct past *p, const struct past_place *place)
{
	void *ring = p->places;
	struct past_place *last;

	if (p->places_nr) {
		last = &p->places[(p->places_nr - 1) & (p->places_cap - 1)];
		if (last->region == place->region && last->task_id == place->task_id &&
		    last->task == place->task)
			return;
		if (place->ts <= last->ts) {
			last->region = place->region;
			last->task = place->task;
			last->task_id = place->task_id;
			return;
		}
	}
	if (!grow(all, &ring, &p->places_cap, p->places_nr, sizeof(*place), PAST_PLACES_MAX))
		return;
	p->places = ring;
	p->places[p->places_nr++ & (p->places_cap - 1)] = *place;
	__builtin_prefetch(past_place_nr(p, p->places_nr), 1);
}

/* Entries that are looked at in turn; farther away it is searched for. */
enum { NEAR = 4 };

/* Mostly it is about what was a moment ago: a search begins at the end, and doubles its steps. */
uint32_t past_places_until(const struct past *p, uint64_t ts)
{
	uint32_t first = past_places_first(p), low = p->places_nr, high = low;

	for (uint32_t step = 1; low > first && past_place_nr(p, low - 1)->ts > ts; step *= 2) {
		high = low - 1;
		low = low - first > step ? low - step : first;
	}
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (past_place_nr(p, mid)->ts <= ts)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t past_places_near(const struct past *p, uint64_t ts, uint32_t hint)
{
	uint32_t first = past_places_first(p), i = hint;

	if (i < first || i > p->places_nr)
		return past_places_until(p, ts);
	for (int n = 0; n < NEAR; n++) {
		if (i > first && past_place_nr(p, i - 1)->ts > ts)
			i--;
		else if (i < p->places_nr && past_place_nr(p, i)->ts <= ts)
			i++;
		else
			return i;
	}
	return past_places_until(p, ts);
}

const struct past_place *past_place(const struct past *p, uint64_t ts)
{
	uint32_t nr = past_places_near(p, ts, p->places_nr);

	return nr > past_places_first(p) ? past_place_nr(p, nr - 1) : NULL;
}

uint32_t past_off_before(const struct past *p, uint64_t ts)
{
	uint32_t first = past_off_first(p), low = p->off_nr, high = low;

	for (uint32_t step = 1; low > first && past_off(p, low - 1)->begin >= ts; step *= 2) {
		high = low - 1;
		low = low - first > step ? low - step : first;
	}
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (past_off(p, mid)->begin < ts)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t past_off_near(const struct past *p, uint64_t ts, uint32_t hint)
{
	uint32_t first = past_off_first(p), i = hint;

	if (i < first || i > p->off_nr)
		return past_off_before(p, ts);
	for (int n = 0; n < NEAR; n++) {
		if (i > first && past_off(p, i - 1)->begin >= ts)
			i--;
		else if (i < p->off_nr && past_off(p, i)->begin < ts)
			i++;
		else
			return i;
	}
	return past_off_before(p, ts);
}

void past_free(struct pasts *all, struct past *p)
{
	if (!p)
		return;
	all->bytes -= p->off_cap * sizeof(*p->off) + p->places_cap * sizeof(*p->places);
	free(p->off);
	free(p->places);
	free(p);
}

static void forget_oldest(struct pasts *all)
{
	struct past *p = all->graves[all->graves_first++ % PAST_GRAVES];

	if (hash_get(&all->dead, p->tid) == p)
		hash_del(&all->dead, p->tid);
	past_free(all, p);
}

void past_bury(struct pasts *all, struct past *p, uint64_t end)
{
	if (!p)
		return;
	p->end = end;
	if (hash_put(&all->dead, p->tid, p)) {
		past_free(all, p);
		return;
	}
	if (all->graves_nr - all->graves_first == PAST_GRAVES)
		forget_oldest(all);
	all->graves[all->graves_nr++ % PAST_GRAVES] = p;
	/* The living may need the room. */
	while (all->graves_first != all->graves_nr && all->bytes > bound_of(all) / 2)
		forget_oldest(all);
}

/* Memory is freed at some GiB a second. */
#define DYING_NS 1000000000ull

const struct past *past_of_dead(const struct pasts *all, uint32_t tid, uint64_t ts)
{
	const struct past *p = hash_get(&all->dead, tid);

	return p && p->begin <= ts && ts <= p->end + DYING_NS ? p : NULL;
}

void pasts_release(struct pasts *all)
{
	while (all->graves_first != all->graves_nr)
		forget_oldest(all);
	hash_release(&all->dead);
}
