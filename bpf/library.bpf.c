/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * library.bpf.c - a process has loaded or unloaded a library
 *
 * On the function that the dynamic linker calls then (user/attach/linker.c). The collector looks
 * for marks in what is new, at once: until it has, they go unseen. What goes may have had a batch
 * of its own, whose memory goes with it.
 */
#include "batch.bpf.h"

SEC("uprobe")
int on_library(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	struct thread *th = thread_current();
	struct wire_map *r;
	struct emit e;

	if (!th || !emit_open(&e))
		return 0;
	if (th->batches_nr)
		batches_send(th, bpf_ktime_get_ns());
	r = emit_reserve(&e, WIRE_MAP, sizeof(*r), 0, (u32)id, bpf_ktime_get_ns());
	if (!r)
		return 0;
	r->pid = id >> 32;
	r->pad = 0;
	emit_submit_now(&e, r, WIRE_MAP);
	return 0;
}
