/* SPDX-License-Identifier: MIT */
/* events.c - see events.h */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "ctrace/wire.h"
#include "export/events.h"

const struct events_format events_formats[] = {
	{"pftrace", "for ui.perfetto.dev", &perfetto_sink, EVENTS_PACKETS},
	{"json", "for chrome://tracing, speedscope and other viewers", &chrome_sink, EVENTS_PLAIN},
	{"json.gz", "the same, compressed", &chrome_sink, EVENTS_GZIP},
	{"otlp.jsonl", "spans for distributed traces, as JSON a line: for collectors",
	 &otlp_text_sink, EVENTS_PLAIN},
	{"otlp.pb", "the same as protobuf: one ExportTraceServiceRequest", &otlp_pb_sink,
	 EVENTS_PLAIN},
	{"jsonl", "a JSON object a line, for scripts", &jsonl_sink, EVENTS_PLAIN},
	{"csv", "a table, for spreadsheets and databases", &csv_sink, EVENTS_PLAIN},
	{"folded", "time by call stack, for flame graphs", &folded_sink, EVENTS_PLAIN},
};
const size_t events_formats_nr = sizeof(events_formats) / sizeof(events_formats[0]);

const struct events_format *events_format(const char *name)
{
	static const struct events_format chrome = {"chrome", "", &chrome_sink, EVENTS_PLAIN};

	for (size_t i = 0; i < events_formats_nr; i++)
		if (!strcmp(events_formats[i].name, name))
			return &events_formats[i];
	return strcmp(name, "chrome") != 0 ? NULL : &chrome; /* what "json" was called once */
}

const struct events_format *events_format_of_file(const char *path)
{
	const struct events_format *found = NULL;
	size_t n = strlen(path), longest = 0;

	for (size_t i = 0; i < events_formats_nr; i++) {
		size_t len = strlen(events_formats[i].name);
		const char *end = n > len + 1 ? path + n - len : NULL;

		/* Something stands before the dot. */
		if (end && end[-1] == '.' && end[-2] != '/' && len > longest &&
		    !strcmp(end, events_formats[i].name)) {
			found = &events_formats[i];
			longest = len;
		}
	}
	return found;
}

void events_release(struct events_ctx *ctx)
{
	perfetto_release(ctx->perfetto);
	ctx->perfetto = NULL;
	otlp_release(ctx->otlp);
	ctx->otlp = NULL;
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
