/* SPDX-License-Identifier: MIT */
/* otlp_ids.c - see otlp_ids.h. Invariant: hash_mix loses nothing, so numbers stay distinct. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/sha256.h"
#include "export/otlp_ids.h"
#include "export/otlp_schema.h"

/* Several captures together have spans of other numbers than each alone. */
static void mix_part(uint8_t digest[SHA256_SZ], const struct capture_part *p)
{
	char text[SHA256_SZ + 512];
	int n;

	memcpy(text, digest, SHA256_SZ);
	n = snprintf(text + SHA256_SZ, sizeof(text) - SHA256_SZ, "%llu %llu %llu %.400s",
		     (unsigned long long)p->start_ts, (unsigned long long)p->stop_ts,
		     (unsigned long long)p->events, p->host);
	sha256(digest, text, SHA256_SZ + (size_t)n);
}

void otlp_ids_init(struct otlp_ids *ids, const struct capture_info *info)
{
	uint8_t digest[SHA256_SZ];
	char text[1024];

	/* Captures of versions that did not give them an id have host and times. */
	snprintf(text, sizeof(text), "%s %llu %llu %s", info->id ? info->id : "",
		 (unsigned long long)info->start_unix_ns, (unsigned long long)info->start_ts,
		 info->host ? info->host : "");
	sha256(digest, text, strlen(text));
	for (size_t i = 0; i < info->parts_nr; i++)
		mix_part(digest, &info->parts[i]);
	memcpy(ids->seed, digest, sizeof(ids->seed));
}

static void put_u64(uint8_t *to, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (56 - 8 * i));
}

void otlp_span_id(const struct otlp_ids *ids, uint64_t nr, uint8_t id[8])
{
	uint64_t v = hash_mix(nr + ids->seed[0]);

	/* hash_mix(0) is 0, and one number comes to that; 0 as a number there is none. */
	put_u64(id, v ? v : hash_mix(ids->seed[0]));
}

static struct otlp_trace make(uint64_t high, uint64_t low)
{
	struct otlp_trace t = {.flags = TRACE_SAMPLED | TRACE_RANDOM};

	put_u64(t.id, high);
	put_u64(t.id + 8, low ? low : 1);
	return t;
}

struct otlp_trace otlp_trace_of_span(const struct otlp_ids *ids, uint64_t nr)
{
	return make(hash_mix(hash_mix(nr) ^ ids->seed[1]), hash_mix(nr + ids->seed[2]));
}

struct otlp_trace otlp_trace_of_task_id(const struct otlp_ids *ids, uint64_t task_id)
{
	return make(hash_mix(hash_mix(task_id) ^ ids->seed[2]), hash_mix(task_id + ids->seed[3]));
}

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void hex(uint8_t *to, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(digit(s[2 * i]) << 4 | digit(s[2 * i + 1]));
}

void otlp_traceparent(const char *text, struct otlp_trace *trace, uint8_t parent_id[8])
{
	hex(trace->id, sizeof(trace->id), text + 3);
	hex(parent_id, 8, text + 36);
	hex(&trace->flags, 1, text + 53);
}
