/* SPDX-License-Identifier: MIT */
/*
 * batch_words.h - the words of a thread's batch (ctrace.h) become records of wire.h
 *
 * The words are another program's memory: they may be anything. Whatever they are, what comes out
 * is whole records with a known operation, texts of at most WIRE_STR_MAX bytes, and times that
 * neither go back nor lie after the copy was taken. Pure; not thread-safe.
 */
#ifndef CTRACE_BATCH_WORDS_H
#define CTRACE_BATCH_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/batch_text.h"
#include "ctrace/wire.h"

enum { BATCH_SLOTS = 64, BATCH_OUT_SZ = 32768, BATCH_PENDING = 4 };

/* What one stretch of words leaves to the next. */
struct batch_state {
	uint64_t tag[2][BATCH_SLOTS]; /* what is in the slots; 0 nothing */
	uint64_t told[2];	      /* slots whose text the capture has for this process */
	uint64_t task, task_parent;   /* what the model believes to be current; ~0: unclear */
	uint64_t ts;		      /* of the last mark */
};

/* Records on their way out. */
struct batch_out {
	void (*records)(void *ctx, uint32_t stream, const void *records, size_t n);
	/* What stands at addr in process pid: up to n bytes of it, how many or -1. */
	ssize_t (*text)(void *ctx, uint32_t pid, uint64_t addr, char *to, size_t n);
	/* CLOCK_MONOTONIC at a count of rdtsc, of which the low 44 bits are given. False: not known. */
	bool (*tsc)(void *ctx, uint64_t count, uint64_t *ns);
	void *ctx;
	size_t n;
	_Alignas(8) unsigned char buf[BATCH_OUT_SZ];
};

/* What a TEXT said, until the mark that it is for. */
struct batch_pending {
	uint64_t tag;
	const char *s;
	uint32_t n;
	bool literal, told, cut, is_b;
	uint8_t slot;
};

struct batch_words {
	struct batch_texts *texts;
	struct batch_out *out;
	/* of this stretch */
	struct batch_state *state;
	struct batch_process *process; /* whose marks these are … */
	struct batch_process *memory;  /* … and in whose memory: with vfork, its parent's */
	const struct wire_batch *rec;
	uint32_t stream;
	struct batch_pending pending[BATCH_PENDING];
	int pending_nr;
	/* over all */
	uint64_t bad;	     /* stretches that made no sense from some word on */
	uint64_t texts_lost; /* names that nobody could say */
};

/*
 * n words at w, of which the first `quiet` are known, and only looked at for what they put into
 * slots. state, process, rec and stream must be set. Returns the number of marks that came out.
 */
uint32_t batch_words(struct batch_words *, const uint64_t *w, size_t n, size_t quiet);
/* Room for a record of n bytes, zeroed but for its header. */
void *batch_out_record(struct batch_words *, uint32_t kind, uint32_t n, uint32_t flags,
		       uint64_t ts);
/* Gives out what has come together for stream. */
void batch_out_flush(struct batch_out *, uint32_t stream);

#endif
