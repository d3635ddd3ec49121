/* SPDX-License-Identifier: MIT */
/*
 * names.c - see names.h. Invariant: names never go away, so a pointer to one needs no owner;
 * their number is bounded, and one-time names cannot take the literals' share.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/names.h"
#include "model/threads.h"

/* N.B. names beyond these become "(other names)". */
enum { NAMES_MAX = 1 << 16, NAMES_ONCE_MAX = NAMES_MAX / 2, NAMES_OTHER_MAX = NAMES_MAX / 4 };

static const struct name *intern(struct model *m, const char *text, size_t n)
{
	const struct name *name = intern_get(&m->names, text, n);

	if (!name)
		model_no_memory(m);
	return name ? name : m->other_names;
}

const struct name *names_text(struct model *m, const char *text, size_t n)
{
	const struct name *name = intern_find(&m->names, text, n);

	if (name)
		return name;
	if (m->names.nr >= NAMES_MAX) {
		m->misuse[MISUSE_NAME_MANY]++;
		return m->other_names;
	}
	return intern(m, text, n);
}

static const struct name *text_once(struct model *m, const char *text, size_t n)
{
	const struct name *name = intern_find(&m->names, text, n);

	if (name)
		return name;
	if (m->names_once >= NAMES_ONCE_MAX) {
		m->misuse[MISUSE_NAME_MANY]++;
		return m->other_names;
	}
	m->names_once++;
	return names_text(m, text, n);
}

const struct name *names_other(struct model *m, const char *text)
{
	size_t n = strlen(text);
	const struct name *name = intern_find(&m->names, text, n);

	if (name)
		return name;
	if (m->names_other >= NAMES_OTHER_MAX || m->names.nr >= NAMES_MAX)
		return m->other_names;
	m->names_other++;
	return intern(m, text, n);
}

void names_string(struct model *m, const struct wire_string *r)
{
	static const char ellipsis[] = "…";
	char text[WIRE_STR_MAX + sizeof(ellipsis)];
	struct thread *th = threads_of(m, r->h.tid, r->h.ts, r->pid);
	const struct name *name;
	size_t n = r->n;

	if (!th || r->h.flags & WIRE_STR_FAULT)
		return;
	memcpy(text, r + 1, n);
	if (r->h.flags & WIRE_STR_CUT) {
		memcpy(text + n, ellipsis, sizeof(ellipsis) - 1);
		n += sizeof(ellipsis) - 1;
	}
	if (r->h.flags & WIRE_STR_ONCE) {
		th->once[th->once_at++ % ONCE_NR] = (struct once){r->addr, text_once(m, text, n)};
		return;
	}
	name = names_text(m, text, n);
	if (hash_put(&th->process->strings, r->addr, (void *)name))
		model_no_memory(m);
}

static const struct name *take_once(struct thread *th, uint64_t addr)
{
	/* Newest first: an older one of that address has missed its mark. */
	for (uint32_t i = 1; i <= ONCE_NR; i++) {
		struct once *o = &th->once[(th->once_at - i) % ONCE_NR];
		const struct name *name = o->name;

		if (name && o->addr == addr) {
			o->name = NULL;
			return name;
		}
	}
	return NULL;
}

const struct name *names_of(struct model *m, struct thread *th, uint64_t addr, bool once)
{
	const struct name *name;
	char text[24];

	if (!addr)
		return m->no_name;
	name = once ? NULL : hash_get(&th->process->strings, addr);
	if (!name)
		name = take_once(th, addr); /* a task's message may be one without saying so */
	if (name)
		return name;
	m->misuse[MISUSE_NAME_UNKNOWN]++;
	snprintf(text, sizeof(text), "0x%" PRIx64, addr);
	return text_once(m, text, sizeof(text));
}
