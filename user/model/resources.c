/* SPDX-License-Identifier: MIT */
/*
 * resources.c - see resources.h. Invariant: a name is made from what one record said, or from
 * names and numbers: nothing here looks at a machine.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/inner.h"
#include "model/resources.h"
#include "model/socktext.h"
#include "model/threads.h"

enum { RANGE_KEY_SHIFT = 56 };

/* What a derived name was made of. */
enum derived {
	DERIVED_FUTEX = 1,
	DERIVED_PAGE,
	DERIVED_PAGE_ROW,
	DERIVED_EPOLL,
	DERIVED_LOCK,
	DERIVED_KERNEL,
	DERIVED_CHILD,
};

static uint64_t key_of(uint8_t what, uint32_t dev, uint64_t id)
{
	return hash_mix(hash_mix(id ^ (uint64_t)what << RANGE_KEY_SHIFT) ^ dev);
}

void resources_init(struct resources *p)
{
	p->known = (struct recent){.size = sizeof(struct known_resource), .max = RESOURCES_MAX};
	p->derived = (struct recent){.size = sizeof(struct name *), .max = RESOURCES_MAX};
}

static const struct name *intern(struct model *m, const char *text)
{
	struct intern *names = &m->resources.names;
	size_t n = strlen(text);
	const struct name *name = intern_find(names, text, n);

	if (name || names->nr >= RESOURCE_NAMES_MAX)
		return name;
	name = intern_get(names, text, n);
	if (!name)
		model_no_memory(m);
	return name;
}

/* The parts of a path, the last first, put in order: "/a/b/c". A path that is cut begins with …. */
static void join_parts(char *buf, size_t sz, const struct wire_resource *r)
{
	const char *text = (const char *)(r + 1);
	size_t n = r->n, len = 0;

	if (r->h.flags & WIRE_RES_CUT)
		len = (size_t)snprintf(buf, sz, "…");
	if (!n)
		snprintf(buf + len, sz - len, "/");
	while (n) {
		size_t end = n - (text[n - 1] == '\0'), begin = end;

		while (begin && text[begin - 1])
			begin--;
		/* A file that is a number, as of a pipe, has a name of no use. */
		len += (size_t)snprintf(buf + len, sz - len, "/%.*s", (int)(end - begin),
					text + begin);
		if (len >= sz)
			return;
		n = begin;
	}
}

static void plain_text(char *buf, size_t sz, const struct wire_resource *r)
{
	snprintf(buf, sz, "%.*s%s", (int)strnlen((const char *)(r + 1), r->n),
		 (const char *)(r + 1), r->h.flags & WIRE_RES_CUT ? "…" : "");
}

static void text_of(char *buf, size_t sz, const struct wire_resource *r)
{
	if (r->h.flags & WIRE_RES_PARTS)
		join_parts(buf, sz, r);
	else
		plain_text(buf, sz, r);
}

static void dev_name(char *buf, size_t sz, const struct wire_resource *r)
{
	snprintf(buf, sz, "%.*s", (int)strnlen(r->dev_name, sizeof(r->dev_name)), r->dev_name);
}

/* "file /var/lib/x/journal on vda" */
static void set_path(struct model *m, struct known_resource *res, const struct wire_resource *r)
{
	char path[RESOURCE_NAME_SZ], dev[sizeof(r->dev_name) + 1], text[2 * RESOURCE_NAME_SZ];

	text_of(path, sizeof(path), r);
	dev_name(dev, sizeof(dev), r);
	if (r->fd_kind == WIRE_FD_FILE || r->fd_kind == WIRE_FD_DIR)
		snprintf(text, sizeof(text), "%s %s%s%s", wait_fd_name(r->fd_kind), path,
			 dev[0] ? " on " : "", dev);
	else
		snprintf(text, sizeof(text), "%s %s", wait_fd_name(r->fd_kind), path);
	res->own = res->row = intern(m, text);
}

static void set_pipe(struct model *m, struct known_resource *res, const struct wire_resource *r)
{
	char text[64];

	if (r->n) {
		set_path(m, res, r);
		return;
	}
	snprintf(text, sizeof(text), "pipe %" PRIu64, (uint64_t)r->id);
	res->own = res->row = intern(m, text);
}

static void set_peer(struct peer *p, uint32_t pid, const char *comm)
{
	p->pid = pid;
	memset(p->comm, 0, sizeof(p->comm));
	memcpy(p->comm, comm, strnlen(comm, sizeof(p->comm) - 1));
}

/* As in packets and in the kernel. */
enum { AF_INET6_WIRE = 10 };

static enum reach reach_of(const struct wire_resource *r)
{
	static const unsigned char v6[16] = {[15] = 1}, mapped[13] = {[10] = 0xff, 0xff, 127};
	size_t n = r->family == AF_INET6_WIRE ? 16 : 4;

