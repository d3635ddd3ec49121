/* SPDX-License-Identifier: MIT */
/* same_file.c - see same_file.h. Invariant: what cannot be looked at is no file yet, so not the
 * same. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/same_file.h"

static bool same_inode(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool same_file_of(const char *path, const char *const *others, size_t nr)
{
	for (size_t i = 0; i < nr && strcmp(path, "-") != 0; i++)
		if (same_inode(path, others[i]))
			return true;
	return false;
}

/* The folder that holds path, and its name there. False: too long to be a path. */
static bool split(const char *path, char *folder, size_t sz, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return (size_t)snprintf(folder, sz, "%.*s", slash ? (int)(slash - path + 1) : 2,
				slash ? path : "./") < sz;
}

bool same_file_name(const char *a, const char *b)
{
	char in_a[4096], in_b[4096];
	const char *name_a, *name_b;

	if (!strcmp(a, b))
		return true;
	return strcmp(a, "-") != 0 && strcmp(b, "-") != 0 &&
	       split(a, in_a, sizeof(in_a), &name_a) && split(b, in_b, sizeof(in_b), &name_b) &&
	       !strcmp(name_a, name_b) && same_inode(in_a, in_b);
}
