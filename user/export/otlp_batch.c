/* SPDX-License-Identifier: MIT */
/*
 * otlp_batch.c - see otlp_batch.h. Invariant: a process is in the list of the batch if it has
 * spans in it, and then once; spans and bytes are their sums.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pairs.h"
#include "export/otlp_batch.h"

enum { PROCESSES_MAX = 65536, COMM_SZ = 64 };

struct otlp_process {
	uint32_t pid;
	const struct capture_process *known; /* NULL: the capture does not list it */
	char comm[COMM_SZ];
	struct pb spans; /* gathered */
	size_t nr;
	struct otlp_process *next;
};

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory while exporting the trace");
}

void otlp_batch_init(struct otlp_batch *b, struct otlp_code *code, const struct capture_info *info,
		     const struct otlp_settings *settings)
{
	b->code = code;
	b->info = info;
	b->settings = settings;
}

/* --- what is known of a process ------------------------------------------------------------ */

static const struct capture_process *listed(const struct capture_info *info, uint32_t pid)
{
	for (size_t i = 0; i < info->processes_nr; i++)
		if (info->processes[i].pid == pid)
			return &info->processes[i];
	return NULL;
}

static struct otlp_process *process_of(struct otlp_batch *b, uint32_t pid)
{
	struct otlp_process *p = hash_get(&b->processes, pid);

	if (p)
		return p;
	if (b->processes.nr >= PROCESSES_MAX) { /* all the others are one, without a number */
		pid = 0;
		p = hash_get(&b->processes, pid);
		if (p)
			return p;
	}
	p = calloc(1, sizeof(*p));
	if (!p || hash_put(&b->processes, pid, p)) {
		free(p);
		return NULL;
	}
	p->pid = pid;
	p->known = listed(b->info, pid);
	return p;
}

int otlp_batch_name(struct otlp_batch *b, uint32_t pid, const char *comm, struct err *err)
{
	struct otlp_process *p = process_of(b, pid);

	if (!p)
		return no_memory(err);
	snprintf(p->comm, sizeof(p->comm), "%s", comm);
	return 0;
}

static bool is_said(const struct otlp_batch *b, const char *key)
{
	for (size_t i = 0; i < b->said_nr; i++)
		if (!strcmp(b->said[i], key))
			return true;
	return false;
}

/* Keys are unique: what is said first counts. */
static void put_text(struct otlp_batch *b, const char *key, const char *value)
{
	if (!value[0] || is_said(b, key) || b->said_nr == RESOURCE_MAX)
		return;
	b->said[b->said_nr++] = key;
	otlp_attr_text(b->code, key, value);
}

/* What the process was started with; a list that is none is passed over from there on. */
static void put_environment(struct otlp_batch *b, const struct capture_process *known)
{
	char *at = b->environment, *key, *value;

	snprintf(at, sizeof(b->environment), "%s", known && known->resource ? known->resource : "");
	while (pairs_next(&at, &key, &value) > 0)
		put_text(b, key, value);
}

/* Of several captures, the one that the process is of; NULL if there is one only. */
static const struct capture_part *part_of(const struct capture_info *info, uint32_t pid)
{
	const struct capture_part *found = NULL;

	for (size_t i = 0; i < info->parts_nr; i++)
		if (info->parts[i].pid_add <= pid &&
		    (!found || found->pid_add <= info->parts[i].pid_add))
			found = &info->parts[i];
	return found;
}

static void put_resource(struct otlp_batch *b, const struct otlp_process *p)
{
	const struct capture_part *part = part_of(b->info, p->pid);
	const struct capture_process *known = p->known;
	const char *comm = known && known->comm[0] ? known->comm : p->comm;
	const char *exe = known ? known->exe : "", *slash = strrchr(exe, '/');
	size_t at = otlp_open(b->code, RESOURCE_SPANS_RESOURCE);
	char unknown[COMM_SZ + 32];

	otlp_list(b->code, RESOURCE_ATTRIBUTES);
	b->said_nr = 0;
	for (size_t i = 0; b->settings && i < b->settings->nr; i++)
		put_text(b, b->settings->attributes[i].key, b->settings->attributes[i].value);
	put_text(b, "service.name", known && known->service ? known->service : "");
	put_environment(b, known);
	snprintf(unknown, sizeof(unknown), "unknown_service:%s", comm);
	put_text(b, "service.name", unknown);
	if (p->pid && !is_said(b, "process.pid"))
		otlp_attr_u64(b->code, "process.pid", p->pid - (part ? part->pid_add : 0));
	put_text(b, "process.executable.name", slash && slash[1] ? slash + 1 : comm);
	put_text(b, "process.executable.path", exe);
	put_text(b, "host.name", part ? part->host : b->info->host);
	put_text(b, "host.arch", b->info->machine == EM_AARCH64 ? "arm64" : "amd64");
	put_text(b, "os.type", "linux");
	put_text(b, "os.version", part ? part->kernel : b->info->kernel);
	put_text(b, "telemetry.sdk.name", "ctrace-bpf");
	put_text(b, "telemetry.sdk.language", "c");
	put_text(b, "telemetry.sdk.version", b->info->version);
	otlp_list_end(b->code);
	otlp_close(b->code, at);
}

