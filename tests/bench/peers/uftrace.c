/* SPDX-License-Identifier: MIT */
/* uftrace.c - the marked loop for uftrace: a call of a function is the pair; cc -pg */
static __attribute__((noinline)) void work(void)
{
	__asm__ volatile("" ::: "memory");
}

#define one_pair work
#include "peer.h"
