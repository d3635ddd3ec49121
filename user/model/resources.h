/* SPDX-License-Identifier: MIT */
/*
 * resources.h - what the numbers in an OFFCPU record mean: files, sockets, addresses, cgroups
 *
 * A resource has two names: its own ("tcp 10.0.0.5:53218 to 10.0.0.9:5432"), and that of its row
 * in the list of waits, which leaves out what is new each time ("tcp to 10.0.0.9:5432").
 *
 * N.B. the last RESOURCES_MAX of them are known, and at most RESOURCE_NAMES_MAX names; what is
 * beyond has no name, and is called by its number.
 */
#ifndef CTRACE_RESOURCES_H
#define CTRACE_RESOURCES_H

#include "base/intern.h"
#include "base/recent.h"
#include "ctrace/wire.h"
#include "model/ranges.h"
#include "model/wait.h"

enum { RESOURCES_MAX = 65536, RESOURCE_NAMES_MAX = 65536, RESOURCE_NAME_SZ = 512 };

struct model;
struct process;

/* A process at the other end of a pipe or socket. pid 0: not known. */
struct peer {
	uint32_t pid;
	char comm[WIRE_COMM_SZ]; /* "" if only its pid is known */
};

/* Where the other end of an INET socket is. */
enum reach { REACH_UNKNOWN, REACH_LOOPBACK, REACH_REMOTE };

struct known_resource {
	const struct name *own, *row; /* NULL: no name */
	uint8_t fd_kind;
	uint64_t peer_ino; /* UNIX: the inode at the other end */
	enum reach reach;  /* INET */
	uint32_t dev;
	struct peer peer;		    /* as the kernel knew it */
	struct peer readers[2], writers[2]; /* who has it open, as far as it is known */
};

struct resources {
	struct recent known;   /* struct known_resource, by what it is and its number */
	struct recent derived; /* const struct name *, by what it was made of */
	struct intern names;
};

/* The names of one wait. own and row are NULL where the numbers have none. */
struct resource_names {
	const struct name *own, *row;
};

void resources_init(struct resources *p);
void resources_record(struct model *m, const struct wire_resource *r);
void resources_holder(struct model *m, const struct wire_holder *r);
struct resource_names resources_of(struct model *m, const struct process *p,
				   const struct wire_offcpu *r, const struct wait_why *why);
/*
 * A wait of a thread of process pid was ended by a thread of another one: where that was by writing
 * or reading, the other is at the other end, and knows better than what was heard before.
 */
void resources_woken(struct model *m, uint32_t pid, const struct wire_offcpu *r);
/* The cgroup that stops the thread: of a wait that is throttled. */
struct resource_names resources_cgroup(const struct model *m, uint64_t id);
/* The kernel's function that it is blocked in, or NULL. */
const struct name *resources_kernel(const struct model *m, uint64_t addr);
/* Who is at the other end of what a thread of process pid waits for; pid 0 if not known. */
struct peer resources_peer(const struct model *m, uint32_t pid, const struct wire_offcpu *r);
/* Of the socket that the thread waits for, or that epoll had ready for it. */
enum reach resources_reach(const struct model *m, const struct wire_offcpu *r);
void resources_release(struct resources *p);

#endif
