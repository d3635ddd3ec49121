/* SPDX-License-Identifier: MIT */
/* no_name.c - see no_name.h. Invariant: a name that only --min has left out is not said to be
 * missing. */
#include <stdbool.h>
#include <stdio.h>

#include "base/nearest.h"
#include "base/term.h"
#include "cli/no_name.h"
#include "cli/report.h"
#include "model/span.h"

/* Once it is escaped: four columns a byte. */
#define SHOWN_SZ 1100

static void say(const char *what, const char *asked, const char *meant)
{
	char shown[SHOWN_SZ], other[SHOWN_SZ];

	fprintf(stderr, "ctrace-bpf: no %s is named %s", what,
		term_escape(shown, sizeof(shown), asked));
	if (meant)
		fprintf(stderr, "; did you mean %s?", term_escape(other, sizeof(other), meant));
	fputc('\n', stderr);
}

void no_name_say(const struct report_opts *opts, const struct summary *const *traces, size_t nr)
{
	bool task = opts->task, region = opts->region;
	const char *meant_task = NULL, *meant_region = NULL;

	for (size_t i = 0; i < nr; i++) {
		const struct summary *s = traces[i];

		task = task && !s->tasks_nr && !s->unlisted_max_ns;
		region = region && !s->regions_nr;
		if (task && !meant_task)
			meant_task = nearest(opts->task, s->tasks_unlisted, s->tasks_unlisted_nr);
		if (region && !meant_region)
			meant_region =
				nearest(opts->region, s->regions_unlisted, s->regions_unlisted_nr);
	}
	if (task)
		say("task", opts->task, meant_task);
	if (region)
		say("region", opts->region, meant_region);
}
