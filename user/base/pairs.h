/* SPDX-License-Identifier: MIT */
/*
 * pairs.h - "key=value,key2=value2", as OpenTelemetry's variables have it
 *
 *	char *at = text, *key, *value;
 *
 *	while ((rc = pairs_next(&at, &key, &value)) > 0)
 *		…
 *
 * Values are percent-encoded; space around keys and values is left out, and so is what is empty
 * between two commas. Input is hostile.
 */
#ifndef CTRACE_PAIRS_H
#define CTRACE_PAIRS_H

/*
 * Takes the next pair from *text, which is cut up: *key is not empty, *value is decoded, both live
 * as long as the text. Returns 1, 0 at the end, or -EINVAL: it is no such list.
 */
int pairs_next(char **text, char **key, char **value);

#endif
