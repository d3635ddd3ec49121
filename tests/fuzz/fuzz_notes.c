/* SPDX-License-Identifier: MIT */
/* fuzz_notes.c - an ELF file made of any bytes: notes_read neither crashes nor gives out
 * rubbish. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/notes.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct note *n, size_t size)
{
	size_t len = strlen(n->provider) + strlen(n->name) + strlen(n->args);

	if (!*n->provider || !*n->name || len > 3 * 1024 || n->file_off >= size ||
	    n->sema_off >= size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const providers[] = {NULL, "ctrace"};
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz_notes", MFD_CLOEXEC);
	if (ftruncate(fd, (off_t)n) || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	for (size_t i = 0; i < 2; i++) {
		struct err err = {0};
		struct notes notes;
		int rc = notes_read(&notes, fd, providers[i], &err);

		if (rc) {
			if (rc > 0 || err.code != rc || !err.text[0])
				abort();
			continue;
		}
		for (size_t k = 0; k < notes.nr; k++)
			check(&notes.v[k], n);
		notes_release(&notes);
	}
	return 0;
}
