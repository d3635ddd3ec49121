/* SPDX-License-Identifier: MIT */
/*
 * about.h - what a capture says of itself: every chunk but the records
 *
 *	if (about_wants(&a, type, raw_sz) > 0)  for each, in the order of the file
		about_chunk(&a, type, &buf);
 *	about_finish(&a, last_ts);              then a.info is complete
 *	about_release(&a);
 *
 * Text is read up to ABOUT_TEXT_MAX bytes in all, so that a small hostile file that inflates to a
 * huge one takes neither the memory nor the day.
 */
#ifndef CTRACE_ABOUT_H
#define CTRACE_ABOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctrace/format.h"
#include "model/span.h"
#include "store/chunks.h"

#define ABOUT_TEXT_MAX	  (16u << 20)
#define ABOUT_META_MAX	  1024	     /* lines of META that are kept */
#define ABOUT_LOSSES_MAX  64	     /* reasons of loss that are kept */
#define ABOUT_SYMBOLS_MAX (1u << 20) /* symbols that are kept */

struct about_text;
struct about_process;
struct about_symbol;

struct about_key {
	const char *key, *value;
};

struct about {
	struct capture_info info;
	struct format_clock clock;
	bool has_clock, has_tracer;
	struct capture_tracer tracer;
	struct about_key meta[ABOUT_META_MAX];
	size_t meta_nr;
	struct about_process *processes; /* as they came; those of info are sorted and distinct */
	size_t processes_nr, processes_cap;
	struct capture_process *listed;
	struct about_symbol *symbols; /* likewise */
	size_t symbols_nr, symbols_cap;
	struct capture_symbol *listed_symbols;
	struct capture_loss losses[ABOUT_LOSSES_MAX];
	char loss_names[ABOUT_LOSSES_MAX][sizeof(((struct format_loss *)0)->name) + 1];
	char end_reason[sizeof(((struct format_end *)0)->reason) + 1];
	bool ended;
	struct about_text *text;
	size_t text_n; /* bytes read, kept or not */
};

/*
 * a must be zeroed. Whether to read a chunk of this type whose payload is raw_sz bytes: 1, 0 if no
 * sound one is that large, or -ENOENT if the type is unknown.
 */
int about_wants(const struct about *a, int type, uint32_t raw_sz);
/*
 * Takes a whole payload. A text's buffer may be kept: then buf is left empty.
 * Returns 1, 0 if the payload is not what its type says (then it is not used, but for the lines of
 * META before the wrong one), or -ENOMEM.
 */
int about_chunk(struct about *a, int type, struct chunk_buf *buf);
/* last_ts: the highest time of any record, for a capture without END. Returns 0 or -ENOMEM. */
int about_finish(struct about *a, uint64_t last_ts);
/* Value of a META key, the last one written, or NULL. */
const char *about_meta(const struct about *a, const char *key);
void about_release(struct about *a);

#endif
