/* SPDX-License-Identifier: MIT */
/*
 * sha256.h - SHA-256 (FIPS 180-4) of bytes in memory, also as Content-Security-Policy wants it
 *
 *	char source[SHA256_SOURCE_SZ];
 *	fprintf(out, "script-src %s", sha256_source(source, script, script_sz));
 *
 * N.B. For naming things, not for secrets: nothing is done against side channels.
 */
#ifndef CTRACE_SHA256_H
#define CTRACE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SZ	 32
#define SHA256_SOURCE_SZ 56 /* 'sha256-…=' in quotes, and its NUL */

void sha256(uint8_t digest[SHA256_SZ], const void *data, size_t n);
/* "'sha256-BASE64'": a hash source of a policy. Returns buf. */
const char *sha256_source(char buf[SHA256_SOURCE_SZ], const void *data, size_t n);

#endif
