/* SPDX-License-Identifier: MIT */
/*
 * ksyms.c - see ksyms.h. Invariant: the name given is that of the last symbol of code that begins
 * at or before the address.
 */
#include <ctype.h>
#include <string.h>

#include "attach/ksyms.h"

/* An address further from the last symbol than this is of something that has none. */
#define FUNCTION_MAX (256 << 10)

/* The first of v whose address is not below addr. */
static size_t lower_bound(const struct ksym *v, size_t nr, uint64_t addr)
{
	size_t lo = 0, hi = nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A later line of the same address is another name for it: the first is kept. */
static void offer(struct ksym *k, uint64_t begin, const char *name, const char *module)
{
	if (k->name[0] && k->begin >= begin)
		return;
	k->begin = begin;
	snprintf(k->name, sizeof(k->name), "%s", name);
	snprintf(k->module, sizeof(k->module), "%s", module);
}

size_t ksyms_read(struct ksym *v, size_t nr, FILE *f)
{
	unsigned long long addr;
	char line[512], name[128], module[64], type;
	size_t named = 0;

	while (fgets(line, sizeof(line), f)) {
		size_t i;
		int n;

		module[0] = '\0';
		n = sscanf(line, "%llx %c %127s [%63[^]]]", &addr, &type, name, module);
		if (n < 3 || !addr || !strchr("tw", tolower((unsigned char)type)))
			continue;
		i = lower_bound(v, nr, addr);
		if (i < nr)
			offer(&v[i], addr, name, module);
	}
	/* What is the last one before an address is also that before those behind it. */
	for (size_t i = 1; i < nr; i++)
		if (v[i - 1].name[0])
			offer(&v[i], v[i - 1].begin, v[i - 1].name, v[i - 1].module);
	for (size_t i = 0; i < nr; i++) {
		if (v[i].addr - v[i].begin > FUNCTION_MAX)
			v[i].name[0] = v[i].module[0] = '\0';
		named += !!v[i].name[0];
	}
	return named;
}

size_t ksyms_find(struct ksym *v, size_t nr)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	size_t named = f ? ksyms_read(v, nr, f) : 0;

	if (f)
		fclose(f);
	return named;
}
