/* SPDX-License-Identifier: MIT */
/*
 * merge.c - see merge.h. Invariant: a stream that is not exhausted has its head in the heap, and
 * nothing that is still to come from it, unless it is late, belongs before that head.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "model/decode.h"
#include "model/merge.h"

enum { BYTES_MAX = 64 << 20, SHARE_MIN = 4 * REORDER_BLOCK_SZ };

/* What others of the same time, and of another ring, refer to. */
static bool goes_first(uint8_t kind)
{
	return kind == WIRE_STRING || kind == WIRE_RESOURCE || kind == WIRE_RAN ||
	       kind == WIRE_STACK || kind == WIRE_BLOCKED_AT;
}

/* Twice the time, so that the lowest bit can put some first. */
static uint64_t key_of(const struct wire_hdr *h)
{
	uint64_t ts = h->ts;

	if (h->kind == WIRE_LOST && ((const struct wire_lost *)h)->from_ts < ts)
		ts = ((const struct wire_lost *)h)->from_ts;
	if (ts >> 63)
		ts = UINT64_MAX >> 1;
	return ts << 1 | !goes_first(h->kind);
}

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory while putting records in order");
}

/* Reads one record of the stream into its buffer, or skips it. Returns 1, 0 at the end, -errno. */
static int pull(struct merge *m, int stream, struct err *err)
{
	struct merge_stream *s = &m->streams[stream];
	const struct wire_hdr *h;
	const void *rec;
	size_t n;
	int rc = m->src->next(m->src->ctx, stream, &rec, &n, err);

	if (rc <= 0)
		return rc;
	m->records++;
	h = rec;
	switch (decode_check(rec, n)) {
	case DECODE_UNKNOWN:
		m->unknown_kinds++;
		return 1;
	case DECODE_BAD:
		m->bad_records++;
		return 1;
	case DECODE_GOOD:
		break;
	}
	if (m->opts.ts_max && h->ts > m->opts.ts_max) {
		m->bad_records++;
		return 1;
	}
	return reorder_push(&s->held, key_of(h), h) ? no_memory(err) : 1;
}

static bool head_is_final(const struct merge *m, struct merge_stream *s)
{
	uint64_t head;

	if (s->ended)
		return true;
	if (!reorder_head(&s->held, &head))
		return false;
	return s->held.max_key - head > m->opts.lateness_ns << 1 ||
	       reorder_bytes(&s->held) > m->share;
}

static int fill(struct merge *m, int stream, struct err *err)
{
	struct merge_stream *s = &m->streams[stream];

	while (!head_is_final(m, s)) {
		int rc = pull(m, stream, err);

		if (rc < 0)
			return rc;
		s->ended = !rc;
	}
	return 0;
}

int merge_init(struct merge *m, const struct source *src, const struct merge_opts *opts,
	       struct err *err)
{
	size_t nr = src->streams > 0 ? (size_t)src->streams : 0;
	int rc = 0;

	*m = (struct merge){.src = src, .opts = *opts};
	m->share = (opts->bytes_max ? opts->bytes_max : BYTES_MAX) / (nr ? nr : 1);
	if (m->share < SHARE_MIN)
		m->share = SHARE_MIN;
	if (m->opts.lateness_ns > UINT64_MAX >> 2)
		m->opts.lateness_ns = UINT64_MAX >> 2;
	m->streams = calloc(nr ? nr : 1, sizeof(*m->streams));
	if (!m->streams)
		return no_memory(err);
	for (int i = 0; i < src->streams && !rc; i++) {
		struct heap_item head = {.tie = (uint64_t)i};

		rc = fill(m, i, err);
		if (!rc && reorder_head(&m->streams[i].held, &head.key) &&
		    heap_push(&m->order, head))
			rc = no_memory(err);
	}
	if (rc)
		merge_release(m);
	return rc;
}

static void count_late(struct merge *m, const struct wire_hdr *h, uint64_t key)
{
	/* A lost window is placed at its begin, which may well have passed when it is known; and a
	 * name holds from before it was asked for. */
	bool may_be = h->kind == WIRE_LOST || h->kind == WIRE_RESOURCE;

	if (key >> 1 < m->last_key >> 1 && !may_be)
		m->late++;
	if (key > m->last_key)
		m->last_key = key;
}

int merge_next(struct merge *m, const struct wire_hdr **rec, struct err *err)
{
	struct merge_stream *s;
	uint64_t key, next;
	int rc;

	if (m->given)
		reorder_free_record(&m->streams[m->given_stream].held, m->given);
	m->given = NULL;
	if (!m->order.nr)
		return 0;
	key = m->order.v[0].key;
	m->given_stream = (int)m->order.v[0].tie;
	s = &m->streams[m->given_stream];
	m->given = reorder_pop(&s->held);
	rc = fill(m, m->given_stream, err);
	if (rc < 0)
		return rc;
	if (reorder_head(&s->held, &next))
		heap_replace_top(&m->order,
				 (struct heap_item){next, (uint64_t)m->given_stream, NULL});
	else
		heap_pop(&m->order);
	count_late(m, m->given, key);
	*rec = m->given;
	return 1;
}

void merge_release(struct merge *m)
{
	if (m->given)
		reorder_free_record(&m->streams[m->given_stream].held, m->given);
	for (int i = 0; m->streams && i < m->src->streams; i++)
		reorder_release(&m->streams[i].held);
	free(m->streams);
	heap_release(&m->order);
	*m = (struct merge){0};
}
