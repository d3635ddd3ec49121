/* SPDX-License-Identifier: MIT */
/*
 * hist.c - see hist.h. Invariant: nr is the sum of all counts, and min <= every value <= max.
 *
 * Octave 0 holds the values 0 … 127 one by one; octave o > 0 those of [128 << (o - 1),
 * 256 << (o - 1)), in 128 buckets of 1 << (o - 1).
 */
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "model/hist.h"

enum { SUBS = 1 << HIST_SUB_BITS, COARSE = 8, COARSE_BITS = 3 };

static unsigned int octave_of(uint64_t v)
{
	return v < SUBS ? 0 : 63u - (unsigned int)__builtin_clzll(v) - HIST_SUB_BITS + 1;
}

static unsigned int sub_of(uint64_t v, unsigned int octave)
{
	return octave ? (unsigned int)(v >> (octave - 1)) & (SUBS - 1) : (unsigned int)v;
}

static uint64_t lowest(unsigned int octave, unsigned int sub)
{
	return octave ? (uint64_t)(SUBS + sub) << (octave - 1) : sub;
}

static uint64_t width(unsigned int octave)
{
	return octave ? 1ull << (octave - 1) : 1;
}

int hist_add(struct hist *h, uint64_t v)
{
	unsigned int o = octave_of(v);

	if (!h->octaves[o]) {
		h->octaves[o] = calloc(SUBS, sizeof(*h->octaves[o]));
		if (!h->octaves[o])
			return -ENOMEM;
	}
	h->octaves[o][sub_of(v, o)]++;
	if (!h->nr || v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
	h->nr++;
	h->sum += v;
	return 0;
}

static uint64_t clamp(const struct hist *h, uint64_t v)
{
	if (v < h->min)
		return h->min;
	return v > h->max ? h->max : v;
}

uint64_t hist_permille(const struct hist *h, unsigned int p)
{
	/* In 128 bits: nr may be anything. */
	uint64_t rank = (uint64_t)(((unsigned __int128)h->nr * p + 999) / 1000), seen = 0;

	if (!rank || rank == h->nr)
		return rank ? h->max : h->min;
	for (unsigned int o = 0; o < HIST_OCTAVES; o++) {
		for (unsigned int i = 0; h->octaves[o] && i < SUBS; i++) {
			seen += h->octaves[o][i];
			if (seen >= rank)
				return clamp(h, lowest(o, i) + width(o) / 2);
		}
	}
	return h->max;
}

struct percentiles hist_percentiles(const struct hist *h)
{
	return (struct percentiles){
		.min = h->min,
		.p50 = hist_permille(h, 500),
		.p90 = hist_permille(h, 900),
		.p95 = hist_permille(h, 950),
		.p99 = hist_permille(h, 990),
		.max = h->max,
		.mean = h->nr ? h->sum / h->nr : 0,
	};
}

/* [lo, hi) of the coarse bucket that v is in; hi of the very last one is the highest number. */
static void coarse_bounds(uint64_t v, uint64_t *lo, uint64_t *hi)
{
	unsigned int shift;

	if (v < COARSE) {
		*lo = v;
		*hi = v + 1;
		return;
	}
	shift = 63u - (unsigned int)__builtin_clzll(v) - COARSE_BITS;
	*lo = v >> shift << shift;
	*hi = *lo + (1ull << shift);
	if (!*hi)
		*hi = UINT64_MAX;
}

/* Walks the coarse buckets; fills out unless it is NULL; returns how many are not empty. */
static size_t walk(const struct hist *h, struct hist_bucket *out)
{
	uint64_t lo, hi, last = UINT64_MAX;
	size_t nr = 0;

	for (unsigned int o = 0; o < HIST_OCTAVES; o++) {
		for (unsigned int i = 0; h->octaves[o] && i < SUBS; i++) {
			if (!h->octaves[o][i])
				continue;
			coarse_bounds(lowest(o, i), &lo, &hi);
			nr += lo != last;
			last = lo;
			if (!out)
				continue;
			out[nr - 1].lo_ns = lo;
			out[nr - 1].hi_ns = hi;
			out[nr - 1].count += h->octaves[o][i];
		}
	}
	return nr;
}

long hist_buckets(const struct hist *h, struct arena *arena, const struct hist_bucket **out)
{
	size_t nr = walk(h, NULL);
	struct hist_bucket *v = arena_get(arena, nr, sizeof(*v));

	if (!v)
		return -ENOMEM;
	walk(h, v);
	*out = v;
	return (long)nr;
}

void hist_release(struct hist *h)
{
	for (unsigned int o = 0; o < HIST_OCTAVES; o++)
		free(h->octaves[o]);
	*h = (struct hist){0};
}
