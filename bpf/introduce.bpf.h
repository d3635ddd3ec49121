/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * introduce.bpf.h - names threads that are not traced, each once
 *
 * They are met as wakers, as those who had the CPU, and as the other end of a socket.
 */
#ifndef INTRODUCE_BPF_H
#define INTRODUCE_BPF_H

#include "emit.bpf.h"

/* Names a thread that is not traced, once. t may be a bare address. */
static __always_inline void introduce(struct emit *e, struct task_struct *t, u64 now)
{
	u32 tid = BPF_CORE_READ(t, pid);
	u64 *sent, head = 0;
	struct wire_comm *r;

	if (!tid)
		return;
	bpf_core_read(&head, sizeof(head), &t->comm);
	sent = bpf_map_lookup_elem(&strangers, &tid);
	if (sent && *sent == head)
		return;
	r = emit_reserve(e, WIRE_COMM, sizeof(*r), 0, tid, now);
	if (!r)
		return;
	r->pid = BPF_CORE_READ(t, tgid);
	r->pad = 0;
	bpf_core_read(r->comm, sizeof(r->comm), &t->comm);
	emit_submit(e, r, WIRE_COMM);
	bpf_map_update_elem(&strangers, &tid, &head, BPF_ANY);
}

#endif
