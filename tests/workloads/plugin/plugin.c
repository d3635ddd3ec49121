/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - the library that late.c loads
 */
#include "ctrace/ctrace.h"

int plugin_enabled(void);
void plugin_work(void);

int plugin_enabled(void)
{
	return ctrace_enabled();
}

void plugin_work(void)
{
	ctrace_region_begin("plugin");
	for (volatile int i = 0; i < 1000; i++)
		;
	ctrace_region_end("plugin");
}
