/* SPDX-License-Identifier: MIT */
/*
 * otlp_events.h - the waits and logs of spans that are still open
 *
 *	otlp_events_wait(&e, span_nr, ns, ts, bytes, n);
 *	otlp_events_log(&e, span_nr, ts, bytes, n);
 *	otlp_events_put(&e, span_nr, &code);              into the span's message; forgets them
 *
 * Of each span, the EVENTS_WAITS longest waits and the first EVENTS_LOGS logs are kept, as messages
 * that are encoded already; the others are counted. So they are if all that is kept takes more than
 * EVENTS_BYTES.
 */
#ifndef CTRACE_OTLP_EVENTS_H
#define CTRACE_OTLP_EVENTS_H

#include "base/hash.h"
#include "base/pool.h"
#include "export/otlp_code.h"

enum { EVENTS_WAITS = 32, EVENTS_LOGS = 96, EVENTS_BYTES = 24 << 20 };

struct otlp_events {
	struct hash spans; /* by number */
	struct pool pool;
	size_t bytes; /* that all the events take */
};

/* Whether a wait of that length would be kept: else there is no need to encode it. */
bool otlp_events_wants(const struct otlp_events *e, uint64_t span_nr, uint64_t ns);
/* bytes NULL: it is counted only. 0 or -ENOMEM. */
int otlp_events_wait(struct otlp_events *e, uint64_t span_nr, uint64_t ns, uint64_t ts,
		     const void *bytes, size_t n);
int otlp_events_log(struct otlp_events *e, uint64_t span_nr, uint64_t ts, const void *bytes,
		    size_t n);
void otlp_events_put(struct otlp_events *e, uint64_t span_nr, struct otlp_code *code);
void otlp_events_release(struct otlp_events *e); /* a zeroed struct is fine */

#endif
