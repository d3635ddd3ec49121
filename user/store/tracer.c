/* SPDX-License-Identifier: MIT */
/* tracer.c - see tracer.h */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctrace/format.h"
#include "store/tracer.h"
#include "store/writer.h"

#define PREFIX	"tracer."
#define RECORD	"record."
#define PROGRAM "program."
#define SPILL	"spill."

#define LINES_MAX (3 * TRACER_ROWS_MAX + 16)

static const struct {
	const char *name;
	size_t at;
} numbers[] = {
#define NUMBER(name) {#name, offsetof(struct capture_tracer, name)},
	TRACER_NUMBERS(NUMBER)
#undef NUMBER
};

/* --- writing ---------------------------------------------------------------------------------- */

struct lines {
	struct writer_key v[LINES_MAX];
	char text[LINES_MAX][2][80];
	size_t nr;
};

static char *new_key(struct lines *l)
{
	l->v[l->nr] = (struct writer_key){l->text[l->nr][0], l->text[l->nr][1]};
	return l->text[l->nr][0];
}

static char *new_value(struct lines *l)
{
	return l->text[l->nr++][1];
}

#define KEY_SZ sizeof(((struct lines *)0)->text[0][0])

int tracer_write(struct writer *w, const struct capture_tracer *t, struct err *err)
{
	struct lines l = {.nr = 0};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t n;

		memcpy(&n, (const char *)t + numbers[i].at, sizeof(n));
		if (!n && i)
			continue;
		snprintf(new_key(&l), KEY_SZ, PREFIX "%s", numbers[i].name);
		snprintf(new_value(&l), KEY_SZ, "%" PRIu64, n);
	}
	for (size_t i = 0; i < t->kinds_nr; i++) {
		const struct tracer_kind *k = &t->kinds[i];

		snprintf(new_key(&l), KEY_SZ, PREFIX RECORD "%" PRIu32, k->kind);
		snprintf(new_value(&l), KEY_SZ, "%" PRIu64 " %" PRIu64 " %" PRIu64, k->count,
			 k->bytes, k->stored);
	}
	for (size_t i = 0; i < t->programs_nr; i++) {
		snprintf(new_key(&l), KEY_SZ, PREFIX PROGRAM "%s", t->programs[i].name);
		snprintf(new_value(&l), KEY_SZ, "%" PRIu64 " %" PRIu64, t->programs[i].runs,
			 t->programs[i].ns);
	}
	for (size_t i = 0; i < t->spills_nr; i++) {
		snprintf(new_key(&l), KEY_SZ, PREFIX SPILL "%" PRIu32, t->spills[i].cpu);
		snprintf(new_value(&l), KEY_SZ, "%" PRIu64, t->spills[i].count);
	}
	return writer_text(w, FORMAT_META, l.v, l.nr, err);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* nr decimal numbers with a space between, and nothing else. */
static bool parse(const char *s, uint64_t *v, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (*s < '0' || *s > '9')
			return false;
		for (v[i] = 0; *s >= '0' && *s <= '9'; s++)
			if (__builtin_mul_overflow(v[i], 10u, &v[i]) ||
			    __builtin_add_overflow(v[i], (uint64_t)(*s - '0'), &v[i]))
				return false;
		if (i + 1 < nr && *s++ != ' ')
			return false;
	}
	return !*s;
}

static bool parse_id(const char *s, uint32_t *id)
{
	uint64_t n;

	if (!parse(s, &n, 1) || n > UINT32_MAX)
		return false;
	*id = (uint32_t)n;
	return true;
}

static const char *behind(const char *s, const char *prefix)
{
	const size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

static void take_record(struct capture_tracer *t, const char *id, const char *value)
{
	struct tracer_kind k;
	uint64_t v[3];

	if (t->kinds_nr == TRACER_ROWS_MAX || !parse_id(id, &k.kind) || !parse(value, v, 3))
		return;
	k.count = v[0];
	k.bytes = v[1];
	k.stored = v[2];
	t->kinds[t->kinds_nr++] = k;
}

static void take_program(struct capture_tracer *t, const char *name, const char *value)
{
	struct tracer_program p = {.runs = 0};
	uint64_t v[2];

	if (t->programs_nr == TRACER_ROWS_MAX || strlen(name) >= sizeof(p.name) ||
	    !parse(value, v, 2))
		return;
	memcpy(p.name, name, strlen(name));
	p.runs = v[0];
	p.ns = v[1];
	t->programs[t->programs_nr++] = p;
}

static void take_spill(struct capture_tracer *t, const char *id, const char *value)
{
	struct tracer_spill s;

	if (t->spills_nr < TRACER_ROWS_MAX && parse_id(id, &s.cpu) && parse(value, &s.count, 1))
		t->spills[t->spills_nr++] = s;
}

bool tracer_line(struct capture_tracer *t, const char *key, const char *value)
{
	static const struct {
		const char *prefix;
		void (*take)(struct capture_tracer *t, const char *id, const char *value);
	} rows[] = {{RECORD, take_record}, {PROGRAM, take_program}, {SPILL, take_spill}};
	const char *rest = behind(key, PREFIX), *id;
	uint64_t n;

	if (!rest)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		id = behind(rest, rows[i].prefix);
		if (id)
			rows[i].take(t, id, value);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(rest, numbers[i].name) && parse(value, &n, 1))
			memcpy((char *)t + numbers[i].at, &n, sizeof(n));
	return true;
}
