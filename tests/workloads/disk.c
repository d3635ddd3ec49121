/* SPDX-License-Identifier: MIT */
/*
 * disk.c - syncs a file and reads it past the page cache: disk
 *
 * -f is a directory on a file system with a device beneath, or a block device, which is only
 * read. A memory file system never waits: then it says "skip" and does nothing.
 */
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "workload.h"

#define BLOCK  (256u << 10)
#define BLOCKS 64u

static char *buf;

static int open_file(const char *dir)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/ctrace-disk.%d", dir, getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	unlink(path);
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (pwrite(fd, buf, BLOCK, (off_t)i * BLOCK) != (ssize_t)BLOCK)
			die("pwrite");
	if (fsync(fd))
		die("fsync");
	return fd;
}

/* A page in the cache, dirty; what is measured is that it gets to the disk. */
static void dirty(int fd, int i)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags & ~O_DIRECT);
	buf[0] = (char)i;
	if (pwrite(fd, buf, 4096, (off_t)i % BLOCKS * BLOCK) != 4096)
		die("pwrite");
	fcntl(fd, F_SETFL, flags);
}

int main(int argc, char **argv)
{
	struct account sync = {.name = "fsync", .state = "disk"};
	struct account direct = {.name = "direct", .state = "disk"};
	struct workload w = {.laps = 40, .path = ".", .wait = 1};
	struct statfs fs;
	struct stat st;
	int fd, rc = 0, device;

	workload_options(&w, argc, argv);
	if (stat(w.path, &st) || statfs(w.path, &fs))
		die(w.path);
	device = S_ISBLK(st.st_mode);
	if (posix_memalign((void **)&buf, 4096, BLOCK))
		die("memory");
	memset(buf, 1, BLOCK);
	fd = device ? open(w.path, O_RDONLY | O_DIRECT | O_CLOEXEC) : open_file(w.path);
	if (fd < 0 || (!device && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))) {
		printf("skip %s has no disk beneath it\n", w.path);
		return 0;
	}
	workload_init();
	workload_ready();
	workload_await(&w);
	for (int i = 0; i < w.laps && !device; i++) {
		dirty(fd, i);
		MEASURED(&sync, "fsync", rc |= fsync(fd));
	}
	for (int i = 0; i < w.laps; i++)
		MEASURED(&direct, "direct",
			 rc |= pread(fd, buf, BLOCK, (off_t)i * 7 % BLOCKS * BLOCK) < 0);
	if (rc)
		die("disk");
	if (!device)
		account_print(&sync);
	account_print(&direct);
	return workload_end();
}
