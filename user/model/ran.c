/* SPDX-License-Identifier: MIT */
/* ran.c - see ran.h */
#include <string.h>

#include "model/inner.h"
#include "model/ran.h"
#include "model/threads.h"

static void add(struct ran *ran, const struct wire_ran_by *by)
{
	struct wire_ran_by *v = ran->v;

	for (; v < ran->v + ran->nr; v++) {
		if (v->tid == by->tid) {
			v->ns += by->ns;
			return;
		}
	}
	if (ran->nr == RAN_KNOWN) {
		ran->others_ns += by->ns;
		return;
	}
	*v = *by;
	ran->nr++;
}

/* Whether its parts are no longer than the whole: a capture may say anything. */
static bool adds_up(const struct wire_ran *r)
{
	const struct wire_ran_by *v = (const struct wire_ran_by *)(r + 1);
	uint64_t left = r->h.ts - r->from_ts, part[3] = {r->idle_ns, r->others_ns, r->unknown_ns};

	for (int i = 0; i < 3; i++) {
		if (part[i] > left)
			return false;
		left -= part[i];
	}
	for (uint32_t i = 0; i < r->nr; i++) {
		if (v[i].ns > left)
			return false;
		left -= v[i].ns;
	}
	return true;
}

void ran_record(struct model *m, const struct wire_ran *r)
{
	const struct wire_ran_by *v = (const struct wire_ran_by *)(r + 1);
	struct thread *th = threads_find(m, r->h.tid);
	struct ran *ran;

	if (r->from_ts > r->h.ts || !adds_up(r)) {
		m->bad_records++;
		return;
	}
	if (!th)
		return;
	if (!th->ran)
		th->ran = pool_get(&m->ran_pool);
	ran = th->ran;
	if (!ran) {
		model_no_memory(m);
		return;
	}
	if (!ran->to)
		ran->from = r->from_ts;
	else if (r->from_ts < ran->to) /* the same time twice */
		return;
	ran->to = r->h.ts;
	ran->idle_ns += r->idle_ns;
	ran->others_ns += r->others_ns;
	for (uint32_t i = 0; i < r->nr; i++) {
		if (v[i].tid)
			add(ran, &v[i]);
	}
}

void ran_end(struct thread *th)
{
	if (th->ran && th->ran->to)
		memset(th->ran, 0, sizeof(*th->ran));
}
