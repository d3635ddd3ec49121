/* SPDX-License-Identifier: MIT */
/*
 * tsc.c - see tsc.h
 *
 * Whether the counter can be trusted, the kernel knows: it compares the counters of all CPUs at
 * boot, watches them against another clock, and takes the counter off its list of clocks if it
 * fails.
 *
 * Invariants: counts and times of the ring go up; `lately` is a line of what the ring holds.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attach/tsc.h"

#define COUNT_MASK ((1ull << TSC_BITS) - 1)
#define CLOCKS	   "/sys/devices/system/clocksource/clocksource0/"

enum {
	TRIES = 8,
	SLOW = 8,	     /* times the best reading: it was interrupted … */
	REFUSED_MAX = 3,     /* … but not so often: it takes that long now */
	BASE_NS = 100000000, /* the line is judged by a reading so far back */
	STEP_NS = 1000,	     /* that far from it is no longer on it */
	SPAN_NS = 2000000,   /* readings make a line that are so far apart */
	HOPELESS = 16,	     /* steps: no line is worth a pause, while the rings fill up */
	RATE_BITS = 48,	     /* of a ns: 2^43 counts are right to a thirty-second of one */
	CLOCKS_SZ = 256,
	CPUINFO_LINE = 8192,
};

#ifdef __x86_64__
static uint64_t count_now(void)
{
	return __builtin_ia32_rdtsc();
}
#else
static uint64_t count_now(void)
{
	return 0;
}
#endif

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void pause_for_a_line(void)
{
	nanosleep(&(struct timespec){0, SPAN_NS}, NULL);
}

/* Both clocks, as close together as they come; returns how many counts that took. */
static uint64_t read_both(struct tsc_pair *p)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = count_now(), ns = now_ns(), took = count_now() - before;

		if (took >= best)
			continue;
		best = took;
		*p = (struct tsc_pair){before + took / 2, ns};
	}
	return best;
}

/* --- the line ------------------------------------------------------------------------------- */

static const struct tsc_pair *pair_at(const struct tsc *t, uint64_t i)
{
	return &t->pair[i % TSC_PAIRS];
}

static uint64_t first_kept(const struct tsc *t)
{
	return t->nr > TSC_PAIRS ? t->nr - TSC_PAIRS : 0;
}

/* On the line through a and b, b after a. */
static uint64_t on_line(const struct tsc_pair *a, const struct tsc_pair *b, uint64_t count)
{
	__int128 ns = (__int128)(int64_t)(count - a->count) * (int64_t)(b->ns - a->ns) /
		      (int64_t)(b->count - a->count);

	return a->ns + (uint64_t)(int64_t)ns;
}

/* A reading of the same line that is far enough back to draw it through the last one. */
static const struct tsc_pair *base_of(const struct tsc *t)
{
	const struct tsc_pair *last = pair_at(t, t->nr - 1);
	uint64_t i = t->nr - 1, first = first_kept(t) > t->line ? first_kept(t) : t->line;

	while (i > first && last->ns - pair_at(t, i)->ns < BASE_NS)
		i--;
	return pair_at(t, i);
}

static uint64_t whole_count(const struct tsc *t, uint64_t count)
{
	uint64_t last = pair_at(t, t->nr - 1)->count, age = (last - count) & COUNT_MASK;

	return age <= COUNT_MASK / 2 ? last - age : last + (COUNT_MASK + 1 - age);
}

/* b is after a. Capped at 2^16 ns a count: only across a step are there more, and there little is
 * known. */
static uint64_t rate_of(const struct tsc_pair *a, const struct tsc_pair *b)
{
	unsigned __int128 rate =
		((unsigned __int128)(b->ns - a->ns) << RATE_BITS) / (b->count - a->count);

	return rate < UINT64_MAX ? (uint64_t)rate : UINT64_MAX;
}

/* After the last reading. If that is alone on its line, nothing is known but that it is later. */
static struct tsc_line line_ahead(const struct tsc *t)
{
	const struct tsc_pair *last = pair_at(t, t->nr - 1), *base = base_of(t);

