/* SPDX-License-Identifier: MIT */
/* human.c - see human.h. Invariant: no value of 64 bits overflows or is shown with four digits
 * before the point, but hours, which are the last unit. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/human.h"

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{"ns", 1},	   {"\xc2\xb5s", 1000},	 {"ms", 1000000},
	{"s", 1000000000}, {"min", 60000000000}, {"h", 3600000000000},
};

enum { UNITS = sizeof(units) / sizeof(units[0]) };

/* n / step, rounded to the nearest. */
static uint64_t rounded(uint64_t n, uint64_t step)
{
	return n / step + (n % step >= step - n % step);
}

static uint64_t pow10_of(int digits)
{
	return digits > 2 ? 1000 : digits == 2 ? 100 : digits == 1 ? 10 : 1;
}

/* The unit and the digits behind the point that show ns with three digits. */
static const struct unit *unit_of(uint64_t ns, int *digits)
{
	for (size_t u = 0; u < UNITS; u++)
		for (*digits = u ? 2 : 0; *digits >= 0; --*digits)
			if (rounded(ns, units[u].ns / pow10_of(*digits)) < 1000)
				return &units[u];
	*digits = 0;
	return &units[UNITS - 1];
}

static const char *in_unit(char buf[HUMAN_SZ], uint64_t ns, const struct unit *u, int digits)
{
	uint64_t scale = pow10_of(digits), n = rounded(ns, u->ns / scale);

	if (digits)
		snprintf(buf, HUMAN_SZ, "%" PRIu64 ".%0*" PRIu64 " %s", n / scale, digits,
			 n % scale, u->name);
	else
		snprintf(buf, HUMAN_SZ, "%" PRIu64 " %s", n, u->name);
	return buf;
}

const char *human_ns(char buf[HUMAN_SZ], uint64_t ns)
{
	int digits;
	const struct unit *u = unit_of(ns, &digits);

	return in_unit(buf, ns, u, digits);
}

const char *human_offset(char buf[HUMAN_SZ], uint64_t ns, uint64_t whole)
{
	int digits;
	const struct unit *u = unit_of(whole, &digits);

	return in_unit(buf, ns, u, u == units ? 0 : digits + 1);
}

const char *human_bytes(char buf[HUMAN_SZ], uint64_t n)
{
	const uint64_t unit = n < 1000000 ? 1000 : 1000000, tenths = rounded(n, unit / 10);

	snprintf(buf, HUMAN_SZ, "%" PRIu64 ".%" PRIu64 " %cB", tenths / 10, tenths % 10,
		 unit == 1000 ? 'k' : 'M');
	return buf;
}

const char *human_count(char buf[HUMAN_SZ], uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *human_percent(char buf[HUMAN_SZ], uint64_t part, uint64_t whole)
{
	/* Of 64 bits, 100 times part would not fit. */
	uint64_t n = whole ? (uint64_t)(((unsigned __int128)part * 200 + whole) / whole / 2) : 0;

	if (n == 100 && part < whole)
		n = 99;
	if (!n && part)
		snprintf(buf, HUMAN_SZ, "<1%%");
	else
		snprintf(buf, HUMAN_SZ, "%" PRIu64 "%%", n);
	return buf;
}

/*
 * Not gmtime_r, which may read files. Years are counted from March, so that a leap day is the
 * last day of its year, and in eras of 400 years, which all have 146097 days.
 */
const char *human_utc(char buf[HUMAN_SZ], uint64_t unix_ns)
{
	uint64_t s = unix_ns / 1000000000, ms = unix_ns / 1000000 % 1000;
	unsigned int days = (unsigned int)(s / 86400) + 719468; /* since 0000-03-01 */
	unsigned int era = days / 146097, doe = days % 146097;
	unsigned int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned int doy = doe - (365 * yoe + yoe / 4 - yoe / 100), m = (5 * doy + 2) / 153;
	unsigned int month = m < 10 ? m + 3 : m - 9;

	snprintf(buf, HUMAN_SZ, "%04u-%02u-%02u %02u:%02u:%02u.%03u",
		 era * 400 + yoe + (month <= 2), month, doy - (153 * m + 2) / 5 + 1,
		 (unsigned int)(s / 3600 % 24), (unsigned int)(s / 60 % 60), (unsigned int)(s % 60),
		 (unsigned int)ms);
	return buf;
}
