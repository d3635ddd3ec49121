/* SPDX-License-Identifier: MIT */
/*
 * blame_words.h - phrases for chains of waits and for critical paths
 *
 * Each adds to a strbuf, for display: untrusted strings are escaped.
 */
#ifndef CTRACE_BLAME_WORDS_H
#define CTRACE_BLAME_WORDS_H

#include "base/strbuf.h"
#include "model/span.h"

/* "demo-worker-3 waited for the disk (file fd 11) in rebuild-index" */
void words_link(struct strbuf *b, const struct span_link *link);
/*
 * What happened during a wait, along the largest links of its chain: "rebuild ran in rebuild-index
 * for 61.9 ms, and was preempted for 9.00 ms"; nothing if there is no chain. A full stop is the
 * caller's.
 */
void words_chain(struct strbuf *b, const struct span_wait *wait);
/* "running in rebuild-index by demo-worker-3, behind lock in cache.Lookup" */
void words_blame(struct strbuf *b, const struct span_blame *blame);
/*
 * "52% network (socket [inet] fd 9) in reply; 17% running in …": at most `most` parts, and none
 * below a twentieth but the first. Returns how many there were.
 */
size_t words_path(struct strbuf *b, const struct span_path *path, size_t most);

#endif
