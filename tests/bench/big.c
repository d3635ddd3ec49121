/* SPDX-License-Identifier: MIT */
/*
 * big.c - writes a capture as large as you like, of the service of service.h
 *
 *	big FILE MILLIONS [LEVEL]	LEVEL as --compress, default 0; -1: as the records came
 */
#include <elf.h>
#include <stdio.h>

#include "base/err.h"
#include "bench/service.h"
#include "ctrace/format.h"
#include "store/writer.h"

enum { AT_ONCE = 4096 /* records that are made before they are written */ };

static int put(struct writer *w, struct tape *t, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < t->streams_nr && !rc; i++) {
		rc = writer_records(w, (uint32_t)i, t->streams[i].bytes, t->streams[i].n, err);
		t->streams[i].n = 0;
	}
	return rc;
}

static int fill(struct writer *w, size_t records, struct err *err)
{
	static const struct writer_key meta[] = {
		{"host", "bench"}, {"kernel", "6.18.0"}, {"version", "0"}};
	static const struct writer_key process[] = {
		{"pid", "100"}, {"comm", "service"}, {"threads", "8"}};
	struct tape t = {0};
	struct service s;
	int rc = writer_text(w, FORMAT_META, meta, 3, err);

	if (!rc)
		rc = writer_text(w, FORMAT_PROCESS, process, 3, err);
	service_begin(&s, &t);
	while (!rc && t.records < records) {
		for (size_t until = t.records + AT_ONCE; t.records < until;)
			service_step(&s, &t);
		rc = put(w, &t, err);
	}
	if (!rc)
		rc = writer_close(w, service_end(&s), "duration", err);
	tape_free(&t);
	return rc;
}

int main(int argc, char **argv)
{
	struct writer_opts opts = {.machine = EM_X86_64,
				   .streams = CPUS,
				   .cpus = THREADS,
				   .start_ts = START,
				   .start_unix_ns = 1700000000000000000ull,
				   .uid = (uid_t)-1,
				   .gid = (gid_t)-1,
				   .force = 1};
	struct err err = {0};
	struct writer *w;

	if (argc < 3)
		return 2;
	opts.compress = argc > 3 ? atoi(argv[3]) : 0;
	if (writer_open(&w, argv[1], &opts, &err) ||
	    fill(w, strtoul(argv[2], NULL, 10) * 1000000, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	writer_free(w);
	return 0;
}
