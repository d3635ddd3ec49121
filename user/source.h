/* SPDX-License-Identifier: MIT */
/*
 * source.h - where records come from, as the model sees it
 *
 * A source has a fixed number of streams. Each is nearly in the order of time and is read on its
 * own, so that the merge can take them in any order. Today's one source is the capture reader
 * (store/reader.h); tests make theirs from arrays.
 */
#ifndef CTRACE_SOURCE_H
#define CTRACE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct source {
	void *ctx;
	int streams;
	/*
	 * The next record of a stream: its bytes, unchecked but for their length. *rec is 8-byte
	 * aligned and stays valid until the next call for the same stream.
	 * Returns 1, 0 at the end of the stream, or -errno with *err filled.
	 */
	int (*next)(void *ctx, int stream, const void **rec, size_t *len, struct err *err);
};

#endif
