/* SPDX-License-Identifier: MIT */
/*
 * protobuf.h - writes protobuf messages into memory
 *
 *	struct pb pb = {0};
 *	size_t at;
 *
 *	at = pb_open(&pb, 1);                  message field 1
 *	pb_u64(&pb, 8, 1234);
 *	pb_string(&pb, 2, untrusted);
 *	pb_close(&pb, at);
 *	if (pb.failed) …                       out of memory: the bytes are worth nothing
 *	fwrite(pb.bytes, 1, pb.n, out);
 *	pb.n = 0;                              goes on with the same memory
 *	pb_release(&pb);
 *
 * A field that is called is written, also when it is 0 or empty. Strings may hold anything: what
 * is not UTF-8 becomes U+FFFD, since parsers refuse it. Not thread-safe.
 */
#ifndef CTRACE_PROTOBUF_H
#define CTRACE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pb {
	uint8_t *bytes; /* owned */
	size_t n, cap;
	bool failed; /* no memory; nothing is written from then on */
};

void pb_u64(struct pb *pb, uint32_t field, uint64_t v); /* also uint32, enum, bool; int64 >= 0 */
/* A message, field, of two such numbers: as by pb_open, pb_u64 twice, and pb_close. */
void pb_pair(struct pb *pb, uint32_t field, uint32_t first, uint64_t a, uint32_t second,
	     uint64_t b);
void pb_fixed32(struct pb *pb, uint32_t field, uint32_t v);
void pb_fixed64(struct pb *pb, uint32_t field, uint64_t v);
/* n bytes as they are: of a field of bytes, or of a message that was written elsewhere. */
void pb_bytes(struct pb *pb, uint32_t field, const void *bytes, size_t n);
void pb_string(struct pb *pb, uint32_t field, const char *s);
void pb_double(struct pb *pb, uint32_t field, double v);
/* One more number of the packed field that is open. */
void pb_packed(struct pb *pb, uint64_t v);
/* What is written until pb_close is the message of that field. Messages nest. */
size_t pb_open(struct pb *pb, uint32_t field);
void pb_close(struct pb *pb, size_t at);
/* Whole fields that were written elsewhere. */
void pb_append(struct pb *pb, const void *bytes, size_t n);
void pb_release(struct pb *pb); /* a zeroed struct is fine */

#endif
