/* SPDX-License-Identifier: MIT */
/* fuzz_symtab.c - an ELF file made of any bytes: its symbols and links are read, or refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct symtab_want v[8] = {0};
	struct symtab_links links;
	static int fd = -1;
	int rc;

	if (fd < 0)
		fd = memfd_create("fuzz_symtab", MFD_CLOEXEC);
	if (ftruncate(fd, (off_t)n) || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	for (size_t i = 0; i < 8; i++)
		v[i].file_off = i * 0x40;
	if (!symtab_addresses(v, 8, fd, NULL)) {
		/* Sorted by address, as the caller must. */
		for (size_t i = 1; i < 8; i++)
			if (v[i].vaddr < v[i - 1].vaddr)
				v[i].vaddr = v[i - 1].vaddr;
		rc = symtab_find(v, 8, fd, NULL);
		if (rc > 8)
			abort();
	}
	if (!symtab_links(&links, fd, NULL) &&
	    (links.build_id_n > BUILD_ID_MAX || strchr(links.debuglink, '/')))
		abort();
	symtab_release(v, 8);
	return 0;
}
