/* SPDX-License-Identifier: MIT */
/* demangle.c - see demangle.h */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "attach/demangle.h"

typedef char *(*demangle_fn)(const char *name, char *buf, size_t *n, int *status);

/* Part of the C++ ABI. The library stays loaded. */
static demangle_fn load(void)
{
	static bool tried;
	static demangle_fn fn;
	void *lib;

	if (tried)
		return fn;
	tried = true;
	lib = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
	if (!lib)
		lib = dlopen("libc++abi.so.1", RTLD_LAZY | RTLD_LOCAL);
	if (lib)
		*(void **)&fn = dlsym(lib, "__cxa_demangle");
	return fn;
}

char *demangle(const char *name)
{
	demangle_fn fn = !strncmp(name, "_Z", 2) ? load() : NULL;
	char *plain = NULL;
	int status = 0;

	if (fn)
		plain = fn(name, NULL, NULL, &status);
	if (plain && !status)
		return plain;
	free(plain);
	return strdup(name);
}
