/* SPDX-License-Identifier: MIT */
/* batch_text.c - see batch_text.h. Invariant: a text belongs to one process; its name to all. */
#include <stddef.h>

#include "attach/batch_text.h"

enum { PARENTS_MAX = 16 }; /* how far up it is looked for: pids may go round in a circle */

void batch_texts_init(struct batch_texts *t)
{
	*t = (struct batch_texts){.text_pool.size = sizeof(struct batch_text),
				  .process_pool.size = sizeof(struct batch_process)};
}

struct batch_process *batch_process_get(struct batch_texts *t, uint32_t pid)
{
	struct batch_process *p = hash_get(&t->processes, pid);

	if (p)
		return p;
	p = pool_get(&t->process_pool);
	if (!p)
		return NULL;
	p->pid = pid;
	if (hash_put(&t->processes, pid, p)) {
		pool_put(&t->process_pool, p);
		return NULL;
	}
	return p;
}

static void drop_texts(struct batch_texts *t, struct batch_process *p)
{
	struct batch_text *text;
	size_t at = 0;

	while ((text = hash_next(&p->texts, &at)))
		pool_put(&t->text_pool, text);
	hash_release(&p->texts);
}

void batch_process_drop(struct batch_texts *t, uint32_t pid)
{
	struct batch_process *p = hash_del(&t->processes, pid);

	if (!p)
		return;
	drop_texts(t, p);
	pool_put(&t->process_pool, p);
}

struct batch_text *batch_text_put(struct batch_texts *t, struct batch_process *p, uint64_t tag,
				  const char *s, uint32_t n, bool cut)
{
	const struct name *name = intern_get(&t->names, s, n);
	struct batch_text *text = hash_get(&p->texts, tag);

	if (!name)
		return NULL;
	if (!text) {
		text = p->texts.nr < BATCH_TEXTS_MAX ? pool_get(&t->text_pool) : NULL;
		if (!text)
			return NULL;
		if (hash_put(&p->texts, tag, text)) {
			pool_put(&t->text_pool, text);
			return NULL;
		}
		text->told_ts = UINT64_MAX;
	} else if (text->name != name || text->cut != cut) {
		text->told_ts = UINT64_MAX;
	}
	text->name = name;
	text->cut = cut;
	return text;
}

struct batch_text *batch_text_find(struct batch_texts *t, struct batch_process *p, uint64_t tag)
{
	struct batch_text *text = hash_get(&p->texts, tag);
	const struct batch_process *up = p;

	for (int i = 0; !text && up && i < PARENTS_MAX; i++) {
		up = up->parent ? hash_get(&t->processes, up->parent) : NULL;
		text = up ? hash_get(&up->texts, tag) : NULL;
	}
	if (!text || up == p)
		return text;
	return batch_text_put(t, p, tag, text->name->text, text->name->len, text->cut);
}

void batch_texts_release(struct batch_texts *t)
{
	struct batch_process *p;
	size_t at = 0;

	while ((p = hash_next(&t->processes, &at)))
		hash_release(&p->texts);
	hash_release(&t->processes);
	intern_release(&t->names);
	pool_release(&t->text_pool);
	pool_release(&t->process_pool);
}
