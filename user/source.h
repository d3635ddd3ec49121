/* SPDX-License-Identifier: MIT */
/*
 * source.h - where records come from, as the model sees it
 *
 * A source has a fixed number of streams. Each is nearly in the order of time and is read on its
 * own, so that the merge can take them in any order. The capture reader (store/reader.h) is one,
 * several of them together (store/several.h) are another; tests make theirs from arrays.
 */
#ifndef CTRACE_SOURCE_H
#define CTRACE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* A trace among several that a source puts together: no stream of it tells of another time. */
struct source_part {
	uint64_t start_ts, stop_ts;
	uint16_t machine; /* ELF e_machine */
};

struct source {
	void *ctx;
	int streams;
	/* By stream, which part it is of; NULL: there is one, of the time that capture_info says. */
	const int *part_of;
	const struct source_part *parts;
	int parts_nr;
	/*
	 * The next record of a stream: its bytes, unchecked but for their length. *rec is 8-byte
	 * aligned and stays valid until the next call for the same stream.
	 * Returns 1, 0 at the end of the stream, or -errno with *err filled.
	 */
	int (*next)(void *ctx, int stream, const void **rec, size_t *len, struct err *err);
};

#endif