/* What makes every figure of the capture doubtful is said with every batch. */
static void put_scope(struct otlp_batch *b)
{
	size_t at = otlp_open(b->code, SCOPE_SPANS_SCOPE);

	otlp_string(b->code, SCOPE_NAME, "ctrace-bpf");
	otlp_string(b->code, SCOPE_VERSION, b->info->version);
	otlp_list(b->code, SCOPE_ATTRIBUTES);
	otlp_attr_text(b->code, "ctrace.capture.id", b->info->id);
	if (b->info->lost_total)
		otlp_attr_u64(b->code, "ctrace.capture.lost_records", b->info->lost_total);
	otlp_attr_true(b->code, "ctrace.capture.cut", b->info->cut);
	otlp_list_end(b->code);
	otlp_close(b->code, at);
}

/* --- requests ------------------------------------------------------------------------------ */

static void put_process(struct otlp_batch *b, const struct otlp_process *p)
{
	size_t at = otlp_item(b->code, REQUEST_RESOURCE_SPANS), scope;

	put_resource(b, p);
	otlp_list(b->code, RESOURCE_SPANS_SCOPES);
	scope = otlp_item(b->code, RESOURCE_SPANS_SCOPES);
	put_scope(b);
	otlp_raw_list(b->code, SCOPE_SPANS_SPANS, &p->spans);
	otlp_close(b->code, scope);
	otlp_list_end(b->code);
	otlp_close(b->code, at);
}

static void empty(struct otlp_batch *b)
{
	struct otlp_process *p, *next;

	for (p = b->first; p; p = next) {
		next = p->next;
		pb_release(&p->spans);
		p->nr = 0;
		p->next = NULL;
	}
	b->first = b->last = NULL;
	b->spans = b->bytes = 0;
}

int otlp_batch_flush(struct otlp_batch *b, struct err *err)
{
	struct otlp_request r = {.spans = b->spans};
	bool failed = false;

	if (!b->spans)
		return 0;
	otlp_begin(b->code);
	otlp_list(b->code, REQUEST_RESOURCE_SPANS);
	for (const struct otlp_process *p = b->first; p; p = p->next) {
		put_process(b, p);
		failed |= p->spans.failed;
	}
	otlp_list_end(b->code);
	empty(b);
	if (otlp_end(b->code) || failed)
		return no_memory(err);
	r.bytes = b->code->bytes;
	r.n = b->code->n;
	return b->take(b->to, &r, err);
}

int otlp_batch_add(struct otlp_batch *b, uint32_t pid, const void *span, size_t n, struct err *err)
{
	struct otlp_process *p;
	int rc = 0;

	if (b->spans == BATCH_SPANS || (b->spans && b->bytes + n > BATCH_BYTES))
		rc = otlp_batch_flush(b, err);
	p = rc ? NULL : process_of(b, pid);
	if (!p)
		return rc ? rc : no_memory(err);
	if (!p->nr++) {
		*(b->last ? &b->last->next : &b->first) = p;
		b->last = p;
	}
	otlp_gather(b->code, &p->spans, SCOPE_SPANS_SPANS, span, n);
	b->spans++;
	b->bytes += n;
	return 0;
}

void otlp_batch_release(struct otlp_batch *b)
{
	struct otlp_process *p;
	size_t at = 0;

	while ((p = hash_next(&b->processes, &at))) {
		pb_release(&p->spans);
		free(p);
	}
	hash_release(&b->processes);
}