	if (!r->peer_port)
		return REACH_UNKNOWN;
	if (!memcmp(r->local, r->peer, n))
		return REACH_LOOPBACK; /* to an address of its own */
	if (n == 4 ? (unsigned char)r->peer[0] == 127
		   : !memcmp(r->peer, v6, 16) || !memcmp(r->peer, mapped, sizeof(mapped)))
		return REACH_LOOPBACK;
	return REACH_REMOTE;
}

static void set_inode(struct model *m, struct known_resource *res, const struct wire_resource *r)
{
	char own[RESOURCE_NAME_SZ], row[RESOURCE_NAME_SZ];

	res->fd_kind = r->fd_kind;
	switch (r->fd_kind) {
	case WIRE_FD_INET:
		socktext_inet(own, row, sizeof(own), r);
		res->reach = reach_of(r);
		break;
	case WIRE_FD_UNIX:
		socktext_unix(own, row, sizeof(own), r);
		res->peer_ino = r->peer_ino;
		set_peer(&res->peer, r->peer_pid, threads_comm(m, r->peer_pid));
		break;
	case WIRE_FD_PIPE:
		set_pipe(m, res, r);
		return;
	default:
		set_path(m, res, r);
		return;
	}
	res->own = intern(m, own);
	res->row = *row ? intern(m, row) : NULL;
}

/* "cgroup /batch (20 ms of each 100 ms)" */
static void set_cgroup(struct model *m, struct known_resource *res, const struct wire_resource *r)
{
	char path[RESOURCE_NAME_SZ], text[2 * RESOURCE_NAME_SZ];

	text_of(path, sizeof(path), r);
	if (r->quota_ns == UINT64_MAX || !r->period_ns)
		snprintf(text, sizeof(text), "cgroup %s", path);
	else
		snprintf(text, sizeof(text),
			 "cgroup %s (%" PRIu64 ".%" PRIu64 " ms of each %" PRIu64 " ms)", path,
			 (uint64_t)r->quota_ns / 1000000, (uint64_t)r->quota_ns / 100000 % 10,
			 (uint64_t)r->period_ns / 1000000);
	res->own = res->row = intern(m, text);
}

static void add_range(struct model *m, const struct wire_resource *r)
{
	char text[RESOURCE_NAME_SZ];
	struct process *p = process_get(m, r->dev);
	struct range range = {.begin = r->id, .end = r->id + r->size, .offset = r->offset};

	if (!p)
		return;
	text_of(text, sizeof(text), r);
	range.name = intern(m, text);
	if (range.name &&
	    ranges_add(r->h.flags & WIRE_RES_SYMBOL ? &p->symbols : &p->mappings, &range))
		model_no_memory(m);
}

void resources_record(struct model *m, const struct wire_resource *r)
{
	struct known_resource *res;
	char text[RESOURCE_NAME_SZ];

	if (r->what == WIRE_RES_ADDR) {
		add_range(m, r);
		return;
	}
	res = recent_put(&m->resources.known, key_of(r->what, r->dev, r->id));
	if (!res) {
		model_no_memory(m);
		return;
	}
	memset(res, 0, sizeof(*res));
	res->dev = r->dev;
	switch (r->what) {
	case WIRE_RES_INODE:
		set_inode(m, res, r);
		break;
	case WIRE_RES_CGROUP:
		set_cgroup(m, res, r);
		break;
	case WIRE_RES_KERNEL:
		plain_text(text, sizeof(text), r);
		res->own = res->row = intern(m, text);
		break;
	default:
		break;
	}
}

static void add_holder(struct peer v[2], uint32_t pid, const char *comm)
{
	for (int i = 0; i < 2; i++) {
		if (v[i].pid && v[i].pid != pid)
			continue;
		set_peer(&v[i], pid, comm);
		return;
	}
}

void resources_holder(struct model *m, const struct wire_holder *r)
{
	uint64_t key = key_of(WIRE_RES_INODE, r->dev, r->ino);
	struct known_resource *res = recent_get(&m->resources.known, key);

	if (!res) {
		res = recent_put(&m->resources.known, key);
		if (!res) {
			model_no_memory(m);
			return;
		}
		memset(res, 0, sizeof(*res));
	}
	if (r->mode & 1)
		add_holder(res->readers, r->pid, r->comm);
	if (r->mode & 2)
		add_holder(res->writers, r->pid, r->comm);
}

static const struct known_resource *known(const struct model *m, uint8_t what, uint32_t dev,
					  uint64_t id)
{
	return recent_get(&m->resources.known, key_of(what, dev, id));
}

