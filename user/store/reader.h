/* SPDX-License-Identifier: MIT */
/*
 * reader.h - reads a capture file, whole or cut, as hostile input
 *
 *	reader_open(&r, path, &err);      reads the header and walks the chunk headers once
 *	model_run(m, reader_source(r), &err);
 *	reader_free(r);
 *
 * Memory: an index entry per chunk (bounded by file size / chunk) and two decoded chunks per
 * stream, of which a thread of the reader's own decodes one ahead. A capture of an older tracer, a
 * newer minor version, or cut anywhere opens; what was skipped is in reader_info(). Not thread-safe.
 */
#ifndef CTRACE_READER_H
#define CTRACE_READER_H

#include "model/span.h"
#include "source.h"

struct reader;
struct format_clock;

int reader_open(struct reader **r, const char *path, struct err *);

/* A part of a trace, in ns since its start. */
struct reader_window {
	uint64_t from_ns, to_ns; /* UINT64_MAX: to its end */
};

/*
 * The source then has the records that tell of that time, and those that they rely on; of a file
 * with an index, no other chunk is read. What reader_info says is of the window. -ERANGE: the
 * trace is over before it begins. w NULL: as reader_open.
 */
int reader_open_window(struct reader **r, const char *path, const struct reader_window *w,
		       struct err *);
/* Valid until reader_free. stop_ts of a cut file is the highest max_ts of its chunks. */
const struct capture_info *reader_info(const struct reader *);
/* Value of a META key (the last one written), or NULL. */
const char *reader_meta(const struct reader *, const char *key);
/* Each stream can be read once. Valid until reader_free. */
const struct source *reader_source(struct reader *);
/* The last pair of clocks that was stored after the start, or NULL. */
const struct format_clock *reader_clock(const struct reader *);
/* Within which time the pair of clocks at the start was read. */
uint64_t reader_clock_err(const struct reader *);
/* Whether both read one file. */
bool reader_is_same(const struct reader *a, const struct reader *b);
/*
 * What was left out. Bytes at the end that are no whole chunk; chunks skipped for a bad checksum
 * or unknown type; bytes skipped to find the next chunk after a damaged chunk header; records
 * whose length cannot be (the rest of their chunk goes with them). Chunks of records are checked
 * when the source gets to them, so bad_chunks and bad_records are final at its end.
 */
uint64_t reader_cut_bytes(const struct reader *);
uint64_t reader_bad_chunks(const struct reader *);
uint64_t reader_unknown_chunks(const struct reader *);
uint64_t reader_skipped_bytes(const struct reader *);
uint64_t reader_bad_records(const struct reader *);
uint64_t reader_bytes_read(const struct reader *); /* of payloads */
void reader_free(struct reader *);		   /* NULL is fine */

#endif
