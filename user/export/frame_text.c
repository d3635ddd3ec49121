/* SPDX-License-Identifier: MIT */
/* frame_text.c - see frame_text.h */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "export/frame_text.h"
#include "model/span.h"

const char *frame_text(char *buf, size_t sz, const struct span_frame *f)
{
	const char *slash = strrchr(f->module, '/');

	if (f->name[0])
		snprintf(buf, sz, "%s", f->name);
	else if (f->module[0])
		snprintf(buf, sz, "%s+0x%" PRIx64, slash ? slash + 1 : f->module, f->off);
	else
		snprintf(buf, sz, "0x%" PRIx64, f->addr);
	return buf;
}
