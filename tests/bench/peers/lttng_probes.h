/* SPDX-License-Identifier: MIT */
/* lttng_probes.h - a region's begin and end as LTTng-UST has them: a time, and which name */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER ctrace_bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./lttng_probes.h"

#if !defined(LTTNG_PROBES_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LTTNG_PROBES_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(ctrace_bench, region_begin, LTTNG_UST_TP_ARGS(const char *, name),
			   LTTNG_UST_TP_FIELDS(lttng_ust_field_integer_hex(unsigned long, name,
									   (unsigned long)name)))
LTTNG_UST_TRACEPOINT_EVENT(ctrace_bench, region_end, LTTNG_UST_TP_ARGS(const char *, name),
			   LTTNG_UST_TP_FIELDS(lttng_ust_field_integer_hex(unsigned long, name,
									   (unsigned long)name)))

#endif

#include <lttng/tracepoint-event.h>
