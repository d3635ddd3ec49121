/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders.bpf.c - which processes have a pipe or a socket open
 *
 * A walk over all open files of the machine, made by user space at most once a second, and only if
 * a traced thread has waited for a pipe or a UNIX socket that it had not waited for before: what
 * nobody has written to yet has its other end there.
 */
#include "emit.bpf.h"
#include "name.bpf.h"

#define FMODE_READ_WRITE 3

SEC("iter/task_file")
int find_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *t = ctx->task;
	struct file *f = ctx->file;
	struct name_key key = {};
	struct wire_holder *r;
	struct emit e;
	u32 *round;

	if (!t || !f || t->pid != t->tgid)
		return 0;
	key.id = BPF_CORE_READ(f, f_inode, i_ino);
	key.dev = BPF_CORE_READ(f, f_inode, i_sb, s_dev);
	round = bpf_map_lookup_elem(&wanted, &key);
	if (!round || *round != holders_scan || !emit_open(&e))
		return 0;
	r = emit_reserve(&e, WIRE_HOLDER, sizeof(*r), 0, 0, bpf_ktime_get_ns());
	if (!r)
		return 0;
	r->ino = key.id;
	r->dev = key.dev;
	r->pid = t->tgid;
	r->fd = ctx->fd;
	r->mode = f->f_mode & FMODE_READ_WRITE;
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), t->comm);
	emit_submit(&e, r, WIRE_HOLDER);
	return 0;
}
