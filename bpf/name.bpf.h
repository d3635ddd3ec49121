/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * name.bpf.h - says what an inode or a cgroup is called, once (WIRE_RESOURCE)
 *
 * What a thread waits for is sent as numbers with each interval. Here they get their names: a file
 * its path, a socket its addresses. That is done when the thread is switched out, from the kernel's
 * own structures: it is right in containers, for files that were deleted, and for processes that
 * are gone before anybody could look into /proc.
 *
 * A path is walked from the file up, over mount points, to the root of the process's mount
 * namespace; parts are sent in that order, and turned round by the reader.
 */
#ifndef NAME_BPF_H
#define NAME_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"
#include "introduce.bpf.h"

#define FAM_UNIX  1
#define FAM_INET  2
#define FAM_INET6 10

#define MAGIC_PIPE 0x50495045

#define PATH_STEPS 32  /* parts of a path, and mount points on the way */
#define PATH_ROOM  256 /* bytes; a last part may stand behind them */
#define PART_MAX   128
#define SUN_ROOM   112

/* What was sent for an inode: when it is another now, it is sent again. */
static __always_inline u64 name_token(u64 a, u64 b)
{
	return a ^ b * 0x9e3779b97f4a7c15ULL;
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (struct mount *)((u64)mnt - bpf_core_field_offset(struct mount, mnt));
}

/* Returns the bytes that it filled; *cut if the path is longer. */
static __noinline u32 path_fill(char *text, struct file *f, u8 *flags)
{
	struct dentry *d = BPF_CORE_READ(f, f_path.dentry), *parent;
	struct vfsmount *mnt = BPF_CORE_READ(f, f_path.mnt);
	struct mount *m = mount_of(mnt), *up;
	u32 at = 0;
	long n;

	for (int i = 0; i < PATH_STEPS; i++) {
		if (d == BPF_CORE_READ(m, mnt.mnt_root)) {
			up = BPF_CORE_READ(m, mnt_parent);
			if (up == m)
				return at;
			d = BPF_CORE_READ(m, mnt_mountpoint);
			m = up;
			continue;
		}
		parent = BPF_CORE_READ(d, d_parent);
		if (parent == d)
			return at;
		n = bpf_probe_read_kernel_str(text + (at & (PATH_ROOM - 1)), PART_MAX,
					      BPF_CORE_READ(d, d_name.name));
		if (n <= 0)
			break;
		at += n;
		if (at >= PATH_ROOM)
			break;
		d = parent;
	}
	*flags |= WIRE_RES_CUT;
	return at;
}

static __always_inline void name_fill(struct wire_resource *r, u64 id, u32 dev, u8 what, u8 kind)
{
	struct wire_hdr h = r->h;

	__builtin_memset(r, 0, sizeof(*r));
	r->h = h;
	r->id = id;
	r->dev = dev;
	r->what = what;
	r->fd_kind = kind;
}

static __always_inline void name_file(struct emit *e, u32 tid, struct file *f, u64 ino, u32 dev,
				      u8 kind, u64 now)
{
	struct wire_resource *r;
	u8 flags = WIRE_RES_PARTS;
	char *text;

	r = emit_reserve(e, WIRE_RESOURCE, sizeof(*r) + PATH_ROOM + PART_MAX, 0, tid, now);
	if (!r)
		return;
	name_fill(r, ino, dev, WIRE_RES_INODE, kind);
	text = (char *)(r + 1);
	__builtin_memset(text, 0, PATH_ROOM + PART_MAX);
	r->n = path_fill(text, f, &flags);
	r->h.flags = flags;
	bpf_probe_read_kernel_str(r->dev_name, sizeof(r->dev_name),
				  BPF_CORE_READ(f, f_inode, i_sb, s_id));
	emit_submit(e, r, WIRE_RESOURCE);
}

/* Who has it open is to be found out: a walk over all open files, now and then (holders.bpf.c). */
static __always_inline void holders_of(u64 ino, u32 dev)
{
	struct name_key key = {.id = ino, .dev = dev};
	u32 round = holders_round;

	if (ino && !bpf_map_update_elem(&wanted, &key, &round, BPF_NOEXIST))
		holders_wanted++;
}

