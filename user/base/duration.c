/* SPDX-License-Identifier: MIT */
/* duration.c - see duration.h. Invariant: what is returned is 1 … INT64_MAX ns. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/duration.h"
#include "base/err.h"

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{"", 1000000000}, {"s", 1000000000},	 {"ms", 1000000},	  {"us", 1000},
	{"ns", 1},	  {"m", 60000000000ull}, {"h", 3600000000000ull},
};

static const struct unit *unit_find(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whole units times ns. False if that is more than INT64_MAX. */
static bool whole_ns(const char *s, const char *end, uint64_t unit_ns, uint64_t *ns)
{
	uint64_t v = 0;

	for (; s < end; s++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	return !__builtin_mul_overflow(v, unit_ns, ns) && *ns <= INT64_MAX;
}

/* The digits behind the point. Thirteen resolve a nanosecond of an hour; more say nothing. */
static uint64_t fraction_ns(const char *s, const char *end, uint64_t unit_ns)
{
	uint64_t num = 0, scale = 1;

	for (int n = 0; s < end && n < 13; s++, n++) {
		num = num * 10 + (uint64_t)(*s - '0');
		scale *= 10;
	}
	return (uint64_t)((unsigned __int128)num * unit_ns / scale);
}

int duration_parse(const char *s, uint64_t *ns, struct err *err)
{
	const char *point, *end = s;
	const struct unit *unit;
	uint64_t v;

	if (!*s)
		return err_set(err, -EINVAL, "the duration is empty");
	if (*s == '-')
		return err_set(err, -EINVAL, "the duration %s is negative", s);
	while (is_digit(*end))
		end++;
	point = end;
	if (*end == '.')
		for (end++; is_digit(*end);)
			end++;
	if (end == s || end[-1] == '.')
		return err_set(err, -EINVAL,
			       "the duration %s is not a number with a unit, such as 5s", s);
	unit = unit_find(end);
	if (!unit)
		return err_set(
			err, -EINVAL,
			"the duration %s has an unknown unit: ns, us, ms, s, m and h are known", s);
	if (!whole_ns(s, point, unit->ns, &v) ||
	    (*point == '.' && (v += fraction_ns(point + 1, end, unit->ns)) > INT64_MAX))
		return err_set(err, -EINVAL, "the duration %s is too long", s);
	if (!v)
		return err_set(err, -EINVAL, "the duration %s is zero", s);
	*ns = v;
	return 0;
}
