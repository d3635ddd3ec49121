/* SPDX-License-Identifier: MIT */
/* events.c - see events.h */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "ctrace/wire.h"
#include "export/events.h"

const struct events_format events_formats[] = {
	{"pftrace", "for ui.perfetto.dev", &perfetto_sink},
	{"chrome", "(--as chrome) for chrome://tracing and other viewers", &chrome_sink},
	{"jsonl", "a JSON object a line, for scripts", &jsonl_sink},
	{"csv", "a table, for spreadsheets and databases", &csv_sink},
};
const size_t events_formats_nr = sizeof(events_formats) / sizeof(events_formats[0]);

const struct events_format *events_format(const char *name)
{
	for (size_t i = 0; i < events_formats_nr; i++)
		if (!strcmp(events_formats[i].name, name))
			return &events_formats[i];
	return NULL;
}

void events_release(struct events_ctx *ctx)
{
	perfetto_release(ctx->perfetto);
	ctx->perfetto = NULL;
	nesting_release(&ctx->nesting);
}

int events_flush(struct events_ctx *ctx, struct err *err)
{
	int code;

	errno = 0;
	if (!fflush(ctx->out) && !ferror(ctx->out))
		return 0;
	code = errno ? -errno : -EIO;
	return err_set(err, code, "cannot write the events: %s", strerror(-code));
}

uint64_t events_since(const struct events_ctx *ctx, uint64_t ts)
{
	return ts > ctx->info->start_ts ? ts - ctx->info->start_ts : 0;
}

const char *events_waker_ctx(uint8_t ctx)
{
	static const char *const names[] = {
		[WIRE_WAKER_NONE] = "none",	  [WIRE_WAKER_TASK] = "task",
		[WIRE_WAKER_SOFTIRQ] = "softirq", [WIRE_WAKER_HARDIRQ] = "hardirq",
		[WIRE_WAKER_NMI] = "nmi",	  [WIRE_WAKER_UNKNOWN] = "unknown",
	};

	return ctx < sizeof(names) / sizeof(names[0]) ? names[ctx] : "unknown";
}
