/* SPDX-License-Identifier: MIT */
/*
 * writer.h - writes a capture file
 *
 *	writer_open(&w, path, &opts, &err);          header is on disk
 *	writer_records(w, stream, bytes, n, &err);   whole wire.h records, as they came
 *	writer_flush(w, &err);                       every second or so: what a kill -9 would lose
 *	writer_close(w, stop_ts, "duration", &err);  the END chunk
 *
 * The file's layout is include/ctrace/format.h. After an error (a full disk) every call fails
 * again with the same sentence, what is on disk stays readable, and writer_free is safe.
 * Not thread-safe. Memory: 256 KiB per stream that has had records.
 *
 * N.B. With a limit on file sizes (RLIMIT_FSIZE) the kernel sends SIGXFSZ, which kills: a program
 * that wants the error instead ignores that signal.
 */
#ifndef CTRACE_WRITER_H
#define CTRACE_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct format_loss;
struct writer;

struct writer_opts {
	uint16_t machine; /* ELF e_machine */
	uint32_t streams, cpus;
	uint64_t start_ts, start_unix_ns, clock_err_ns;
	int compress; /* record chunks: 0 as differences (delta.h), which costs less than the
			 bytes it saves; 1 fastest … 9: that and zlib's level; -1 as they came */
	uid_t uid;    /* the file belongs to … ((uid_t)-1: leave) */
	gid_t gid;
	int force; /* replace an existing file: see create.h */
};

struct writer_key {
	const char *key, *value;
};

int writer_open(struct writer **w, const char *path, const struct writer_opts *, struct err *);
/*
 * bytes: n bytes of whole records of one stream. Copied; may be written later. Returns -EINVAL, and
 * takes none of them, if they are no whole records by their lengths.
 */
int writer_records(struct writer *, uint32_t stream, const void *bytes, size_t n, struct err *);
/* type: FORMAT_META, FORMAT_PROCESS or FORMAT_SYMBOLS. Pairs are escaped here. */
int writer_text(struct writer *, int type, const struct writer_key *, size_t nr, struct err *);
/* Names must be NUL-padded. */
int writer_losses(struct writer *, const struct format_loss *, size_t nr, struct err *);
int writer_clock(struct writer *, uint64_t ts, uint64_t unix_ns, uint64_t err_ns, struct err *);
/* Puts all buffered records into chunks and hands them to the kernel (no fsync). */
int writer_flush(struct writer *, struct err *);
/* Flushes and writes END. Does not free. */
int writer_close(struct writer *, uint64_t stop_ts, const char *reason, struct err *);
/* What was taken of a kind of records so far; stored: before zlib, of those in whole chunks. */
struct writer_kind {
	uint64_t count, bytes, stored;
};
struct writer_kind writer_kind(const struct writer *, unsigned int kind);
uint64_t writer_bytes(const struct writer *); /* written to the file so far */
uint64_t writer_count(const struct writer *); /* records taken so far */
void writer_free(struct writer *);	      /* NULL is fine */

#endif
