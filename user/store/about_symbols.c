/* SPDX-License-Identifier: MIT */
/*
 * about_symbols.c - see about_symbols.h. Invariant: a symbol's strings stand in a text that is kept
 * with the rest, each terminated in place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/about_symbols.h"
#include "store/kv.h"

struct about_symbol {
	struct capture_symbol s;
	size_t seq; /* the order of the file: of inlined functions, the innermost comes first */
};

/* A number in the given base and nothing else. */
static bool parse_number(const char *s, int base, uint64_t *out)
{
	char *end;

	if (!*s || strspn(s, base == 16 ? "0123456789abcdef" : "0123456789") != strlen(s))
		return false;
	errno = 0;
	*out = strtoull(s, &end, base);
	return !errno && !*end;
}

/* The text up to the next tab, which becomes its end; *at moves behind it. */
static char *field(char **at)
{
	char *s = strsep(at, "\t");

	if (!*at)
		*at = s + strlen(s); /* it was the last one: the others are empty */
	return s;
}

static int add(struct about *a, const struct capture_symbol *s)
{
	if (a->symbols_nr == ABOUT_SYMBOLS_MAX)
		return 0;
	if (a->symbols_nr == a->symbols_cap) {
		size_t cap = a->symbols_cap ? a->symbols_cap * 2 : 256;
		struct about_symbol *v = reallocarray(a->symbols, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		a->symbols = v;
		a->symbols_cap = cap;
	}
	a->symbols[a->symbols_nr] = (struct about_symbol){*s, a->symbols_nr};
	a->symbols_nr++;
	return 0;
}

/* "name TAB offset TAB module TAB file:line" */
static int take_symbol(struct about *a, const struct capture_symbol *of, const char *addr,
		       char *value)
{
	struct capture_symbol s = *of;
	char *off;

	if (!parse_number(addr, 16, &s.addr))
		return -EINVAL;
	s.name = field(&value);
	off = field(&value);
	s.module = field(&value);
	s.site = field(&value);
	if (*off && !parse_number(off, 16, &s.off))
		return -EINVAL;
	return add(a, &s);
}

int about_symbols_take(struct about *a, char *at, char *end)
{
	struct capture_symbol of = {0};
	bool has_pid = false;
	char *key, *value;
	uint64_t pid;
	int rc;

	while ((rc = kv_next(&at, end, &key, &value)) > 0) {
		rc = 0;
		if (!strcmp(key, "pid")) {
			has_pid = parse_number(value, 10, &pid) && pid <= UINT32_MAX;
			of.pid = has_pid ? (uint32_t)pid : 0;
		} else if (!strcmp(key, "from_ts")) {
			rc = parse_number(value, 10, &of.from_ts) ? 0 : -EINVAL;
		} else if (key[0] == '@') {
			rc = has_pid ? take_symbol(a, &of, key + 1, value) : -EINVAL;
		}
		if (rc)
			break;
	}
	return rc == -ENOMEM ? rc : rc == 0;
}

static int compare(const void *va, const void *vb)
{
	const struct about_symbol *a = va, *b = vb;

	if (a->s.pid != b->s.pid)
		return a->s.pid < b->s.pid ? -1 : 1;
	if (a->s.addr != b->s.addr)
		return a->s.addr < b->s.addr ? -1 : 1;
	if (a->s.from_ts != b->s.from_ts)
		return a->s.from_ts < b->s.from_ts ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

int about_symbols_finish(struct about *a)
{
	if (!a->symbols_nr)
		return 0;
	a->listed_symbols = calloc(a->symbols_nr, sizeof(*a->listed_symbols));
	if (!a->listed_symbols)
		return -ENOMEM;
	qsort(a->symbols, a->symbols_nr, sizeof(*a->symbols), compare);
	for (size_t i = 0; i < a->symbols_nr; i++)
		a->listed_symbols[i] = a->symbols[i].s;
	a->info.symbols = a->listed_symbols;
	a->info.symbols_nr = a->symbols_nr;
	return 0;
}
