/* SPDX-License-Identifier: MIT */
/*
 * unsent.h - files for spans that were not sent, or perhaps not
 *
 *	struct unsent u = {.base = "x", .what = "unsent", .uid = uid, .gid = gid};
 *
 *	unsent_add(&u, bytes, n, spans, &err);    makes x.unsent.otlp.pb, or x.unsent-2.otlp.pb …
 *	unsent_close(&u, &err);
 *
 * Made when it is needed; never in the place of another file. Requests that follow each other are
 * one request, so such a file is one of the format otlp.pb.
 */
#ifndef CTRACE_UNSENT_H
#define CTRACE_UNSENT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct err;

struct unsent {
	const char *base, *what; /* these four are set before use */
	uid_t uid;		 /* whose it is to be; -1: ours */
	gid_t gid;
	FILE *out;
	char path[4096]; /* "": nothing was added */
	uint64_t spans;
};

int unsent_add(struct unsent *u, const void *bytes, size_t n, size_t spans, struct err *err);
/* Does nothing if nothing was added. */
int unsent_close(struct unsent *u, struct err *err);

#endif
