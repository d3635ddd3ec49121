/* SPDX-License-Identifier: MIT */
/*
 * tsc.c - see tsc.h
 *
 * Whether the counter can be trusted, the kernel knows: it compares the counters of all CPUs at
 * boot, and watches them. If its own clock is the counter, that is settled. In a virtual machine
 * its clock is the hypervisor's, made of the counter, too: then the CPUs are compared here, by
 * going to each.
 *
 * Invariant: counts and times of the ring go up.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attach/tsc.h"

#define COUNT_MASK ((1ull << TSC_BITS) - 1)

enum {
	TRIES = 8,
	BASE_NS = 100000000, /* the line behind the last reading is drawn from one so far back */
	APART_NS = 1000,     /* further than that, two CPUs' counters are not one */
	STEP_NS = 2000,	     /* and two readings do not lie on one line */
	SPAN_NS = 2000000,
	TIMES = 512,
	CLOCKSOURCE_SZ = 32,
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

/* A reading that is far enough back to draw a line from it through the last one. */
static const struct tsc_pair *base_of(const struct tsc *t)
{
	const struct tsc_pair *last = pair_at(t, t->nr - 1);
	uint64_t i = t->nr - 1;

	while (i > first_kept(t) && last->ns - pair_at(t, i)->ns < BASE_NS)
		i--;
	return pair_at(t, i);
}

static uint64_t whole_count(const struct tsc *t, uint64_t count)
{
	uint64_t last = pair_at(t, t->nr - 1)->count, age = (last - count) & COUNT_MASK;

	return age <= COUNT_MASK / 2 ? last - age : last + (COUNT_MASK + 1 - age);
}

uint64_t tsc_ns(const struct tsc *t, uint64_t count)
{
	uint64_t low = first_kept(t), high = t->nr;

	if (t->nr < 2)
		return 0;
	count = whole_count(t, count);
	if (count >= pair_at(t, high - 1)->count)
		return on_line(base_of(t), pair_at(t, high - 1), count);
	if (count <= pair_at(t, low)->count)
		return on_line(pair_at(t, low), pair_at(t, high - 1), count);
	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (pair_at(t, mid)->count <= count)
			low = mid;
		else
			high = mid;
	}
	return on_line(pair_at(t, low), pair_at(t, low + 1), count);
}

/* A machine that slept, or moved to another host, has clocks that did not go together meanwhile. */
void tsc_add(struct tsc *t, uint64_t count, uint64_t ns)
{
	const struct tsc_pair *last = t->nr ? pair_at(t, t->nr - 1) : NULL;

	if (last && (count <= last->count || ns <= last->ns)) {
		t->steps++;
		t->nr = 0; /* what was before is on no line with what comes */
	} else if (t->nr >= 2) {
		uint64_t want = on_line(base_of(t), last, count);
		uint64_t off = want > ns ? want - ns : ns - want;

		t->steps += off > STEP_NS + (ns - last->ns) / 2000;
	}
	t->pair[t->nr++ % TSC_PAIRS] = (struct tsc_pair){count, ns};
}

/* --- reading -------------------------------------------------------------------------------- */

void tsc_read_now(struct tsc *t)
{
	struct tsc_pair p = {0, 0}, *last;
	uint64_t took = read_both(&p), err;

	/* Whenever it was interrupted each time: the next one is better. */
	if (!p.count || (t->nr >= 2 && took > 8 * t->best))
		return;
	if (!t->best || took < t->best)
		t->best = took;
	last = t->nr ? &t->pair[(t->nr - 1) % TSC_PAIRS] : NULL;
	if (last && p.ns > last->ns && p.count > last->count) {
		double per_ns = (double)(p.count - last->count) / (double)(p.ns - last->ns);

		err = (uint64_t)((double)took / per_ns / 2) + 1;
		if (err > t->err_ns)
			t->err_ns = err;
		t->due = p.count + (uint64_t)(per_ns * TSC_DUE_NS);
	}
	tsc_add(t, p.count, p.ns);
}

void tsc_read(struct tsc *t)
{
	uint64_t steps = t->steps;

	if (count_now() < t->due)
		return;
	tsc_read_now(t);
	if (t->steps == steps || t->nr >= 2)
		return;
	nanosleep(&(struct timespec){0, SPAN_NS}, NULL); /* it went back: a new line */
	tsc_read_now(t);
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

static void read_clocksource(char to[CLOCKSOURCE_SZ])
{
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");

	to[0] = '\0';
	if (!f)
		return;
	if (!fgets(to, CLOCKSOURCE_SZ, f))
		to[0] = '\0';
	to[strcspn(to, "\n")] = '\0';
	fclose(f);
}

/* Goes to each CPU that this thread may run on. Returns by how much they disagree at most, in ns.
 */
static uint64_t compare_cpus(void)
{
	struct tsc_pair from, to, there[CPU_SETSIZE];
	uint64_t most = 0;
	cpu_set_t may, one;
	int nr = 0;

	if (sched_getaffinity(0, sizeof(may), &may))
		return UINT64_MAX;
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
	nanosleep(&(struct timespec){0, SPAN_NS}, NULL); /* so that there is a line */
	read_both(&to);
	if (!nr || to.count <= from.count || to.ns <= from.ns)
		return UINT64_MAX;
	for (int i = 0; i < nr; i++) {
		uint64_t want = on_line(&from, &to, there[i].count), ns = there[i].ns;
		uint64_t off = want > ns ? want - ns : ns - want;

		most = off > most ? off : most;
	}
	return most;
}

/* Where a hypervisor answers for the processor, or an old one is slow. */
static bool is_cheap(void)
{
	uint64_t begin = now_ns(), middle, end;

	for (int i = 0; i < TIMES; i++)
		(void)count_now();
	middle = now_ns();
	for (int i = 0; i < TIMES; i++)
		(void)now_ns();
	end = now_ns();
	return middle - begin < end - middle;
}

void tsc_init(struct tsc *t)
{
	char source[CLOCKSOURCE_SZ];
	uint64_t apart;

	memset(t, 0, sizeof(*t));
	tsc_read_now(t);
	if (!count_now()) {
		snprintf(t->why, sizeof(t->why), "this processor has none that is used for that");
		return;
	}
	read_clocksource(source);
	if (!has_flags()) {
		snprintf(t->why, sizeof(t->why), "the processor does not say that it never stops");
	} else if (!is_cheap()) {
		snprintf(t->why, sizeof(t->why), "asking it takes as long as asking for the time");
	} else if (!strcmp(source, "tsc")) {
		t->trusted = true;
		snprintf(t->why, sizeof(t->why), "the kernel keeps its time by it");
	} else if (!strcmp(source, "kvm-clock") || !strncmp(source, "hyperv_clocksource_tsc", 22)) {
		apart = compare_cpus();
		t->trusted = apart <= APART_NS;
		if (apart == UINT64_MAX)
			snprintf(t->why, sizeof(t->why), "the CPUs could not be compared");
		else
			snprintf(t->why, sizeof(t->why), "under %s, the CPUs agree within %llu ns",
				 source, (unsigned long long)apart);
	} else {
		snprintf(t->why, sizeof(t->why), "the kernel keeps its time by %s",
			 source[0] ? source : "something else");
	}
}
