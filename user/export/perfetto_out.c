/* SPDX-License-Identifier: MIT */
/*
 * perfetto_out.c - see perfetto_out.h. Invariant: between two packets `fresh` holds no text that a
 * packet before has used.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "export/perfetto_out.h"
#include "export/perfetto_schema.h"

enum { FLUSH_AT = 64 << 10 };

#define BEFORE_START_NS 1000000000ull

void out_init(struct perfetto_out *o, const struct capture_info *info)
{
	*o = (struct perfetto_out){.info = info};
	o->given[TEXT_NAME] = STATE_NR;
}

void out_release(struct perfetto_out *o)
{
	for (int kind = 0; kind < TEXT_KINDS; kind++)
		for (int i = 0; i < TEXTS_MAX; i++)
			free(o->texts[kind][i].text);
	pb_release(&o->pb);
	pb_release(&o->fresh);
}

size_t out_open(struct perfetto_out *o)
{
	size_t at = pb_open(&o->pb, TRACE_PACKET);

	pb_u64(&o->pb, PACKET_SEQUENCE, 1);
	return at;
}

void out_close_plain(struct perfetto_out *o, size_t at)
{
	pb_close(&o->pb, at);
}

void out_close(struct perfetto_out *o, size_t at)
{
	pb_u64(&o->pb, PACKET_FLAGS, FLAGS_NEEDED);
	if (o->fresh.n) {
		pb_bytes(&o->pb, PACKET_INTERNED, o->fresh.bytes, o->fresh.n);
		o->fresh.n = 0;
	}
	pb_close(&o->pb, at);
}

/* "file:line", as far as it is that. */
static void put_source(struct pb *pb, const char *s)
{
	const char *colon = strrchr(s, ':');
	char *end, file[512];
	unsigned long line = colon ? strtoul(colon + 1, &end, 10) : 0;

	if (!line || *end || line > INT32_MAX || (size_t)(colon - s) >= sizeof(file)) {
		pb_string(pb, SOURCE_FILE, s);
		return;
	}
	memcpy(file, s, (size_t)(colon - s));
	file[colon - s] = '\0';
	pb_string(pb, SOURCE_FILE, file);
	pb_u64(pb, SOURCE_LINE, line);
}

static void put_text(struct pb *pb, enum text_kind kind, uint64_t iid, const char *s)
{
	static const uint32_t fields[TEXT_KINDS] = {
		[TEXT_NAME] = INTERNED_NAMES,
		[TEXT_VALUE] = INTERNED_VALUES,
		[TEXT_SYMBOL] = INTERNED_SYMBOLS,
		[TEXT_SOURCE] = INTERNED_SOURCES,
	};
	size_t at = pb_open(pb, fields[kind]);

	pb_u64(pb, INTERNED_IID, iid);
	if (kind == TEXT_SOURCE)
		put_source(pb, s);
	else
		pb_string(pb, INTERNED_TEXT, s);
	pb_close(pb, at);
}

static uint64_t text_hash(const char *s)
{
	size_t n = strlen(s);
	uint64_t h = n, part;

	for (; n >= sizeof(part); s += sizeof(part), n -= sizeof(part)) {
		memcpy(&part, s, sizeof(part));
		h = hash_mix(h ^ part);
	}
	part = 0;
	memcpy(&part, s, n);
	return hash_mix(h ^ part);
}

static const struct out_text *give_text(struct perfetto_out *o, enum text_kind kind, const char *s)
{
	struct out_text *t = &o->texts[kind][text_hash(s) & (TEXTS_MAX - 1)];

	if (t->text && !strcmp(t->text, s))
		return t;
	free(t->text);
	t->text = strdup(s);
	if (!t->text)
		o->pb.failed = true;
	t->iid = ++o->given[kind];
	put_text(&o->fresh, kind, t->iid, s);
	return t;
}

/* Two texts in one place take turns being new: that costs bytes, no more. */
uint64_t out_text(struct perfetto_out *o, enum text_kind kind, const char *s)
{
	struct out_near *n = &o->near[kind][hash_mix((uintptr_t)s) & (TEXTS_NEAR - 1)];

	if (n->from != s || !n->at->text || strcmp(n->at->text, s))
		*n = (struct out_near){s, give_text(o, kind, s)};
	return n->at->iid;
}

uint64_t out_ts(const struct perfetto_out *o, uint64_t ts)
{
	return ts - o->info->start_ts + BEFORE_START_NS;
}

/* --- the file ------------------------------------------------------------------------------ */

int out_flush(struct perfetto_out *o, FILE *out, bool all, struct err *err)
{
	if (!o->pb.failed && !o->fresh.failed && o->pb.n < (all ? 1 : FLUSH_AT))
		return 0;
	if (o->pb.failed || o->fresh.failed)
		return err_set(err, -ENOMEM, "out of memory while exporting the trace");
	errno = 0;
	if (fwrite(o->pb.bytes, 1, o->pb.n, out) != o->pb.n) {
		int code = errno ? -errno : -EIO;

		return err_set(err, code, "cannot write the trace: %s", strerror(-code));
	}
	o->pb.n = 0;
	return 0;
}
