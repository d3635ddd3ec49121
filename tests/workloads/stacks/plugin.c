/* SPDX-License-Identifier: MIT */
/* plugin.c - a library that is loaded while it is traced, and waits; see stacks.c */
#include <poll.h>
#include <stddef.h>

void plugin_here(void);
void plugin_outer(void);

__attribute__((noinline, noclone)) void plugin_here(void)
{
	poll(NULL, 0, 3);
	__asm__ volatile("");
}

__attribute__((noinline, noclone)) void plugin_outer(void)
{
	plugin_here();
	__asm__ volatile("");
}
