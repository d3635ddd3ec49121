/* SPDX-License-Identifier: MIT */
/* account.c - see account.h */
#include <sys/resource.h>
#include <time.h>

#include "attach/account.h"
#include "attach/program.h"
#include "attach/rings.h"
#include "attach/tsc.h"
#include "ctrace/wire.h"
#include "store/tracer.h"
#include "store/writer.h"

void account_begin(struct account *a)
{
	struct timespec t;
	struct rusage u;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	getrusage(RUSAGE_SELF, &u);
	a->cpu_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	a->switches = (uint64_t)u.ru_nvcsw + (uint64_t)u.ru_nivcsw;
	a->preempted = (uint64_t)u.ru_nivcsw;
}

static void fill_kinds(const struct writer *w, struct capture_tracer *t)
{
	for (unsigned int kind = 0; kind < WIRE_KINDS_MAX; kind++) {
		struct writer_kind k = writer_kind(w, kind);

		if (k.count)
			t->kinds[t->kinds_nr++] =
				(struct tracer_kind){kind, k.count, k.bytes, k.stored};
	}
}

int account_write(const struct account *begin, const struct rings *rings, const struct program *p,
		  const struct tsc *tsc, struct writer *w, struct err *err)
{
	const struct rings_stats *r = rings_stats(rings);
	struct capture_tracer t = {
		.readings = r->rounds,
		.woken = r->woken,
		.lag_mean_ns = r->lag_nr ? r->lag_sum_ns / r->lag_nr : 0,
		.lag_max_ns = r->lag_max_ns,
		.ring_bytes = r->bytes,
		.tsc_err_ns = tsc ? tsc->err_ns : 0,
		.tsc_steps = tsc ? tsc->steps : 0,
	};
	struct account now;
	int rc = writer_flush(w, err);

	if (rc)
		return rc;
	account_begin(&now);
	t.cpu_ns = now.cpu_ns - begin->cpu_ns;
	t.switches = now.switches - begin->switches;
	t.preempted = now.preempted - begin->preempted;
	fill_kinds(w, &t);
	program_stats(p, &t);
	return tracer_write(w, &t, err);
}
