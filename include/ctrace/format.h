/* SPDX-License-Identifier: MIT */
/*
 * format.h - the capture file's layout
 *
 *     +-------------+-------+---------+-------+---------+-- - - --+-------+-----+
 *     | file header | chunk | payload | chunk | payload |         | chunk | END |
 *     +-------------+-------+---------+-------+---------+-- - - --+-------+-----+
 *
 * Little-endian, like wire.h. A file is written from front to back and never rewritten, so one
 * that was cut anywhere (a full disk, kill -9 of the tracer) is read up to its last whole chunk,
 * and is known to be cut because the END chunk is missing. A chunk header carries the checksums
 * of itself and of its payload. A chunk type that a reader does not know is skipped and counted.
 *
 * A record chunk holds whole wire.h records of one stream (one ring buffer), in the order in
 * which they came. Each stream is nearly in the order of time; the reader merges the streams.
 */
/* clang-format off */ /* the tables are aligned by hand */
#ifndef CTRACE_FORMAT_H
#define CTRACE_FORMAT_H

#include <linux/types.h>

#define FORMAT_MAGIC	"CTRACE\r\n"	/* 8 bytes; the line end shows a transfer that changed it */
#define FORMAT_MAJOR	1		/* another major number: not readable */
#define FORMAT_MINOR	1		/* a higher minor number: readable, with additions skipped */

#define FORMAT_CHUNK_MAGIC	0x4b4e4843u	/* "CHNK" */
#define FORMAT_CHUNK_MAX	(1u << 20)	/* bytes of a payload, stored or decoded */
#define FORMAT_STREAMS_MAX	256

struct format_file {
	char magic[8];
	__u16 major;
	__u16 minor;
	__u16 header_sz;	/* of this header: chunks begin there */
	__u16 machine;		/* ELF e_machine of the traced kernel: 62 x86-64, 183 arm64 */
	__u32 streams;
	__u32 cpus;		/* possible CPUs */
	__u64 start_ts;		/* CLOCK_MONOTONIC ns: the trace begins */
	__u64 start_unix_ns;	/* CLOCK_REALTIME ns at that instant */
	__u64 clock_err_ns;	/* the two were read within this time */
	__u32 pad;
	__u32 crc;		/* CRC-32 (zlib's) of the bytes before it */
};

enum {
	FORMAT_RECORDS = 1,	/* wire.h records of one stream */
	FORMAT_META = 2,	/* lines "key=value\n", escaped as below: host, kernel, command, version … */
	FORMAT_PROCESS = 3,	/* the same for one process: pid, comm, exe, threads …; a later chunk for
				   the same pid replaces an earlier */
	FORMAT_LOSSES = 4,	/* struct format_loss[]: totals so far; a later chunk replaces an earlier */
	FORMAT_CLOCK = 5,	/* struct format_clock */
	FORMAT_END = 6,		/* struct format_end */
	FORMAT_SYMBOLS = 7,	/* lines like those of PROCESS: what stands at addresses of one process */
	FORMAT_NAMES = 8,	/* copies of the records that say what later ones are about */
	FORMAT_INDEX = 9,	/* struct format_entry[]: what chunks there are; right before END */
};

/*
 * SYMBOLS: pid (0: the kernel), from_ts (of the program that it runs; the chunk holds until the next
 * one of that pid), and for each address that a stack goes through, in hexadecimal,
 *
 *	@55d0c0ffee10=name TAB offset TAB module TAB file:line
 *
 * once, and once more for each function that is inlined there, the innermost first. What is not
 * known is empty; offset is hexadecimal, from the function's begin, or without a name from the
 * file's. Of return addresses, the one looked up is one less: that of the call.
 */

/* In values of META, PROCESS and SYMBOLS, '\\' stands as "\\\\", newline as "\\n", NUL as "\\0". */

/* How the payload is coded. A chunk with any other flag is skipped and counted. */
enum {
	FORMAT_DEFLATE = 1,	/* it is a zlib stream; what is in it may be FORMAT_DELTA */
	/* 2 was a coder that came before these; it is not given again */
	FORMAT_DELTA_OLD = 4,	/* as FORMAT_DELTA, with fewer guesses: read, not written any more */
	FORMAT_DELTA = 8,	/* RECORDS: as differences to earlier ones, as the manual's page says;
				   before deflating, these are not more bytes than raw_sz */
};

struct format_chunk {
	__u32 magic;
	__u16 type;
	__u16 flags;
	__u32 stream;		/* RECORDS: which; else 0 */
	__u32 stored_sz;	/* bytes that follow this header */
	__u32 raw_sz;		/* bytes once decoded; = stored_sz without flags */
	__u32 records;		/* RECORDS: how many; else 0 */
	__u64 min_ts;		/* RECORDS: lowest and highest h.ts inside; else 0 */
	__u64 max_ts;
	__u32 payload_crc;	/* CRC-32 of the stored bytes */
	__u32 header_crc;	/* CRC-32 of this header's bytes before this field */
};

struct format_loss {
	char name[24];		/* wire.h's WIRE_LOSSES, or the collector's own; NUL-padded */
	__u64 count;
};

struct format_clock {
	__u64 ts;		/* CLOCK_MONOTONIC ns */
	__u64 unix_ns;		/* CLOCK_REALTIME ns at that instant */
	__u64 err_ns;
};

struct format_end {
	__u64 stop_ts;		/* the trace ends: what is later is clipped */
	__u64 records;		/* in all streams */
	char reason[32];	/* duration, interrupted, target-exit, disk-full, … ; NUL-padded */
	__u64 index_off;	/* since minor version 1: where the first INDEX chunk is; 0: none */
};

/* A chunk, so that a window of the trace can be read without the rest. */
struct format_entry {
	__u64 off;		/* of its header, from the file's begin */
	__u64 min_ts;		/* as in its header */
	__u64 max_ts;
	__u64 reach_ts;		/* RECORDS: the earliest time that a record inside tells of; else 0 */
	__u32 records;
	__u16 type;
	__u16 stream;
};

_Static_assert(sizeof(struct format_file) == 56, "format_file");
_Static_assert(sizeof(struct format_chunk) == 48, "format_chunk");
_Static_assert(sizeof(struct format_loss) == 32, "format_loss");
_Static_assert(sizeof(struct format_clock) == 24, "format_clock");
_Static_assert(sizeof(struct format_end) == 56, "format_end");
_Static_assert(sizeof(struct format_entry) == 40, "format_entry");

#endif /* CTRACE_FORMAT_H */
