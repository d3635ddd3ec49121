/* SPDX-License-Identifier: MIT */
/* create.c - see create.h. Invariant: O_EXCL at each open, so no existing file is ever written. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "store/create.h"

static int make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* Why what stands at path may not be replaced; 0 if it may. */
static int refuse(const char *path, int force, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "cannot create %s: it is a directory", path);
	if (S_ISLNK(st.st_mode))
		return err_set(err, -ELOOP, "cannot create %s: it is a symbolic link", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EEXIST, "cannot create %s: it is not a regular file", path);
	if (force)
		return 0;
	err_set(err, -EEXIST, "%s exists already", path);
	err_hint(err, "give another name, or --force to replace it");
	return -EEXIST;
}

int create_file(const char *path, int force, uid_t uid, gid_t gid, struct err *err)
{
	int fd = make(path);
	int rc;

	if (fd == -EEXIST) {
		rc = refuse(path, force, err);
		if (rc)
			return rc;
		if (unlink(path) < 0)
			return err_set(err, -errno, "cannot replace %s: %s", path, strerror(errno));
		fd = make(path);
	}
	if (fd < 0)
		return err_set(err, fd, "cannot create %s: %s", path, strerror(-fd));
	if (fchown(fd, uid, gid) < 0) {
		/* vfat and the like have no owners; the file is whose the mount says. */
	}
	return fd;
}
