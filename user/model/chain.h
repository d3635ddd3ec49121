/* SPDX-License-Identifier: MIT */
/*
 * chain.h - the chain of one wait of a story, as a tree of links
 *
 * N.B. at most CHAIN_NODES kinds of links are told apart; of these the CHAIN_LINKS (critical.h)
 * largest are kept. What is not is part of the link above: ended BOUND.
 */
#ifndef CTRACE_CHAIN_H
#define CTRACE_CHAIN_H

struct model;
struct step;

/* Gives a step that is a wait its chain, if it has one. Others are left as they are. */
void chain_tell(struct model *m, struct step *step);

#endif
