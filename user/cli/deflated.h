/* SPDX-License-Identifier: MIT */
/*
 * deflated.h - a FILE that deflates what is written to it, in a thread of its own
 *
 *	f = deflated_open(fd, DEFLATED_GZIP, &err);
 *	fprintf(f, …);
 *	if (fclose(f))
 *		…                      errno says why; fd is closed
 *
 * Deflating takes as long as making what is deflated: with a second CPU it costs no time.
 * Memory: some blocks of 256 KiB.
 */
#ifndef CTRACE_CLI_DEFLATED_H
#define CTRACE_CLI_DEFLATED_H

#include <stdio.h>

struct err;

enum deflated {
	DEFLATED_GZIP,	  /* one gzip stream */
	DEFLATED_PACKETS, /* a Perfetto trace: blocks of whole packets become compressed_packets */
};

/* fd is the FILE's from then on, in any case. NULL: *err is filled. */
FILE *deflated_open(int fd, enum deflated kind, struct err *err);

#endif
