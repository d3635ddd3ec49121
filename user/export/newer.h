/* SPDX-License-Identifier: MIT */
/*
 * newer.h - what a capture of a newer ctrace-bpf holds that this one does not know, in a sentence
 */
#ifndef CTRACE_NEWER_H
#define CTRACE_NEWER_H

#include <stdint.h>

#include "base/strbuf.h"
#include "model/span.h"

/*
 * "the capture is of a newer ctrace-bpf (format 1.7), and what that has added was left out: 2 chunks
 * and 30 events". Adds nothing, and returns false, if there is nothing to say.
 */
bool newer_words(struct strbuf *b, const struct capture_info *info, uint64_t chunks,
		 uint64_t events);

#endif