void resources_woken(struct model *m, uint32_t pid, const struct wire_offcpu *r)
{
	struct known_resource *res;
	struct peer *end;

	if (r->waker_ctx != WIRE_WAKER_TASK || !r->wake_ts || !r->waker_pid ||
	    r->waker_pid == pid || (r->fd_kind != WIRE_FD_PIPE && r->fd_kind != WIRE_FD_UNIX))
		return;
	res = recent_get(&m->resources.known, key_of(WIRE_RES_INODE, r->dev, r->ino));
	if (!res)
		return;
	end = r->fd_kind == WIRE_FD_UNIX      ? &res->peer
	      : wait_writes(&m->calls, r->nr) ? &res->readers[0]
					      : &res->writers[0];
	if (end->pid != r->waker_pid)
		set_peer(end, r->waker_pid, threads_comm(m, r->waker_tid));
}

static const struct name *derived_find(const struct model *m, uint64_t key)
{
	const struct name **v = recent_get(&m->resources.derived, key);

	return v ? *v : NULL;
}

static uint64_t derived_key(enum derived how, const void *of, uint64_t nr)
{
	return hash_mix(hash_mix(nr ^ (uint64_t)how << RANGE_KEY_SHIFT) ^ (uintptr_t)of);
}

__attribute__((format(printf, 3, 4))) static const struct name *
derived_add(struct model *m, uint64_t key, const char *fmt, ...)
{
	const struct name **v = recent_put(&m->resources.derived, key);
	char text[2 * RESOURCE_NAME_SZ];
	va_list ap;

	if (!v) {
		model_no_memory(m);
		return NULL;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*v = intern(m, text);
	return *v;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/*
 * "futex table+0x10 in server", "futex [heap]+0x2a0", "futex stack of worker-3 (77)+0x50". N.B. a
 * name holds as long as the process has the same thing mapped there.
 */
static const struct name *futex_name(struct model *m, const struct process *p, uint64_t addr)
{
	const struct range *map = ranges_find(&p->mappings, addr);
	const struct range *symbol = ranges_find(&p->symbols, addr);
	const struct name *name;
	uint64_t key;

	if (!map ||
	    !map->name->text[0]) /* in anonymous memory, nothing is better than the address */
		return NULL;
	key = derived_key(DERIVED_FUTEX, map->name, addr ^ (uint64_t)p->pid << 40);
	name = derived_find(m, key);
	if (name)
		return name;
	if (symbol && addr == symbol->begin)
		return derived_add(m, key, "futex %s in %s", symbol->name->text,
				   base_name(map->name->text));
	if (symbol)
		return derived_add(m, key, "futex %s+0x%" PRIx64 " in %s", symbol->name->text,
				   addr - symbol->begin, base_name(map->name->text));
	return derived_add(m, key, "futex %s+0x%" PRIx64, base_name(map->name->text),
			   addr - map->begin + map->offset);
}

/* "page of /srv/data.bin"; its own name says which: "+0x3000". */
static struct resource_names page_names(struct model *m, const struct process *p, uint64_t addr)
{
	const struct range *map = addr ? ranges_find(&p->mappings, addr) : NULL;
	struct resource_names n = {0};
	uint64_t offset, key;

	if (!map)
		return n;
	if (!map->name->text[0])
		n.own = n.row = intern(m, "page of anonymous memory");
	if (n.own)
		return n;
	key = derived_key(DERIVED_PAGE_ROW, map->name, 0);
	n.row = derived_find(m, key);
	if (!n.row)
		n.row = derived_add(m, key, "page of %s", map->name->text);
	offset = (addr - map->begin + map->offset) & ~0xfffull;
	key = derived_key(DERIVED_PAGE, map->name, offset);
	n.own = derived_find(m, key);
	if (!n.own)
		n.own = derived_add(m, key, "page of %s+0x%" PRIx64, map->name->text, offset);
	return n;
}

/* "epoll fd 4: tcp 10.0.0.5:80 to 10.0.0.9:41022" */
static struct resource_names epoll_names(struct model *m, const struct wire_offcpu *r)
{
	const struct known_resource *res = known(m, WIRE_RES_INODE, r->dev, r->ino);
	struct resource_names n = {0};
	uint32_t fd = (uint32_t)r->arg0;
	uint64_t key;

	if (r->ready_fd < 0 || !res || !res->own || !res->row)
		return n;
	key = derived_key(DERIVED_EPOLL, res->own, fd);
	n.own = derived_find(m, key);
	if (!n.own)
		n.own = derived_add(m, key, "epoll fd %" PRIu32 ": %s", fd, res->own->text);
	key = derived_key(DERIVED_EPOLL, res->row, fd);
	n.row = derived_find(m, key);
	if (!n.row)
		n.row = derived_add(m, key, "epoll fd %" PRIu32 ": %s", fd, res->row->text);
	return n;
}

static const struct name *lock_name(struct model *m, const struct name *file)
{
	uint64_t key = derived_key(DERIVED_LOCK, file, 0);
	const struct name *name = derived_find(m, key);

	return name ? name : derived_add(m, key, "lock of %s", file->text);
}

static struct resource_names fd_names(struct model *m, const struct wire_offcpu *r,
				      const struct wait_why *why)
{
	const struct known_resource *res = known(m, WIRE_RES_INODE, r->dev, r->ino);
	struct resource_names n = {0};

	if (r->fd_kind == WIRE_FD_EPOLL)
		return epoll_names(m, r);
	/* The number may have become that of another kind of thing, whose name is not known. */
	if (!res || !res->own || res->fd_kind != r->fd_kind)
		return n;
	n = (struct resource_names){res->own, res->row};
	if (why->res == RES_FILE_LOCK)
		n.own = n.row = lock_name(m, n.own);
	return n;
}

static struct resource_names kernel_names(struct model *m, uint64_t addr)
{
	const struct name *in = resources_kernel(m, addr), *name;
	uint64_t key;

	if (!in)
		return (struct resource_names){0};
	key = derived_key(DERIVED_KERNEL, in, 0);
	name = derived_find(m, key);
	if (!name)
		name = derived_add(m, key, "kernel lock in %s", in->text);
	return (struct resource_names){name, name};
}

/* "child 4711 (make)"; NULL if it is not one that is known. */
static const struct name *child_name(struct model *m, uint32_t pid)
{
	const char *comm = pid ? threads_comm(m, pid) : "";
	const struct name *name;
	uint64_t key, word = 0;

	if (!*comm)
		return NULL;
	/* It may have another name by now: that it has is part of the key. */
	for (const char *s = comm; *s; s++)
		word = hash_mix(word ^ (unsigned char)*s);
	key = derived_key(DERIVED_CHILD, NULL, word ^ pid);
	name = derived_find(m, key);
	return name ? name : derived_add(m, key, "child %" PRIu32 " (%s)", pid, comm);
}

struct resource_names resources_of(struct model *m, const struct process *p,
				   const struct wire_offcpu *r, const struct wait_why *why)
{
	const struct name *name;

	switch (why->res) {
	case RES_FD:
	case RES_FILE_LOCK:
		return fd_names(m, r, why);
	case RES_FUTEX:
		name = futex_name(m, p, r->arg0);
		return (struct resource_names){name, name};
	case RES_PAGE:
		return page_names(m, p, r->arg0);
	case RES_KERNEL_LOCK:
		return kernel_names(m, r->wchan);
	case RES_CHILD:
		name = child_name(m, wait_child(&m->calls, r));
		return (struct resource_names){name, name};
	default:
		return (struct resource_names){0};
	}
}

struct resource_names resources_cgroup(const struct model *m, uint64_t id)
{
	const struct known_resource *res = id ? known(m, WIRE_RES_CGROUP, 0, id) : NULL;

	return res ? (struct resource_names){res->own, res->row} : (struct resource_names){0};
}

const struct name *resources_kernel(const struct model *m, uint64_t addr)
{
	const struct known_resource *res = addr ? known(m, WIRE_RES_KERNEL, 0, addr) : NULL;

	return res ? res->own : NULL;
}

/* Who of those is not the process itself; its own other thread, if there is nobody else. */
static struct peer other_than(const struct peer v[2], uint32_t pid)
{
	return v[0].pid == pid && v[1].pid ? v[1] : v[0];
}

struct peer resources_peer(const struct model *m, uint32_t pid, const struct wire_offcpu *r)
{
	const struct known_resource *res, *there;
	struct peer p = {0};

	if (r->fd_kind != WIRE_FD_PIPE && r->fd_kind != WIRE_FD_UNIX)
		return p;
	res = known(m, WIRE_RES_INODE, r->dev, r->ino);
	if (!res)
		return p;
	if (r->fd_kind == WIRE_FD_PIPE) {
		p = other_than(wait_writes(&m->calls, r->nr) ? res->readers : res->writers, pid);
	} else {
		/* Who connected may have handed it on: who has it now knows better. */
		there = res->peer_ino ? known(m, WIRE_RES_INODE, r->dev, res->peer_ino) : NULL;
		if (there && there->readers[0].pid)
			p = other_than(there->readers, pid);
		if (!p.pid)
			p = res->peer;
	}
	if (!p.comm[0]) /* it was introduced after its number was sent */
		set_peer(&p, p.pid, threads_comm(m, p.pid));
	return p;
}

enum reach resources_reach(const struct model *m, const struct wire_offcpu *r)
{
	const struct known_resource *res = r->ino ? known(m, WIRE_RES_INODE, r->dev, r->ino) : NULL;

	return res && res->fd_kind == WIRE_FD_INET ? res->reach : REACH_UNKNOWN;
}

void resources_release(struct resources *p)
{
	recent_release(&p->known);
	recent_release(&p->derived);
	intern_release(&p->names);
}
