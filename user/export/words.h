/* SPDX-License-Identifier: MIT */
/*
 * words.h - the phrases that the text report and its stories share
 *
 * Each adds to a strbuf, for display: untrusted strings are escaped.
 */
#ifndef CTRACE_WORDS_H
#define CTRACE_WORDS_H

#include "base/strbuf.h"
#include "model/span.h"

/* Where a time went, one entry a state and one for idle. */
enum { SHARE_IDLE = STATE_NR, SHARE_NR };
struct shares {
	uint64_t ns[SHARE_NR];
	uint64_t whole; /* their sum: what percentages are of */
};

struct shares shares_of(const struct breakdown *spent, uint64_t idle_ns);
/* "network 61%  lock 22%  running 9%": the `least` largest, however small, and more down to 1 %. */
void words_shares(struct strbuf *b, const struct shares *s, const char *between, int least);

/* "for a lock": what a wait in this state is. */
const char *words_for(enum state state);
/* Whether it is a wait for nothing but a CPU. */
bool words_is_queue(enum state state);
/* The part of a wait between its wakeup and the CPU. */
uint64_t words_ready(const struct span_wait *wait);
/* The same; 0 if it is not worth a word, under a twentieth, or if there is no other part. */
uint64_t words_queued(const struct span_wait *wait);
/* Whether that part is the larger one: then the wait is one for a CPU before all. */
bool words_mostly_ready(const struct span_wait *wait);
/* "waited for a lock (futex 0x7f12)" */
void words_did(struct strbuf *b, const struct span_wait *wait);
/*
 * "waited for a lock (futex 0x7f12), then 3.10 ms for a CPU", or
 * "waited 43.8 ms for a CPU, after 100 µs for the disk (file)"
 */
void words_wait(struct strbuf *b, const struct span_wait *wait);
/* " (futex 0x7f12)"; nothing if the resource says no more than the state. */
void words_resource(struct strbuf *b, enum state state, const char *resource, const char *syscall);
/* "demo-worker-3", "softirq NET_RX", "an interrupt"; "" if it is not known. */
void words_who(struct strbuf *b, const char *comm, uint32_t tid, uint8_t ctx, const char *softirq);
/* " with gzip (77)": who is at the other end; nothing if it is not known. */
void words_peer(struct strbuf *b, const struct span_peer *peer);
/* ", held by worker-3 in rebuild-index (hint)"; nothing if it is not known. */
void words_holder(struct strbuf *b, const struct span_waker *holder);
/* "stress-ng (77) 3.20 ms, cc1 (80) 1.10 ms and others 200 µs"; "" if nobody is known. */
void words_culprits(struct strbuf *b, const struct span_wait *wait);
/*
 * "; meanwhile its CPU ran stress-ng (77) 3.20 ms": of a wait for a CPU. If only who left it is
 * known, that one is a suspect: "; until then its CPU ran stress-ng (77)".
 */
void words_suspect(struct strbuf *b, const struct span_wait *wait);
/* Whether it says anything who ended a wait: an interrupt says nothing of a disk or a timer. */
bool words_waker_tells(enum state state, uint8_t ctx);
/* Bytes of a thread's name without the number at its end; all of them if there is none. */
size_t words_stem(const char *comm);
/* Whether two names differ in such a number at most: "worker-12" and "worker-3". */
bool words_alike(const char *a, const char *b);
/* A thread's name, or several that are alike: "worker-*". */
void words_names(struct strbuf *b, const char *comm, bool several);
/* "demo-worker-3 in rebuild-index" */
void words_waker(struct strbuf *b, const struct span_waker *waker);

#endif
