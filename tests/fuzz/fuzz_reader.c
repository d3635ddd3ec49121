/* SPDX-License-Identifier: MIT */
/*
 * fuzz_reader.c - a capture made of any bytes: opened as it is, then with its checksums put right
 *
 * The checksums would keep nearly every input from getting further than the first header; so they
 * are repaired wherever the bytes look like a chunk, and what is behind them is tried as well.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "ctrace/format.h"
#include "ctrace/wire.h"
#include "store/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(int is_right)
{
	if (!is_right)
		abort();
}

static volatile size_t used; /* each byte that was given out is read, so that ASan sees it */

static void use_text(const char *s)
{
	check(s != NULL);
	used += strlen(s);
}

static void use_info(const struct reader *r)
{
	const struct capture_info *i = reader_info(r);

	use_text(i->host);
	use_text(i->kernel);
	use_text(i->command);
	use_text(i->version);
	use_text(i->end_reason);
	for (size_t k = 0; k < i->processes_nr; k++) {
		use_text(i->processes[k].comm);
		use_text(i->processes[k].exe);
		check(!k || i->processes[k - 1].pid < i->processes[k].pid);
	}
	for (size_t k = 0; k < i->losses_nr; k++) {
		use_text(i->losses[k].name);
		check(i->losses[k].count && i->losses[k].count <= i->lost_total);
	}
	used += reader_clock(r) ? reader_clock(r)->err_ns & 1 : 0;
}

static void drain(const struct source *s)
{
	struct err err = {0};
	const void *rec;
	size_t len;

	for (int i = 0; i < s->streams; i++) {
		while (s->next(s->ctx, i, &rec, &len, &err) > 0) {
			const struct wire_hdr *h = rec;

			check((uintptr_t)rec % 8 == 0 && len == h->len && len % 8 == 0);
			check(len >= sizeof(*h) && len <= WIRE_REC_MAX);
			for (size_t k = 0; k < len; k++)
				used += ((const unsigned char *)rec)[k];
		}
		check(!err.text[0]);
		check(s->next(s->ctx, i, &rec, &len, &err) == 0);
	}
}

static void try(const uint8_t *data, size_t n)
{
	struct reader *r = NULL;
	struct err err = {0};
	static int fd = -1;
	char path[32];
	int rc;

	if (fd < 0)
		fd = memfd_create("fuzz_reader", MFD_CLOEXEC);
	if (ftruncate(fd, 0) || ftruncate(fd, (off_t)n) || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = reader_open(&r, path, &err);
	if (rc) {
		check(rc < 0 && err.code == rc && err.text[0] && !r);
		return;
	}
	use_info(r);
	drain(reader_source(r));
	check(reader_cut_bytes(r) + reader_skipped_bytes(r) <= n);
	reader_free(r);
}

static void repair_chunk(uint8_t *p, size_t n)
{
	struct format_chunk c;

	memcpy(&c, p, sizeof(c));
	if (c.magic != FORMAT_CHUNK_MAGIC)
		return;
	if (c.stored_sz <= n - sizeof(c))
		c.payload_crc = (uint32_t)crc32(0, p + sizeof(c), c.stored_sz);
	c.header_crc =
		(uint32_t)crc32(0, (const Bytef *)&c, offsetof(struct format_chunk, header_crc));
	memcpy(p, &c, sizeof(c));
}

/* From the back: a chunk inside another's payload must be right before that one's sum is made. */
static void repair(uint8_t *p, size_t n)
{
	struct format_file h;

	for (size_t at = n; at-- > 0;) {
		if (n - at >= sizeof(struct format_chunk))
			repair_chunk(p + at, n - at);
	}
	if (n < sizeof(h))
		return;
	memcpy(&h, p, sizeof(h));
	h.crc = (uint32_t)crc32(0, p, offsetof(struct format_file, crc));
	memcpy(p, &h, sizeof(h));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + 1);

	try(data, n);
	memcpy(copy, data, n);
	repair(copy, n);
	try(copy, n);
	free(copy);
	return 0;
}
