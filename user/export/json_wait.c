/* SPDX-License-Identifier: MIT */
/*
 * json_wait.c - who had to do with a wait: see json_parts.h
 */
#include "base/json.h"
#include "export/json_parts.h"

/* null if nobody is known. */
void json_peer(struct json *j, const struct span_peer *peer)
{
	if (!peer->pid) {
		json_null(j, "peer");
		return;
	}
	json_object(j, "peer", JSON_INLINE);
	json_u64(j, "pid", peer->pid);
	json_string(j, "comm", peer->comm);
	json_close(j);
}

/* null if it is not known, or nobody. */
static void put_holder(struct json *j, const struct span_waker *holder)
{
	if (!holder->tid) {
		json_null(j, "holder");
		return;
	}
	json_object(j, "holder", JSON_INLINE);
	json_string(j, "comm", holder->comm);
	json_u64(j, "pid", holder->pid);
	json_u64(j, "tid", holder->tid);
	json_string(j, "region", holder->region);
	json_string(j, "task", holder->task);
	json_bool(j, "hint", true);
	json_close(j);
}

void json_wait_parties(struct json *j, const struct span_wait *w)
{
	json_peer(j, &w->peer);
	put_holder(j, &w->holder);
	json_string(j, "kernel_function", w->kernel);
}

void json_culprits(struct json *j, const struct span_culprit *v, size_t nr, uint64_t others,
		   uint64_t idle)
{
	json_array(j, "culprits", JSON_INLINE);
	for (size_t i = 0; i < nr; i++) {
		json_object(j, NULL, JSON_INLINE);
		json_string(j, "comm", v[i].comm);
		json_u64(j, "pid", v[i].pid);
		json_u64(j, "tid", v[i].tid);
		json_u64(j, "ns", v[i].ns);
		json_close(j);
	}
	json_close(j);
	json_u64(j, "culprits_others_ns", others);
	json_u64(j, "cpu_idle_ns", idle);
}
