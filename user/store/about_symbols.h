/* SPDX-License-Identifier: MIT */
/* about_symbols.h - the SYMBOLS chunks of a capture; a part of about.h */
#ifndef CTRACE_ABOUT_SYMBOLS_H
#define CTRACE_ABOUT_SYMBOLS_H

#include "store/about.h"

/*
 * Takes the lines from at to end, which must stay as long as a. Returns 1, 0 if one is not what it
 * should be (those before it are used), or -ENOMEM.
 */
int about_symbols_take(struct about *a, char *at, char *end);
/* Sorts them into a->info. Returns 0 or -ENOMEM. */
int about_symbols_finish(struct about *a);

#endif
