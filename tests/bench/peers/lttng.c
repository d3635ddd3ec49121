/* SPDX-License-Identifier: MIT */
/* lttng.c - the marked loop with LTTng-UST's tracepoints: cc -I. lttng.c -llttng-ust -ldl */
#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#include "lttng_probes.h"

static void one_pair(void)
{
	lttng_ust_tracepoint(ctrace_bench, region_begin, "work");
	lttng_ust_tracepoint(ctrace_bench, region_end, "work");
}

#include "peer.h"