	return (struct tsc_line){.from = last->count,
				 .until = UINT64_MAX,
				 .through = *last,
				 .rate = base == last ? 0 : rate_of(base, last)};
}

/* Before the first one that is kept. If that is the last of its line, the next has the same rate. */
static struct tsc_line line_before(const struct tsc *t)
{
	uint64_t first = first_kept(t), from = t->line == first + 1 ? first + 1 : first;
	const struct tsc_pair *a = pair_at(t, from);
	const struct tsc_pair *b = pair_at(t, t->line > first + 1 ? first + 1 : t->nr - 1);

	return (struct tsc_line){.until = pair_at(t, first)->count,
				 .through = *pair_at(t, first),
				 .rate = a == b ? 0 : rate_of(a, b)};
}

static struct tsc_line line_of(const struct tsc *t, uint64_t count)
{
	uint64_t low = first_kept(t), high = t->nr - 1;
	const struct tsc_pair *a, *b;

	if (count >= pair_at(t, high)->count)
		return line_ahead(t);
	if (count < pair_at(t, low)->count)
		return line_before(t);
	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (pair_at(t, mid)->count <= count)
			low = mid;
		else
			high = mid;
	}
	a = pair_at(t, low);
	b = pair_at(t, high);
	return (struct tsc_line){a->count, b->count, *a, rate_of(a, b)};
}

bool tsc_ns(struct tsc *t, uint64_t count, uint64_t *ns)
{
	const struct tsc_line *line = &t->lately;

	if (t->nr < 2)
		return false;
	count = whole_count(t, count);
	if (count < line->from || count >= line->until)
		t->lately = line_of(t, count);
	*ns = line->through.ns +
	      (uint64_t)((__int128)(int64_t)(count - line->through.count) * line->rate >>
			 RATE_BITS);
	return true;
}

/* --- readings ------------------------------------------------------------------------------- */

/*
 * How far p is from where the line was going, in ns. What lies between the last reading and p is on
 * the line through both, so if the clock's rate has changed there once, it is no further off than
 * that.
 */
static uint64_t deviation(const struct tsc *t, struct tsc_pair p, uint64_t reading_ns)
{
	const struct tsc_pair *base = base_of(t), *last = pair_at(t, t->nr - 1);
	uint64_t want, off, unsure;

	if (base == last)
		return 0; /* the second one of a line */
	want = on_line(base, last, p.count);
	off = want > p.ns ? want - p.ns : p.ns - want;
	/* A short line points far ahead badly. */
	unsure = reading_ns * (p.ns - last->ns) / (last->ns - base->ns);
	return off > unsure ? off - unsure : 0;
}

/* The last one gives way if the one before is near: what is between is as well known by both. */
static void keep(struct tsc *t, struct tsc_pair p)
{
	if (t->nr > t->line + 1 && p.ns - pair_at(t, t->nr - 2)->ns < TSC_APART)
		t->nr--;
	t->pair[t->nr++ % TSC_PAIRS] = p;
	t->lately = (struct tsc_line){};
}

/* A machine that slept, or moved to another host: what was before is on no line with what comes. */
static void step(struct tsc *t, struct tsc_pair p, bool back)
{
	t->steps++;
	if (back)
		t->nr = 0;
	t->line = t->nr;
	keep(t, p);
}

static bool is_late(struct tsc *t, uint64_t took)
{
	if (t->best && took > SLOW * t->best && ++t->refused < REFUSED_MAX)
		return true;
	if (!t->best || took < t->best || t->refused >= REFUSED_MAX)
		t->best = took;
	t->refused = 0;
	return false;
}

