/* SPDX-License-Identifier: MIT */
/* mark_session.c - see mark_session.h. Invariant: the number is there before the session is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "attach/mark_session.h"

/* From the batches' semaphore, the upper half of the first word. */
enum { OBJECT_OFF = 2, SESSION_OFF = 6 };

int mark_session_write(uint32_t pid, const struct proc_map *map, const struct note *on,
		       uint32_t session, uint32_t object, bool fresh)
{
	uint64_t at = on->sema_addr, in_map = on->file_off - map->file_off;
	uint32_t old, words[2] = {object, session};
	char path[64];
	int fd, rc = 0;

	if (on->file_off < map->file_off || in_map >= map->end - map->start || !at)
		return -ENOENT;
	at += map->start + in_map - on->addr; /* by how much the object is moved */
	snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, &old, sizeof(old), (off_t)(at + SESSION_OFF)) != sizeof(old))
		rc = -EIO;
	else if (old != session && !(fresh && old) &&
		 (pwrite(fd, &words[0], 4, (off_t)(at + OBJECT_OFF)) != 4 ||
		  pwrite(fd, &words[1], 4, (off_t)(at + SESSION_OFF)) != 4))
		rc = -EIO;
	close(fd);
	return rc;
}
