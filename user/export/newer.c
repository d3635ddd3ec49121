/* SPDX-License-Identifier: MIT */
/* newer.c - see newer.h */
#include "export/newer.h"

#include "base/human.h"

static void add_count(struct strbuf *b, const char *before, uint64_t n, const char *what)
{
	char count[HUMAN_SZ];

	strbuf_add(b, "%s%s %s%s", before, human_count(count, n), what, n == 1 ? "" : "s");
}

bool newer_words(struct strbuf *b, const struct capture_info *info, uint64_t chunks,
		 uint64_t events)
{
	if (!info->newer_minor && !chunks && !events)
		return false;
	if (info->newer_minor)
		strbuf_add(b,
			   "the capture is of a newer ctrace-bpf (format %u.%u), and what that has "
			   "added was left out",
			   info->newer_major, info->newer_minor);
	else
		strbuf_add(b, "what this ctrace-bpf does not know of the capture was left out");
	if (chunks)
		add_count(b, ": ", chunks, "chunk");
	if (events)
		add_count(b, chunks ? " and " : ": ", events, "event");
	return true;
}
