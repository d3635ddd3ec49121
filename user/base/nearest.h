/* SPDX-License-Identifier: MIT */
/*
 * nearest.h - the name that was meant, of one that was misspelt
 *
 *	const char *meant = nearest("reprot", names, names_nr);        "report"
 */
#ifndef CTRACE_NEAREST_H
#define CTRACE_NEAREST_H

#include <stddef.h>

#define NEAREST_EDITS 2 /* bytes put in, left out or changed, at most */

/*
 * The first of those that take the fewest edits, which must leave something of it. NULL: none is
 * that near, or the name is longer than any that is stored.
 */
const char *nearest(const char *asked, const char *const *names, size_t nr);

#endif
