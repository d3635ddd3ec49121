/* SPDX-License-Identifier: MIT */
/*
 * late.c - loads a library with marks of its own (-f) when the tracer is already there
 */
#include <dlfcn.h>

#include "workload.h"

int main(int argc, char **argv)
{
	struct workload w;
	int (*enabled)(void);
	void (*work)(void);
	void *library;
	int i;

	workload_start(&w, argc, argv);
	ctrace_region_begin("load");
	library = dlopen(w.path, RTLD_NOW);
	ctrace_region_end("load");
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&enabled = dlsym(library, "plugin_enabled");
	*(void **)&work = dlsym(library, "plugin_work");
	for (i = 0; i < 10000 && !enabled(); i++)
		sleep_ns(500 * US);
	sleep_ns(200 * MS); /* until the other probes are armed, too */
	printf("plugin enabled=%d after_ms=%d\n", enabled(), i / 2);
	for (i = 0; i < w.laps; i++)
		work();
	printf("count name=load count=1\n");
	printf("count name=plugin count=%d\n", enabled() ? w.laps : 0);
	return workload_end();
}
