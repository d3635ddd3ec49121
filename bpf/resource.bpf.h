/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resource.bpf.h - what a file descriptor of the running thread refers to
 *
 * Read at switch-out from the thread's own table, which only a thread that shares it can change at
 * that moment; the seed also reads those of threads that sleep. A stale read gives a wrong
 * resource, never a fault.
 */
#ifndef RESOURCE_BPF_H
#define RESOURCE_BPF_H

#include "name.bpf.h"

#define FMT_MASK	 0170000
#define FMT_SOCK	 0140000
#define FMT_REG		 0100000
#define FMT_BLK		 0060000
#define FMT_DIR		 0040000
#define FMT_CHR		 0020000
#define FMT_FIFO	 0010000
#define MAGIC_ANON_INODE 0x09041934
#define MAGIC_MQUEUE	 0x19800202
#define MAGIC_PIDFS	 0x50494446

/* The first eight bytes of an anonymous inode's name, as a number. */
#define NAME8(a, b, c, d, e, f, g, h)                                                  \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | \
	 (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)

static __always_inline u8 anon_kind(struct file *f)
{
	const unsigned char *name = BPF_CORE_READ(f, f_path.dentry, d_name.name);
	u64 head = 0;

	bpf_probe_read_kernel(&head, sizeof(head), name);
	switch (head) {
	case NAME8('[', 'e', 'v', 'e', 'n', 't', 'f', 'd'):
		return WIRE_FD_EVENTFD;
	case NAME8('[', 't', 'i', 'm', 'e', 'r', 'f', 'd'):
		return WIRE_FD_TIMERFD;
	case NAME8('[', 'e', 'v', 'e', 'n', 't', 'p', 'o'):
		return WIRE_FD_EPOLL;
	case NAME8('[', 's', 'i', 'g', 'n', 'a', 'l', 'f'):
		return WIRE_FD_SIGNALFD;
	case NAME8('[', 'i', 'o', '_', 'u', 'r', 'i', 'n'):
		return WIRE_FD_IO_URING;
	case NAME8('i', 'n', 'o', 't', 'i', 'f', 'y', 0):
		return WIRE_FD_INOTIFY;
	case NAME8('[', 'p', 'i', 'd', 'f', 'd', ']', 0):
		return WIRE_FD_PIDFD;
	default:
		return WIRE_FD_ANON;
	}
}

static __always_inline u8 socket_kind(struct file *f)
{
	struct socket *so = BPF_CORE_READ(f, private_data);

	switch (BPF_CORE_READ(so, sk, __sk_common.skc_family)) {
	case FAM_UNIX:
		return WIRE_FD_UNIX;
	case FAM_INET:
	case FAM_INET6:
		return WIRE_FD_INET;
	default:
		return WIRE_FD_SOCKET;
	}
}

static __always_inline u8 inode_kind(struct file *f, u16 mode, unsigned long magic)
{
	/* Before the mode: since 6.16 anonymous inodes claim to be regular files. */
	if (magic == MAGIC_ANON_INODE)
		return anon_kind(f);
	if (magic == MAGIC_MQUEUE)
		return WIRE_FD_MQUEUE;
	if (magic == MAGIC_PIDFS)
		return WIRE_FD_PIDFD;
	switch (mode & FMT_MASK) {
	case FMT_SOCK:
		return socket_kind(f);
	case FMT_FIFO:
		return WIRE_FD_PIPE;
	case FMT_REG:
		return WIRE_FD_FILE;
	case FMT_DIR:
		return WIRE_FD_DIR;
	case FMT_BLK:
		return WIRE_FD_BLOCK;
	case FMT_CHR:
		return WIRE_FD_CHAR;
	default:
		return WIRE_FD_OTHER;
	}
}

/* Fills th's fd_kind, ino and dev from f, and sees to it that its name is known. */
static __always_inline void resource_of_file(struct thread *th, struct file *f)
{
	struct inode *inode = BPF_CORE_READ(f, f_inode);
	struct super_block *sb;

	th->ino = BPF_CORE_READ(inode, i_ino);
	/* A thread often waits for the same thing again, and the rest are many reads. Both
	 * addresses may come back for another file, but not with the same inode number. N.B. a file
	 * that is renamed, or a socket that is connected anew, keeps its name until its waiter has
	 * waited for another one. */
	if ((u64)f != th->file || (u64)inode != th->inode || th->ino != th->file_ino) {
		sb = BPF_CORE_READ(inode, i_sb);
		th->file_dev = BPF_CORE_READ(sb, s_dev);
		th->file_kind =
			inode_kind(f, BPF_CORE_READ(inode, i_mode), BPF_CORE_READ(sb, s_magic));
		th->file = (u64)f;
		th->inode = (u64)inode;
		th->file_ino = th->ino;
		name_inode((u64)f, th->ino, th->file_dev, th->file_kind, th->tid);
	}
	th->dev = th->file_dev;
	th->fd_kind = th->file_kind;
}

/* The same from descriptor fd of t. */
static __always_inline void resource_of_fd(struct thread *th, struct task_struct *t, u64 fd)
{
	struct fdtable *fdt = t->files->fdt;
	struct file **slots, *f = NULL;

	if (fd >= fdt->max_fds)
		return;
	slots = fdt->fd;
	bpf_probe_read_kernel(&f, sizeof(f), slots + fd);
	if (!f)
		return;
	resource_of_file(th, f);
	if (th->fd_kind == WIRE_FD_EPOLL)
		th->epoll = (u64)BPF_CORE_READ(f, private_data);
}

/* A file that epoll has ready. It is not what the thread waits for next: the cache is left
 * alone. */
static __noinline int resource_ready(struct thread *th, struct file *f)
{
	u64 file = th->file, inode = th->inode, ino = th->file_ino;
	u32 dev = th->file_dev, kind = th->file_kind;
	u8 fd_kind = th->fd_kind;

	resource_of_file(th, f);
	th->file = file;
	th->inode = inode;
	th->file_ino = ino;
	th->file_dev = dev;
	th->file_kind = kind;
	th->fd_kind = fd_kind;
	return 0;
}

#endif
