/* SPDX-License-Identifier: MIT */
/* retry.c - see retry.h. Invariant: a wait is never shorter than the server has asked for. */
#include "net/retry.h"

bool retry_next(struct retry *r, uint64_t random, uint64_t after_s, uint64_t *wait_ms)
{
	uint64_t ms = (uint64_t)RETRY_FIRST_MS << r->tried;

	if (r->tried == RETRIES || after_s > RETRY_AFTER_MAX_S)
		return false;
	r->tried++;
	*wait_ms = after_s * 1000 +
		   (after_s ? random % (RETRY_FIRST_MS / 2) : ms / 2 + random % (ms + 1));
	return true;
}
