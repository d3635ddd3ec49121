/* SPDX-License-Identifier: MIT */
/*
 * otlp_events.c - see otlp_events.h. Invariant: of a span, the kept waits are a heap with the
 * shortest on top; logs are in it as what is longer than any wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "export/otlp_events.h"

struct event {
	uint64_t ts;
	size_t n;
	unsigned char bytes[];
};

struct span {
	struct heap kept;
	uint32_t waits, logs, dropped;
};

static struct span *span_of(struct otlp_events *e, uint64_t nr)
{
	struct span *s = hash_get(&e->spans, nr);

	if (s)
		return s;
	e->pool.size = sizeof(*s);
	s = pool_get(&e->pool);
	if (s && hash_put(&e->spans, nr, s)) {
		pool_put(&e->pool, s);
		s = NULL;
	}
	return s;
}

static void drop(struct span *s)
{
	s->dropped += s->dropped != UINT32_MAX;
}

bool otlp_events_wants(const struct otlp_events *e, uint64_t span_nr, uint64_t ns)
{
	const struct span *s = hash_get(&e->spans, span_nr);

	return !s || s->waits < EVENTS_WAITS || s->kept.v[0].key < ns;
}

static struct event *make(struct otlp_events *e, uint64_t ts, const void *bytes, size_t n)
{
	struct event *v = malloc(sizeof(*v) + n);

	if (!v)
		return NULL;
	*v = (struct event){ts, n};
	memcpy(v->bytes, bytes, n);
	e->bytes += sizeof(*v) + n;
	return v;
}

static void forget(struct otlp_events *e, struct event *v)
{
	e->bytes -= sizeof(*v) + v->n;
	free(v);
}

static int keep(struct otlp_events *e, struct span *s, struct heap_item item)
{
	if (item.val && !heap_push(&s->kept, item))
		return 0;
	if (item.val)
		forget(e, item.val);
	return -ENOMEM;
}

int otlp_events_wait(struct otlp_events *e, uint64_t span_nr, uint64_t ns, uint64_t ts,
		     const void *bytes, size_t n)
{
	struct span *s = span_of(e, span_nr);
	struct heap_item item = {ns, UINT64_MAX - ts, NULL}; /* of equals the later goes first */
	int rc;

	if (!s)
		return -ENOMEM;
	if (!bytes || !otlp_events_wants(e, span_nr, ns) || e->bytes + n > EVENTS_BYTES) {
		drop(s);
		return 0;
	}
	item.val = make(e, ts, bytes, n);
	if (s->waits == EVENTS_WAITS && item.val) {
		forget(e, s->kept.v[0].val);
		heap_replace_top(&s->kept, item);
		drop(s);
		return 0;
	}
	rc = keep(e, s, item);
	s->waits += !rc;
	return rc;
}

int otlp_events_log(struct otlp_events *e, uint64_t span_nr, uint64_t ts, const void *bytes,
		    size_t n)
{
	struct span *s = span_of(e, span_nr);
	int rc;

	if (!s)
		return -ENOMEM;
	if (s->logs == EVENTS_LOGS || e->bytes + n > EVENTS_BYTES) {
		drop(s);
		return 0;
	}
	rc = keep(e, s, (struct heap_item){UINT64_MAX, ts, make(e, ts, bytes, n)});
	s->logs += !rc;
	return rc;
}

static int by_time(const void *pa, const void *pb)
{
	const struct heap_item *a = pa, *b = pb;
	const struct event *x = a->val, *y = b->val;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

void otlp_events_put(struct otlp_events *e, uint64_t span_nr, struct otlp_code *code)
{
	struct span *s = hash_del(&e->spans, span_nr);

	if (!s)
		return;
	if (s->kept.nr) {
		qsort(s->kept.v, s->kept.nr, sizeof(*s->kept.v), by_time);
		otlp_list(code, SPAN_EVENTS);
		for (size_t i = 0; i < s->kept.nr; i++) {
			struct event *v = s->kept.v[i].val;

			otlp_raw_item(code, SPAN_EVENTS, v->bytes, v->n);
			forget(e, v);
		}
		otlp_list_end(code);
	}
	if (s->dropped)
		otlp_u32(code, SPAN_DROPPED_EVENTS, s->dropped);
	heap_release(&s->kept);
	pool_put(&e->pool, s);
}

void otlp_events_release(struct otlp_events *e)
{
	struct span *s;
	size_t at = 0;

	while ((s = hash_next(&e->spans, &at))) {
		for (size_t i = 0; i < s->kept.nr; i++)
			forget(e, s->kept.v[i].val);
		heap_release(&s->kept);
	}
	hash_release(&e->spans);
	pool_release(&e->pool);
}
