/* SPDX-License-Identifier: MIT */
/* events.c - see events.h */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "export/events.h"

const struct events_format events_formats[] = {
	{"pftrace", "for ui.perfetto.dev", &perfetto_sink},
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
