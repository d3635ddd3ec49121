/* SPDX-License-Identifier: MIT */
/*
 * retry.h - how long to wait before a request is made again
 *
 *	struct retry r = {0};
 *
 *	while (fails_for_now())
 *		if (!retry_next(&r, random, after_s, &wait_ms))
 *			give_up();
 *
 * Each wait is twice the one before, between a half and one and a half of that, so that clients
 * that failed together do not come back together. Where the server says how long (Retry-After), it
 * is not less. Pure.
 */
#ifndef CTRACE_RETRY_H
#define CTRACE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum { RETRIES = 5, RETRY_FIRST_MS = 500, RETRY_AFTER_MAX_S = 300 };

struct retry {
	uint32_t tried; /* again */
};

/*
 * random: any number. after_s: what the server said, 0 nothing. False: it was tried often enough,
 * or the server wants to be left alone for longer than RETRY_AFTER_MAX_S.
 */
bool retry_next(struct retry *r, uint64_t random, uint64_t after_s, uint64_t *wait_ms);

#endif