bool tsc_take(struct tsc *t, struct tsc_pair p, uint64_t took)
{
	const struct tsc_pair *last = t->nr ? pair_at(t, t->nr - 1) : NULL;
	uint64_t off, reading_ns;

	if (is_late(t, took))
		return true;
	if (!last) {
		keep(t, p);
		return true;
	}
	if (p.count <= last->count || p.ns <= last->ns) {
		step(t, p, true);
		return true;
	}
	reading_ns = took * (p.ns - last->ns) / (p.count - last->count) + 1;
	off = deviation(t, p, reading_ns);
	if (off > STEP_NS) {
		step(t, p, false);
		return true;
	}
	keep(t, p);
	if (off + reading_ns > t->err_ns)
		t->err_ns = off + reading_ns;
	return false;
}

void tsc_read(struct tsc *t, uint64_t ns)
{
	struct tsc_pair p = {0, 0};

	if (!count_now() || (t->nr && pair_at(t, t->nr - 1)->ns >= ns))
		return;
	for (int i = 0; i < 2 * REFUSED_MAX; i++) {
		uint64_t took = read_both(&p);

		if (!tsc_take(t, p, took))
			break;
		if (!t->refused && t->steps < HOPELESS)
			pause_for_a_line();
	}
}

/* --- trust ---------------------------------------------------------------------------------- */

/* Whether the processor says of the counter that it never stops, and keeps its rate. */
static bool has_flags(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[CPUINFO_LINE];
	bool has = false;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "flags", 5)) {
			has = strstr(line, " constant_tsc") && strstr(line, " nonstop_tsc");
			break;
		}
	if (f)
		fclose(f);
	return has;
}

/* The kernel's clocks, with a space before and behind each. */
static void read_clocks(char to[CLOCKS_SZ])
{
	FILE *f = fopen(CLOCKS "available_clocksource", "re");

	to[0] = ' ';
	to[1] = '\0';
	if (!f)
		return;
	if (!fgets(to + 1, CLOCKS_SZ - 2, f))
		to[1] = '\0';
	fclose(f);
	to[1 + strcspn(to + 1, "\n")] = ' ';
}

static bool kernel_has_it(void)
{
	char clocks[CLOCKS_SZ];

	read_clocks(clocks);
	return strstr(clocks, " tsc ");
}

void tsc_init(struct tsc *t)
{
	struct tsc_pair p = {0, 0};
	uint64_t took;

	memset(t, 0, sizeof(*t));
	took = read_both(&p);
	if (p.count)
		tsc_take(t, p, took);
	if (!count_now())
		snprintf(t->why, sizeof(t->why), "this processor has none that is used for that");
	else if (!has_flags())
		snprintf(t->why, sizeof(t->why), "the processor does not say that it never stops");
	else if (!kernel_has_it())
		snprintf(t->why, sizeof(t->why), "the kernel does not have it among its clocks");
	else
		t->trusted = true;
	if (t->trusted)
		snprintf(t->why, sizeof(t->why), "the kernel has it among its clocks");
}

bool tsc_compare(struct tsc *t)
{
	struct tsc_pair from, to, there[CPU_SETSIZE];
	uint64_t most = 0;
	cpu_set_t may, one;
	int nr = 0;

	if (!count_now() || !has_flags() || sched_getaffinity(0, sizeof(may), &may))
		return false;
	read_both(&from);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &may))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (!sched_setaffinity(0, sizeof(one), &one))
			read_both(&there[nr++]);
	}
	sched_setaffinity(0, sizeof(may), &may);
	pause_for_a_line();
	read_both(&to);
	if (!nr || to.count <= from.count || to.ns <= from.ns) {
		snprintf(t->why, sizeof(t->why), "the CPUs could not be compared");
		return false;
	}
	for (int i = 0; i < nr; i++) {
		uint64_t want = on_line(&from, &to, there[i].count), ns = there[i].ns;
		uint64_t off = want > ns ? want - ns : ns - want;

		most = off > most ? off : most;
	}
	snprintf(t->why, sizeof(t->why), "those of %d CPUs are %llu ns apart", nr,
		 (unsigned long long)most);
	return most <= STEP_NS;
}

void tsc_finish(struct tsc *t)
{
	if (t->trusted && !kernel_has_it())
		t->steps++;
}
