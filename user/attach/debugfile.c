/* SPDX-License-Identifier: MIT */
/*
 * debugfile.c - see debugfile.h. Invariant: what is opened is a regular file, and the very one that
 * the stripped file means.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "attach/debugfile.h"
#include "attach/symtab.h"

enum { DEBUG_FILE_MAX = 1 << 30, PATH_SZ = 4096 + 512 }; /* a larger one is not checked, nor used */

static bool has_build_id(int fd, const struct symtab_links *of)
{
	struct symtab_links own;

	return of->build_id_n && !symtab_links(&own, fd, NULL) &&
	       own.build_id_n == of->build_id_n &&
	       !memcmp(own.build_id, of->build_id, own.build_id_n);
}

static bool has_checksum(int fd, uint32_t crc)
{
	unsigned char buf[65536];
	uLong sum = crc32(0, NULL, 0);
	ssize_t n;
	off_t at = 0;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0 && at < DEBUG_FILE_MAX) {
		sum = crc32(sum, buf, (uInt)n);
		at += n;
	}
	return !n && sum == crc;
}

static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int by_build_id(const struct symtab_links *l, const char *root)
{
	char path[PATH_SZ];
	int n, fd;

	if (l->build_id_n < 2)
		return -ENOENT;
	n = snprintf(path, sizeof(path), "%s/.build-id/%02x/", root, l->build_id[0]);
	for (size_t i = 1; i < l->build_id_n && n < PATH_SZ; i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%02x", l->build_id[i]);
	if (n >= PATH_SZ - 8)
		return -ENOENT;
	strcat(path, ".debug");
	fd = open_regular(path);
	if (fd >= 0 && has_build_id(fd, l))
		return fd;
	if (fd >= 0)
		close(fd);
	return -ENOENT;
}

static int by_debuglink(const struct symtab_links *l, const char *file, const char *root)
{
	const char *slash = strrchr(file, '/');
	int dir = slash ? (int)(slash - file) : 0;
	char path[3][PATH_SZ];

	if (!l->debuglink[0] || file[0] != '/')
		return -ENOENT;
	snprintf(path[0], PATH_SZ, "%.*s/%s", dir, file, l->debuglink);
	snprintf(path[1], PATH_SZ, "%.*s/.debug/%s", dir, file, l->debuglink);
	snprintf(path[2], PATH_SZ, "%s%.*s/%s", root, dir, file, l->debuglink);
	for (int i = 0; i < 3; i++) {
		int fd = open_regular(path[i]);

		if (fd >= 0 && (has_build_id(fd, l) || has_checksum(fd, l->debuglink_crc)))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

int debugfile_open(int fd, const char *path, const char *root)
{
	struct symtab_links links;
	int found;

	if (symtab_links(&links, fd, NULL))
		return -ENOENT;
	found = by_build_id(&links, root);
	return found >= 0 ? found : by_debuglink(&links, path, root);
}
