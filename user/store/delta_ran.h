/* SPDX-License-Identifier: MIT */
/*
 * delta_ran.h - what delta.c guesses of RAN records from what else is in them
 *
 *	from_ts   ts, less all times in the record: what the CPU did fills the wait
 *	pid       of the last entry in the chunk whose tid had the same low 8 bits, if it had this
 *	          tid; else the tid
 *
 * Both need the rest of the record. So the decoder first takes 0 for the guess, and adds the guess
 * when the rest is there.
 */
#ifndef CTRACE_DELTA_RAN_H
#define CTRACE_DELTA_RAN_H

#include <stddef.h>
#include <stdint.h>

#define DELTA_RAN_PIDS 256

/* Zeroed at a chunk's begin. */
struct delta_ran {
	uint32_t tid[DELTA_RAN_PIDS], pid[DELTA_RAN_PIDS];
};

/* Writes the guesses for rec, whole but for what is guessed, to where they stand in `to`. */
void delta_ran_guess(const struct delta_ran *r, const unsigned char *rec, size_t len,
		     unsigned char *to);
/* rec: as guessed by others. What delta_ran_guess guesses becomes 0. */
void delta_ran_clear(unsigned char *rec, size_t len);
/* rec: decoded, with 0 for the guess. */
void delta_ran_finish(const struct delta_ran *r, unsigned char *rec, size_t len);
/* To be called with each whole record, in the order of the chunk. */
void delta_ran_learn(struct delta_ran *r, const unsigned char *rec, size_t len);

#endif
