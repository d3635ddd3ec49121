/* SPDX-License-Identifier: MIT */
/*
 * create.h - makes a new file that belongs to the user who asked for it
 *
 * The tracer runs as root, often in a folder where others can write. So the file is always a new
 * one, mode 0600, made without following a symbolic link. With force, a regular file of that name
 * is removed first (not written over: others may have it open, or linked elsewhere). Anything
 * else of that name (a folder, a device, a symbolic link) is refused, force or not.
 */
#ifndef CTRACE_CREATE_H
#define CTRACE_CREATE_H

#include <sys/types.h>

struct err;

/*
 * uid, gid: who is to own it; -1: leave. A file system that cannot give files away is no error.
 * Returns a descriptor open for writing, or -errno.
 */
int create_file(const char *path, int force, uid_t uid, gid_t gid, struct err *err);

#endif