/* An inode that has no path: a pipe that was never in a directory. */
static __always_inline void name_number(struct emit *e, u32 tid, u64 ino, u32 dev, u8 kind, u64 now)
{
	struct wire_resource *r;

	r = emit_reserve(e, WIRE_RESOURCE, sizeof(*r), 0, tid, now);
	if (!r)
		return;
	name_fill(r, ino, dev, WIRE_RES_INODE, kind);
	emit_submit(e, r, WIRE_RESOURCE);
	holders_of(ino, dev);
}

static __always_inline void inet_fill(struct wire_resource *r, struct sock *sk)
{
	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->sk_state = BPF_CORE_READ(sk, __sk_common.skc_state);
	r->protocol = BPF_CORE_READ(sk, sk_protocol);
	r->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	r->peer_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (r->family == FAM_INET) {
		bpf_core_read(r->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(r->peer, 4, &sk->__sk_common.skc_daddr);
	} else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		bpf_core_read(r->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(r->peer, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline void name_inet(struct emit *e, u32 tid, struct sock *sk, u64 ino, u32 dev,
				      u8 kind, u64 now)
{
	struct wire_resource *r;

	r = emit_reserve(e, WIRE_RESOURCE, sizeof(*r), 0, tid, now);
	if (!r)
		return;
	name_fill(r, ino, dev, WIRE_RES_INODE, kind);
	inet_fill(r, sk);
	emit_submit(e, r, WIRE_RESOURCE);
}

/* Introduces the process that pid is of, and returns its number. */
static __always_inline u32 peer_of(struct emit *e, struct pid *pid, u64 now)
{
	struct hlist_node *first;
	struct task_struct *t;

	if (!pid)
		return 0;
	first = BPF_CORE_READ(pid, tasks[1].first); /* PIDTYPE_TGID: 4.19, 2c4704756cab */
	if (first) {
		t = (void *)((u64)first - bpf_core_field_offset(struct task_struct, pid_links[1]));
		introduce(e, t, now);
	}
	return BPF_CORE_READ(pid, numbers[0].nr);
}

static __always_inline u64 socket_ino(struct sock *sk)
{
	struct socket *so = BPF_CORE_READ(sk, sk_socket);
	struct file *f = so ? BPF_CORE_READ(so, file) : NULL;

	return f ? BPF_CORE_READ(f, f_inode, i_ino) : 0;
}

static __always_inline void name_unix(struct emit *e, u32 tid, struct sock *sk, u64 ino, u32 dev,
				      u64 now)
{
	struct unix_sock *us = (struct unix_sock *)sk, *other;
	struct sock *peer = BPF_CORE_READ(us, peer);
	struct unix_address *at = BPF_CORE_READ(us, addr);
	u32 pid = peer_of(e, BPF_CORE_READ(sk, sk_peer_pid), now);
	struct wire_resource *r;
	int len = 0;

	other = (struct unix_sock *)peer;
	r = emit_reserve(e, WIRE_RESOURCE, sizeof(*r) + SUN_ROOM, 0, tid, now);
	if (!r)
		return;
	name_fill(r, ino, dev, WIRE_RES_INODE, WIRE_FD_UNIX);
	__builtin_memset(r + 1, 0, SUN_ROOM);
	r->peer_pid = pid;
	r->sk_state = BPF_CORE_READ(sk, __sk_common.skc_state);
	/* The side that has connected has no name: the other one's is meant. */
	if (!at && peer)
		at = BPF_CORE_READ(other, addr);
	if (peer)
		r->peer_ino = socket_ino(peer);
	holders_of(r->peer_ino, dev);
	if (at)
		len = BPF_CORE_READ(at, len) - 2;
	if (len > 0) {
		len = len > 108 ? 108 : len;
		bpf_probe_read_kernel(r + 1, len & 127,
				      (char *)at +
					      bpf_core_field_offset(struct unix_address, name) + 2);
		r->n = len;
	}
	emit_submit(e, r, WIRE_RESOURCE);
}

/* Whether this is new, or another one than was sent; then it is taken for sent. */
static __always_inline bool name_news(u64 id, u32 dev, u32 what, u64 token)
{
	struct name_key key = {.id = id, .dev = dev, .what = what};
	u64 *sent = bpf_map_lookup_elem(&named, &key);

	if (sent && *sent == token)
		return false;
	bpf_map_update_elem(&named, &key, &token, BPF_ANY);
	return true;
}

/*
 * Sends what a file is called, unless it was sent: by its address, inode number, device and kind.
 * Global: so the verifier looks at it once, not at each call.
 */
__weak int name_inode(u64 file, u64 ino, u32 dev, u32 kind, u32 tid)
{
	struct file *f = (struct file *)file;
	u64 now = bpf_ktime_get_ns(), a, b;
	struct sock *sk = NULL;
	struct socket *so;
	struct emit e;

	switch (kind) {
	case WIRE_FD_FILE:
	case WIRE_FD_DIR:
	case WIRE_FD_BLOCK:
	case WIRE_FD_CHAR:
	case WIRE_FD_PIPE:
	case WIRE_FD_MQUEUE:
		a = (u64)BPF_CORE_READ(f, f_path.dentry);
		b = BPF_CORE_READ(f, f_path.dentry, d_name.hash_len);
		break;
	case WIRE_FD_INET:
	case WIRE_FD_UNIX:
		so = BPF_CORE_READ(f, private_data);
		sk = BPF_CORE_READ(so, sk);
		a = (u64)sk;
		b = (u64)BPF_CORE_READ(sk, __sk_common.skc_dport) << 32 |
		    (u64)BPF_CORE_READ(sk, __sk_common.skc_num) << 16 |
		    BPF_CORE_READ(sk, __sk_common.skc_state);
		break;
	default:
		return 0;
	}
	if (!name_news(ino, dev, WIRE_RES_INODE, name_token(a, b)) || !emit_open(&e))
		return 0;
	if (kind == WIRE_FD_UNIX)
		name_unix(&e, tid, sk, ino, dev, now);
	else if (sk)
		name_inet(&e, tid, sk, ino, dev, kind, now);
	else if (BPF_CORE_READ(f, f_inode, i_sb, s_magic) == MAGIC_PIPE)
		name_number(&e, tid, ino, dev, kind, now);
	else
		name_file(&e, tid, f, ino, dev, kind, now);
	return 0;
}

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___before_6_15 *old = (void *)kn;

	if (bpf_core_field_exists(kn->__parent))
		return BPF_CORE_READ(kn, __parent);
	return (struct kernfs_node *)BPF_CORE_READ(old, parent);
}

/* The nearest group, from this one up, that has a quota: returns its id, and sends its name. */
__weak u64 name_cgroup(u64 group, u32 tid)
{
	struct task_group *tg = (struct task_group *)group, *up;
	struct kernfs_node *kn, *parent;
	struct wire_resource *r;
	u64 quota = ~0ULL, id;
	struct emit e;
	u32 at = 0;
	char *text;
	long n;

	if (!tg || !bpf_core_field_exists(tg->cfs_bandwidth))
		return 0;
	for (int i = 0; i < 16; i++) {
		quota = BPF_CORE_READ(tg, cfs_bandwidth.quota);
		up = BPF_CORE_READ(tg, parent);
		if (quota != ~0ULL || !up)
			break;
		tg = up;
	}
	kn = BPF_CORE_READ(tg, css.cgroup, kn);
	id = BPF_CORE_READ(kn, id);
	if (!id || !name_news(id, 0, WIRE_RES_CGROUP, name_token((u64)kn, quota)) || !emit_open(&e))
		return id;
	r = emit_reserve(&e, WIRE_RESOURCE, sizeof(*r) + PATH_ROOM + PART_MAX, WIRE_RES_PARTS, tid,
			 bpf_ktime_get_ns());
	if (!r)
		return id;
	name_fill(r, id, 0, WIRE_RES_CGROUP, WIRE_FD_CGROUP);
	text = (char *)(r + 1);
	__builtin_memset(text, 0, PATH_ROOM + PART_MAX);
	for (int i = 0; i < PATH_STEPS; i++) {
		parent = kernfs_parent(kn);
		if (!parent || at >= PATH_ROOM)
			break;
		n = bpf_probe_read_kernel_str(text + (at & (PATH_ROOM - 1)), PART_MAX,
					      BPF_CORE_READ(kn, name));
		if (n <= 0)
			break;
		at += n;
		kn = parent;
	}
	if (kernfs_parent(kn))
		r->h.flags |= WIRE_RES_CUT;
	r->n = at;
	r->quota_ns = quota;
	r->period_ns = BPF_CORE_READ(tg, cfs_bandwidth.period);
	emit_submit(&e, r, WIRE_RESOURCE);
	return id;
}

#endif
