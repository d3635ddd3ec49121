/* SPDX-License-Identifier: MIT */
/*
 * perfetto_out.h - the packets of a Perfetto trace: our one sequence, and interned texts
 *
 *	at = out_open(o);                     a packet; what is written to o->pb is in it
 *	pb_u64(&o->pb, …, out_text(o, TEXT_NAME, name));
 *	out_close(o, at);
 *	rc = out_flush(o, file, false, &err);  now and then
 *
 * A text is sent with the packet that first needs it, and is a number from then on.
 *
 * Memory: the texts that were used last, TEXTS_MAX of a kind.
 */
#ifndef CTRACE_PERFETTO_OUT_H
#define CTRACE_PERFETTO_OUT_H

#include <stdio.h>

#include "base/protobuf.h"
#include "model/span.h"

struct err;

enum text_kind { TEXT_NAME, TEXT_VALUE, TEXT_SYMBOL, TEXT_SOURCE, TEXT_KINDS };
enum { TEXTS_MAX = 4096 /* a power of two */ };

struct out_text {
	char *text; /* NULL: empty */
	uint64_t iid;
};

/* Where a text was found that came from the same place in memory; what is there now may be
 * another. */
enum { TEXTS_NEAR = 256 /* a power of two */ };
struct out_near {
	const char *from;
	const struct out_text *at;
};

struct perfetto_out {
	struct pb pb;	 /* whole packets, and the one that is being written */
	struct pb fresh; /* texts that this packet is the first to use */
	struct out_text texts[TEXT_KINDS][TEXTS_MAX];
	struct out_near near[TEXT_KINDS][TEXTS_NEAR];
	uint64_t given[TEXT_KINDS];
	const struct capture_info *info;
};

void out_init(struct perfetto_out *o, const struct capture_info *info);
void out_release(struct perfetto_out *o);
size_t out_open(struct perfetto_out *o);
void out_close(struct perfetto_out *o, size_t at);
/* The same for a packet that uses no text. */
void out_close_plain(struct perfetto_out *o, size_t at);
/* The number of a text. TEXT_NAME counts on from the states, see perfetto_notes.h. */
uint64_t out_text(struct perfetto_out *o, enum text_kind kind, const char *s);
/*
 * Viewers count in BOOTTIME, of which a capture does not know: what is called that begins a
 * second before the trace, so that times are short.
 */
uint64_t out_ts(const struct perfetto_out *o, uint64_t ts);
/* Writes what there is, if it is enough, or in any case. Returns 0, or -errno with *err filled. */
int out_flush(struct perfetto_out *o, FILE *out, bool all, struct err *err);

#endif
