/* SPDX-License-Identifier: MIT */
/* unsent.c - see unsent.h. Invariant: a span that was added is in the file, or an error was
 * said. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "net/unsent.h"
#include "store/create.h"

enum { NAMES_MAX = 1000 };

static int make(struct unsent *u, struct err *err)
{
	int fd = -EEXIST;

	/* A symbolic link takes a name, too. */
	for (int i = 1; i < NAMES_MAX && (fd == -EEXIST || fd == -ELOOP); i++) {
		int n = i == 1 ? snprintf(u->path, sizeof(u->path), "%s.%s.otlp.pb", u->base,
					  u->what)
			       : snprintf(u->path, sizeof(u->path), "%s.%s-%d.otlp.pb", u->base,
					  u->what, i);

		if (n < 0 || (size_t)n >= sizeof(u->path))
			return err_set(err, -ENAMETOOLONG, "%s is too long a name", u->base);
		fd = create_file(u->path, 0, u->uid, u->gid, err);
	}
	if (fd < 0)
		return fd;
	if (err) /* of a name that was taken */
		*err = (struct err){0};
	u->out = fdopen(fd, "w");
	if (u->out)
		return 0;
	close(fd);
	return err_set(err, -ENOMEM, "not enough memory to write %s", u->path);
}

int unsent_add(struct unsent *u, const void *bytes, size_t n, size_t spans, struct err *err)
{
	int rc = u->out ? 0 : make(u, err);

	if (rc)
		return rc;
	errno = 0;
	/* At once: whatever happens then, it is there. */
	if (fwrite(bytes, 1, n, u->out) != n || fflush(u->out))
		return err_set(err, errno ? -errno : -EIO,
			       "cannot write %s, spans that were not sent: %s", u->path,
			       strerror(errno));
	u->spans += spans;
	return 0;
}

int unsent_close(struct unsent *u, struct err *err)
{
	FILE *out = u->out;

	u->out = NULL;
	if (out && fclose(out))
		return err_set(err, -errno, "cannot write %s: %s", u->path, strerror(errno));
	return 0;
}
