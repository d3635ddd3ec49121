/* SPDX-License-Identifier: MIT */
/*
 * kv.h - the text of META and PROCESS chunks: lines "key=value\n"
 *
 *	n += kv_put(text + n, sz - n, "comm", comm);
 *
 *	while ((rc = kv_next(&at, end, &key, &value)) > 0)
 *		…
 *
 * In a value, a backslash, a newline and a NUL stand as \\, \n and \0; all else is as it is. So
 * a hostile value can neither end its line nor forge another key.
 */
#ifndef CTRACE_KV_H
#define CTRACE_KV_H

#include <stddef.h>

/*
 * Puts "key=value\n" at dst if all of it fits into sz. Returns the length of the line, whether it
 * was put or not; 0 if the key is empty or holds '=' or a newline.
 */
size_t kv_put(char *dst, size_t sz, const char *key, const char *value);
/*
 * Takes the next line of the text from *at to end, in place: *key and *value become NUL-terminated
 * and live as long as the text. A \0 ends the value for all who take it as a string.
 * Returns 1, 0 at the end, or -EINVAL if the rest is no such line.
 */
int kv_next(char **at, char *end, char **key, char **value);

#endif
